# SPDX-License-Identifier: Apache-2.0
"""griddle predict, and the front command around it: answers, exit codes, one clear line for everything that is wrong."""
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import tiny  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]


def griddle(*words, code=0, complaint=None):
    """Standard output; checks the exit code, and that standard error has one line where something is wrong, else none."""
    done = subprocess.run([GRIDDLE, *words], capture_output=True, text=True, check=False)
    assert done.returncode == code, (words, done)
    assert done.stderr.count("\n") == (1 if complaint else 0), (words, done.stderr)
    assert (complaint or "") in done.stderr, (words, done.stderr)
    return done.stdout


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("run")
    tiny.write_model("run/model.safetensors")
    pixels = tiny.picture(3)
    want = tiny.probabilities(pixels)
    order = sorted(range(len(want)), key=lambda c: -want[c])
    tiny.write_png("a.png", pixels)
    tiny.write_png("large.png", bytes([200]) * 10000, 100)
    with open("a.png", "rb") as good, open("cut.png", "wb") as cut:
        cut.write(good.read()[:-20])
    with open("empty.png", "wb"):
        pass

    # for people
    text = griddle("predict", "run", "a.png", "--top", "2").splitlines()
    assert text == ["a.png"] + [f"  {100 * want[c]:6.2f}%  {tiny.CLASSES[c]}" for c in order[:2]], text
    assert len(griddle("predict", "run/model.safetensors", "a.png", "large.png").splitlines()) == 8

    # for programs
    answer = json.loads(griddle("predict", "--json", "run", "a.png", "large.png"))
    assert list(answer) == ["model", "predictions"] and answer["model"] == "run/model.safetensors"
    first = answer["predictions"][0]
    assert list(first) == ["image", "class", "probability", "probabilities"] and first["image"] == "a.png"
    assert first["class"] == tiny.CLASSES[order[0]] and first["probability"] == first["probabilities"][order[0]]
    assert max(abs(g - w) for g, w in zip(first["probabilities"], want)) < 1e-6
    assert len(answer["predictions"]) == 2

    # a broken picture is named, the others are answered
    for name, complaint in (("cut.png", "cut.png: "), ("empty.png", "empty.png"), ("none.png", "none.png"), (".", "'.'")):
        text = griddle("predict", "run", name, "a.png", "--json", code=1, complaint=complaint)
        assert [p["image"] for p in json.loads(text)["predictions"]] == ["a.png"], text
    assert json.loads(griddle("predict", "run", "cut.png", "--json", code=1, complaint="cut.png"))["predictions"] == []

    # models that are none
    griddle("predict", "nowhere", "a.png", code=1, complaint="cannot open 'nowhere'")
    griddle("predict", ".", "a.png", code=1, complaint="./model.safetensors")
    griddle("predict", "a.png", "a.png", code=1, complaint="a.png: not a safetensors file")
    larger = json.loads(json.dumps(tiny.GRAPH).replace("[4, 4, 1]", "[5, 4, 1]"))
    tiny.write_model("other.safetensors", graph=larger)
    griddle("predict", "other.safetensors", "a.png", code=1, complaint="1x5x4x1 where preprocessing makes 'images' U8 1x4x4x1")
    tiny.write_model("nan.safetensors", weight=[[float("nan")] * 16] * 3)
    griddle("predict", "nan.safetensors", "a.png", code=1, complaint="'a.png': the model's answer is not a number")

    # wrong words
    griddle("predict", "run", code=2, complaint="expected griddle predict RUN|MODEL IMAGE…")
    griddle("predict", "run", "a.png", "--tpo", "3", code=2, complaint="did you mean '--top'?")
    griddle("predict", "run", "a.png", "--top", "0", code=2, complaint="whole number from 1")
    griddle("predict", "run", "a.png", "--top", "3", "--json", code=2, complaint="exclude each other")
    griddle("pedict", code=2, complaint="unknown verb 'pedict'; did you mean 'predict'?")
    griddle("elephant", code=2, complaint="unknown verb 'elephant'")
    for verb in ("report", "runs", "import", "init"):
        griddle(verb, "x", code=2, complaint=f"'{verb}' is not there yet")

    # help comes with examples first, and to standard output where it was asked for
    assert griddle("predict", "--help").startswith("griddle predict runs/")
    assert griddle("--help").startswith("griddle run ") and griddle("help") == griddle("-h")
    assert "usage" in subprocess.run([GRIDDLE], capture_output=True, text=True, check=False).stderr
    assert griddle("--version").startswith("griddle ")
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([GRIDDLE, "predict", "run", "a.png"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and b"cannot write to standard output" in done.stderr, done

    # every instruction set answers alike
    for isa in ("portable", "avx2", "avx512"):
        environment = dict(os.environ, GRIDDLE_ISA=isa)
        done = subprocess.run([GRIDDLE, "predict", "run", "a.png", "--json"], env=environment, capture_output=True, check=True)
        got = json.loads(done.stdout)["predictions"][0]["probabilities"]
        assert max(abs(g - w) for g, w in zip(got, want)) < 1e-6, (isa, got)
print("predict and the front command behave")
