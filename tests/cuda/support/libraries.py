# SPDX-License-Identifier: Apache-2.0
"""What the tests of NVIDIA's libraries ask of files and of toolkits that are here."""
import os
import subprocess

TOOLKITS = sorted({os.path.realpath(path) for path in (os.environ.get("CUDA_HOME", ""), "/usr/local/cuda") if os.path.isdir(path)})


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[-1].partition("@")[0] for line in lines}
