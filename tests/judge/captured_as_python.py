# SPDX-License-Identifier: Apache-2.0
"""Capture and label files are read as Python's json, base64 and datetime read them: random records in every way that JSON
lets them be written, and the same with bytes changed. What Python does not take, or what is no record by the rules that
captured/captured.h and captured/answer.c state, is counted as broken, and nothing else is."""
import base64
import datetime
import gzip
import json
import math
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

READER = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-captured")
FIGURES = ["brightness", "contrast", "saturation", "hue", "sharpness", "entropy", "red", "green", "blue", "height",
           "width", "aspect"]
NUMBER = r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?"
BLANKS = " \t\r\n"
DEPTH = 64
draw = random.Random(int(os.environ.get("GRIDDLE_SEED", "11")))


# ---- the rules, in Python --------------------------------------------------------------------------------------------
class Broken(Exception):
    """No record, no answer."""


class Pairs(list):
    """An object as the list of its members."""


def need(holds, what):
    if not holds:
        raise Broken(what)


def no_constant(name):
    raise Broken(name)


def check_texts(value, depth=0):
    """What JSON allows and the readers here do not: half surrogates, characters of 0, and depth."""
    if isinstance(value, str):
        need("\0" not in value and not any("\ud800" <= c < "\ue000" for c in value), "a text")
    elif isinstance(value, list):
        need(depth < DEPTH, "depth")
        for item in value:
            for part in item if isinstance(value, Pairs) else [item]:
                check_texts(part, depth + 1)


def parse(text):
    try:
        value = json.loads(text, object_pairs_hook=Pairs, parse_constant=no_constant)
    except (ValueError, RecursionError) as why:
        raise Broken(why) from why
    return value


def members(value, *known):
    need(isinstance(value, Pairs), "an object")
    found = {}
    for key, item in value:
        check_texts(key)
        if key in known:
            need(key not in found, "twice")
            found[key] = item
        else:
            check_texts(item)
    return found


def a_text(value):
    need(value is None or isinstance(value, str), "a text")
    check_texts(value)
    return value


def a_number(value, nan=True):
    if value is None and nan:
        return None
    need(isinstance(value, (int, float)) and not isinstance(value, bool), "a number")
    try:
        value = float(value)
    except OverflowError as why:
        raise Broken("range") from why
    need(math.isfinite(value), "range")
    return value


def from_base64(text):
    """RFC 4648's two alphabets, padded or not, to the last bit; None: it is none."""
    bare = text
    if len(text) % 4 == 0:
        bare = text[:-2] + text[-2:].replace("=", "") if re.fullmatch("[^=]*=?=?", text) else "*"
    bare = bare.replace("-", "+").replace("_", "/")
    if not re.fullmatch("[A-Za-z0-9+/]*", bare) or len(bare) % 4 == 1:
        return None
    body = base64.b64decode(bare + "=" * (-len(bare) % 4))
    return body if base64.b64encode(body).decode().rstrip("=") == bare else None


def a_side(value):
    if value is None:
        return None
    side = members(value, "observedContentType", "data", "encoding")
    a_text(side.get("observedContentType"))
    need("encoding" not in side or side["encoding"] in ("BASE64", "JSON", "CSV"), "encoding")
    if a_text(side.get("data")) is None:
        return None
    need("encoding" in side, "encoding")
    body = from_base64(side["data"]) if side["encoding"] == "BASE64" else side["data"].encode()
    return {"encoding": side["encoding"], "type": side.get("observedContentType"),
            "hex": None if body is None else body.hex()}


def a_time(text):
    form = r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))"
    found = re.fullmatch(form, text or "", re.ASCII)
    need(found, "time")
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    try:
        when = datetime.datetime(year, month, day, hour, minute, min(second, 59), tzinfo=datetime.timezone.utc)
    except ValueError as why:
        raise Broken("time") from why
    need(second <= 60, "time")
    zone = 0
    if found[8]:
        need(int(found[9]) < 24 and int(found[10]) < 60, "zone")
        zone = (int(found[9]) * 60 + int(found[10])) * (-1 if found[8] == "-" else 1)
    whole = (when - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)
    return whole + int(((found[7] or "") + "000")[:3]) - zone * 60000


