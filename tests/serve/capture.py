# SPDX-License-Identifier: Apache-2.0
"""What `griddle serve --capture` writes: the managed service's lines at its paths, one for every answer, with the pictures'
own figures and the network's features where they were asked for."""
import base64
import glob
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
from load import Clients  # noqa: E402
from server import Server, near, tiny  # noqa: E402

READER = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-captured")
CAPTURE = ["--capture", "captured", "--capture-disk", "100"]  # the machine's disk may be full
PATH = re.compile(r"captured/([^/]+)/([^/]+)/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl")


def lines():
    """(endpoint, variant, record) of every line there is."""
    found = []
    for path in sorted(glob.glob("captured/**/*.jsonl", recursive=True)):
        place = PATH.fullmatch(path)
        assert place, path
        assert os.stat(path).st_mode & 0o007 == 0, path  # pictures are not for everybody
        with open(path, encoding="utf-8") as file:
            found += [(place[1], place[2], json.loads(line)) for line in file]
    return found


def rows_of(side):
    """An answer's probabilities, by its content type."""
    text = side["data"] if side["encoding"] != "BASE64" else base64.b64decode(side["data"]).decode()
    if side["observedContentType"] == "application/jsonlines":
        return [json.loads(line)["prediction"] for line in text.splitlines()]
    rows = json.loads(text)
    return rows if isinstance(rows[0], list) else [rows]


def check_reader(records):
    """What is read of the folder are these records, whole and nothing else."""
    out = subprocess.run([READER, "captured"], check=True, capture_output=True, text=True).stdout.splitlines()
    counts, got = json.loads(out.pop()), {}
    for line in out:
        record = json.loads(line)
        got[record["event"]] = record
    assert (counts["records"], counts["broken"], counts["strange"], counts["unread"]) == (len(records), 0, 0, 0), counts
    for endpoint, variant, record in records:
        data, read = record["captureData"], got.pop(record["eventMetadata"]["eventId"])
        assert (read["endpoint"], read["variant"]) == (endpoint, variant)
        assert read["inference"] == record["eventMetadata"].get("inferenceId")
        assert read["rows"] == rows_of(data["endpointOutput"]), read
        if "endpointInput" in data:
            side = data["endpointInput"]
            body = base64.b64decode(side["data"]) if side["encoding"] == "BASE64" else side["data"].encode()
            assert bytes.fromhex(read["input"]["hex"]) == body
        pictures = record.get("griddle", {}).get("pictures", [])
        assert len(pictures) == len(read["pictures"] or [])
        for picture, seen in zip(pictures, read["pictures"] or []):
            assert near(seen["features"], picture["features"], 1e-7) and len(seen["features"]) == 16
            assert seen["brightness"] == picture["brightness"] and seen["hue"] is None
            assert (seen["format"], seen["bytes"]) == (picture.get("format"), picture.get("bytes", -1))


def one_of_each(png, pixels, want):
    with Server("run", *CAPTURE, "--capture-figures", "--endpoint", "scones") as server:
        plain = server.invoke(png)
        named = server.invoke(png, "/endpoints/mine/invocations", Content_Type="image/png",
                              X_Amzn_SageMaker_Inference_Id="a-1", X_Amzn_SageMaker_Custom_Attributes="trace=7")
        rows = [list(pixels[i:i + 4]) for i in range(0, 16, 4)]
        text = json.dumps({"instances": [rows, rows]})
        several = server.invoke(text, Content_Type="application/json", Accept="application/jsonlines")
        assert server.invoke(png[:-20]).code == 400  # answered nothing that could be recorded
    records = lines()
    assert [(endpoint, variant) for endpoint, variant, _ in records] == [("mine", "AllTraffic"), ("scones", "AllTraffic"),
                                                                       ("scones", "AllTraffic")], records
    check_reader(records)
    (_, _, of_named), (_, _, of_plain), (_, _, of_several) = records
    for record, answer in ((of_named, named), (of_plain, plain)):
        assert list(record) == ["captureData", "eventMetadata", "eventVersion", "griddle"], record
        asked, answered = record["captureData"]["endpointInput"], record["captureData"]["endpointOutput"]
        assert list(asked) == ["observedContentType", "mode", "data", "encoding"] and asked["encoding"] == "BASE64"
        assert base64.b64decode(asked["data"]) == png and asked["observedContentType"] == "image/png"
        assert answered["data"] == answer.text and answered["encoding"] == "JSON"
        assert near(json.loads(answered["data"]), want)
        assert record["eventMetadata"]["eventId"] == answer.headers["x-amzn-RequestId"]
    assert of_named["eventMetadata"]["inferenceId"] == "a-1"
    assert of_named["eventMetadata"]["customAttributes"] == ["trace=7"]
    assert "inferenceId" not in of_plain["eventMetadata"]
    data = of_several["captureData"]
    assert data["endpointInput"]["data"] == text and data["endpointInput"]["encoding"] == "JSON"
    assert data["endpointOutput"]["data"] == several.text and data["endpointOutput"]["encoding"] == "BASE64" or \
        base64.b64decode(data["endpointOutput"]["data"]).decode() == several.text

    picture = of_plain["griddle"]["pictures"][0]
    assert abs(picture["brightness"] - statistics.fmean(pixels) / 255) < 1e-6
    assert abs(picture["contrast"] - statistics.pstdev(pixels) / 255) < 1e-6
    assert (picture["height"], picture["width"], picture["format"], picture["bytes"]) == (4, 4, "png", len(png))
    assert "hue" not in picture and "quality" not in picture  # a grey PNG has neither
    assert near(picture["features"], [(p - 128) / 64 for p in pixels], 1e-6)
    of_list = of_several["griddle"]["pictures"]
    assert len(of_list) == 2 and "format" not in of_list[0] and of_list[0] == of_list[1]
    assert of_list[0]["features"] == picture["features"]


def nothing_is_lost():
    for words, share in ((["--capture-mode", "output"], 1), (["--capture-percent", "25"], 0.25)):
        with Server("run", *CAPTURE, *words) as server, Clients(server) as clients:
            while clients.answered < 2000 and any(thread.is_alive() for thread in clients.threads):
                pass
            assert server.end() == 0
            clients.stop()
        records = lines()
        check_reader(records)
        ids = {record["eventMetadata"]["eventId"] for _, _, record in records}
        assert len(ids) == len(records)
        assert abs(len(records) - share * clients.answered) <= (0 if share == 1 else 6 * (clients.answered * 0.19)**0.5), \
            (len(records), str(clients))
        for _, _, record in records[:50]:
            assert ("endpointInput" in record["captureData"]) == (share != 1) and "griddle" not in record
        os.system("rm -r captured")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("run")
    tiny.write_model("run/model.safetensors")
    image = tiny.picture(3)
    tiny.write_png("a.png", image)
    with open("a.png", "rb") as source:
        one_of_each(source.read(), image, tiny.probabilities(image))
    os.system("rm -r captured")
    nothing_is_lost()
