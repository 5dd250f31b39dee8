# SPDX-License-Identifier: Apache-2.0
"""The accuracy of predict over the test files is that of evaluate: one preprocessing, one arithmetic. On real pictures."""
import glob
import json
import os
import subprocess
import sys
import tarfile
import tempfile

DATA = os.environ.get("GRIDDLE_DATA")
ARCHIVE = f"{DATA}/cifar10-jpeg.tar.xz"
CLASSES, PER_CLASS = ("cat", "ship"), {"train": 60, "test": 40}
if not DATA or not os.path.exists(ARCHIVE):
    print("skipped: GRIDDLE_DATA is not set to a folder with cifar10-jpeg.tar.xz")
    sys.exit(77)
GRIDDLE = os.environ["GRIDDLE"]


def griddle(*words):
    done = subprocess.run([GRIDDLE, *words, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = f"{folder}/cache"
    left = {(part, name): n for part, n in PER_CLASS.items() for name in CLASSES}
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            key = tuple(member.name.split("/")[-3:-1])
            if member.isfile() and left.get(key, 0) > 0:
                left[key] -= 1
                os.makedirs("pictures/" + "/".join(key), exist_ok=True)
                with open("pictures/" + "/".join(member.name.split("/")[-3:]), "wb") as file:
                    file.write(archive.extractfile(member).read())
            if not any(left.values()):
                break
    # a size that makes the preprocessing work: 32 pixels to 24
    griddle("run", "pictures", "--out", "run", "--set", "train.epochs=3", "--set", "data.size=24", "--set", "data.test=0",
            "--set", "train.batch=24", "--set", "augment.crop=2")
    evaluation = griddle("evaluate", "run")
    files = sorted(glob.glob("pictures/test/*/*"))
    answers = griddle("predict", "run", *files)["predictions"]
    right = sum(answer["class"] == answer["image"].split("/")[-2] for answer in answers)
    assert evaluation["images"] == len(files) == 80, evaluation["images"]
    assert evaluation["correct"] == right, (evaluation["correct"], right)
    loss = -sum(__import__("math").log(a["probabilities"][CLASSES.index(a["image"].split("/")[-2])]) for a in answers)
    assert abs(loss / 80 - evaluation["loss"]) < 1e-5, (loss / 80, evaluation["loss"])
    print(f"{right} of 80 right either way")