# ---- answers
class NaN:
    """What Python's json writes for it, where a number may stand."""


def a_row(value):
    need(value, "a row without numbers")
    return [None if item is NaN else a_number(item) for item in value]


def a_class(name):
    check_texts(name)
    need(name, "a name")
    return ("class", name)


def is_scalar(value):
    return value is None or value is NaN or isinstance(value, (int, float)) and not isinstance(value, bool)


def read_value(value, rows, depth):
    need(depth < 4, "depth")
    if isinstance(value, str):
        rows.append(a_class(value))
        return
    need(isinstance(value, list), "a row")
    if isinstance(value, Pairs):
        found, alone = 0, {}
        for key, item in value:
            check_texts(key)
            if key not in ("prediction", "predictions", "probabilities"):
                check_nan(item)
                check_texts(item)
                if key in ("class", "predicted_label"):
                    need(key not in alone, "twice")
                    alone[key] = item
                continue
            need(not found, "two answers")
            found += 1
            if is_scalar(item):
                rows.append((None, a_row([item])))
            elif key == "probabilities" and isinstance(item, Pairs):
                for name, _ in item:
                    check_texts(name)
                rows.append(([name for name, _ in item], a_row([number for _, number in item])))
            else:
                read_value(item, rows, depth + 1)
        names = [item for item in alone.values() if isinstance(item, str)]
        need(found or names, "no answer")
        if not found:
            rows.append(a_class(names[0]))
    elif value and isinstance(value[0], (list, str)):
        for item in value:
            read_value(item, rows, depth + 1)
    else:
        rows.append((None, a_row(value)))


def check_nan(value):
    need(value is not NaN, "NaN")
    if isinstance(value, list):
        for item in value:
            for part in item if isinstance(value, Pairs) else [item]:
                check_nan(part)


def read_json(text, rows):
    def constant(name):
        need(name == "NaN", name)
        return NaN
    decoder = json.JSONDecoder(object_pairs_hook=Pairs, parse_constant=constant)
    at = 0
    while at < len(text):
        need(text[at] in "[{\"", "a row")
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError as why:
            raise Broken(why) from why
        read_value(value, rows, 0)
        at += len(text[at:]) - len(text[at:].lstrip(BLANKS))


def read_csv(text, rows):
    for line in text.split("\n"):
        line = line.strip(BLANKS)
        if line and not re.match(r"-|\d|null|NaN", line, re.ASCII):
            need(len(line.encode()) < 256 and not re.search(r"[\0-\x1f\x7f]", line), "a name")
            rows.append(a_class(line))
        elif line:
            row = [field.strip(" \t\r") for field in line.split(",")]
            for field in row:
                need(re.fullmatch(f"null|NaN|{NUMBER}", field, re.ASCII), "a number")
            rows.append((None, [None if field in ("null", "NaN") else a_number(float(field)) for field in row]))


def read_answer(body):
    try:
        text = body.decode().strip(BLANKS)
    except UnicodeDecodeError as why:
        raise Broken(why) from why
    rows = []
    need(text, "none")
    (read_json if text[0] in "[{\"" else read_csv)(text, rows)
    if any(names == "class" for names, _ in rows):
        need(all(names == "class" for names, _ in rows), "classes alone and rows")
        return {"answered": [name for _, name in rows]}
    need(len({len(row) for _, row in rows}) == 1, "lengths")
    need(all(names == rows[0][0] for names, _ in rows), "names")
    return {"classes": rows[0][0], "rows": [row for _, row in rows]}


# ---- records and labels
def a_picture(value):
    found = members(value, *FIGURES, "format", "bytes", "quality", "features")
    picture = {"bytes": -1, "quality": 0, "format": a_text(found.get("format")), "features": []}
    for name, most in (("bytes", 2**53), ("quality", 100)):
        if name in found:
            picture[name] = a_number(found[name], nan=False)
            need(picture[name] == int(picture[name]) and (name == "quality") <= picture[name] <= most, name)
    for name in FIGURES:
        picture[name] = a_number(found.get(name))
    features = found.get("features")
    need(features is None or isinstance(features, list) and not isinstance(features, Pairs), "features")
    picture["features"] = [a_number(item) for item in features or []]
    return picture


