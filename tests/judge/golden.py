# SPDX-License-Identifier: Apache-2.0
"""The committed golden outputs are what the installed PyTorch computes."""
import importlib.util
import os
import subprocess
import sys

missing = [name for name in ("torch", "safetensors") if not importlib.util.find_spec(name)]
if missing:
    print(f"skipped: no Python package {', '.join(missing)}: tools/test --judges installs it")
    sys.exit(77)
script = os.path.join(os.environ["GRIDDLE_SOURCE"], "tools", "make-golden.py")
sys.exit(subprocess.run([sys.executable, script, "--check"], check=False).returncode)
