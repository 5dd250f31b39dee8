# SPDX-License-Identifier: Apache-2.0
"""What is answered at which address: the hosting contract, codes, headers, forms of bodies and answers, variants, models
that clients load, tokens, TLS, and the words of the command line."""
import base64
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
from load import png as any_png  # noqa: E402
from server import GRIDDLE, TYPE, Server, near, tiny  # noqa: E402


def complains(*words, code=2, complaint, environment=None):
    done = subprocess.run([GRIDDLE, "serve", *words, "--port", "0"], capture_output=True, text=True, check=False,
                          env=dict(os.environ, **(environment or {})), timeout=20)
    lines = [line for line in done.stderr.splitlines() if line.startswith("griddle: ")]
    assert done.returncode == code and len(lines) == 1 and complaint in lines[0], (words, done)


def refused(answer, code, words):
    assert len(answer.headers["x-amzn-RequestId"]) == 36
    assert answer.code == code and words in json.loads(answer.text)["message"], (answer.code, answer.text)


def addresses(model, pixels, png, want):
    with Server(model) as server:
        for path in ("/ping", "/readyz", "/livez"):
            answer = server.ask("GET", path)
            assert (answer.code, answer.body) == (200, b""), (path, answer.text)
        assert server.ask("HEAD", "/ping").code == 200
        answer = server.invoke(png)
        assert answer.code == 200 and answer.headers["Content-Type"] == "application/json"
        assert near(json.loads(answer.text), want) and "\n" not in answer.text
        assert answer.headers["x-Amzn-Invoked-Production-Variant"] == "AllTraffic"
        assert len(answer.headers["x-amzn-RequestId"]) == 36
        assert near(json.loads(server.invoke(png, "/endpoints/any-name/invocations").text), want)
        assert near(json.loads(server.invoke(png, "/models/AllTraffic/invoke").text), want)

        # what is carried through, and what is not known
        answer = server.invoke(png, Content_Type="image/png", X_Amzn_SageMaker_Custom_Attributes="trace=7",
                               X_Amzn_SageMaker_Inference_Id="a-1", X_Nobody_Knows="x")
        assert answer.code == 200 and answer.headers["X-Amzn-SageMaker-Custom-Attributes"] == "trace=7"

        # bodies
        as_text = base64.b64encode(png).decode()
        rows = [list(pixels[i:i + 4]) for i in range(0, 16, 4)]
        for kind, body in (("application/x-image", png), ("image/jpeg", png), ("IMAGE/PNG; charset=x", png),
                           ("application/json", json.dumps(as_text)), ("application/json", json.dumps({"image": as_text})),
                           ("application/json; charset=utf-8", json.dumps(rows))):
            answer = server.invoke(body, Content_Type=kind)
            assert answer.code == 200 and near(json.loads(answer.text), want), (kind, answer.text)
        several = server.invoke(json.dumps({"instances": [rows, rows]}), Content_Type="application/json")
        assert [near(row, want) for row in json.loads(several.text)] == [True, True]
        chunked = server.connect()
        chunked.request("POST", "/invocations", iter([png[:10], png[10:]]), TYPE, encode_chunked=True)
        assert near(json.loads(chunked.getresponse().read()), want)

        # answers
        answer = server.invoke(png, Content_Type="image/png", Accept="application/jsonlines")
        assert near(json.loads(answer.text)["prediction"], want) and answer.text.endswith("}\n")
        answer = server.invoke(png, Content_Type="image/png", Accept="application/json;verbose")
        first = json.loads(answer.text)["predictions"][0]
        assert near([first["probabilities"][name] for name in tiny.CLASSES], want)
        spent = re.fullmatch(r"queue;dur=([\d.]+), decode;dur=([\d.]+), compute;dur=([\d.]+), total;dur=([\d.]+)",
                             answer.headers["Server-Timing"])
        assert 0 < sum(float(part) for part in spent.groups()[:3]) < float(spent[4]) < 20000, spent[0]
        for accept in ("*/*", "application/*", "text/html, application/json;q=0.5"):
            assert near(json.loads(server.invoke(png, Content_Type="image/png", Accept=accept).text), want)

        # refusals leave the connection usable
        kept = server.connect()
        refused(server.ask("GET", "/nowhere", connection=kept), 404, "nothing is at '/nowhere'")
        answer = server.ask("DELETE", "/ping", connection=kept)
        refused(answer, 405, "takes GET, HEAD, not DELETE")
        assert answer.headers["Allow"] == "GET, HEAD"
        refused(server.ask("POST", "/invocations", png, {"Content-Type": "text/css"}, kept), 415, "text/css")
        refused(server.ask("POST", "/invocations", png, dict(TYPE, Accept="text/html"), kept), 406, "text/html")
        refused(server.ask("POST", "/invocations", png[:-20], TYPE, kept), 400, "body")
        refused(server.ask("POST", "/invocations", b"", TYPE, kept), 400, "")
        refused(server.ask("POST", "/models/none/invoke", png, TYPE, kept), 404, "'none'")
        refused(server.ask("POST", "/models", b"{}", TYPE, kept), 405, "takes GET, HEAD")
        refused(server.ask("POST", "/invocations", bytes(7 << 20), TYPE, kept), 413, "larger")
        assert near(json.loads(server.ask("POST", "/invocations", png, TYPE, kept).text), want)
        kept.close()
        huge = server.connect()  # too large to be read to its end
        huge.putrequest("POST", "/invocations")
        huge.putheader("Content-Length", str(1 << 40))
        huge.endheaders()
        assert huge.getresponse().status == 413

        parameters = json.loads(server.ask("GET", "/execution-parameters").text)
        assert parameters["MaxPayloadInMB"] == 6 and parameters["MaxConcurrentTransforms"] >= 2
        assert json.loads(server.ask("GET", "/models").text)["models"][0]["modelName"] == "AllTraffic"
        page = server.ask("GET", "/")
        assert page.code == 200 and "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert server.metric('griddle_requests_total{variant="AllTraffic",code="400"}') == 2
        assert server.metric("griddle_ready") == 1


