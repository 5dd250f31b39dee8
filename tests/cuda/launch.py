# SPDX-License-Identifier: Apache-2.0
"""griddle train --procs on GPUs, and ranks that torchrun starts: emulated cards, one each, and the double of NCCL. They train
what one does; one that is killed ends all, restarts go on, a signal saves once, and nobody outlives the launcher."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
here = os.path.dirname(__file__)
sys.path[:0] = [os.path.join(here, "support"), os.path.join(here, "..", "e2e", "support")]
import ranks  # noqa: E402
import shapes  # noqa: E402

GRIDDLE, HOST = os.environ["GRIDDLE"], os.uname().nodename


def start(run, *words, **more):
    return subprocess.Popen([GRIDDLE, "train", "bars.yaml", "--device", "cuda", "--set", "train.tune=0", "--out", run, *words],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                            env=ranks.environment(GRIDDLE_CACHE=f"{os.getcwd()}/cache", **more))


def finish(process, code):
    said = process.communicate(timeout=100)[1]
    assert process.returncode == code, (process.returncode, said)
    return [line for line in said.splitlines() if line.startswith("griddle: ") and "processor" not in line]


def pids(run, process):
    while not os.path.exists(f"{run}/ranks.json"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    with open(f"{run}/ranks.json", encoding="utf-8") as file:
        return [rank["pid"] for rank in json.load(file)["ranks"]]


def losses(run):
    with open(f"{run}/metrics.jsonl", encoding="utf-8") as file:
        return [line["loss"] for line in map(json.loads, file) if "loss" in line]


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    shapes.write("bars", train=60, test=12)
    with open("bars.yaml", "w", encoding="utf-8") as file:
        file.write(shapes.CONFIG.format(folder=f"{folder}/bars").replace("augment:", "batch_norm:\n  group: 4\naugment:"))
    short, long = ("--set", "train.epochs=1"), ("--set", "train.epochs=1000", "--set", "train.checkpoint_every=1")

    finish(start("alone", *short), 0)
    assert not finish(start("two", *short, "--procs", "2"), 0)
    meeting = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(ranks.free_port())}
    both = [start("torchrun", *short, RANK=str(r), LOCAL_RANK=str(r), **meeting) for r in range(2)]
    assert [finish(process, 0) for process in both] == [[], []]
    for run in ("two", "torchrun"):
        assert abs(losses(run)[0] - losses("alone")[0]) < 1e-3 and os.listdir(run).count("ranks.json") == 0, run

    process = start("killed", *long, "--procs", "2", "--restarts", "1")
    first = pids("killed", process)
    while not os.path.exists("killed/checkpoint.safetensors"):
        time.sleep(0.05)
    os.kill(first[1], signal.SIGKILL)
    while not os.path.exists("killed/ranks.json") or pids("killed", process) == first:
        time.sleep(0.05)
    second = pids("killed", process)
    os.kill(second[0], signal.SIGTERM)
    said = finish(process, 143)
    assert len(said) == 2 and re.match(f"griddle: rank 1 on {HOST}, at step \\d+: it is gone.*; going on from the checkpoint with 2", said[0]), said
    assert re.match("griddle: stopped in epoch \\d+ at step \\d+, and saved", said[1]), said

    process = start("orphans", *long, "--procs", "2")
    orphans = pids("orphans", process)
    os.kill(orphans[0], signal.SIGSTOP)  # even one that is stopped
    process.kill()
    process.wait()
    until = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") and open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z" for pid in orphans):
        assert time.monotonic() < until, orphans
        time.sleep(0.05)
    assert not os.path.exists("orphans/ranks.json")
