# SPDX-License-Identifier: Apache-2.0
"""Capture as a reader sees it who knows only the managed service's format: keys and their order, encodings, paths,
and every byte of what was recorded, whatever a client sent."""
import base64
import collections
import datetime
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

WRITER = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-capture-writer")
SOURCE = pathlib.Path(os.environ["GRIDDLE_SOURCE"])
UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
PATH = re.compile(r"([A-Za-z0-9-]{1,63})/([A-Za-z0-9-]{1,63})/(\d{4}/\d\d/\d\d/\d\d)/(\d\d-\d\d-\d{3})-" + UUID4 + r"\.jsonl")
FIELDS = ["endpoint", "variant", "input_type", "input", "output_type", "output", "event_id", "inference_id",
          "custom_attributes", "figures", "time_ms"]
Record = collections.namedtuple("Record", FIELDS)
HOUR = 3600 * 1000
draw = random.Random(7)


def keys_of(line):
    """The line's keys as nested lists of pairs, in their order, and no key twice."""
    def pairs(found):
        assert len({key for key, _ in found}) == len(found), found
        return found
    return json.loads(line, object_pairs_hook=pairs)


def check_shape(line):
    """What holds of every line of the service's; returns it as a dict."""
    top = keys_of(line)
    assert [key for key, _ in top][:3] == ["captureData", "eventMetadata", "eventVersion"], line
    assert [key for key, _ in top][3:] in ([], ["griddle"]), line
    data, metadata = top[0][1], top[1][1]
    assert [key for key, _ in data] in (["endpointInput", "endpointOutput"], ["endpointInput"], ["endpointOutput"]), line
    for key, side in data:
        side = [k for k, _ in side]
        assert side in (["observedContentType", "mode", "data", "encoding"], ["mode", "data", "encoding"]), line
    got = json.loads(line)
    for key, mode in (("endpointInput", "INPUT"), ("endpointOutput", "OUTPUT")):
        if key in got["captureData"]:
            side = got["captureData"][key]
            assert side["mode"] == mode and side["encoding"] in ("CSV", "JSON", "BASE64"), line
            assert all(isinstance(value, str) for value in side.values()), line
    order = ["eventId", "inferenceId", "customAttributes", "inferenceTime"]
    assert [key for key, _ in metadata] == [key for key in order if key in got["eventMetadata"]], line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", got["eventMetadata"]["inferenceTime"]), line
    assert got["eventVersion"] == "0"
    return got


def bytes_of(side):
    if side["encoding"] == "BASE64":
        return base64.b64decode(side["data"], validate=True)
    return side["data"].encode("utf-8")


def is_text(body):
    try:
        return "\0" not in body.decode("utf-8")
    except UnicodeDecodeError:
        return False


