# SPDX-License-Identifier: Apache-2.0
"""filterInferences: lets pass what the model is sure of, and fails loudly else."""
import json

THRESHOLD = .93


def lambda_handler(event, context):
    inferences = json.loads(event["inferences"])
    if not any(probability > THRESHOLD for probability in inferences):
        raise Exception("THRESHOLD_CONFIDENCE_NOT_MET")
    return {"statusCode": 200, "body": event}
