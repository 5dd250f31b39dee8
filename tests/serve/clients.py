# SPDX-License-Identifier: Apache-2.0
"""Clients that nobody here wrote, as their users use them: boto3, requests, curl, hey, wrk. One that is missing is said,
and the test counts as skipped once the others have passed."""
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
from server import Server, near, tiny  # noqa: E402

TOKEN = "a-token-of-the-tests"


def many(pixels, count):
    """A JSON body of `count` pictures."""
    rows = [list(pixels[i:i + 4]) for i in range(0, 16, 4)]
    return json.dumps({"instances": [rows] * count}).encode()


class Slow(io.BytesIO):
    """A file that takes its time."""

    def read(self, *n):
        time.sleep(0.05)
        return super().read(*n)


# ---- boto3 ------------------------------------------------------------------------------------------------------------


def runtime(server, attempts=1, **more):
    import boto3
    from botocore.config import Config
    settings = Config(retries={"total_max_attempts": attempts}, **more.pop("settings", {}))
    return boto3.client("sagemaker-runtime", endpoint_url=f"{'https' if server.tls else 'http'}://localhost:{server.port}",
                        region_name="eu-west-1", aws_access_key_id="any", aws_secret_access_key="any", config=settings,
                        **more)


def fails(client, kind, code, words, **request):
    """What boto3 makes of a refusal: an error of its own class, with our words."""
    from botocore.exceptions import ClientError
    try:
        client.invoke_endpoint(**dict({"EndpointName": "scones", "ContentType": "image/png"}, **request))
    except ClientError as error:
        said = error.response
        assert isinstance(error, getattr(client.exceptions, kind, ClientError)), error
        assert (said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]) == (kind, code), said
        assert words in said["Error"]["Message"] and len(said["ResponseMetadata"]["RequestId"]) == 36, said
        return said["ResponseMetadata"]["HTTPHeaders"]
    raise AssertionError(f"no {kind}: {request.keys()}")


def boto3(png, pixels, want):
    import boto3 as _  # noqa: F401 (its absence is the reason to skip)
    with Server("blue:1=run", "green:0=run", "--capture", "captured", "--capture-disk", "100") as server:
        client = runtime(server)
        answer = client.invoke_endpoint(EndpointName="scones", Body=png, ContentType="image/png",
                                        Accept="application/json", CustomAttributes="trace=7", InferenceId="delivery-7")
        assert near(json.loads(answer["Body"].read()), want)
        assert answer["ContentType"] == "application/json" and answer["CustomAttributes"] == "trace=7"
        assert answer["InvokedProductionVariant"] == "blue" and len(answer["ResponseMetadata"]["RequestId"]) == 36
        answer = client.invoke_endpoint(EndpointName="scones", Body=io.BytesIO(png), ContentType="image/png",
                                        Accept="application/jsonlines", TargetVariant="green")
        assert answer["InvokedProductionVariant"] == "green" and "CustomAttributes" not in answer
        assert near(json.loads(next(answer["Body"].iter_lines()))["prediction"], want)
        answer = client.invoke_endpoint(EndpointName="scones", Body=many(pixels, 3), ContentType="application/json")
        assert [near(row, want) for row in json.loads(answer["Body"].read())] == [True] * 3

        fails(client, "ValidationError", 400, "neither PNG nor JPEG", Body=b"no picture")
        fails(client, "ValidationError", 404, "no model is called 'red'", Body=png, TargetVariant="red")
        fails(client, "ValidationError", 406, "text/html", Body=png, Accept="text/html")
        fails(client, "ValidationError", 413, "larger than this server takes", Body=bytes(7 << 20))
        fails(client, "ValidationError", 413, "larger than this server takes", Body=bytes(100 << 20))  # not read to its end
        fails(client, "ValidationError", 415, "text/css", Body=png, ContentType="text/css")
    lines = [json.loads(line) for line in captured("captured/scones/blue")]
    assert [line["eventMetadata"].get("inferenceId") for line in lines].count("delivery-7") == 1

    os.makedirs("shelf", exist_ok=True)
    shutil.copy("run/model.safetensors", "shelf/one.safetensors")
    with Server("--models", "shelf") as server:
        server.ask("POST", "/models", json.dumps({"model_name": "one.tar.gz", "url": "shelf/one.safetensors"}))
        client = runtime(server)
        answer = client.invoke_endpoint(EndpointName="many", Body=png, ContentType="image/png", TargetModel="one.tar.gz")
        assert near(json.loads(answer["Body"].read()), want)
        fails(client, "ValidationError", 404, "no model is called 'two'", Body=png, TargetModel="two")
    with Server("run", "--timeout", "0.02") as server:
        fails(runtime(server), "ModelError", 504, "too late", Body=Slow(png))
    busy(png, want)
    secret(png, want)


def captured(folder):
    for path, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(path, name), encoding="utf-8") as file:
                yield from file


