# SPDX-License-Identifier: Apache-2.0
"""The workflow serialize → classify → filter, as it runs against the managed service, with nothing but the endpoint's
address changed: three Lambda functions by boto3 and a state machine. It succeeds and fails as expected, and the capture
is read as its notebook reads it. The model knows bicycles from motorcycles (seconds of training, with GRIDDLE_DATA), else
a tiny one's pictures are noise."""
import base64
import datetime
import importlib.util
import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
from server import GRIDDLE, Server, tiny  # noqa: E402
from states import Failed, execute, serve_folder  # noqa: E402

LAMBDAS = pathlib.Path(__file__).resolve().parent / "lambdas"
DATA = os.environ.get("GRIDDLE_DATA")
THRESHOLD = .93


# ---- a model, and pictures in S3 --------------------------------------------------------------------------------------


def scones():
    """Returns the model and the keys of some test pictures."""
    config = os.path.join(os.environ["GRIDDLE_SOURCE"], "configs/scones.yaml")
    subprocess.run([GRIDDLE, "train", config, "--out", "model", "--set", "train.epochs=12", "--set",
                    f"data.source=file:{DATA}/cifar-100-binary-vehicles.tar.gz"], check=True, capture_output=True,
                   env=dict(os.environ, GRIDDLE_CACHE=os.path.abspath("cache"), OMP_NUM_THREADS="1"))
    os.makedirs("s3/scones/test")
    with tarfile.open(f"{DATA}/scones-unlimited.tar.gz") as archive:
        members = [member for member in archive if member.name.endswith(".png") and "test/" in member.name]
        for member in random.Random(1).sample(members, 40):
            with open(os.path.join("s3/scones/test", os.path.basename(member.name)), "wb") as file:
                file.write(archive.extractfile(member).read())
    return "model"


def noise():
    os.makedirs("s3/scones/test")
    tiny.write_model("model.safetensors", weight=[[8 * w for w in row] for row in tiny.WEIGHT])
    for seed in range(40):
        tiny.write_png(f"s3/scones/test/{seed}.png", random.Random(seed).randbytes(tiny.SIDE**2))
    return "model.safetensors"


def confidences(model, keys):
    """What the model says without a server: the truth about what must pass."""
    said = subprocess.run([GRIDDLE, "predict", model, *(f"s3/scones/{key}" for key in keys), "--json"], check=True,
                          capture_output=True).stdout
    return {key: one["probability"] for key, one in zip(keys, json.loads(said)["predictions"])}


# ---- Lambda -----------------------------------------------------------------------------------------------------------


class Lambda:
    """Runs handlers; the very first call is throttled, as happens."""

    def __init__(self, names):
        self.calls, self.handlers = 0, {}
        for name in names:
            spec = importlib.util.spec_from_file_location(f"lambda_{name}", LAMBDAS / f"{name}.py")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)  # where users make their clients
            self.handlers[name] = module.lambda_handler

    def __call__(self, FunctionName, Payload):
        self.calls += 1
        if self.calls == 1:
            raise Failed("Lambda.TooManyRequestsException", "Rate Exceeded.")
        try:
            answer = self.handlers[FunctionName.split(":")[6]](json.loads(json.dumps(Payload)), None)
        except Exception as error:  # whatever a function raises
            raise Failed(type(error).__name__, str(error)) from error
        return {"ExecutedVersion": "$LATEST", "StatusCode": 200, "Payload": answer}


def execute_all(machine, keys):
    """{key: the last output, or the failure}."""
    invoke, results = Lambda(["serialize", "classify", "filter"]), {}
    for key in keys:
        try:
            results[key] = execute(machine, invoke, {"image_data": "", "s3_bucket": "scones", "s3_key": key})
        except Failed as failure:
            results[key] = failure
    return results


# ---- the notebook -----------------------------------------------------------------------------------------------------


def read_capture(folder):
    records = []
    for path in sorted(pathlib.Path(folder).rglob("*.jsonl")):
        with open(path, encoding="utf-8") as file:
            records += [json.loads(line) for line in file]
    return records


def simple_getter(record):
    inferences = record["captureData"]["endpointOutput"]["data"]
    timestamp = record["eventMetadata"]["inferenceTime"]
    return json.loads(inferences), timestamp


def look(records, truth):
    """The chart's data: confidence over time, and whether it is above the threshold."""
    chart = []
    for record in records:
        inferences, timestamp = simple_getter(record)
        moment = datetime.datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
        age = datetime.datetime.now(datetime.timezone.utc) - moment
        assert datetime.timedelta(seconds=-2) < age < datetime.timedelta(minutes=30), timestamp
        assert abs(sum(inferences) - 1) < 1e-5, inferences
        chart.append((moment, max(inferences), max(inferences) > THRESHOLD))
    assert [moment for moment, *_ in chart] == sorted(moment for moment, *_ in chart)
    assert len(chart) == len(truth) and all(abs(got - want) < 1e-5 for (_, got, _), want in zip(chart, truth.values()))
    for record, key in zip(records, truth):
        given = record["captureData"]["endpointInput"]
        assert (given["observedContentType"], given["encoding"], given["mode"]) == ("image/png", "BASE64", "INPUT")
        with open(f"s3/scones/{key}", "rb") as file:
            assert base64.b64decode(given["data"]) == file.read()
    return chart


def main():
    model = scones() if DATA else noise()
    keys = [f"test/{name}" for name in sorted(os.listdir("s3/scones/test"))]
    truth = confidences(model, keys)
    with open(LAMBDAS / "workflow.json", encoding="utf-8") as file:
        machine = json.load(file)
    with Server(model, "--capture", "data_capture", "--capture-disk", "100") as server:
        bucket = serve_folder("s3")
        os.environ.update(AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any", AWS_DEFAULT_REGION="eu-west-1",
                          ENDPOINT_NAME="scones-endpoint", AWS_ENDPOINT_URL_S3=bucket.address,
                          AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=f"http://127.0.0.1:{server.port}")
        results = execute_all(machine, keys)
        bucket.shutdown()
    succeeded = 0
    for key, result in results.items():
        if truth[key] > THRESHOLD:
            succeeded += 1
            assert not isinstance(result, Failed), (key, result)
            assert result["statusCode"] == 200 and abs(max(json.loads(result["body"]["inferences"])) - truth[key]) < 1e-5
        else:
            assert isinstance(result, Failed) and result.error == "Exception", (key, result)
            assert result.cause == "THRESHOLD_CONFIDENCE_NOT_MET", result.cause
    assert 0 < succeeded < len(keys), f"{succeeded} of {len(keys)} are above the threshold: nothing to tell apart"
    chart = look(read_capture("data_capture/scones-endpoint/AllTraffic"), truth)
    assert sum(above for *_, above in chart) == succeeded
    print(f"{succeeded} of {len(keys)} executions succeeded, the others failed as they should ({model})")


try:
    import boto3  # noqa: F401 (the functions')
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)
with tempfile.TemporaryDirectory() as place:
    os.chdir(place)
    tempfile.tempdir = place
    main()
    os.chdir("/")
