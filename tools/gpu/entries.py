# SPDX-License-Identifier: Apache-2.0
"""Entries of a list against each other, on problems of real networks (griddle-check --bench)."""
import csv

from check import Failed, OutOfTime, Skipped

BUDGET = 45
TIMED = ("op", "direction", "entry", "type", "problem", "median_us", "spread_us", "runs", "ratio_to_next")


def run(check):
    listed = check.run(check.build / "griddle-check", "--list", "--device", "cuda", "--op", "conv2d").stdout
    directions = list(dict.fromkeys(line.split()[0] for line in listed.splitlines() if line.startswith("  ")))
    if not directions:
        raise Skipped("conv2d has no entry here")
    cases = ("--set", "bench")
    if check.is_rehearsal:
        directions, cases = directions[:1], ("--case", "x=1x4x4x8 filters=8 pad=1 type=f16")
    rows, not_reached = [], []
    for i, direction in enumerate(directions):  # one after the other: the card is timed
        try:
            lines = check.run(check.build / "griddle-check", "--device", "cuda", "--bench", "--csv", "--op", "conv2d", "--dir",
                              direction, *cases, seconds=check.left() / (len(directions) - i)).stdout.splitlines()
        except OutOfTime as why:
            not_reached.append(f"the rest of {direction}")
            lines = why.details.get("said", [])
        rows += [{name: row[name] for name in TIMED} for row in csv.DictReader(lines) if None not in row.values()]
    details = {"rows": rows, "not_reached": not_reached}
    if not rows:
        raise Failed(f"nothing was timed in {BUDGET} s", details)
    return f"{len(rows)} times of conv2d{'; no time for ' + ', '.join(not_reached) if not_reached else ''}", details
