# SPDX-License-Identifier: Apache-2.0
"""serializeImageData: an object of S3's as text, for the functions that follow."""
import base64
import os
import tempfile

import boto3

s3 = boto3.client("s3")


def lambda_handler(event, context):
    key, bucket = event["s3_key"], event["s3_bucket"]
    path = os.path.join(tempfile.gettempdir(), "image.png")
    s3.download_file(bucket, key, path)
    with open(path, "rb") as file:
        image_data = base64.b64encode(file.read()).decode("utf-8")
    return {
        "statusCode": 200,
        "body": {"image_data": image_data, "s3_bucket": bucket, "s3_key": key, "inferences": []},
    }
