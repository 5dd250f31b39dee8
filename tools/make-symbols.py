#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/cuda/cudnn.symbols and nccl.symbols anew: what the real libraries export, in the oldest version that is served (of
cuDNN: the last for Volta) and in recent ones; and holds cuda/cudnn/abi.h and cuda/nccl/abi.h against the headers of each.

    tools/make-symbols.py [cudnn|nccl]      1.1 GB and 0.7 GB out of PyPI, one package after the other, in a folder that goes again
"""
import pathlib
import subprocess
import sys
import tempfile
import zipfile

LIBRARIES = {
    "cudnn": ("libcudnn.so.9", {"9.10.2": "nvidia-cudnn-cu12==9.10.2.21", "9.28.1": "nvidia-cudnn-cu13==9.28.1.4"}),
    "nccl": ("libnccl.so.2", {"2.18.3": "nvidia-nccl-cu12==2.18.3", "2.28.9": "nvidia-nccl-cu13==2.28.9",
                              "2.32.3": "nvidia-nccl-cu13==2.32.3"}),
}
ROOT = pathlib.Path(__file__).resolve().parent.parent


def cuda_headers():
    """Of the toolkit, or those that tools/test brings with NVRTC."""
    for toolkit in (pathlib.Path("/usr/local/cuda/include"), ROOT / "build/nvrtc/nvidia/cuda_runtime/include"):
        if (toolkit / "cuda_runtime_api.h").exists():
            return [toolkit, ROOT / "build/nvrtc/nvidia/cuda_nvcc/include"]
    sys.exit("tools/make-symbols.py: no headers of CUDA: tools/test --install-only brings them")


def exported(library, prefix):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout.splitlines()
    return {name for name in (line.split()[-1].partition("@")[0] for line in lines) if name.startswith(prefix)}


def look(library, file, package, folder):
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, package], check=True)
    (wheel,) = folder.glob("*.whl")
    own = f"nvidia/{library}/"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(f"{own}include/")])
        archive.extract(f"{own}lib/{file}", folder)
    include = [f"-I{path}" for path in [ROOT / "cuda", folder / own / "include", *cuda_headers()]]
    subprocess.run(["cc", "-std=c17", "-fsyntax-only", *include, ROOT / f"tests/cuda/{library}_abi.c"], check=True)
    return exported(folder / own / "lib" / file, library)


def make(library, file, versions):
    names = {}
    for version, package in versions.items():
        with tempfile.TemporaryDirectory() as folder:
            for name in look(library, file, package, pathlib.Path(folder)):
                names.setdefault(name, []).append(version)
        print(f"{package}: abi.h agrees with its headers")
    listed = list(versions)
    with open(ROOT / f"tests/cuda/{library}.symbols", "w", encoding="utf-8") as out:
        out.write(f"# What {file} of {', '.join(listed[:-1])} and {listed[-1]} exports, by nm -D: tools/make-symbols.py\n")
        out.writelines(f"{name} {' '.join(names[name])}\n" for name in sorted(names))
    print(f"tests/cuda/{library}.symbols: {len(names)} names")


for wanted in sys.argv[1:] or LIBRARIES:
    make(wanted, *LIBRARIES[wanted])
