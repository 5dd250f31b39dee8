# SPDX-License-Identifier: Apache-2.0
"""What `griddle monitor baseline` and `check` say of wrong words, and tables of numbers: without real pictures."""
import array
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import shapes  # noqa: E402
import tiny  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]


def griddle(*words, code=0, complaint=""):
    done = subprocess.run([GRIDDLE, *words], capture_output=True, text=True, check=False)
    assert done.returncode == code and complaint in done.stderr, (complaint, done)
    return done.stdout


def refused(*words, code=2, complaint):
    griddle("monitor", *words, code=code, complaint=complaint)


def write_table(path, columns):
    header, data = {}, b""
    for name, numbers in columns.items():
        piece = array.array("f", numbers).tobytes()
        header[name] = {"dtype": "F32", "shape": [len(numbers)], "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def record(answer, second=0, body=None):
    data = {}
    if body:
        data["endpointInput"] = {"observedContentType": "application/json", "mode": "INPUT", "data": json.dumps(body),
                                 "encoding": "JSON"}
    if answer:
        data["endpointOutput"] = {"observedContentType": "application/json", "mode": "OUTPUT", "data": json.dumps(answer),
                                  "encoding": "JSON"}
    return json.dumps({"captureData": data, "eventVersion": "0", "eventMetadata": {
        "eventId": str(second), "inferenceTime": f"2026-11-27T12:{second // 60:02d}:{second % 60:02d}Z"}}) + "\n"


def write(path, *lines):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)


def words():
    assert "baseline" in griddle("monitor", "--help") and "check" in griddle("monitor", "--help")
    assert "default: the baseline's" in griddle("monitor", "check", "--help")
    assert "usage: griddle monitor container [options]" in griddle("monitor", "container", "--help")
    griddle("monitor", code=2, complaint="usage: griddle monitor WORD")
    refused("chek", complaint="unknown word of monitor 'chek'; did you mean 'check'?")
    refused("baseline", "-o", "x", complaint="expected griddle monitor baseline RUN|MODEL [DATA]")
    refused("check", "a.jsonl", "--baseline", "base", complaint="wants -o DIR")
    refused("check", "a.jsonl", "-o", "x", complaint="wants --baseline DIR")


def baselines():
    refused("baseline", "model.safetensors", "-o", "x", complaint="baseline MODEL DATA -o DIR")
    refused("baseline", "none", "-o", "x", code=1, complaint="'none'")
    refused("baseline", "model.safetensors", "none", "-o", "x", code=1, complaint="'none'")
    os.makedirs("empty")
    refused("baseline", "empty", "-o", "x", code=1, complaint="train it to the end first")
    refused("baseline", "model.safetensors", "empty", "-o", "x",
            complaint="neither pictures nor captures below 'empty': no file ends in .png")
    refused("baseline", "all", "-o", "x", complaint="data.validation: 0")
    for of in (["run"], ["run", "run/staged.safetensors"]):
        refused("baseline", *of, "--from", "2026-11-27", "-o", "x", complaint="are of captures, and 'run")
    assert not os.path.exists("x")
    griddle("monitor", "baseline", "run", "-o", "of-run")  # IDX files have no names, and nothing was scaled
    with open("of-run/statistics.json", encoding="utf-8") as file:
        assert "brightness" in file.read()
    told = griddle("monitor", "baseline", "run", "run/staged.safetensors", "-o", "of-test")
    assert "test split" in told and "accuracy" in told, told
    numbers = random.Random(2)
    lines = []
    for i in range(120):
        p = [numbers.random() + 0.1 for _ in range(3)]
        lines.append(record([x / sum(p) for x in p], i, [[numbers.randrange(256) for _ in range(4)] for _ in range(4)]))
    write("good.jsonl", *lines)
    out = griddle("monitor", "baseline", "model.safetensors", "good.jsonl", "-o", "base")
    assert "120 captured pictures" in out and "no labels" in out, out


