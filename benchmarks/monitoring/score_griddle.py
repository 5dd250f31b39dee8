#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`griddle monitor check` on every window of a partition: score_griddle.py GRIDDLE MODEL POOL PARTITION OUT.json

Each window is a capture file, each check a process. A score is -ln of a p-value: the greater the more unlike the baseline, as
other monitors' scores are. `all` is of the check's least p-value, adjusted for all of its tests, by which it comes to its
alarms; `columns`, `features` and `accuracy` are of the least that tests of these have for themselves. `alarm` is 1 where the
check ended with 3, at the level that it came to by itself; `estimated accuracy` is what it said, `true accuracy` is known from
labels that it did not see."""
import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

from harm import generator
from scores import Scores
from windows import Pool, windows

HOUR = 3600
VIOLATIONS = 3  # exit status


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode not in (0, VIOLATIONS):
        sys.exit(f"{' '.join(map(str, words))}: exit {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done


def make_baseline(griddle, model, pool, numbers, out):
    """Of pictures of the pool, with their labels: a folder of PNGs per class."""
    with np.load(pool.folder / "pool.npz") as file:
        pictures = file["pictures"]
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        for i in numbers:
            path = pathlib.Path(folder) / pool.classes[pool.labels[i]] / f"{i:05}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(pictures[i]).save(path)
        shutil.rmtree(out, ignore_errors=True)
        run(griddle, "monitor", "baseline", model, folder, "-o", out)


def score(tests, p="p"):
    """Of the least p-value; 0 where nothing could be tested."""
    known = [test[p] for test in tests if test.get(p) is not None]
    return -math.log(max(min(known, default=1), 1e-300))


def checked(griddle, baseline, capture, out):
    """(whether it is an alarm, what it said)"""
    done = run(griddle, "monitor", "check", capture, "--baseline", baseline, "-o", out, "--json", "--no-report", "--threads", 1)
    return done.returncode == VIOLATIONS, json.loads(done.stdout)


def main():
    griddle, model, pool, partition, out = sys.argv[1:6]
    pool, partition, out = Pool(pool), int(partition), pathlib.Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    scores = Scores(run(griddle, "--version").stdout.split()[-1])
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        folder = pathlib.Path(folder)
        make_baseline(griddle, model, pool, pool.baseline(partition), folder / "baseline")
        for window in windows(pool, partition):
            rows = window.rows(pool)
            draw = generator("capture", *map(str, window))
            (folder / "window.jsonl").write_bytes(pool.capture(rows, np.datetime64("2026-01-01T00:00:00"), HOUR, draw))
            alarm, check = checked(griddle, folder / "baseline", folder / "window.jsonl", folder / "check")
            accuracy = check["estimated_accuracy"]
            tests = {"columns": check["columns"], "features": [check["features"]], "accuracy": [accuracy]}
            scores.add(window, "all", score(sum(tests.values(), []), "adjusted_p"))
            for method, of_method in tests.items():
                scores.add(window, method, score(of_method))
            scores.add(window, "alarm", alarm)
            scores.add(window, "estimated accuracy", accuracy["window"]["value"])
            scores.add(window, "true accuracy", pool.right(rows).mean())
    scores.write(out)


if __name__ == "__main__":
    main()