def variants(png, pixels, want):
    tiny.write_model("second.safetensors", weight=[[0.0] * 16] * 3)
    with Server("old:3=run", "new:1=second.safetensors", "idle:0=run") as server:
        seen = {"old": 0, "new": 0}
        kept = server.connect()
        for _ in range(400):
            answer = server.invoke(png, connection=kept)
            name = answer.headers["x-Amzn-Invoked-Production-Variant"]
            seen[name] += 1
            assert near(json.loads(answer.text), want) == (name == "old"), (name, answer.text)
        assert 250 < seen["old"] < 350, seen  # 300, and a deviation of 9
        for name in ("idle", "new"):
            answer = server.invoke(png, connection=kept, Content_Type="image/png", X_Amzn_SageMaker_Target_Variant=name)
            assert answer.headers["x-Amzn-Invoked-Production-Variant"] == name
        answer = server.invoke(png, connection=kept, Content_Type="image/png", X_Amzn_SageMaker_Target_Variant="no")
        assert answer.code == 404
        for name in seen:
            count = server.metric(f'griddle_requests_total{{variant="{name}",code="200"}}')
            assert count == seen[name] + (name == "new"), (name, count, seen)


def models_by_name(png, want):
    os.makedirs("shelf/a", exist_ok=True)
    tiny.write_model("shelf/a/anything.safetensors")
    os.makedirs("shelf/broken", exist_ok=True)
    with open("shelf/broken/model.safetensors", "wb") as file:
        file.write(b"x" * 100)
    with Server("--models", "shelf") as server:
        assert server.host == "127.0.0.1", server.host
        assert server.ask("PUT", "/models/one").headers["Allow"] == "GET, HEAD, DELETE"

        def load(name, url):
            return server.ask("POST", "/models", json.dumps({"model_name": name, "url": url}))
        assert json.loads(server.ask("GET", "/models").text) == {"models": []}
        refused(server.invoke(png), 404, "no model is loaded")
        assert load("one", "shelf/a").code == 200
        labels = re.findall(r'griddle_model_info\{variant="one",file="([^"]*)",input="4x4x1",classes="3",parameters="51"\} 1',
                            server.ask("GET", "/metrics").text)
        assert len(labels) == 1 and labels[0].endswith("anything.safetensors"), labels
        refused(load("one", "shelf/a"), 409, "loaded already")
        refused(load("two", "shelf/none"), 404, "shelf/none")
        refused(load("two", "run"), 404, "is to be in 'shelf'")
        refused(load("two", "shelf/../run"), 404, "is to be in 'shelf'")
        refused(load("two", "shelf/broken"), 400, "safetensors")
        refused(load("../x", "shelf/a"), 400, "model_name")
        for body in (b"", b"[", b"[]", b'{"model_name":"x"}', b'{"model_name":1,"url":2}'):
            refused(server.ask("POST", "/models", body), 400, "")
        assert near(json.loads(server.invoke(png, "/models/one/invoke").text), want)
        assert near(json.loads(server.invoke(png, Content_Type="image/png", X_Amzn_SageMaker_Target_Model="one").text), want)
        assert json.loads(server.ask("GET", "/models/one").text)["modelName"] == "one"
        assert server.ask("GET", "/models/two").code == 404
        assert server.ask("DELETE", "/models/one").code == 200
        assert server.ask("DELETE", "/models/one").code == 404
        assert server.invoke(png, "/models/one/invoke").code == 404
        assert "griddle_model_info{" not in server.ask("GET", "/metrics").text


