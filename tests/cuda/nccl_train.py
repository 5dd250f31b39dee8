# SPDX-License-Identifier: Apache-2.0
"""Runs over NCCL, each rank on an emulated card of its own: one rank has the bits of a run without NCCL; 2 and 4 follow the ranks of
a CPU over MPI (where that is not here, one process of a CPU), on scones' pictures too, in one bucket and in several, in fp32 and
with 16 bits on their way; the same ranks have the same bits; a missing event or wait is found; a rank that is killed ends the
others, and one rank goes on from the last checkpoint."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(os.path.dirname(__file__), folder) for folder in ("support", "../e2e/support")]
import ranks  # noqa: E402
import shapes  # noqa: E402

GRIDDLE, BUILD, DATA = os.environ["GRIDDLE"], ranks.BUILD, os.environ.get("GRIDDLE_DATA", "")
HAS_MPI = os.path.exists(f"{BUILD}/libgriddle-mpi.so") and shutil.which("mpirun")
CLOSE = {"fp32": 1e-4, "bf16": 0.05, "fp16": 0.03}  # of the loss, as in train.py
SETTINGS = {"train.epochs": 2, "train.tune": 0, "train.precision": "fp32", "train.learning_rate": 0.02, "batch_norm.group": 4}
SCONES = """data:
  source: file:{file}
  format: cifar100
  classes: [bicycle, motorcycle]
  validation: 0
model:
  network: layers
  layers:
    - conv2d: {{filters: 4, kernel: 3, stride: 4}}
    - batch_norm: {{activation: relu}}
    - conv2d: {{filters: 8, kernel: 3, stride: 2}}
    - batch_norm: {{activation: relu}}
    - global_pool
