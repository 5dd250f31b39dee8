# SPDX-License-Identifier: Apache-2.0
"""griddle train on several ranks, and what goes wrong with them: a rank that is killed, stopped or disagrees is noticed
within 10 s and told in one line, everything ends and nothing is left behind; restarts end in the same bits; a signal to
any process saves once. GRIDDLE_LONG=1: many random instants more."""
import hashlib
import json
import os
import random
import re
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
LONG = bool(os.environ.get("GRIDDLE_LONG"))
ENDLESS = ("--set", "train.epochs=100000", "--set", "train.checkpoint_every=20")
NOTICED = 10 + 2  # and seconds for two cores that others use, too
generator = random.Random(int(os.environ.get("GRIDDLE_SEED", "5")))


def start(*words, by=(), environment=None):
    """A run, in a folder whose name has a space; what it says goes to a file, as nobody reads a pipe here."""
    said = tempfile.TemporaryFile("w+", encoding="utf-8")
    process = subprocess.Popen([*by, GRIDDLE, "train", "bars.yaml", "--device", "cpu", *words], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=said, text=True,
                               env={**os.environ, **mpirun.ENVIRONMENT, **(environment or {})})
    process.said = said
    return process


def finish(process, timeout):
    """Exit code, standard output, and what was said, without the lines about epochs."""
    try:
        out = process.communicate(timeout=timeout)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.said.seek(0)
        raise AssertionError(f"no end after {timeout} s: {process.said.read()[-2000:]}") from None
    process.said.seek(0)
    lines = process.said.read().splitlines()
    return process.returncode, out, [line for line in lines if line.startswith("griddle: ") and "take turns" not in line]


def by_mpirun(n):
    return ("mpirun", "-n", str(n), "--oversubscribe", "--bind-to", "none")


def await_ranks(run, n, process=None):
    """The ranks of a run that has trained for a moment."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process is None or process.poll() is None, finish(process, 1)
        try:
            with open(f"{run}/ranks.json", encoding="utf-8") as file:
                ranks = json.load(file)["ranks"]
            if os.path.exists(f"{run}/checkpoint.safetensors"):
                assert [r["rank"] for r in ranks] == list(range(n)) and {r["host"] for r in ranks} == {HOST}, ranks
                return [r["pid"] for r in ranks]
        except FileNotFoundError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"'{run}' does not train")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return [int(child) for child in file.read().split()]


def processes_here():
    """Those that work in this folder, but for this one."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and int(name) != os.getpid() and os.readlink(f"/proc/{name}/cwd") == os.getcwd():
                with open(f"/proc/{name}/stat", encoding="utf-8") as file:
                    if file.read().rsplit(")", 1)[1].split()[0] != "Z":
                        found.append(int(name))
        except OSError:
            pass
    return found


