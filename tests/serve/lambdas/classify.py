# SPDX-License-Identifier: Apache-2.0
"""classifyImage: asks the endpoint what is in the picture."""
import base64
import os

import boto3

ENDPOINT = os.environ["ENDPOINT_NAME"]
runtime = boto3.client("sagemaker-runtime")


def lambda_handler(event, context):
    body = event["body"]
    image = base64.b64decode(body["image_data"])
    response = runtime.invoke_endpoint(EndpointName=ENDPOINT, ContentType="image/png", Body=image)
    body["inferences"] = response["Body"].read().decode("utf-8")
    return {"statusCode": 200, "body": body}
