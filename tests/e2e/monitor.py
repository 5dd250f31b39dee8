# SPDX-License-Identifier: Apache-2.0
"""The workflow's last step on real pictures: train, serve with capture, baseline, check. Pictures as they were: all is well;
the same, darkened: a violation that names brightness."""
import glob
import http.client
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "serve", "support"))
from server import Server  # noqa: E402

DATA = os.environ.get("GRIDDLE_DATA")
ARCHIVE = f"{DATA}/cifar10-jpeg.tar.xz"
CLASSES, PER_CLASS = ("cat", "ship"), {"train": 120, "test": 100}
if not DATA or not os.path.exists(ARCHIVE):
    print("skipped: GRIDDLE_DATA is not set to a folder with cifar10-jpeg.tar.xz")
    sys.exit(77)
try:
    from PIL import Image, ImageEnhance
except ImportError:
    print("skipped: no Pillow (pip install pillow)")
    sys.exit(77)
GRIDDLE = os.environ["GRIDDLE"]


def griddle(*words, code=0):
    done = subprocess.run([GRIDDLE, *words], capture_output=True, text=True, check=False)
    assert done.returncode == code, done
    return done


def unpack():
    left = {(part, name): n for part, n in PER_CLASS.items() for name in CLASSES}
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            key = tuple(member.name.split("/")[-3:-1])
            if member.isfile() and left.get(key, 0) > 0:
                left[key] -= 1
                folder = ("pictures/" if key[0] == "train" else "fresh/") + key[1]
                os.makedirs(folder, exist_ok=True)
                with open(f"{folder}/{os.path.basename(member.name)}", "wb") as file:
                    file.write(archive.extractfile(member).read())
            if not any(left.values()):
                return


def darkened(body):
    out = io.BytesIO()
    ImageEnhance.Brightness(Image.open(io.BytesIO(body))).enhance(0.4).save(out, "JPEG", quality=75)
    return out.getvalue()


def capture(folder, harm, *words):
    """Asks about each fresh picture once."""
    with Server("run", "--capture", folder, "--capture-disk", "100", *words) as server:
        connection = http.client.HTTPConnection(server.host, server.port)
        for path in sorted(glob.glob("fresh/*/*")):
            with open(path, "rb") as file:
                connection.request("POST", "/invocations", harm(file.read()), {"Content-Type": "image/jpeg"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
        assert server.end() == 0


def violations(folder):
    with open(f"{folder}/constraint_violations.json", encoding="utf-8") as file:
        return {(v["feature_name"], v["constraint_check_type"]) for v in json.load(file)["violations"]}


def the_road():
    out = griddle("monitor", "baseline", "run", "-o", "base", "--json").stdout
    base = json.loads(out)
    assert base["labelled"] == base["items"] > 80 and base["features"] == 64 and 0.5 < base["accuracy"] <= 1, base
    with open("base/statistics.json", encoding="utf-8") as file:
        names = {feature["name"] for feature in json.load(file)["features"]}
    assert {"brightness", "sharpness", "bytes", "quality", "prediction", "confidence"} <= names, names  # of the originals

    fine = griddle("monitor", "check", "plain", "--baseline", "base", "-o", "fine")
    assert fine.stdout.startswith("200 pictures: no violations"), fine.stdout
    assert violations("fine") == set() and os.path.getsize("fine/report.html") < 2e6
    with open("fine/report.html", encoding="utf-8") as file:
        assert "data:image/png;base64," in file.read()  # pictures are in it

    dark = griddle("monitor", "check", "dark", "--baseline", "base", "-o", "bad", "--no-report", code=3)
    assert "brightness" in dark.stdout and not os.path.exists("bad/report.html")
    assert ("brightness", "baseline_drift_check") in violations("bad"), violations("bad")


def computed_is_recorded():
    """What was not captured is computed of the bodies, to the same verdict; by any number of threads."""
    told = {}
    for name, words in {"recorded": ["plain"], "computed": ["bare", "--model", "run"],
                        "alone": ["bare", "--model", "run", "--threads", "1"]}.items():
        griddle("monitor", "check", *words, "--baseline", "base", "-o", name, "--json")
        with open(f"{name}/check.json", encoding="utf-8") as file:
            told[name] = re.sub(r"(\d\.\d{5})\d+", r"\1", file.read())
    assert told["computed"] == told["alone"]
    for name in ("recorded", "computed"):
        with open(f"{name}/statistics.json", encoding="utf-8") as file:
            told[name] = {f["name"]: f["numerical_statistics"]["mean"] for f in json.load(file)["features"]
                          if "numerical_statistics" in f}
    assert told["recorded"].keys() == told["computed"].keys()
    for name, mean in told["recorded"].items():
        assert abs(mean - told["computed"][name]) <= 1e-6 * max(1, abs(mean)), name


def training_images_are_known():
    os.makedirs("seen")
    griddle("monitor", "baseline", "run", "fresh", "-o", "of-fresh")
    seen = griddle("monitor", "baseline", "run", "pictures", "-o", "seen")
    assert "trained on" in seen.stderr and "images alone" in seen.stderr, seen
    with open("seen/statistics.json", encoding="utf-8") as file:
        names = {feature["name"] for feature in json.load(file)["features"]}
    assert "brightness" in names and "confidence" not in names, names
    assert "trained on" not in griddle("monitor", "baseline", "run", "fresh", "-o", "of-fresh").stderr
    scaled = griddle("monitor", "baseline", "run", "run/staged.safetensors", "-o", "of-set")
    assert "scaled to 32 pixels" in scaled.stderr and "0 columns" not in scaled.stdout, scaled
    of_capture = json.loads(griddle("monitor", "baseline", "run", "plain", "-o", "of-capture", "--json").stdout)
    assert of_capture["items"] == 200 and of_capture["labelled"] == 0 and of_capture["features"] == 64, of_capture
    griddle("monitor", "check", "plain", "--baseline", "of-capture", "-o", "same")


def stops():
    """A signal in the middle: its exit code, and no file."""
    with open("many.jsonl", "w", encoding="utf-8") as many:
        for path in glob.glob("bare/**/*.jsonl", recursive=True):
            with open(path, encoding="utf-8") as file:
                many.write(file.read() * 200)
    process = subprocess.Popen([GRIDDLE, "monitor", "check", "many.jsonl", "--baseline", "base", "--model", "run", "-o", "cut"],
                               stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGTERM and "stopped" in said, (process.returncode, said)
    assert os.listdir("cut") == [], os.listdir("cut")


with tempfile.TemporaryDirectory() as place:
    os.chdir(place)
    os.environ["GRIDDLE_CACHE"] = f"{place}/cache"
    unpack()
    griddle("run", "pictures", "--out", "run", "--set", "train.epochs=4", "--set", "data.validation=0.4", "--set",
            "data.size=32", "--set", "augment.crop=2")
    capture("plain", lambda body: body, "--capture-figures")
    capture("dark", darkened, "--capture-figures")
    capture("bare", lambda body: body)
    the_road()
    computed_is_recorded()
    training_images_are_known()
    stops()