def a_record(line):
    top = members(parse(line), "captureData", "eventMetadata", "griddle")
    need("captureData" in top and "eventMetadata" in top, "no record")
    sides = members(top["captureData"], "endpointInput", "endpointOutput", "batchTransformInput", "batchTransformOutput")
    sides = {key: a_side(value) for key, value in sides.items()}
    for end in ("Input", "Output"):
        need(not (sides.get("endpoint" + end) and sides.get("batchTransform" + end)), "both")
    meta = members(top["eventMetadata"], "eventId", "inferenceId", "customAttributes", "inferenceTime")
    need("inferenceTime" in meta, "time")
    attributes = meta.get("customAttributes")
    need(attributes is None or isinstance(attributes, list) and not isinstance(attributes, Pairs), "attributes")
    for attribute in attributes or []:
        need(a_text(attribute) is not None, "attribute")
    record = {"event": a_text(meta.get("eventId")), "inference": a_text(meta.get("inferenceId")),
              "attributes": attributes or [], "time_ms": a_time(a_text(meta["inferenceTime"])),
              "input": sides.get("endpointInput") or sides.get("batchTransformInput"),
              "output": sides.get("endpointOutput") or sides.get("batchTransformOutput"),
              "rows": None, "classes": None, "answered": None, "pictures": None}
    if "griddle" in top:
        pictures = members(top["griddle"], "pictures").get("pictures", [])
        need(isinstance(pictures, list) and not isinstance(pictures, Pairs), "pictures")
        record["pictures"] = [a_picture(picture) for picture in pictures] or None
    strange = 0
    if record["output"]:
        try:
            need(record["output"]["hex"] is not None, "base64")
            record |= read_answer(bytes.fromhex(record["output"]["hex"]))
        except Broken:
            strange = 1
    answers = record["rows"] or record["answered"]
    if answers and record["pictures"]:
        need(len(answers) == len(record["pictures"]), "pictures")
    return record, strange


def a_label(line):
    top = members(parse(line), "groundTruthData", "eventMetadata")
    side = a_side(top.get("groundTruthData"))
    label = {"id": a_text(members(top["eventMetadata"], "eventId").get("eventId")) if "eventMetadata" in top else None}
    need(side and label["id"] is not None and side["hex"] is not None, "no label")
    text = bytes.fromhex(side["hex"]).strip(BLANKS.encode())
    if text.startswith(b'"'):
        try:
            text = json.loads(text.decode()).encode()
        except (ValueError, AttributeError) as why:
            raise Broken(why) from why
    need(text and b"\0" not in text and b"\n" not in text, "no label")
    label["label"] = text.decode("utf-8", "replace")
    return label, 0


# ---- random records --------------------------------------------------------------------------------------------------
def a_word():
    return "".join(draw.choice("abc XYZ09/+=_-\"\\\n\t\r\x01\x7fä猫🐈\u2028") for _ in range(draw.randrange(12)))


def any_value(depth=0):
    kind = draw.randrange(8 if depth < 3 else 6)
    if kind == 6:
        return [any_value(depth + 1) for _ in range(draw.randrange(4))]
    if kind == 7:
        return {a_word(): any_value(depth + 1) for _ in range(draw.randrange(4))}
    return [None, True, draw.random(), draw.randrange(-10**6, 10**20), a_word(), -1.5e-300][kind]


def any_number():
    kind = draw.randrange(6)
    return [draw.random(), float(f"{draw.random():.9g}"), draw.randrange(2), None, draw.random() * 1e-30,
            draw.choice([5e-324, 1.7976931348623157e308, 0.1, 1e22, 1e23, 2**53 + 1, 123456789012345678])][kind]


