# SPDX-License-Identifier: Apache-2.0
"""Which card, driver, clocks, versions, commit."""
import json
import os
import platform
import shutil
import subprocess
import time

import bench

ASKED = ("driver_version", "pstate", "clocks.sm", "clocks.mem", "clocks.max.sm", "clocks.max.mem", "power.limit",
         "temperature.gpu", "ecc.mode.current")


def said(*words):
    """A command's output, or ""."""
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=30).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def card(check):
    check.ends = time.monotonic() + 60
    found = json.loads(check.griddle("info", "--json").stdout)
    return {key: value for key, value in found.items() if not str(value).startswith("/")}  # what, not where


def clocks():
    """What nvidia-smi tells of the first card; {} without it."""
    rows = said("nvidia-smi", f"--query-gpu={','.join(ASKED)}", "--format=csv,noheader", "-i", "0").split(", ")
    return dict(zip(ASKED, rows)) if len(rows) == len(ASKED) else {}


def everything(check):
    nvcc = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin") or "nvcc"
    python = bench_python()
    return {
        "schema": 1, "emulated": check.is_rehearsal, "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": bench.commit(), "card": check.card, "nvidia_smi": {} if check.is_rehearsal else clocks(),
        "host": bench.hardware(),
        "versions": {"nvcc": said(nvcc, "--version").partition("release ")[2].partition(",")[0] or None,
                     "torch": said(python, "-c", "import torch; print(torch.__version__, torch.version.cuda)") or None,
                     "python": platform.python_version(), "system": platform.platform()},
        "parts": [],
    }


def bench_python():
    """The Python in which PyTorch would be: GRIDDLE_PEERS_PYTHON, build/peers, or this one's."""
    built = bench.ROOT / "build" / "peers" / "bin" / "python"
    return os.environ.get("GRIDDLE_PEERS_PYTHON") or (str(built) if built.exists() else "python3")