def busy(png, want):
    """A queue that is full: ServiceUnavailable, which boto3 tries again by itself."""
    with Server("run", "--workers", "1", "--queue", "1") as server:
        going, body = True, json.dumps([[7] * 1000] * 1000).encode()  # a large picture

        def keep_busy():
            while going:
                assert server.invoke(body, Content_Type="application/json").code in (200, 503)

        threads = [threading.Thread(target=keep_busy) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            client, end = runtime(server), time.time() + 20
            while True:
                try:
                    headers = fails(client, "ServiceUnavailable", 503, "as many requests wait as may", Body=png)
                    break
                except AssertionError:
                    assert time.time() < end
            assert headers["retry-after"] == "1"
        finally:
            going = False
        patient = runtime(server, attempts=10)
        answer = patient.invoke_endpoint(EndpointName="scones", ContentType="image/png", Body=png)
        assert near(json.loads(answer["Body"].read()), want)
        for thread in threads:
            thread.join()


def secret(png, want):
    """Over TLS, with a bearer token where boto3 would sign."""
    from botocore import UNSIGNED
    write_secrets()
    with Server("run", "--tokens", "tokens", "--tls-cert", "certificate.pem", "--tls-key", "key.pem",
                tls="certificate.pem") as server:
        fails(runtime(server, verify="certificate.pem"), "AccessDeniedException", 401, "bearer token", Body=png)
        client = runtime(server, verify="certificate.pem", settings={"signature_version": UNSIGNED})
        client.meta.events.register(
            "before-call.sagemaker-runtime.InvokeEndpoint",
            lambda params, **_: params["headers"].update({"Authorization": f"Bearer {TOKEN}"}))
        answer = client.invoke_endpoint(EndpointName="scones", Body=png, ContentType="image/png")
        assert near(json.loads(answer["Body"].read()), want)


def write_secrets():
    with open("tokens", "w", encoding="ascii") as file:
        file.write(TOKEN + "\n")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", "key.pem", "-out", "certificate.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost"], check=True, capture_output=True)


# ---- requests ---------------------------------------------------------------------------------------------------------


def requests(png, pixels, want):
    import requests as library
    with Server("run") as server, library.Session() as session:
        url = f"http://localhost:{server.port}/invocations"
        kind = {"Content-Type": "image/png"}
        for _ in range(20):
            assert near(session.post(url, data=png, headers=kind).json(), want)
        assert server.metric("griddle_connections") == 2  # the session's, and the one that asks
        with open("a.png", "rb") as one, open("b.png", "rb") as two:
            assert [near(row, want) for row in session.post(url, files={"a": one, "b": two}).json()] == [True] * 2
        with open("a.png", "rb") as file:
            assert near(session.post(url, data=file, headers=kind).json(), want)
        chunks = (png[i:i + 7] for i in range(0, len(png), 7))
        assert near(session.post(url, data=chunks, headers=kind).json(), want)  # chunked
        assert near(session.post(url, json=[list(pixels[i:i + 4]) for i in range(0, 16, 4)]).json(), want)
        kind = {"Content-Type": "application/json", "Accept": "application/jsonlines"}
        with session.post(url, data=many(pixels, 256), headers=kind, stream=True) as answer:
            assert sum(near(json.loads(line)["prediction"], want) for line in answer.iter_lines()) == 256
        answer = session.post(url, data=b"no picture", headers={"Content-Type": "image/png"})
        assert answer.status_code == 400 and answer.json()["code"] == "ValidationError"
        try:
            answer.raise_for_status()
            raise AssertionError("400 is no error")
        except library.HTTPError:
            pass
        assert session.head(f"http://localhost:{server.port}/metrics").headers["Content-Length"] != "0"
        assert session.get(f"http://localhost:{server.port}/ping").content == b""


# ---- curl -------------------------------------------------------------------------------------------------------------


def need(program):
    if not shutil.which(program):
        raise ImportError(f"no program '{program}'")


def curl(png, pixels, want):
    need("curl")
    with open("large.json", "wb") as file:
        file.write(many(pixels, 3) + b" " * (2 << 20))  # so large that curl waits for 100 Continue
    with open("huge.bin", "wb") as file:
        file.truncate(100 << 20)

    with Server("run") as server:
        url = f"http://localhost:{server.port}/invocations"
        png_file = ["-H", "Content-Type: image/png", "--data-binary", "@a.png"]
        show = "\n%{http_code} %{size_upload} %{num_connects}"

        def ask(*words, where=url, code="200"):
            out = subprocess.run(["curl", "-sS", "--max-time", "20", "-w", show, *words, where], check=True,
                                 capture_output=True).stdout.decode()
            body, _, figures = out.rpartition("\n")
            figures = figures.split()
            assert figures[0] == code, (words, out[:300])
            return body, int(figures[1]), int(figures[2])

        assert near(json.loads(ask(*png_file)[0]), want)
        assert near(json.loads(ask("--http1.0", *png_file)[0]), want)
        assert near(json.loads(ask("--http1.0", "-H", "Connection: keep-alive", *png_file)[0]), want)
        assert near(json.loads(ask("--compressed", *png_file)[0]), want)
        answers = json.loads(ask("-F", "one=@a.png", "-F", "two=@b.png;type=image/png")[0])
        assert [near(row, want) for row in answers] == [True] * 2
        assert near(json.loads(ask("-H", "Transfer-Encoding: chunked", *png_file)[0]), want)
        assert near(json.loads(ask("-X", "POST", "-H", "Content-Type: image/png", "-T", "a.png")[0]), want)

        large = ["-H", "Content-Type: application/json", "--data-binary", "@large.json", "-H", "Expect: 100-continue"]
        body, sent, _ = ask(*large)
        assert len(json.loads(body)) == 3 and sent == os.path.getsize("large.json")
        log = subprocess.run(["curl", "-svo", os.devnull, *large, url], capture_output=True, check=True).stderr.decode()
        assert "100 Continue" in log, log
        huge = ["-H", "Content-Type: image/png", "-T", "huge.bin", "-X", "POST"]
        body, sent, _ = ask(*huge, "-H", "Expect: 100-continue", code="413")
        assert "larger than" in json.loads(body)["message"] and sent == 0, sent
        assert json.loads(ask("-H", "Content-Type: text/css", "-H", "Expect: 100-continue", "--data-binary", "@a.png",
                              code="415")[0])["code"] == "ValidationError"

        for path in ("/ping", "/metrics", "/"):
            head = ask("-I", where=f"http://localhost:{server.port}{path}")[0]
            assert head.startswith("HTTP/1.1 200 OK") and "Content-Length: " in head, head
        ask("-I", where=f"http://localhost:{server.port}/nowhere", code="404")
        ask("-X", "OPTIONS", code="405")
        kept = ask(*png_file, "-o", os.devnull, url, "-o", os.devnull)[0]  # two requests by one curl
        assert kept.split()[2] == "1", kept
    write_secrets()
    with Server("run", "--tokens", "tokens", "--tls-cert", "certificate.pem", "--tls-key", "key.pem",
                tls="certificate.pem") as server:
        url = f"https://localhost:{server.port}/invocations"
        words = ["curl", "-sS", "--cacert", "certificate.pem", *png_file, url]
        done = subprocess.run([*words, "-H", f"Authorization: Bearer {TOKEN}"], check=True, capture_output=True)
        assert near(json.loads(done.stdout), want)
        assert subprocess.run([*words, "--fail"], capture_output=True).returncode == 22  # 401
        assert subprocess.run([*words, "--tls-max", "1.1"], capture_output=True).returncode == 35


# ---- generators of load -----------------------------------------------------------------------------------------------


def hey(png, pixels, want):
    need("hey")
    with Server("run") as server:
        url = f"http://localhost:{server.port}/invocations"
        for more in ([], ["-disable-keepalive"]):
            said = subprocess.run(["hey", "-n", "800", "-c", "8", "-m", "POST", "-T", "image/png", "-D", "a.png", *more, url],
                                  check=True, capture_output=True).stdout.decode()
            assert re.findall(r"\[(\d+)\]\s+(\d+) responses", said) == [("200", "800")], said
            assert "Error distribution" not in said, said
        assert server.metric('griddle_requests_total{variant="AllTraffic",code="200"}') == 1600


def wrk(png, pixels, want):
    need("wrk")
    with open("post.lua", "w", encoding="ascii") as file:
        file.write('wrk.method = "POST"\nwrk.headers["Content-Type"] = "image/png"\n'
                   'wrk.body = io.open("a.png", "rb"):read("*a")\n')
    with Server("run") as server:
        for words in (["-s", "post.lua", f"http://localhost:{server.port}/invocations"],
                      [f"http://localhost:{server.port}/ping"]):
            said = subprocess.run(["wrk", "-t1", "-c16", "-d1s", "--latency", *words], check=True,
                                  capture_output=True).stdout.decode()
            assert int(re.search(r"(\d+) requests in", said)[1]) > 0, said
            assert "Socket errors" not in said and "Non-2xx" not in said, said


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("run")
    tiny.write_model("run/model.safetensors")
    image = tiny.picture(3)
    for copy in ("a.png", "b.png"):
        tiny.write_png(copy, image)
    with open("a.png", "rb") as picture:
        file_bytes = picture.read()
    missing = []
    for client in (boto3, requests, curl, hey, wrk):
        try:
            client(file_bytes, image, tiny.probabilities(image))
        except ImportError as reason:
            missing.append(str(reason))
    os.chdir("/")
if missing:
    print("skipped:", "; ".join(missing))
    sys.exit(77)