def any_answer():
    """Its text, and how many pictures it is for; 0: it may be no answer."""
    n, classes = draw.choice([1, 1, 1, 2, 5]), draw.choice([1, 2, 2, 10])
    rows = [[any_number() for _ in range(classes)] for _ in range(n)]
    gap = draw.choice([", ", ",", " ,\t"])
    kind = draw.randrange(10)
    if kind == 0:
        text = "\n".join(gap.join("null" if x is None else repr(x) for x in row) for row in rows)
    elif kind == 1:
        text = "".join(json.dumps({"prediction": row}) + "\n" for row in rows)
    elif kind == 2:
        names = [a_word() + str(c) for c in range(classes)]
        named = [{"class": names[0], "probability": row[0], "probabilities": dict(zip(names, row))} for row in rows]
        text = json.dumps({"predictions": named, "model": any_value()}, ensure_ascii=draw.random() < 0.5)
    elif kind == 3:
        text = json.dumps({"predictions": rows})
    elif kind == 7:
        names = [a_word() + "a" for _ in rows]
        text = json.dumps(draw.choice([names, [[name] for name in names], {"predictions": names}]))
    elif kind == 8:
        key = draw.choice(["class", "predicted_label", "prediction"])
        text = "\n".join(json.dumps({key: a_word() + "a", "score": any_value()}) for _ in rows)
    elif kind == 9:
        text, n = "\n".join(a_word() for _ in rows), 0
        if draw.random() < 0.3:
            text, n = "".join(json.dumps({"prediction": row[0]}) + "\n" for row in rows), len(rows)
    elif kind == 4 and draw.random() < 0.3:
        text, n = json.dumps(any_value()), 0
    else:
        text = json.dumps(rows if n > 1 or draw.random() < 0.2 else rows[0]).replace("null", draw.choice(["null", "NaN"]))
    return text, n


def side_of(body, text_type):
    encoding = draw.choice(["BASE64", text_type])
    try:
        text = body.decode()
        encoding = encoding if "\0" not in text else "BASE64"
    except UnicodeDecodeError:
        encoding = "BASE64"
    data = base64.b64encode(body).decode() if encoding == "BASE64" else text
    if encoding == "BASE64" and draw.random() < 0.2:
        data = data.rstrip("=").replace("+", "-").replace("/", "_")
    side = {"mode": "INPUT", "data": data, "encoding": encoding}
    if draw.random() < 0.8:
        side["observedContentType"] = draw.choice(["image/png", "text/csv", "application/json", a_word(), None])
    return side


def any_picture():
    picture = {name: any_number() for name in FIGURES if draw.random() < 0.8}
    if draw.random() < 0.7:
        picture |= {"format": draw.choice(["png", "jpeg"]), "bytes": draw.randrange(10**7), "quality": draw.randrange(1, 101)}
    if draw.random() < 0.7:
        picture["features"] = [float(f"{draw.gauss(0, 1):.9g}") for _ in range(draw.randrange(20))]
    if draw.random() < 0.1:
        picture[a_word() + "?"] = any_value()
    return picture


def any_record():
    data, n = {}, 1
    batch = "batchTransform" if draw.random() < 0.1 else "endpoint"
    if draw.random() < 0.8:
        data[batch + "Input"] = side_of(draw.choice([bytes(draw.randrange(256) for _ in range(draw.randrange(50))),
                                                     a_word().encode()]), draw.choice(["JSON", "CSV"]))
    if draw.random() < 0.9:
        answer, n = any_answer()
        data[batch + "Output"] = side_of(answer.encode(), draw.choice(["JSON", "CSV"]))
    when = datetime.datetime(2000, 1, 1) + datetime.timedelta(milliseconds=draw.randrange(10**12))
    zone = draw.choice(["Z", "Z", "Z", "+00:00", "+05:30", "-11:59"])
    meta = {"eventId": a_word() + "e", "inferenceTime": when.isoformat(timespec=draw.choice(["seconds", "milliseconds", "microseconds"])) + zone}
    if draw.random() < 0.3:
        meta["inferenceId"] = draw.choice([a_word(), None])
    if draw.random() < 0.3:
        meta["customAttributes"] = [a_word() for _ in range(draw.randrange(4))]
    record = {"captureData": data, "eventMetadata": meta, "eventVersion": "0"}
    if draw.random() < 0.5:
        record["griddle"] = {"pictures": [any_picture() for _ in range(n)]}
    if draw.random() < 0.2:
        draw.choice([record, data, meta])[a_word() + "?"] = any_value()
    return record


