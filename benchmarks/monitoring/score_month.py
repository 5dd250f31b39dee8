#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A month of hourly checks in which nothing happens: score_month.py GRIDDLE MODEL POOL MONTH OUT.json

The pool is divided anew, a baseline drawn and the rest dealt out to hours that share no picture, of 20 to 80 pictures each;
once it is used up, it is divided again, until the month is full. So no picture is in two hours that are held against the same
baseline, nor in that. OUT tells how many checks ended in violations, and of what: by the level that griddle comes to by
itself, which promises one a month."""
import collections
import json
import pathlib
import sys
import tempfile

import numpy as np

from harm import generator
from plan import HOURS_A_MONTH, SEED
from score_griddle import HOUR, checked, make_baseline, run
from windows import Pool

LEAST, MOST = 20, 80  # pictures of an hour


def hours(pool, month):
    """Without end: (division, pictures of its baseline, pictures of an hour)"""
    draw = generator(SEED, pool.name, "month", month)
    division = 0
    while True:
        order = draw.permutation(len(pool.labels))
        baseline, left = order[:pool.plan.baseline], order[pool.plan.baseline:]
        while len(left) >= MOST:
            size = draw.integers(LEAST, MOST + 1)
            yield division, baseline, left[:size]
            left = left[size:]
        division += 1


def main():
    griddle, model, pool, month, out = sys.argv[1:6]
    pool, month, out = Pool(pool), int(month), pathlib.Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    alarms, of, made = 0, collections.Counter(), None
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        folder = pathlib.Path(folder)
        for hour, (division, baseline, pictures) in zip(range(HOURS_A_MONTH), hours(pool, month)):
            if division != made:
                make_baseline(griddle, model, pool, baseline, folder / "baseline")
                made = division
            start = np.datetime64("2026-01-01T00:00:00") + np.timedelta64(hour, "h")
            draw = generator(SEED, pool.name, "hour", month, hour)
            (folder / "hour.jsonl").write_bytes(pool.capture([("undisturbed", pictures)], start, HOUR, draw))
            alarm, check = checked(griddle, folder / "baseline", folder / "hour.jsonl", folder / "check")
            alarms += alarm
            of.update(violation["feature_name"] for violation in check["violations"])
    version = run(griddle, "--version").stdout.split()[-1]
    out.write_text(json.dumps({"version": version, "alarms": alarms, "of": of}), encoding="utf-8")


if __name__ == "__main__":
    main()