def check_nothing_left(run, scratch=True):
    until = time.monotonic() + 5
    while processes_here() and time.monotonic() < until:
        time.sleep(0.05)
    assert not processes_here(), [open(f"/proc/{pid}/cmdline").read() for pid in processes_here()]
    assert not os.path.exists(f"{run}/ranks.json")
    if scratch:
        assert not [name for name in os.listdir("/dev/shm") if re.match(r"griddle-ranks-\d", name)
                    and not os.path.exists(f"/proc/{name.split('-')[2].split('.')[0]}")]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def metrics(run):
    with open(f"{run}/metrics.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


counter = 0


def new_run():
    global counter
    counter += 1
    return f"run {counter}"


def wait_a_little():
    time.sleep(generator.random() * 1.5)


# ---- a failure, by whoever started the ranks ----

def fail(what, strike, complaint, ranks=3, by_us=True):
    """Strikes at a random instant; the run ends in time with one line, exit code 1, and a checkpoint that goes on."""
    run = new_run()
    process = start("--out", run, *ENDLESS, *(("--procs", str(ranks)) if by_us else ()), by=() if by_us else by_mpirun(ranks))
    pids = await_ranks(run, ranks, process)
    wait_a_little()
    began = time.monotonic()
    strike(process, pids)
    code, _, said = finish(process, 40)
    took = time.monotonic() - began
    assert took < NOTICED, (what, took)
    assert code not in (0, 2), (what, code)
    if said or by_us:  # an mpirun that ends its ranks does not always pass on what they say then
        assert len(said) == 1 and re.fullmatch(f"griddle: {complaint}", said[0]), (what, said)
    with open(f"{run}/log.txt", encoding="utf-8") as file:
        assert re.search(complaint.split(";")[0], file.read()), what
    check_nothing_left(run)
    code, _, said = finish(start("--out", run, "--resume", "--set", "train.epochs=1", "--procs", "2"), 60)
    assert code == 2 and len(said) == 1 and "train.epochs" in said[0], (what, code, said)  # it can be read, and is further
    print(f"{what}: {took:.1f} s")


def strike_rank(number, rank):
    return lambda process, pids: os.kill(pids[rank], number)


def strike_mpirun(number):
    return lambda process, pids: os.kill(children(process.pid)[0], number)


def failures():
    gone, stuck = "it is gone, without a word", "it is stuck: no sign of life for [67] s"
    for number, how in ((signal.SIGKILL, gone), (signal.SIGSTOP, stuck)):
        rank = generator.randrange(3)
        yield (f"{number.name} to rank {rank}", strike_rank(number, rank),
               f"rank {rank} on {HOST}, at step \\d+: {how}; go on with --resume")
    yield ("SIGKILL to mpirun", strike_mpirun(signal.SIGKILL), "mpirun was ended by signal 9; go on with --resume")


def failures_of_others():
    """mpirun of the user's: rank 0 watches."""
    rest = "all ranks end, go on with --resume"
    yield ("SIGKILL to rank 1 of mpirun's", strike_rank(signal.SIGKILL, 1),
           f"rank 1 on {HOST}, at step \\d+: it is gone, without a word; {rest}", 3, False)
    yield ("SIGKILL to rank 0 of mpirun's", strike_rank(signal.SIGKILL, 0),
           f"rank 0 on {HOST} is gone; rank 1 was at step \\d+; {rest}", 3, False)
    yield ("SIGSTOP to rank 0 of mpirun's", strike_rank(signal.SIGSTOP, 0),
           f"rank 0 on {HOST} is stuck, without a sign of life; rank 1 was at step \\d+; {rest}", 3, False)


def launcher_killed():
    run = new_run()
    process = start("--out", run, *ENDLESS, "--procs", "3")
    await_ranks(run, 3, process)
    wait_a_little()
    process.kill()
    finish(process, 10)
    check_nothing_left(run, scratch=False)  # the next launcher takes that away
    with open(f"{run}/log.txt", encoding="utf-8") as file:
        assert f"the launcher on {HOST} is gone" in file.read()


def stopped(what, strike, number, ranks=3, by_us=True):
    """All stop behind one step, save once, and say so."""
    run = new_run()
    process = start("--out", run, *ENDLESS, *(("--procs", str(ranks)) if by_us else ()), by=() if by_us else by_mpirun(ranks))
    pids = await_ranks(run, ranks, process)
    wait_a_little()
    strike(process, pids)
    code, _, said = finish(process, 30)
    assert code == 128 + number, (what, code, said)
    assert len(said) == 1 and re.match("griddle: stopped in epoch \\d+ at step \\d+, and saved", said[0]), (what, said)
    check_nothing_left(run)


# ---- restarts ----

def restarted(strike, model, ranks):
    """Struck once at a random instant, the run goes on by itself and ends in the same bits."""
    run = new_run()
    words = ("--out", run, "--set", "train.epochs=400", "--set", "train.checkpoint_every=5")
    process = start(*words, "--procs", str(ranks), "--restarts", "3")
    pids = await_ranks(run, ranks, process)
    time.sleep(generator.random() * 0.5)
    began = time.monotonic()
    strike(process, pids)
    while len([line for line in metrics(run) if line.get("event") == "start"]) < 2 and time.monotonic() - began < 30:
        assert process.poll() is None, finish(process, 1)
        time.sleep(0.02)
    took = time.monotonic() - began
    code, _, said = finish(process, 120)
    assert code == 0 and took < 30, (code, took, said)
    assert len(said) == 1 and "going on from the checkpoint with" in said[0], said
    check_nothing_left(run)
    if model:
        assert digest(f"{run}/model.safetensors") == model
    return run, took


def fewer():
    """mpirun that cannot start three ranks a second time: two go on, to the same accuracy."""
    os.makedirs("bin", exist_ok=True)
    with open("bin/mpirun", "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\n[ "$2" = 2 ] || mkdir bin/once 2>/dev/null || exit 1\nexec {shutil.which("mpirun")} "$@"\n')
    os.chmod("bin/mpirun", 0o755)
    run = new_run()
    process = start("--out", run, "--set", "train.epochs=400", "--set", "train.checkpoint_every=5", "--procs", "3",
                    "--restarts", "2", environment={"PATH": f"{os.getcwd()}/bin:{os.environ['PATH']}"})
    pids = await_ranks(run, 3, process)
    os.kill(pids[2], signal.SIGKILL)
    code, _, said = finish(process, 120)
    assert code == 0 and len(said) == 2, (code, said)
    assert "with 3 ranks (1 restart left)" in said[0] and "with 2 ranks (0 restarts left)" in said[1], said
    assert metrics(run)[-1]["epoch"] == 400 and metrics(run)[-1]["validation_accuracy"] > 0.97, metrics(run)[-1]
    check_nothing_left(run)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = f"{folder}/cache"
    for name in ("OMP_NUM_THREADS", "TMPDIR"):
        os.environ.pop(name, None)
    shapes.write("bars", train=480)
    with open("bars.yaml", "w", encoding="utf-8") as file:
        file.write(shapes.CONFIG.format(folder=f"{folder}/bars").replace("augment:", "batch_norm:\n  group: 4\naugment:"))

    # several train what one trains; each says so in the log, one of them prints
    one, both = new_run(), new_run()
    code, out, said = finish(start("--out", one, "--json"), 60)
    assert code == 0, said
    alone = json.loads(out)
    code, out, said = finish(start("--out", both, "--json", "--procs", "2"), 60)
    assert code == 0 and not said, said
    answer = json.loads(out)
    assert abs(answer["validation_accuracy"] - alone["validation_accuracy"]) < 0.05, (alone, answer)
    assert len(metrics(both)) == len(metrics(one)) == 7
    with open(f"{both}/log.txt", encoding="utf-8") as file:
        log = file.read()
    assert "rank 0: start at epoch 0 step 0" in log and "rank 1: start at epoch 0 step 0" in log, log
    check_nothing_left(both)

    # more ranks than groups: both numbers, once, however they are started
    for words, by in ((("--procs", "5"), ()), ((), by_mpirun(5))):
        code, _, said = finish(start("--out", new_run(), *words, by=by), 60)
        assert code == 2 and len(said) == 1, (code, said)
        assert "5 ranks cannot share a batch of 16 images in 4 groups of 4" in said[0], said
    for words, complaint in ((("--procs", "0"), "'0' where a whole number from 1"), (("--restarts", "-1"), "'-1'")):
        code, _, said = finish(start("--out", new_run(), *words), 10)
        assert code == 2 and complaint in said[0], (code, said)
    code, _, said = finish(start("--out", new_run(), "--procs", "2", environment={
        "RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4", "MASTER_ADDR": "a", "MASTER_PORT": "1",
    }), 10)
    assert code == 2 and "torchrun has started this process, as rank 1 of 4" in said[0], (code, said)

    # failures at random instants
    for _ in range(20 if LONG else 1):
        for case in failures():
            fail(*case)
        for case in failures_of_others():
            fail(*case)
        launcher_killed()

    # signals: to the launcher, to a rank, to mpirun; by whoever started the ranks
    for _ in range(20 if LONG else 1):
        stopped("SIGTERM", lambda process, pids: process.send_signal(signal.SIGTERM), signal.SIGTERM)
        stopped("SIGINT", lambda process, pids: process.send_signal(signal.SIGINT), signal.SIGINT)
        stopped("SIGTERM to a rank", strike_rank(signal.SIGTERM, 2), signal.SIGTERM)
        stopped("SIGTERM to mpirun", strike_mpirun(signal.SIGTERM), signal.SIGTERM)
        stopped("SIGTERM to a rank of mpirun's", strike_rank(signal.SIGTERM, 1), signal.SIGTERM, 3, False)

    # it goes on by itself: with as many ranks to the same bits, with fewer to the same accuracy
    undisturbed = new_run()
    code, _, said = finish(start("--out", undisturbed, "--set", "train.epochs=400", "--set", "train.checkpoint_every=5",
                                 "--procs", "2"), 120)
    assert code == 0, said
    for i in range(20 if LONG else 2):
        _, took = restarted(strike_rank((signal.SIGKILL, signal.SIGSTOP)[i % 2], generator.randrange(2)),
                            digest(f"{undisturbed}/model.safetensors"), 2)
        print(f"went on after {took:.1f} s")
    fewer()
    check_nothing_left(undisturbed)
