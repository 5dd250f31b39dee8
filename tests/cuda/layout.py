# SPDX-License-Identifier: Apache-2.0
"""What the wrappers of cuda/kernel do on each path, as tests/cuda_on_cpu plays it, is what tests/golden holds: the tables that
tools/gpu-check holds a card against. GRIDDLE_WRITE=1 writes them anew."""
import os
import pathlib
import subprocess
import sys

GOLDEN = pathlib.Path(os.environ["GRIDDLE_SOURCE"]) / "tests" / "golden"

for sm in (70, 75, 80):
    for seed in range(4):
        done = subprocess.run([f"{sys.argv[1]}/griddle-cuda-probe-{sm}"], capture_output=True, check=False,
                              env=os.environ | {"GRIDDLE_EMULATED_SM": str(sm), "GRIDDLE_EMULATED_SEED": str(seed)})
        assert done.returncode == 0, done
        held = GOLDEN / f"cuda-sm_{sm}.txt"
        if os.environ.get("GRIDDLE_WRITE"):
            held.write_bytes(done.stdout)
        lines = zip(done.stdout.splitlines(), held.read_bytes().splitlines(), strict=True)
        assert held.read_bytes() == done.stdout, (sm, seed, [pair for pair in lines if pair[0] != pair[1]][:3])
