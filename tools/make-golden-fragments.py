#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/golden/fragments.txt: which element of a matrix each lane's registers hold, as CUTLASS has it. Its headers and
those of CUDA that they include come from PyPI into build/cutlass (13 MB); a C++ compiler is asked, no GPU."""
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "build" / "cutlass"
WANTED = "nvidia-cutlass==4.2.0.0 nvidia-cuda-cccl-cu12==12.9.27 nvidia-cuda-runtime-cu12==12.9.79"
HEADERS = ("cutlass_library/source/include", "nvidia/cuda_cccl/include", "nvidia/cuda_runtime/include")


def install():
    mark = PACKAGES / "packages"
    if not mark.is_file() or mark.read_text(encoding="utf-8") != WANTED:
        subprocess.run([ROOT / "build" / "venv" / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--upgrade", "--target", PACKAGES, *WANTED.split()], check=True)
        mark.write_text(WANTED, encoding="utf-8")


def main():
    install()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "fragments"
        subprocess.run(["c++", "-std=c++17", "-w", *(f"-isystem{PACKAGES / header}" for header in HEADERS), "-o", program,
                        ROOT / "tests" / "cuda" / "fragments.cc"], check=True)
        table = subprocess.run([program], capture_output=True, check=True).stdout
    (ROOT / "tests" / "golden" / "fragments.txt").write_bytes(table)


if __name__ == "__main__":
    main()