def checks():
    check = ["check", "good.jsonl", "-o", "out"]
    griddle("monitor", *check, "--baseline", "base")
    refused(*check, "--baseline", "none", code=1, complaint="none")
    refused("check", "none.jsonl", "-o", "out", "--baseline", "base", code=1, complaint="none.jsonl")
    refused(*check, "--baseline", "base", "--model", "run", complaint="is not the one of baseline 'base'")
    refused(*check, "--baseline", "base", "--model", "none", code=1, complaint="none")
    refused(*check, "--baseline", "base", "--from", "2027-01-01", code=1, complaint="no records to check: 120 lines")
    refused(*check, "--baseline", "base", "--from", "2026-11-28", "--to", "2026-11-27",
            complaint="ends before it begins: --from 2026-11-28 --to 2026-11-27")
    for time in ("yesterday", "2026-13-01", "2026-11-27T25:00:00Z", ""):
        refused(*check, "--baseline", "base", "--from", time, complaint="where a time is needed")
    refused(*check, "--baseline", "base", "--to", "1970-01-01", complaint="behind 1970-01-01")
    for option in ("--alarms-per-month", "--checks-per-month", "--threshold"):
        refused(*check, "--baseline", "base", option, "-1", complaint=f"option '{option}' is '-1'")
    refused(*check, "--baseline", "base", "--endpoint", "shop", code=1, complaint="120 of other endpoints")
    write("silent.jsonl", record(None, 1, [[1, 2], [3, 4]]), record(None, 2, [[1, 2], [3, 4]]))
    refused("check", "silent.jsonl", "-o", "out", "--baseline", "base", complaint="none of 2 pictures has an answer")
    griddle("monitor", "check", "silent.jsonl", "-o", "out", "--baseline", "base", "--model", "model.safetensors")
    write("other.jsonl", record([0.5, 0.5]))
    refused("check", "other.jsonl", "-o", "out", "--baseline", "base", complaint="other.jsonl:1:1: an answer of 2")
    with open("good.jsonl", encoding="utf-8") as file:
        write("broken.jsonl", *file.readlines(), "{\n", "no record\n")
    griddle("monitor", "check", "broken.jsonl", "-o", "out", "--baseline", "base", complaint="2 lines are no records")
    with open("good.jsonl", encoding="utf-8") as file:
        write("logits.jsonl", *file.readlines(), record([2.5, -1, 0.25], 7))
    griddle("monitor", "check", "logits.jsonl", "-o", "out", "--baseline", "base",
            complaint="1 answer is no probabilities, and does not count\n  logits.jsonl:121:1: ")
    write("file", "")
    refused("check", "good.jsonl", "--baseline", "base", "-o", "file", code=1, complaint="file")
    window = griddle("monitor", *check, "--baseline", "base", "--from", "2026-11-27T12:01:00Z", "--to", "2026-11-27T12:02:00Z")
    assert window.startswith("60 pictures"), window
    told = json.loads(griddle("monitor", *check, "--baseline", "base", "--json"))
    with open("out/check.json", encoding="utf-8") as file:
        assert told == json.load(file)