def archives(png, want):
    """A model.tar.gz: its model is served out of a folder that goes with the process; whatever else it is, one line."""
    os.mkdir("tmp")
    here = {"TMPDIR": os.path.abspath("tmp")}

    def left():
        return os.listdir("tmp")

    def pack(name, *words):
        subprocess.run(["tar", "czf", name, *words], check=True)

    pack("model.tar.gz", "run")
    os.makedirs("packed/model", exist_ok=True)
    pack("packed/model/model.tar.gz", "-C", "run", "model.safetensors")
    for words, environment in ((["model.tar.gz"], {}), (["packed/model"], {}), ([], {"SAGEMAKER_BASE_DIR": "packed"})):
        with Server(*words, environment=dict(environment, **here)) as server:
            assert near(json.loads(server.invoke(png).text), want)
            folder, = left()
            assert os.stat(os.path.join("tmp", folder)).st_mode & 0o777 == 0o700
        assert not left(), words
    with Server("model.tar.gz", expect=-signal.SIGKILL, environment=here) as server:
        server.end(signal.SIGKILL)
    assert len(left()) == 1  # which the next one removes
    with Server("a=model.tar.gz", "b=run", "c=packed/model", environment=here) as server:
        assert len(left()) == 1
        for name in "abc":
            assert near(json.loads(server.invoke(png, f"/models/{name}/invoke").text), want)
    with open("cut.tar.gz", "wb") as file:
        file.write(open("model.tar.gz", "rb").read()[:-20])
    pack("none.tar.gz", "a.png")
    complains("cut.tar.gz", code=1, complaint="cut.tar.gz: ", environment=here)
    complains("none.tar.gz", code=1, complaint="no *.safetensors among the 1 files in it", environment=here)
    complains("model.tar.gz", code=1, complaint="cannot make a folder in '/nowhere'", environment={"TMPDIR": "/nowhere"})
    assert not left()
    with Server("--models", ".") as server:
        answer = server.ask("POST", "/models", json.dumps({"model_name": "x", "url": "model.tar.gz"}))
        refused(answer, 400, "unpacked for the command line alone")


