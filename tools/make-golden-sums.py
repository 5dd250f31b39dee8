#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/golden/tensor-sums.txt: c + a · b over 16 elements, as tensor cores add it up, to the bit; by MMA-Sim (Microsoft
Research), which models cards and has been held against them. `tools/test --judges` runs this with PyTorch's Python, and brings
MMA-Sim into build/mmasim."""
import importlib.metadata
import pathlib
import sys

import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "build" / "mmasim"))
from mmasim.nv_ptx import sim  # noqa: E402

CASES = 32
# The card of an architecture, what multiplies 16-bit elements there, and how many along K.
CARDS = ((70, "Volta", "m8n8k4.f32.{0}.{0}.f32", 4), (75, "Turing", "m16n8k8.f32.{0}.{0}.f32", 8),
         (80, "Ampere", "m16n8k16.f32.{0}.{0}.f32", 16),
         (89, "Ada Lovelace", "m16n8k16.f32.{0}.{0}.f32", 16), (90, "Hopper", "m16n8k16.f32.{0}.{0}.f32", 16),
         (100, "Blackwell", "m16n8k16.f32.{0}.{0}.f32", 16), (120, "RTX Blackwell", "m16n8k16.f32.{0}.{0}.f32", 16))
TYPES = {"f16": torch.float16, "bf16": torch.bfloat16}


def numbers(generator, spread, n):
    """Of both signs, over so many powers of two."""
    return torch.randn(n, generator=generator) * torch.exp2(spread * (torch.rand(n, generator=generator) - 0.5))


def drawn(generator, case, dtype):
    """Inputs of one sum: alike in size, spread out, with zeros, nearly cancelling, subnormal."""
    a, b = (numbers(generator, (0, 4, 12, 24)[case % 4], 16).to(dtype) for _ in "ab")
    if case % 8 == 5:
        a[torch.rand(16, generator=generator) < 0.5] = 0
    c = numbers(generator, 16, 1)[0]
    if case % 8 == 6:
        a, c = (a.float() * 2.0 ** -20).to(dtype), c * 2.0 ** -30
    if case % 4 == 3:
        c = -(a.double() * b.double()).sum().float() * (1 + case % 3 * 2.0 ** -12)
    return a, b, torch.tensor(0.0) if case % 16 == 1 else c


def bits(tensor):
    return "".join(f"{value & 0xffff:04x}" for value in tensor.view(torch.int16).tolist())


def main():
    lines = [f"MMA-Sim {importlib.metadata.version('mmasim')}: architecture, type, 16 elements of a, of b, c, the sum"]
    for sm, name, instruction, depth in CARDS:
        for type_name, dtype in TYPES.items():
            if type_name == "bf16" and sm < 80:
                continue
            unit, generator = sim.MMA(name, instruction.format(type_name)), torch.Generator().manual_seed(sm)
            for case in range(CASES):
                a, b, c = drawn(generator, case, dtype)
                total = c
                for k in range(0, 16, depth):
                    total = unit.dpa(a[k:k + depth], b[k:k + depth], total)
                both = torch.stack((c, total)).view(torch.int32).tolist()
                lines.append(f"{sm} {type_name} {bits(a)} {bits(b)} " + " ".join(f"{value & 0xffffffff:08x}" for value in both))
    (ROOT / "tests" / "golden" / "tensor-sums.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
