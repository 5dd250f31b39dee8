# SPDX-License-Identifier: Apache-2.0
"""Wrappers of instructions against their body on the CPU.

ldmatrix, mma, wmma, asynchronous copies, sums of a warp, conversions: griddle-cuda-probe prints tables of what they do on
this card, and the CPU's stand in tests/golden (tests/cuda/layout.py holds them there)."""
import pathlib

from check import Failed

BUDGET = 15
GOLDEN = pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "golden"


def run(check):
    path = max(sm for sm in (70, 75, 80) if sm <= check.sm)
    probe = check.build / ("tests/griddle-cuda-probe-" + str(path) if check.is_rehearsal else "griddle-cuda-probe")
    got, want = check.run(probe).stdout, (GOLDEN / f"cuda-sm_{path}.txt").read_text(encoding="utf-8")
    tables = [text.split("\n", 1)[0] for text in want.split("\n\n")]
    if got != want:
        wrong = [a.split("\n", 1)[0] for a, b in zip(want.split("\n\n"), got.split("\n\n")) if a != b]
        raise Failed(f"other than on the CPU: {'; '.join(wrong) or 'tables are missing'}", {"printed": got})
    return f"{len(tables) - 1} tables of path {path}, the same bytes", {"path": path, "tables": tables[1:]}
