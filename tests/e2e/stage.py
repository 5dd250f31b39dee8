# SPDX-License-Identifier: Apache-2.0
"""griddle stage from the outside: what it prints, where it puts things, and one clear line with the right exit code for
everything that is wrong."""
import json
import os
import struct
import subprocess
import tempfile
import zlib

GRIDDLE = os.environ["GRIDDLE"]


def png(seed, side=8):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((seed + x + y) % 256 for x in range(side)) for y in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def stage(*words, code=0, complaint="", lines=1):
    """Standard output. Where something is wrong, standard error has `lines` lines, the last of them the complaint."""
    done = subprocess.run([GRIDDLE, "stage", *words], capture_output=True, text=True, check=False)
    assert done.returncode == code, (words, done)
    assert done.stderr.count("\n") == (lines if code else 0), (words, done.stderr)
    assert complaint in done.stderr, (words, done.stderr)
    assert not (code and done.stdout), (words, done.stdout)
    return done.stdout


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = os.path.join(folder, "cache")
    for i in range(5):
        write(f"pets/train/cat/{i}.png", png(i))
        write(f"pets/train/dog/{i}.png", png(10 * i))
    write("pets/test/dog/1.png", png(3))
    write("a.yaml", b"data:\n  source: pets\n  max_rejected: 1\n")
    write("pets/train/cat/half.png", png(1)[:-20])

    told = json.loads(stage("a.yaml", "--json"))
    assert told["splits"] == {"train": {"images": 10, "classes": {"cat": 5, "dog": 5}},
                              "test": {"images": 1, "classes": {"cat": 0, "dog": 1}}}, told
    assert told["rejected"] == [{"file": "train/cat/half.png", "reason": "broken PNG: the file ends too early"}], told
    assert (told["height"], told["width"], told["channels"], told["fresh"]) == (8, 8, 1, True), told
    values = [(seed + x + y) % 256 for seed in [0, 1, 2, 3, 4, 0, 10, 20, 30, 40] for x in range(8) for y in range(8)]
    mean = sum(values) / len(values)
    deviation = (sum(v * v for v in values) / len(values) - mean * mean) ** 0.5
    assert abs(told["mean"][0] - mean) < 1e-6 and abs(told["deviation"][0] - deviation) < 1e-6, told
    assert told["staged"].startswith(os.environ["GRIDDLE_CACHE"]) and os.path.exists(told["staged"]), told

    again = json.loads(stage("a.yaml", "--json"))
    assert again == {**told, "fresh": False}, again
    table = stage("a.yaml")
    for part in ("cat ", "dog ", "all          10         1", "up to date", "train/cat/half.png': broken PNG", "8x8 grey"):
        assert part in table, (part, table)

    os.mkdir("run")
    assert json.loads(stage("a.yaml", "--json", "--out", "run"))["staged"] == "run/staged.safetensors"
    assert json.loads(stage("a.yaml", "--json", "--out=b.safetensors"))["staged"] == "b.safetensors"

    # one line, the right code, nothing left behind
    before = sorted(os.listdir("cache/staged"))
    stage("a.yaml", "--set", "data.max_rejected=0", code=1, complaint="rejected files: 1, data.max_rejected allows 0")
    stage("a.yaml", "--set", "data.sorce=x", code=2, complaint="source")
    stage("a.yaml", "--set", "data.size=big", code=2, complaint="--set data.size=big")
    stage("a.yaml", "--set", "data.source=nowhere", code=1, complaint="cannot open 'nowhere'")
    stage("a.yaml", "--set", "data.source=ftp://x/y", code=2, complaint="begin with https: or file:")
    stage("a.yaml", "--set", "data.format=idx", code=2, complaint="data.format is idx")
    stage("a.yaml", "--set", "data.classes=[cat,dgo]", code=2, complaint="did you mean 'dog'?")
    stage("a.yaml", "--set", "data.source=a.yaml", code=1, complaint="neither a tar archive nor a zip")
    stage("absent.yaml", code=1, complaint="absent.yaml")
    stage(code=2, complaint="expected griddle stage CONFIG")
    stage("a.yaml", "b.yaml", code=2, complaint="unexpected 'b.yaml'")
    stage("a.yaml", "--jason", code=2, complaint="did you mean '--json'?")
    stage("a.yaml", "--out", "a.yaml/x", code=1, complaint="a.yaml")
    assert sorted(os.listdir("cache/staged")) == before, os.listdir("cache/staged")
    done = subprocess.run(f"ulimit -f 1; exec '{GRIDDLE}' stage a.yaml --set data.size=64 --out full.safetensors",
                          shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "File too large" in done.stderr and done.stderr.count("\n") == 1, done
    assert not os.path.exists("full.safetensors"), "a half file is left"
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([GRIDDLE, "stage", "a.yaml"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1 and "standard output" in done.stderr, done
    assert "griddle stage" in subprocess.run([GRIDDLE, "stage", "--help"], capture_output=True, text=True, check=True).stdout