augment: {{flip: random, crop: 4}}
train: {{batch: 64}}
"""


def words(config, out, settings):
    """Of a run in a folder that holds its staged set."""
    staged = pathlib.Path(f"{config}.staged")
    if not staged.exists():
        subprocess.run([GRIDDLE, "stage", f"{config}.yaml", "--out", staged], check=True, stdout=subprocess.DEVNULL)
    os.mkdir(out)
    os.link(staged, f"{out}/staged.safetensors")
    return ["train", f"{config}.yaml", out, *(word for key, value in (SETTINGS | settings).items() for word in ("--set", f"{key}={value}"))]


def rows(run):
    """Of the epochs."""
    found = [json.loads(line) for line in pathlib.Path(f"{run}/metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [row for row in found if "event" not in row]


def losses(run):
    return [row[key] for row in rows(run) for key in ("loss", "validation_loss") if key in row]


def model(run):
    return pathlib.Path(f"{run}/model.safetensors").read_bytes()


def on_cards(n, config, out, *more, settings=None, **environment):
    ranks.run(n, *words(config, out, settings or {}), *more, **environment)
    return losses(out)


def on_cpu(n, config, out, settings=None):
    command = words(config, out, settings or {})
    if HAS_MPI:
        start = ["mpirun", "-n", str(n), "--oversubscribe", "--bind-to", "none", f"{BUILD}/griddle-collective", *command, "--comm", "mpi"]
    else:
        start = [GRIDDLE, "train", command[1], "--out", out, "--device", "cpu", *command[3:]]
    subprocess.run(start, check=True, stdout=subprocess.DEVNULL, timeout=100, env=os.environ | {
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
    return losses(out)


def assert_close(got, want, room):
    assert len(got) == len(want) > 0, (got, want)
    for a, b in zip(want, got):
        assert abs(a - b) <= room * max(1, a), (got, want)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = f"{folder}/cache"
    shapes.write("bars", train=80, test=30)
    pathlib.Path("bars.yaml").write_text(shapes.CONFIG.format(folder=f"{folder}/bars"), encoding="utf-8")

    # one rank: nothing is changed
    for comm in ("none", "self", "nccl"):
        on_cards(1, "bars", f"one-{comm}", "--comm", comm)
    assert model("one-none") == model("one-self") == model("one-nccl")

    # several: as the CPU's; several buckets, in an order of streams of their own, change no more than rounding
    several = {"train.bucket_mb": 0.001}
    on_cpu(2, "bars", "cpu-2")
    for n in (2, 4):
        assert_close(on_cards(n, "bars", f"cards-{n}", GRIDDLE_EMULATED_SEED=str), losses("cpu-2"), CLOSE["fp32"])
    assert_close(on_cards(2, "bars", "buckets", settings=several, GRIDDLE_EMULATED_SEED="3"), losses("cpu-2"), CLOSE["fp32"])
    # the same again, on another schedule: the same bits
    on_cards(2, "bars", "again", GRIDDLE_EMULATED_SEED=lambda rank: str(7 + rank))
    assert model("again") == model("cards-2")
    # 16 bits, in kernels and on their way
    for precision in ("fp16", "bf16"):
        settings = {"train.precision": precision, "train.reduce_precision": precision, "train.epochs": 1}
        assert_close(on_cards(2, "bars", f"two-{precision}", settings=settings), on_cpu(2, "bars", f"cpu-{precision}", settings),
                     CLOSE[precision])

    # entries are rank 0's choice, whatever the others' clocks say
    tuned, mma, simt = {"train.precision": "fp16", "train.tune": 5, "train.epochs": 1}, "mma:2000,simt:3000", "mma:3000,simt:2000"
    for name, clocks in (("mma", (mma, mma)), ("simt", (simt, simt)), ("both", (mma, simt))):
        on_cards(2, "bars", f"clock-{name}", settings=tuned, GRIDDLE_CACHE=f"{folder}/cache-{name}",
                 GRIDDLE_EMULATED_TIME=lambda rank, clocks=clocks: clocks[rank])
    assert model("clock-both") == model("clock-mma") != model("clock-simt")

    # batch norm over all ranks, on pictures of the world
    scones = pathlib.Path(DATA) / "cifar-100-binary-vehicles.tar.gz"
    if DATA and scones.exists():
        pathlib.Path("scones.yaml").write_text(SCONES.format(file=scones), encoding="utf-8")
        settings = {"batch_norm.group": "all", "train.epochs": 1}
        on_cpu(2, "scones", "scones-cpu", settings)
        for n in (2, 4):
            assert_close(on_cards(n, "scones", f"scones-{n}", settings=settings), losses("scones-cpu"), CLOSE["fp32"])
    else:
        print("no scones: GRIDDLE_DATA does not name them")

    # streams that do not wait for one another
    for fault in ("no-event", "no-wait"):
        done = ranks.finish(ranks.start(2, *words("bars", fault, several), "--plant", fault, GRIDDLE_NCCL_TIMEOUT="5"), timeout=60)
        assert any(code == 4 and re.search("cuda on cpu: race: ", complaint) for code, _, complaint in done), (fault, done)

    # a rank that is killed: the others end, soon, and say which they are and why
    processes = ranks.start(2, *words("bars", "killed", {"train.epochs": 200, "train.checkpoint_every": 1}))
    while not os.path.exists("killed/checkpoint.safetensors"):
        assert all(process.poll() is None for process in processes), ranks.finish(processes)
        time.sleep(0.05)
    processes[1].send_signal(signal.SIGKILL)
    began = time.monotonic()
    [(code, _, complaint), _] = ranks.finish(processes, timeout=60)
    assert time.monotonic() - began < 10 and code == 1, (code, complaint)
    assert re.search(rf"^griddle: .*rank 0 on {os.uname().nodename}: NCCL: .*remote process exited", complaint, re.M), complaint
    # and one goes on where both were
    whole = rows("killed")[-1]["epoch"]
    command = words("bars", "resumed", {"train.epochs": whole + 1, "train.checkpoint_every": 1})
    for name in ("checkpoint.safetensors", "metrics.jsonl", "best.safetensors"):
        shutil.copy(f"killed/{name}", "resumed")
    ranks.run(1, *command, "--resume")
    assert rows("resumed")[-1]["epoch"] == whole + 1 and model("resumed"), rows("resumed")