def body(length):
    kind = draw.randrange(4)
    if kind == 0:
        return bytes(draw.randrange(256) for _ in range(length))
    if kind == 1:
        return "".join(draw.choice("a\"\\\n\r\t\x7f\x01ä猫🐈\u2028") for _ in range(length)).encode()
    if kind == 2:
        return json.dumps([draw.random() for _ in range(length // 20 + 1)]).encode()
    return b"1,2\n" * (length // 4) + b"\0" * (draw.randrange(4) == 0)


def words(hostile):
    """Of a header: no 0 byte, and never empty, which would be none."""
    return draw.choice([None, b"plain", "ä 猫".encode(), b"\"},{\\", b"a\r\nb", bytes(range(1, 32))] + hostile)


def records(n):
    start = int(datetime.datetime(2027, 12, 31, 22, 30, tzinfo=datetime.timezone.utc).timestamp() * 1000)
    for i in range(n):
        yield Record(
            endpoint=draw.choice([None, b"scones", b"a" * 63, b"a" * 64, b"../x", b"."]),
            variant=draw.choice([b"AllTraffic", b"blue-2", b"gr\xc3\xbcn", None]),
            input_type=draw.choice([None, b"image/png", b"application/json", b"text/csv; header=present", b"\xff\"\n"]),
            input=body(draw.choice([0, 1, 2, 3, 100, 3000, 3072, 50000])),
            output_type=draw.choice([None, b"application/json", b"TEXT/CSV", b"application/jsonlines"]),
            output=body(draw.choice([0, 10, 300])),
            event_id=b"%d" % i,
            inference_id=words([b"\xff\xfe"]),
            custom_attributes=words([b"x" * 1024]),
            figures=draw.choice([None, b"{}", b'{"width":32,\n "features":[1,\r\n2]}']),
            time_ms=b"%d" % (start + draw.randrange(3 * HOUR)))


def folders(record):
    """Where it belongs."""
    name = re.compile(rb"[A-Za-z0-9-]{1,63}")
    endpoint = record.endpoint if record.endpoint and name.fullmatch(record.endpoint) else b"griddle"
    variant = record.variant if record.variant and name.fullmatch(record.variant) else b"AllTraffic"
    when = datetime.datetime.fromtimestamp(int(record.time_ms) // 1000, datetime.timezone.utc)
    return endpoint.decode(), variant.decode(), when.strftime("%Y/%m/%d/%H")


def check_record(got, record):
    for key, content_type, sent in (("endpointInput", record.input_type, record.input),
                                    ("endpointOutput", record.output_type, record.output)):
        side = got["captureData"][key]
        assert bytes_of(side) == sent, (record, side)
        assert side.get("observedContentType") == (content_type and content_type.decode("utf-8", "replace")), side
        bare = (content_type or b"").split(b";")[0].lower()
        want = {b"application/json": "JSON", b"text/csv": "CSV"}.get(bare, "BASE64")
        assert side["encoding"] == (want if is_text(sent) else "BASE64"), (record, side)
    metadata = got["eventMetadata"]
    when = datetime.datetime.fromtimestamp(int(record.time_ms) // 1000, datetime.timezone.utc)
    assert metadata["inferenceTime"] == when.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert metadata.get("inferenceId") == (record.inference_id and record.inference_id.decode("utf-8", "replace"))
    attributes = record.custom_attributes and [record.custom_attributes.decode("utf-8", "replace")]
    assert metadata.get("customAttributes") == attributes, metadata
    assert ("griddle" in got) == bool(record.figures) and (not record.figures or got["griddle"] == json.loads(record.figures))


for line in (SOURCE / "tests" / "golden" / "capture.jsonl").read_text().splitlines():
    check_shape(line)

with tempfile.TemporaryDirectory() as folder:
    sent = list(records(400))
    text = "".join("\t".join("-" if field is None else field.hex() for field in record) + "\n" for record in sent)
    done = subprocess.run([WRITER, "records", folder], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done
    seen, firsts = set(), 0
    for file in sorted(pathlib.Path(folder).rglob("*")):
        if file.is_dir():
            continue
        place = PATH.fullmatch(str(file.relative_to(folder)))
        assert place, file
        lines = file.read_bytes().split(b"\n")
        assert lines.pop() == b"" and lines, f"{file} ends in the middle of a line"
        for number, line in enumerate(lines):
            got = check_shape(line.decode("utf-8"))
            record = sent[int(got["eventMetadata"]["eventId"])]
            check_record(got, record)
            assert folders(record) == place.groups()[:3], (record, file)
            ms = int(record.time_ms)
            stamp = f"{ms // 60000 % 60:02}-{ms // 1000 % 60:02}-{ms % 1000:03}"
            firsts += number == 0 and stamp == place[4]
            assert number > 0 or stamp == place[4], (stamp, file)
            seen.add(got["eventMetadata"]["eventId"])
    assert len(seen) == len(sent), f"{len(sent) - len(seen)} of {len(sent)} records are missing"
    print(f"{len(seen)} records in {firsts} files")
sys.exit(0)