def any_label():
    label = draw.choice(["0", "1\n", " 12", "bicycle", "ä"])
    if draw.random() < 0.3:
        label = json.dumps(label)
    return {"groundTruthData": {"data": label, "encoding": draw.choice(["CSV", "JSON"])},
            "eventMetadata": {"eventId": a_word()}, "eventVersion": "0"}


def shuffled(value):
    if isinstance(value, dict):
        items = [(key, shuffled(item)) for key, item in value.items()]
        draw.shuffle(items)
        return dict(items)
    return value


def written(value):
    if draw.random() < 0.5:
        value = shuffled(value)
    space = draw.choice([(",", ":"), (", ", ": "), (" , ", "\t:\r ")])
    return json.dumps(value, separators=space, ensure_ascii=draw.random() < 0.5).encode()


def harmed(line):
    """With bytes changed, put in or left out; some of them words of JSON."""
    line = bytearray(line)
    for _ in range(draw.choice([1, 1, 2, 5])):
        at = draw.randrange(len(line) + 1)
        end = min(len(line), at + draw.choice([0, 1, 1, 3, 20]))
        line[at:end] = draw.choice([b"", b"\0", b"\xff", b"\xc3", b"\"", b"\\", b"}", b"{", b"[", b"]", b",", b":", b"null",
                                    b"1e999", b"-", b"0", b"\\u0000", b"\\ud83d", b"\x1f", b" ", b"9" * 30, b"NaN",
                                    b"\"data\":\"\",", b"\"x\":1,", line[at:end] * 2])
    return bytes(line)


# ---- both ------------------------------------------------------------------------------------------------------------
def same(got, want, keys, line):
    for key in keys:
        if key == "pictures" and want[key]:
            for picture in want[key]:
                picture["features"] = [None if x is None else float32(x) for x in picture["features"]]
        assert got[key] == want[key], f"{key}: {got[key]!r}, not {want[key]!r}\n{line!r}"


def float32(value):
    try:
        return struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return None  # beyond a float: infinite, which is printed as null


def compare(lines, read, keys, words):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.jsonl")
        text = b"\n".join(lines) + b"\n"
        with open(path, "wb") as file:
            file.write(gzip.compress(text) if draw.random() < 0.3 else text)
        out = subprocess.run([READER, *words, path], capture_output=True, check=True).stdout.decode().splitlines()
    counts, got = json.loads(out.pop()), {}
    for line in out:
        record = json.loads(line)
        got[record["line"]] = record
    broken = strange = 0
    for number, line in enumerate(text.split(b"\n")[:-1], 1):
        if not line.strip(b" \t\r"):
            continue
        try:
            want, odd = read(line.decode())
        except (Broken, UnicodeDecodeError):
            assert number not in got, f"{line!r} was read as {got[number]}"
            broken += 1
            continue
        assert number in got, f"{line!r} was not read: {counts['complaints']}"
        same(got.pop(number), want, keys, line)
        strange += odd
    assert not got, got
    assert (counts["broken"], counts["strange"]) == (broken, strange), (counts, broken, strange)
    return counts


KEYS = ["event", "inference", "attributes", "time_ms", "input", "output", "rows", "classes", "answered", "pictures"]
total = broken = strange = 0
for round_ in range(40):
    lines = [written(any_record()) for _ in range(100)]
    if round_ % 2:
        lines = [harmed(line) if draw.random() < 0.7 else line for line in lines]
    counts = compare(lines, a_record, KEYS, [])
    assert round_ % 2 or counts["broken"] == 0, counts["complaints"]
    total, broken, strange = total + counts["lines"], broken + counts["broken"], strange + counts["strange"]
    lines = [written(any_label()) for _ in range(30)]
    compare([harmed(line) if round_ % 2 and draw.random() < 0.7 else line for line in lines], a_label, ["id", "label"],
            ["--labels"])
print(f"{total} lines as Python reads them, {broken} of them broken; {strange} answers in no form")
sys.exit(0)
