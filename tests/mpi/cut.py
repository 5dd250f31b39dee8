# SPDX-License-Identifier: Apache-2.0
"""Two machines, and the cable between them is cut: network namespaces with a name of their own each, mpirun between them.
Both sides notice within 10 s; the one with rank 0 says so, and the run goes on from its checkpoint with --resume."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
here = os.path.dirname(__file__)
sys.path[:0] = [os.path.join(here, "support"), os.path.join(here, "..", "e2e", "support")]
import mpirun  # noqa: E402
import shapes  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]
NAMES = [f"griddle-{os.getpid()}-{side}" for side in "ab"]
ADDRESSES = ["10.213.7.1", "10.213.7.2"]


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def inside(side, command):
    """A command line of the shell, in that namespace and by that machine's name."""
    return ["ip", "netns", "exec", NAMES[side], "unshare", "--uts", "sh", "-c", f"hostname side-{'ab'[side]}; {command}"]


def lay_cable():
    for name in NAMES:
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    ip("link", "add", "cable-a", "netns", NAMES[0], "type", "veth", "peer", "name", "cable-b", "netns", NAMES[1])
    for name, end, address in zip(NAMES, ("cable-a", "cable-b"), ADDRESSES):
        ip("-n", name, "address", "add", f"{address}/24", "dev", end)
        ip("-n", name, "link", "set", end, "up")


def ranks_in(side):
    found = []
    for pid in ip("netns", "pids", NAMES[side]).split():
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                found += [int(pid)] if b"griddle-engine" in os.readlink(f"/proc/{pid}/exe").encode() else []
        except OSError:
            pass
    return found


def clean():
    for name in NAMES:
        for pid in subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout.split():
            subprocess.run(["kill", "-9", pid], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


if not shutil.which("ip") or not shutil.which("unshare"):
    print("skipped: no ip or no unshare (apt-get install iproute2 util-linux)")
    sys.exit(77)
try:
    lay_cable()
    subprocess.run(inside(0, "true"), check=True, capture_output=True)
except subprocess.CalledProcessError as refusal:
    clean()
    print(f"skipped: no network namespaces here: {(refusal.stderr or '').strip()}")
    sys.exit(77)

with tempfile.TemporaryDirectory() as folder:
    try:
        os.chdir(folder)
        os.environ.update(mpirun.ENVIRONMENT, GRIDDLE_CACHE=f"{folder}/cache", OMP_NUM_THREADS="1")
        shapes.write("bars")
        with open("bars.yaml", "w", encoding="utf-8") as file:
            file.write(shapes.CONFIG.format(folder=f"{folder}/bars").replace("augment:", "batch_norm:\n  group: 4\naugment:"))
        with open("agent", "w", encoding="utf-8") as file:  # what mpirun takes for ssh
            file.write(f'#!/bin/sh\nshift\nexec ip netns exec {NAMES[1]} unshare --uts sh -c "hostname side-b; $*"\n')
        os.chmod("agent", 0o755)
        network = " ".join(f"--mca {part}_tcp_if_include {ADDRESSES[0]}/24" for part in ("btl", "oob"))
        with open("said", "w", encoding="utf-8") as said:
            process = subprocess.Popen(
                inside(0, f"exec mpirun --host {ADDRESSES[0]}:1,{ADDRESSES[1]}:1 --mca plm_rsh_agent {folder}/agent {network} "
                       f"--mca btl self,tcp --bind-to none {GRIDDLE} train bars.yaml --device cpu --out run "
                       "--set train.epochs=100000 --set train.checkpoint_every=20"),
                stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        began = time.monotonic()
        while not os.path.exists("run/checkpoint.safetensors") or not os.path.exists("run/ranks.json"):
            assert process.poll() is None and time.monotonic() - began < 60, open("said", encoding="utf-8").read()
            time.sleep(0.05)
        assert len(ranks_in(0)) == len(ranks_in(1)) == 1
        time.sleep(1)
        ip("-n", NAMES[0], "link", "set", "cable-a", "down")
        cut = time.monotonic()
        while (ranks_in(0) or ranks_in(1)) and time.monotonic() - cut < 30:
            time.sleep(0.05)
        took = time.monotonic() - cut
        assert not ranks_in(0) and not ranks_in(1) and took < 12, took  # 10, and two for a loaded machine
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
        clean()
