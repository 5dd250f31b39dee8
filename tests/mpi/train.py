# SPDX-License-Identifier: Apache-2.0
"""griddle train under mpirun: several ranks train what one trains, to the same bits each time; a stop that reaches one of
them stops all, saved once, and another number of them goes on; what fails on one ends all with one message."""
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
here = os.path.dirname(__file__)
sys.path[:0] = [os.path.join(here, "support"), os.path.join(here, "..", "e2e", "support")]
import mpirun  # noqa: E402
import shapes  # noqa: E402

GRIDDLE, HOST = os.environ["GRIDDLE"], socket.gethostname()
TRAIN = [GRIDDLE, "train", "bars.yaml", "--device", "cpu", "--set", "batch_norm.group=4"]
os.environ["OMP_NUM_THREADS"] = "1"  # OpenMP's threads do not like to share a core


def metrics(run):
    with open(f"{run}/metrics.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def epochs(run):
    """A line each: one that was killed between writing it and saving has been trained again, and the last counts."""
    return list({line["epoch"]: line for line in metrics(run) if "event" not in line}.values())


def digest(run):
    with open(f"{run}/model.safetensors", "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def complaints(said):
    """But for the word that there are more ranks than cores."""
    return [line for line in said.splitlines() if line.startswith("griddle: ") and "take turns" not in line]


def train(ranks, run, *more, code=0, complaint=None):
    done = mpirun.run(ranks, *TRAIN, "--out", run, *more)
    assert done.returncode == code, done
    if complaint is not None:
        said = complaints(done.stderr)
        assert len(said) == 1 and complaint in said[0], done
    return done


def check_same(run, other, first, later):
    """Rounding makes the difference, and training makes it larger."""
    for one, many in zip(epochs(run), epochs(other), strict=True):
        tolerance = first if one["epoch"] == 1 else later
        for key in ("loss", "validation_loss"):
            assert abs(one[key] - many[key]) <= tolerance * one[key], (one, many)
        assert abs(one["validation_accuracy"] - many["validation_accuracy"]) < 0.05, (one, many)


def wait_for_epoch(run, epoch):
    while not os.path.exists(f"{run}/metrics.jsonl") or len(epochs(run)) < epoch:
        time.sleep(0.01)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = f"{folder}/cache"
    shapes.write("bars")
    with open("bars.yaml", "w", encoding="utf-8") as file:
        file.write(shapes.CONFIG.format(folder=f"{folder}/bars"))

    # one, two and four: the same figures, written and told once
    subprocess.run([*TRAIN, "--out", "alone"], check=True, capture_output=True)
    for ranks in (1, 2, 4):
        done = train(ranks, f"of-{ranks}", "--json")
        answer = json.loads(done.stdout)
        assert answer["epochs"] == 6 and done.stderr.count("epoch 6/6") == 1, done
        check_same("alone", f"of-{ranks}", 1e-5, 1e-2)
        assert len(metrics(f"of-{ranks}")) == 7 and len(os.listdir(f"of-{ranks}")) == 7, os.listdir(f"of-{ranks}")
    assert digest("of-1") == digest("alone")
    train(4, "again")
    assert digest("again") == digest("of-4")

    # gradients that travel in 16 bits
    for precision in ("bf16", "fp16"):
        train(2, precision, "--set", f"train.reduce_precision={precision}")
        check_same("alone", precision, 1e-2, 5e-2)

    # a stop that reaches one of three: all save once and end; four go on, from where the checkpoint of rank 0 is
    long = ("--set", "train.epochs=2000")
    for number in (signal.SIGTERM, signal.SIGINT):
        run = f"signal-{number}"
        process = mpirun.start(3, *TRAIN, "--out", run, *long)
        wait_for_epoch(run, 2)
        os.kill(mpirun.pids(process)[1], number)
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 128 + number, (process.returncode, said)
        assert len(complaints(said)) == 1 and "stopped in epoch" in complaints(said)[0], said
        with open(f"{run}/log.txt", encoding="utf-8") as file:
            log = file.read()
        assert all(f"rank {r}: ended: stopped" in log for r in range(3)), log
    stopped = len(epochs(run))
    process = mpirun.start(4, *TRAIN, "--out", run, *long, "--resume")
    wait_for_epoch(run, stopped + 2)
    os.kill(mpirun.pids(process)[0], signal.SIGTERM)
    assert process.communicate(timeout=60) and process.returncode == 128 + signal.SIGTERM
    assert [line["epoch"] for line in epochs(run)] == list(range(1, len(epochs(run)) + 1))

    # disks that are not shared: the second rank stages a set of its own, and takes over where the first one stands
    train(2, "shared", "--set", "train.epochs=3")
    shutil.copytree("shared", "first")
    train(2, "shared", "--resume")
    words = [*TRAIN, "--resume", "--out"]
    done = mpirun.run(1, *words, "first", ":", "-n", "1", *words, "second")
    assert done.returncode == 0 and sorted(os.listdir("second")) == ["log.txt", "staged.safetensors"], done
    assert digest("first") == digest("shared")

    # one of three is killed: the others end soon, and two go on to the end
    process = mpirun.start(3, *TRAIN, "--out", "killed")
    wait_for_epoch("killed", 1)
    os.kill(mpirun.pids(process)[2], signal.SIGKILL)
    began = time.monotonic()
    process.communicate(timeout=60)
    assert time.monotonic() - began < 10
    train(2, "killed", "--resume")
    check_same("alone", "killed", 1e-5, 1e-2)

    # what all ranks refuse is told once, and is the exit code that one process has
    train(3, "few", "--set", "batch_norm.group=8", code=2, complaint="3 ranks cannot share a batch of 16 images in 2 groups")
    train(2, "of-2", code=2, complaint="holds a run already")
    train(2, "x", "--set", "train.epoch=2", code=2, complaint="did you mean 'epochs'?")
    train(2, "hot", "--set", "train.learning_rate=1000", "--set", "train.clip_norm=0", "--set", "train.optimizer=sgd",
          "--set", "train.warmup=0", "--set", "train.epochs=200", "--set", "train.weight_decay=1", code=1,
          complaint="diverged")
    done = mpirun.run(2, GRIDDLE, "run", "bars.yaml")
    assert done.returncode == 2 and "'run' is for one process" in done.stderr, done

    # without the module, or without MPI: what is missing, once
    done = mpirun.run(2, *TRAIN, "--out", "x", environment={"GRIDDLE_MPI_LIBRARY": "absent.so"})
    said = complaints(done.stderr)
    assert done.returncode == 1 and len(said) == 1, done
    assert "cannot load MPI: absent.so" in said[0] and "apt-get install openmpi-bin" in said[0], said

    # what only one of them suffers from names that one: before the first step, and after it
    one = ["-n", "1", *TRAIN, "--out", "other"]
    done = mpirun.run(1, *TRAIN, "--out", "other", ":", *one, "--set", "train.learning_rate=0.2")
    assert done.returncode == 2 and complaints(done.stderr) == [
        f"griddle: rank 1 on {HOST}: the config is not that of rank 0"], done
    limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 12; exec \"$@\"", "sh"]  # blocks of 512 bytes: the set, no checkpoint
    subprocess.run([GRIDDLE, "stage", "bars.yaml"], check=True, capture_output=True)
    done = mpirun.run(1, *limited, *TRAIN, "--out", "full", ":", "-n", "2", *TRAIN, "--out", "full")
    said = complaints(done.stderr)
    assert done.returncode == 1 and len(said) == 1, done
    assert said[0].startswith(f"griddle: rank 0 on {HOST}, at step ") and "full/" in said[0], said
