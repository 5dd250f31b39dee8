#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the monitor's speed is measured on: records.py table ROWS FACTOR OUT.safetensors | lines POOL COUNT OUT.jsonl |
pictures POOL COUNT FOLDER GRIDDLE MODEL [OPTION…]

table     ten columns of ROWS numbers in fp32, of the kind that figures of pictures are; FACTOR on the first, a brightness
lines     COUNT captured lines without bodies, drawn from those of capture.py, events of their own
pictures  COUNT pictures of the pool as a server captures them, with bodies and as its further options say

Needs numpy, Pillow and safetensors."""
import pathlib
import sys

import numpy as np

from capture import serve_and_ask
from harm import generator
from windows import Pool

HOUR = 3600


def table(rows, factor, out):
    from safetensors.numpy import save_file  # no other part needs it
    draw = generator("table", rows, str(factor))
    columns = {"brightness": factor * draw.beta(5, 5, rows), "contrast": draw.beta(3, 9, rows),
               "red": draw.beta(4, 5, rows), "green": draw.beta(5, 5, rows), "blue": draw.beta(5, 4, rows),
               "edges": draw.lognormal(8, 0.8, rows), "saturation": draw.beta(2, 5, rows),
               "entropy": 8 - draw.gamma(2, 0.4, rows), "p5": draw.beta(1, 9, rows), "p95": draw.beta(9, 1, rows)}
    save_file({name: values.astype(np.float32) for name, values in columns.items()}, out)


def lines(folder, count, out):
    pool = Pool(folder)
    draw = generator("lines", count)
    pool_size = len(pool.labels)
    with open(out, "wb") as file:
        for first in range(0, count, pool_size):
            rows = [("undisturbed", draw.permutation(pool_size)[:count - first])]
            start = np.datetime64("2026-01-01T00:00:00") + np.timedelta64(first // pool_size, "h")
            file.write(pool.capture(rows, start, HOUR, draw))


def pictures(folder, count, out, griddle, model, *options):
    with np.load(folder / "pool.npz") as file:
        pixels = file["pictures"][:count]
    serve_and_ask(griddle, model, enumerate(pixels), out, *options)


def main():
    what, words = sys.argv[1], sys.argv[2:]
    if what == "table":
        table(int(words[0]), float(words[1]), words[2])
    elif what == "lines":
        lines(pathlib.Path(words[0]), int(words[1]), pathlib.Path(words[2]))
    else:
        pictures(pathlib.Path(words[0]), int(words[1]), pathlib.Path(words[2]), *words[3:])


if __name__ == "__main__":
    main()
