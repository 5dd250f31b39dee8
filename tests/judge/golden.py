# SPDX-License-Identifier: Apache-2.0
"""The committed golden outputs are what an installed PyTorch computes: that of the benchmarks' peers, or any other."""
import os
import subprocess
import sys

SOURCE = os.environ["GRIDDLE_SOURCE"]
pythons = [os.environ.get("GRIDDLE_PEERS_PYTHON", ""), os.path.join(SOURCE, "build", "peers", "bin", "python"),
           sys.executable]
for python in filter(os.path.exists, pythons):
    if subprocess.run([python, "-c", "import torch, safetensors.numpy"], capture_output=True, check=False).returncode == 0:
        script = os.path.join(SOURCE, "tools", "make-golden.py")
        sys.exit(subprocess.run([python, script, "--check"], check=False).returncode)
print("skipped: no Python with torch and safetensors: set GRIDDLE_PEERS_PYTHON, or run benchmarks/run --install-peers")
sys.exit(77)
