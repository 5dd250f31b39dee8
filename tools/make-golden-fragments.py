#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/golden/fragments.txt: which element of a matrix each lane's registers hold, as CUTLASS has it. A C++
compiler is asked, no GPU. `tools/test --judges` runs this, and brings the headers, with those of CUDA that they include, into
build/cutlass."""
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "build" / "cutlass"
HEADERS = ("cutlass_library/source/include", "nvidia/cuda_cccl/include", "nvidia/cuda_runtime/include")


def main():
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "fragments"
        subprocess.run(["c++", "-std=c++17", "-w", *(f"-isystem{PACKAGES / header}" for header in HEADERS), "-o", program,
                        ROOT / "tests" / "cuda" / "fragments.cc"], check=True)
        table = subprocess.run([program], capture_output=True, check=True).stdout
    (ROOT / "tests" / "golden" / "fragments.txt").write_bytes(table)


if __name__ == "__main__":
    main()
