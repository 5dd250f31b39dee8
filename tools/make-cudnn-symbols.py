#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/cuda/cudnn.symbols anew: what two versions of the real cuDNN export, the last for Volta and a recent one; and
holds cuda/cudnn/abi.h against the headers of both.

    tools/make-cudnn-symbols.py          700 and 400 MB out of PyPI, one after the other, in a folder that goes again
"""
import pathlib
import subprocess
import sys
import tempfile
import zipfile

VERSIONS = {"9.10.2": "nvidia-cudnn-cu12==9.10.2.21", "9.28.1": "nvidia-cudnn-cu13==9.28.1.4"}
ROOT = pathlib.Path(__file__).resolve().parent.parent
OWN = "nvidia/cudnn/"


def cuda_headers():
    """Of the toolkit, or those that tools/test brings with NVRTC."""
    for toolkit in (pathlib.Path("/usr/local/cuda/include"), ROOT / "build/nvrtc/nvidia/cuda_runtime/include"):
        if (toolkit / "cuda_runtime_api.h").exists():
            return [toolkit, ROOT / "build/nvrtc/nvidia/cuda_nvcc/include"]
    sys.exit("tools/make-cudnn-symbols.py: no headers of CUDA: tools/test --install-only brings them")


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout.splitlines()
    return {name for name in (line.split()[-1].partition("@")[0] for line in lines) if name.startswith("cudnn")}


def look(package, folder):
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, package], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(f"{OWN}include/")])
        archive.extract(f"{OWN}lib/libcudnn.so.9", folder)
    include = [f"-I{path}" for path in [ROOT / "cuda", folder / OWN / "include", *cuda_headers()]]
    subprocess.run(["cc", "-std=c17", "-fsyntax-only", *include, ROOT / "tests/cuda/cudnn_abi.c"], check=True)
    return exported(folder / OWN / "lib/libcudnn.so.9")


names = {}
for version, package in VERSIONS.items():
    with tempfile.TemporaryDirectory() as folder:
        for name in look(package, pathlib.Path(folder)):
            names.setdefault(name, []).append(version)
    print(f"{package}: abi.h agrees with its headers")
with open(ROOT / "tests/cuda/cudnn.symbols", "w", encoding="utf-8") as file:
    file.write(f"# What libcudnn.so.9 of {' and '.join(VERSIONS)} exports, by nm -D: tools/make-cudnn-symbols.py\n")
    file.writelines(f"{name} {' '.join(names[name])}\n" for name in sorted(names))
print(f"tests/cuda/cudnn.symbols: {len(names)} names")
