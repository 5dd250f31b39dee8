# SPDX-License-Identifier: Apache-2.0
"""griddle train on several hosts, as SageMaker starts it: a launcher on each, on emulated cards and the double of NCCL, by
addresses of the loopback for names. 2 hosts with 2 ranks each have the bits of 4 ranks on one; who is killed, stopped or asked
to stop ends all of them in time, with one line on each; restarts go on; hosts that do not fit together say so."""
import glob
import json
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
here = os.path.dirname(__file__)
sys.path[:0] = [os.path.join(here, "support"), os.path.join(here, "..", "e2e", "support")]
import hosts  # noqa: E402
import ranks  # noqa: E402
import shapes  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]
FIRST, SECOND = (f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.{number}" for number in (1, 2))  # nobody else's
NAMES = [SECOND, FIRST]  # not in order
NOTICED = 10 + 2  # and seconds for two cores that others use, too
SHORT, LONG = ("--set", "train.epochs=2"), ("--set", "train.epochs=1000", "--set", "train.checkpoint_every=1")


def command(run, *words):
    return [GRIDDLE, "train", "bars.yaml", "--set", "train.tune=0", "--out", run, *words]


def start(run, *words, procs=("2", "2"), **more):
    """On both hosts, with disks of their own; that which leads comes first."""
    port = str(ranks.free_port())
    started = []
    for name, n in zip((FIRST, SECOND), procs):
        hosts.write(f"opt-{name}", NAMES, name)
        started.append(hosts.start(command(f"{run}-{name}", *words, *(("--procs", n) if n else ())), f"opt-{name}", MASTER_PORT=port, **more))
    return started


def members(run, processes):
    """Of a run that has trained for a moment."""
    folder = pathlib.Path(f"{run}-{FIRST}")
    while not (folder / "ranks.json").exists() or not (folder / "checkpoint.safetensors").exists():
        assert all(process.poll() is None for process in processes), hosts.finish(processes, 0)
        time.sleep(0.05)
    return json.loads((folder / "ranks.json").read_text(encoding="utf-8"))["ranks"]


def file(run, name):
    return pathlib.Path(run, name).read_bytes()


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def check_end(run, processes, listed, code, complaint, began, speaks=(0, 1)):
    said = hosts.finish(processes, code)
    took = time.monotonic() - began
    assert took < NOTICED, (run, took)
    for host in speaks:
        assert len(said[host]) == 1 and re.fullmatch(f"griddle: {complaint}", said[host][0]), said
    while any(alive(rank["pid"]) for rank in listed):  # those whose launcher is gone end by themselves
        assert time.monotonic() - began < NOTICED, listed
        time.sleep(0.05)
    assert not os.path.exists(f"{run}-{FIRST}/ranks.json")
    print(f"{run}: {took:.1f} s: {said[speaks[0]][0]}")


def struck(run, number, victim, complaint):
    """All end when one is struck: a rank (its number), or the launcher of a host."""
    processes = start(run, *LONG)
    listed = members(run, processes)
    began = time.monotonic()
    os.kill(listed[victim]["pid"], number)
    check_end(run, processes, listed, 1, complaint, began)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    shapes.write("bars", train=60, test=12)
    pathlib.Path("bars.yaml").write_text(
        shapes.CONFIG.format(folder=f"{folder}/bars").replace("augment:", "batch_norm:\n  group: 4\naugment:"), encoding="utf-8")

    # the bits of one host
    one = hosts.start(command("one", *SHORT, "--procs", "4"), "nowhere")
    assert hosts.finish([one], 0) == [[]]
    processes = start("both", *SHORT)
    assert hosts.finish(processes, 0) == [[], []]
    assert file(f"both-{FIRST}", "model.safetensors") == file("one", "model.safetensors")
    log = file(f"both-{FIRST}", "log.txt") + file(f"both-{SECOND}", "log.txt")
    assert all(b"rank %d: start at epoch 0" % rank in log for rank in range(4)) and not os.path.exists(f"both-{SECOND}/model.safetensors"), log
    # as many ranks as a host has cards; and a disk that is shared
    port = str(ranks.free_port())
    processes = [hosts.start(command("shared", *SHORT), f"opt-{name}", MASTER_PORT=port, GRIDDLE_EMULATED_DEVICES="2") for name in (FIRST, SECOND)]
    assert hosts.finish(processes, 0) == [[], []]
    assert file("shared", "model.safetensors") == file("one", "model.safetensors")

    # what does not fit together: once on each host
    for run, procs, words, more, code, complaint in (
            ("differ", ("2", "3"), SHORT, {}, 2, f"{FIRST} is to have 2 ranks, and {SECOND} 3: each host needs as many; say --procs"),
            ("groups", ("3", "3"), SHORT, {}, 2, "6 ranks cannot share a batch of 16 images in 4 groups of 4"),
            ("cpu", ("2", "2"), ("--device", "cpu"), {}, 1, "SageMaker starts ranks for NCCL, on GPUs; on CPUs ranks meet over MPI"),
            ("source", ("2", "2"), ("--set", "data.source=/nowhere"), {}, None, "")):
        processes = start(run, *words, procs=procs, **more)
        if code is None:
            code = max(processes[0].wait(timeout=60), 1)
        said = hosts.finish(processes, code)
        assert all(len(lines) == 1 and complaint in lines[0] for lines in said), said

    # ranks that cannot be started on one host: their program is gone, while its launcher waits for the other host
    os.mkdir("bin")
    for program in ("griddle-engine", "griddle-stage"):
        shutil.copy(f"{ranks.BUILD}/libexec/griddle/{program}", "bin")
    port = str(ranks.free_port())
    second = hosts.start([f"{folder}/bin/griddle-engine", *command("unstarted-2", *LONG, "--procs", "2")[1:]], f"opt-{SECOND}", MASTER_PORT=port)
    while not os.readlink(f"/proc/{second.pid}/exe").endswith("bin/griddle-engine"):
        time.sleep(0.01)
    os.remove("bin/griddle-engine")
    first = hosts.start(command("unstarted-1", *LONG, "--procs", "2"), f"opt-{FIRST}", MASTER_PORT=port)
    said = hosts.finish([first, second], 1)
    assert said == [[f"griddle: a rank could not be started on {SECOND}; go on with --resume"]] * 2, said

    # who is lost: a rank here or there, a launcher
    struck("killed", signal.SIGKILL, 3, fr"rank 3 on {SECOND}, at step \d+: it is gone, without a word; go on with --resume")
    struck("first", signal.SIGKILL, 0, fr"rank 0 on {FIRST}, at step \d+: it is gone, without a word; go on with --resume")
    struck("stopped", signal.SIGSTOP, 2, fr"rank 2 on {SECOND}, at step \d+: it is stuck: no sign of life for [67] s; go on with --resume")
    # restarts do not bring a host back
    for host, complaint in ((1, f"the launcher on {SECOND} is gone, without a word; go on with --resume"),
                            (0, f"{FIRST}, which leads the run, is gone; go on with --resume")):
        processes = start(f"launcher-{host}", *LONG, "--restarts", "1")
        listed = members(f"launcher-{host}", processes)
        began = time.monotonic()
        os.kill(listed[2 * host]["pid"], signal.SIGSTOP)  # even with a rank that cannot end itself
        processes[host].kill()
        processes[host].wait()
        check_end(f"launcher-{host}", [processes[1 - host]], listed, 1, re.escape(complaint) if host == 0 else f".*{re.escape(complaint)}|rank 2 .*",
                  began, speaks=(0,))

    processes = start("stuck", *LONG)
    listed = members("stuck", processes)
    began = time.monotonic()
    processes[1].send_signal(signal.SIGSTOP)
    check_end("stuck", processes[:1], listed, 1, fr"the launcher on {SECOND} is stuck, without a sign of life; go on with --resume", began, speaks=(0,))
    processes[1].kill()
    processes[1].communicate()

    # it goes on by itself, and a signal to any of the hosts saves once and ends both
    processes = start("again", *LONG, "--restarts", "1")
    before = members("again", processes)
    os.kill(before[1]["pid"], signal.SIGKILL)
    while not os.path.exists(f"again-{FIRST}/ranks.json") or members("again", processes) == before:
        time.sleep(0.05)
    listed = members("again", processes)
    processes[1].send_signal(signal.SIGTERM)
    said = hosts.finish(processes, 143)
    assert re.match(fr"griddle: rank 1 on {FIRST}, at step \d+: .*; going on from the checkpoint with 4 ranks", said[0][0]), said
    assert re.match(r"griddle: stopped in epoch \d+ at step \d+, and saved", said[0][1]) and said[1] == said[0][1:], said
    assert not any(alive(rank["pid"]) for rank in listed)

    # with what was saved another number goes on
    whole = json.loads(file(f"again-{FIRST}", "metrics.jsonl").splitlines()[-1])["epoch"]
    processes = start("again", "--resume", "--set", f"train.epochs={whole + 2}", procs=("1", "1"))
    said = hosts.finish(processes, 0)
    assert not said[1], said

    for left in glob.glob(f"/dev/shm/nccl-double-{FIRST}:*"):  # of ranks that have not met
        os.remove(left)
