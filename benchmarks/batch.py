# SPDX-License-Identifier: Apache-2.0
"""Batches: a folder of small PNGs through `griddle predict --input`, on all threads and on one; ResNet-9, fp32.

What counts is the whole process, from the list of the folder's files to the last line on the disk."""
import os

from bench import Case, Reading, run
from scratch import scones_image, scones_run

PICTURES = 4000


def folder(bench):
    """One picture under many names, as hard links: nothing waits for a disk."""
    out, image = bench.scratch / "batch", scones_image(bench)
    out.mkdir(parents=True, exist_ok=True)
    for i in range(PICTURES):
        name = out / f"{i:04}.png"
        if not name.exists():
            os.link(image, name)
    return out


def cases(bench):
    output = bench.scratch / "batch.jsonl"

    def sample(_, threads):
        version = bench.griddle_version()
        words = [bench.griddle, "predict", scones_run(bench), "--input", folder(bench), "--output", output]
        output.unlink(missing_ok=True)
        process = run([*words, "--threads", str(threads)])
        return Reading(version, {"throughput": (PICTURES / process.wall_s, "images/s")})

    yield Case(f"folder of {PICTURES} pictures", {"griddle": lambda i: sample(i, bench.threads),
                                                  "griddle-1": lambda i: sample(i, 1)}, rounds=5, warmup=1)
