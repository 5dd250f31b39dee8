# SPDX-License-Identifier: Apache-2.0
"""Two machines, and the cable between them is cut: network namespaces with a name of their own each, mpirun between them.
Both sides notice within 10 s; the one with rank 0 says so, and the run goes on from its checkpoint with --resume."""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
here = os.path.dirname(__file__)
sys.path[:0] = [os.path.join(here, "support"), os.path.join(here, "..", "e2e", "support")]
import machines  # noqa: E402
import mpirun  # noqa: E402
import shapes  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]
machines.make()

with tempfile.TemporaryDirectory() as folder:
    try:
        os.chdir(folder)
        os.environ.update(mpirun.ENVIRONMENT, GRIDDLE_CACHE=f"{folder}/cache", OMP_NUM_THREADS="1")
        shapes.write("bars")
        with open("bars.yaml", "w", encoding="utf-8") as file:
            file.write(shapes.CONFIG.format(folder=f"{folder}/bars").replace("augment:", "batch_norm:\n  group: 4\naugment:"))
        with open("agent", "w", encoding="utf-8") as file:  # what mpirun takes for ssh
            file.write(f'#!/bin/sh\nshift\nexec ip netns exec {machines.NAMES[1]} unshare --uts sh -c "hostname side-b; $*"\n')
        os.chmod("agent", 0o755)
        network = " ".join(f"--mca {part}_tcp_if_include {machines.ADDRESSES[0]}/24" for part in ("btl", "oob"))
        with open("said", "w", encoding="utf-8") as said:
            process = subprocess.Popen(
                machines.inside(0, f"exec mpirun --host {machines.ADDRESSES[0]}:1,{machines.ADDRESSES[1]}:1 --mca plm_rsh_agent {folder}/agent {network} "
                       f"--mca btl self,tcp --bind-to none {GRIDDLE} train bars.yaml --device cpu --out run "
                       "--set train.epochs=100000 --set train.checkpoint_every=20"),
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        began = time.monotonic()
        while not os.path.exists("run/checkpoint.safetensors") or not os.path.exists("run/ranks.json"):
            assert process.poll() is None and time.monotonic() - began < 60, open("said", encoding="utf-8").read()
            time.sleep(0.05)
        assert len(machines.processes(0)) == len(machines.processes(1)) == 1
        time.sleep(1)
        machines.cut_cable()
        cut = time.monotonic()
        while (machines.processes(0) or machines.processes(1)) and time.monotonic() - cut < 30:
            time.sleep(0.05)
        took = time.monotonic() - cut
        assert not machines.processes(0) and not machines.processes(1) and took < 12, took  # 10, and two for a loaded machine
        print(f"both sides ended after {took:.1f} s")
        with open("said", encoding="utf-8") as file:
            lines = [line for line in file.read().splitlines() if line.startswith("griddle: ") and "processor" not in line]
        assert len(lines) == 1, lines
        assert re.match(r"griddle: rank 1 on side-b, at step \d+: it is (stuck|gone)", lines[0]), lines
        with open("run/log.txt", encoding="utf-8") as file:
            assert "rank 0 on side-a is" in file.read()
        assert not os.path.exists("run/ranks.json")
        done = subprocess.run([GRIDDLE, "train", "bars.yaml", "--out", "run", "--resume", "--set", "train.epochs=1"],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 2 and "train.epochs" in done.stderr, done  # it can be read, and is further
    finally:
        machines.clean()