def secrets(png, want):
    with open("tokens", "w", encoding="ascii") as file:
        file.write("# for the tests\n\nfirst-token-of-the-tests\n  second-token-of-the-tests\n")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", "key.pem", "-out", "certificate.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    with Server("run", "--tokens", "tokens", "--tls-cert", "certificate.pem", "--tls-key", "key.pem",
                tls="certificate.pem") as server:
        for path in ("/ping", "/livez", "/readyz", "/"):
            assert server.ask("GET", path).code == 200
        for path in ("/metrics", "/models", "/execution-parameters"):
            answer = server.ask("GET", path)
            assert answer.code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"
        for value in ("", "Bearer", "Bearer first", "Bearer first-token-of-the-testsx", "Basic first-token-of-the-tests"):
            assert server.invoke(png, Content_Type="image/png", Authorization=value).code == 401, value
        for value in ("Bearer first-token-of-the-tests", "bearer  second-token-of-the-tests"):
            answer = server.invoke(png, Content_Type="image/png", Authorization=value)
            assert near(json.loads(answer.text), want)
    with open("short", "w", encoding="ascii") as file:
        file.write("first-token-of-the-tests\nshort\n")
    complains("run", "--tokens", "short", code=1, complaint="short:2:1: a token of 5 characters where 16 are the least")
    complains("run", "--tokens", os.devnull, code=1, complaint="has no tokens")
    complains("run", "--tls-cert", "tokens", "--tls-key", "key.pem", code=1, complaint="no certificate in PEM")
    complains("run", "--tls-cert", "certificate.pem", "--tls-key", "tokens", code=1, complaint="no key in PEM")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", "other.pem"], check=True, capture_output=True)
    complains("run", "--tls-cert", "certificate.pem", "--tls-key", "other.pem", code=1, complaint="is not that of the cert")


def small_pictures_only(png):
    with Server("run", "--max-pixels", "0.001") as server:
        assert server.invoke(png).code == 200
        refused(server.invoke(any_png(bytes(40 * 26), 40)), 400, "a picture of 40x26 pixels where 1000 are the most")


def words():
    complains("nowhere", code=1, complaint="cannot read 'nowhere'")
    complains("a.png", code=1, complaint="a.png: not a safetensors file")
    complains(complaint="no model: name one", environment={"SAGEMAKER_BASE_DIR": "nowhere"})
    complains("run", "run", complaint="several models need names")
    complains("a=run", "a=run", complaint="two models are called 'a'")
    complains("a:0=run", complaint="all weights are 0")
    complains("a:x=run", complaint="weight 'x'")
    complains("run", "--prot", "1", complaint="did you mean '--port'")
    complains("run", "--host", "no.such.host.invalid", complaint="no address of this machine")
    complains("run", "--capture-percent", "5", complaint="--capture-percent without --capture")
    complains("run", "--tls-key", "x", complaint="go together")
    complains("run", "--timeout", "soon", complaint="--timeout is 'soon'")
    complains("run", complaint="SAGEMAKER_BIND_TO_PORT is 'x'", environment={"SAGEMAKER_BIND_TO_PORT": "x"})
    complains("run", complaint="SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT is 'text/csv' where application/json, ",
              environment={"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"})
    complains("--models", "nowhere", code=1, complaint="cannot read folder 'nowhere'")
    tiny.write_model("nan.safetensors", weight=[[float("nan")] * 16] * 3)
    complains("nan.safetensors", code=1, complaint="self-test")
    with Server("run") as server:
        done = subprocess.run([GRIDDLE, "serve", "run", "--port", str(server.port)], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 1 and "Address already in use" in done.stderr, done


def container(png, want):
    os.makedirs("ml/model", exist_ok=True)
    tiny.write_model("ml/model/model.safetensors")
    with Server(environment={"SAGEMAKER_BASE_DIR": "ml", "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/jsonlines",
                             "SAGEMAKER_MAX_PAYLOAD_IN_MB": "1"}) as server:
        assert server.host == "0.0.0.0", server.host
        assert near(json.loads(server.invoke(png).text)["prediction"], want)
        assert server.invoke(bytes(2 << 20)).code == 413
    os.makedirs("ml/models", exist_ok=True)
    with Server(environment={"SAGEMAKER_BASE_DIR": "ml", "SAGEMAKER_MULTI_MODEL": "true"}) as server:
        assert server.ask("POST", "/models", '{"model_name":"x","url":"nowhere"}').code == 404


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("run")
    tiny.write_model("run/model.safetensors")
    image = tiny.picture(3)
    tiny.write_png("a.png", image)
    with open("a.png", "rb") as file:
        file_bytes = file.read()
    answer_of_it = tiny.probabilities(image)
    addresses("run", image, file_bytes, answer_of_it)
    variants(file_bytes, image, answer_of_it)
    models_by_name(file_bytes, answer_of_it)
    archives(file_bytes, answer_of_it)
    secrets(file_bytes, answer_of_it)
    container(file_bytes, answer_of_it)
    small_pictures_only(file_bytes)
    words()