def answers():
    """One of another form is named and no alarm, many are; of classes alone the mix is compared."""
    with open("good.jsonl", encoding="utf-8") as file:
        good = file.readlines()
    for answer, complaint in (([0.5, 0.5], "an answer of 2 probabilities where the model has 3 classes"),
                              (0.93, "an answer of 1 probability where the model has 3 classes"),
                              ("Bad Gateway", "the answer is 'Bad Gateway', which is none of the model's 3 classes")):
        write("mixed.jsonl", *good, record(answer, 7))
        said = griddle("monitor", "check", "mixed.jsonl", "-o", "out", "--baseline", "base",
                       complaint=f"1 answer is none of the model's, and does not count\n  mixed.jsonl:121:1: {complaint}")
        assert said.startswith("121 pictures: no violations"), said
        with open("out/report.html", encoding="utf-8") as file:
            assert "mixed.jsonl:121:1: " in file.read()
    write("mixed.jsonl", *good, *[record({"error": "busy"}, i) for i in range(60)])
    said = griddle("monitor", "check", "mixed.jsonl", "-o", "out", "--baseline", "base", code=3,
                   complaint="60 answers have forms that are not known")
    assert "'prediction' is missing from 60 of 180 pictures: 67% have it, where at least 94.4% have to" in said, said
    likeliest = []
    for line in good:
        p = json.loads(json.loads(line)["captureData"]["endpointOutput"]["data"])
        likeliest.append(tiny.CLASSES[p.index(max(p))])
    write("alone.jsonl", *[record(name, i) for i, name in enumerate(likeliest)])
    said = griddle("monitor", "check", "alone.jsonl", "-o", "out", "--baseline", "base")
    assert said.startswith("120 pictures: no violations") and "confidence" in said.split("not comparable")[1], said
    write("alone.jsonl", *[record(tiny.CLASSES[0], i) for i in range(120)])
    said = griddle("monitor", "check", "alone.jsonl", "-o", "out", "--baseline", "base", code=3)
    assert said.startswith("120 pictures: 1 violation (prediction)"), said
    told = griddle("monitor", "baseline", "model.safetensors", "alone.jsonl", "-o", "alone")
    assert "120 items, 1 column, " in told, told
    griddle("monitor", "check", "good.jsonl", "-o", "out", "--baseline", "alone", code=3)


def tables():
    numbers = random.Random(1)
    columns = {"height": [numbers.gauss(1, 2) for _ in range(5000)], "weight": [numbers.random() for _ in range(5000)]}
    write_table("reference.safetensors", columns)
    assert "5000 items, 2 columns" in griddle("monitor", "baseline", "reference.safetensors", "-o", "table")
    write_table("same.safetensors", {name: [numbers.choice(x) for _ in range(3000)] for name, x in columns.items()})
    griddle("monitor", "check", "same.safetensors", "--baseline", "table", "-o", "out")
    write_table("moved.safetensors", {"height": [x + 1 for x in columns["height"]], "weight": columns["weight"]})
    assert "height" in griddle("monitor", "check", "moved.safetensors", "--baseline", "table", "-o", "out", code=3)
    write_table("narrow.safetensors", {"height": [1.5] * 30, "weight": columns["weight"][:30]})
    narrow = griddle("monitor", "check", "narrow.safetensors", "--baseline", "table", "-o", "out", code=3)
    assert "'height' varies less than it did: around an average of 1.5 it deviates by 0 where the baseline deviates by 1.98 around 1 " in narrow, narrow
    write_table("unequal.safetensors", {"height": [1, 2], "weight": [1]})
    refused("check", "unequal.safetensors", "--baseline", "table", "-o", "out",
            complaint="column 'weight' has 1 row where 'height' has 2")
    refused("baseline", "model.safetensors", "same.safetensors", "-o", "y",
            complaint="leave that out, as griddle monitor baseline same.safetensors -o DIR")
    write_table("nameless.safetensors", {"": [1, 2]})
    refused("baseline", "nameless.safetensors", "-o", "y", complaint="tensor 0 has no name")
    write_table("strange.safetensors", {"\x1b[31m\nred": columns["height"]})
    griddle("monitor", "baseline", "strange.safetensors", "-o", "strange")
    assert "?[31m?red" in griddle("monitor", "check", "strange.safetensors", "--baseline", "strange", "-o", "out")
    refused("check", "same.safetensors", "--baseline", "base", "-o", "out", complaint="where baseline 'base' is of pictures")
    refused("check", "same.safetensors", "--baseline", "table", "-o", "out", "--from", "2026-11-27", complaint="is a table")
    refused("check", "good.jsonl", "--baseline", "table", "-o", "out", complaint="is of a table of numbers")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = f"{folder}/cache"
    tiny.write_model("model.safetensors")
    shapes.write("bars", train=120, test=60)
    write("bars.yaml", shapes.CONFIG.format(folder=f"{folder}/bars"))
    griddle("run", "bars.yaml", "--out", "run", "--set", "train.epochs=1")
    griddle("run", "bars.yaml", "--out", "all", "--set", "train.epochs=1", "--set", "data.validation=0")
    words()
    baselines()
    checks()
    answers()
    tables()
