# SPDX-License-Identifier: Apache-2.0
"""The committed golden outputs are what an installed PyTorch computes: that of the benchmarks' peers, or any other."""
import os
import subprocess
import sys

SOURCE = os.environ["GRIDDLE_SOURCE"]
SCRIPTS = ("make-golden.py", "make-golden-nets.py")
pythons = [os.environ.get("GRIDDLE_PEERS_PYTHON", ""), os.path.join(SOURCE, "build", "peers", "bin", "python"),
           sys.executable]
for python in filter(os.path.exists, pythons):
    if subprocess.run([python, "-c", "import torch, safetensors.numpy"], capture_output=True, check=False).returncode == 0:
        checks = [[python, "-B", os.path.join(SOURCE, "tools", script), "--check"] for script in SCRIPTS]
        sys.exit(max(subprocess.run(check, check=False).returncode for check in checks))
print("skipped: no Python with torch and safetensors: set GRIDDLE_PEERS_PYTHON, or run benchmarks/run --install-peers")
sys.exit(77)
