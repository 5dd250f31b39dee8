# SPDX-License-Identifier: Apache-2.0
"""Which lane holds what of a tensor-core instruction: the emulator and the tiles of cuda/kernel say the same as CUTLASS.

CUTLASS's word is tests/golden/fragments.txt (tools/make-golden-fragments.py); from it the tables that griddle-cuda-probe prints
are worked out here, without a line of ours in between, and held against tests/golden/cuda-sm_NN.txt, which the test cuda.layout
holds the emulator to."""
import os
import pathlib

GOLDEN = pathlib.Path(os.environ["GRIDDLE_SOURCE"]) / "tests" / "golden"


def tables(name, of_row):
    """{title: rows} of a file of tables; tables of one title follow each other."""
    found, title = {}, None
    for line in (GOLDEN / name).read_text(encoding="utf-8").splitlines()[1:]:
        number, colon, values = line.partition(":")
        if line and not (colon and number.strip().isdigit()):
            title = line
        elif line:
            found.setdefault(title, []).append(of_row(values.split()))
    return found


def place(text):
    return tuple(map(int, text.split(",")))


def sample(i):
    """Element i of the probe's inputs."""
    return (i * 37 + i // 11 * 5) % 15 - 7


def ldmatrix(cells):
    """Element (row, column) is 256 row + column; a register holds two of them, the first one low."""
    codes = [256 * row + column for row, column in cells]
    return [f"{low | high << 16:08x}" for low, high in zip(codes[::2], codes[1::2], strict=True)]


def mma(a, b, c):
    """Lane l's value v of an operand of V is element l V + v of the samples; of c it is 1000 l + 100 (v of the register)."""
    at_a = {cell: sample(lane * len(a[0]) + v) for lane, row in enumerate(a) for v, cell in enumerate(row)}
    at_b = {cell: sample(lane * len(b[0]) + v + 5) for lane, row in enumerate(b) for v, cell in enumerate(row)}
    depth = 1 + max(k for _, k in at_a)
    assert len(at_a) == 16 * depth and len(at_b) == 8 * depth, "every element lies somewhere"
    return [[str(1000 * lane + 100 * v + sum(at_a[m, k] * at_b[n, k] for k in range(depth))) for v, (m, n) in enumerate(row)]
            for lane, row in enumerate(c)]


def visited(c):
    """A tile is two products side by side; a lane sees its own elements of both."""
    lane_of = {(m, n + side): lane for lane, row in enumerate(c) for m, n in row for side in (0, 8)}
    return [[str(lane_of[m, n]) for n in range(16)] for m in range(16)]


layouts = tables("fragments.txt", lambda words: list(map(place, words)))
for sm, instructions in ((75, ["m16n8k8 f16"]), (80, ["m16n8k8 f16", "m16n8k16 f16", "m16n8k16 bf16"])):
    probed = tables(f"cuda-sm_{sm}.txt", list)
    for kind in ("ldmatrix x4", "ldmatrix x4 transposed"):
        want = list(map(ldmatrix, layouts[f"{kind}: row,column"]))
        assert probed[f"{kind}: registers of each lane"] == want, (sm, kind)
    for name in instructions:
        want = mma(*(layouts[f"mma {name} {operand}"] for operand in ("a: m,k", "b: n,k", "c: m,n")))
        assert probed[f"mma {name}: registers of each lane"] == want, (sm, name)
    want = visited(layouts[f"mma {instructions[-1]} c: m,n"])
    assert probed["visited by lane"] == want * (4 if sm == 75 else 8), sm
