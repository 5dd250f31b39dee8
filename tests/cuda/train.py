# SPDX-License-Identifier: Apache-2.0
"""Whole runs on the CUDA device, executed on the CPU: they follow the CPU's, in fp32, bf16 and fp16, on each path of code; what
overflows in fp16 is skipped and halves the loss scale; what is missing or fails is said in one line, and a checkpoint from before
a lost device is whole."""
import json
import os
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e", "support"))
import shapes  # noqa: E402

GRIDDLE, FOLDER = os.environ["GRIDDLE"], sys.argv[1]
NETS = {"lenet": [], "resnet-9": ["--set", "model.width=8"]}


def griddle(*words, code=0, complaint="", sm=80, **more):
    environment = os.environ | {"GRIDDLE_CUDA_LIBRARY": f"{FOLDER}/libgriddle-cuda-on-cpu-{sm}.so", "GRIDDLE_EMULATED_SM": str(sm),
                                "GRIDDLE_EMULATED_SEED": "3"} | more
    done = subprocess.run([GRIDDLE, *words], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == code, (words, done)
    assert complaint in done.stderr, (words, done.stderr)
    if code:
        assert done.stderr.rstrip().splitlines()[-1].startswith("griddle: "), done.stderr
    return done


def train(name, net, precision, device, *more, sm=80, **rest):
    """Two epochs of 4 steps, 16 images each."""
    griddle("train", "bars.yaml", "--device", device, "--out", name, "--set", f"model.network={net}", *NETS[net], "--set",
            f"train.precision={precision}", "--set", "train.epochs=2", "--set", "train.batch=16", "--set", "augment.flip=random",
            "--set", "train.clip_norm=5", "--set", "train.learning_rate=0.01", "--set", "train.average=0.9", *more, sm=sm, **rest)
    with open(f"{name}/metrics.jsonl", encoding="utf-8") as file:
        return [row for row in map(json.loads, file) if "event" not in row]


STATE = ("epoch batch loss images correct applied not_finite best_epoch best_accuracy best_loss waited seconds finished train_loss "
         "train_accuracy loss_scale good").split()  # src/train/checkpoint.h


def state(name, *fields):
    """Numbers of a run's checkpoint."""
    with open(f"{name}/checkpoint.safetensors", "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        begin, end = json.loads(file.read(length))["state"]["data_offsets"]
        file.seek(8 + length + begin)
        numbers = struct.unpack(f"<{len(STATE)}d", file.read(end - begin))
    return [numbers[STATE.index(field)] for field in fields]


# Of the loss: some steps multiply what rounding does to one. In 16 bits other entries of the CPU lie as far apart.
CLOSE = {"fp32": 1e-4, "bf16": 0.05, "fp16": 0.03}

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = f"{folder}/cache"
    shapes.write_lenet(folder)

    for net, precision, sm in (("lenet", "fp32", 80), ("lenet", "fp16", 70), ("resnet-9", "fp16", 75), ("resnet-9", "bf16", 80)):
        want = train(f"{net}-{precision}-cpu", net, precision, "cpu")
        got = train(f"{net}-{precision}-cuda", net, precision, "cuda", sm=sm)
        for a, b in zip(want, got, strict=True):
            for key in ("loss", "validation_loss"):
                assert abs(a[key] - b[key]) <= CLOSE[precision] * max(1, a[key]), (net, precision, sm, a, b)

    # An overflow: weights of 300 make gradients beyond f16 at the first loss scale. Those updates are skipped, each halves the
    # scale, and the run goes on as the CPU's does.
    weights = ("--set", "train.class_weights=[300, 300, 300]", "--set", "train.learning_rate=0.0001", "--set", "train.epochs=1")
    want, got = (train(f"overflow-{device}", "lenet", "fp16", device, *weights) for device in ("cpu", "cuda"))
    for a, b in zip(want, got, strict=True):
        assert abs(a["loss"] - b["loss"]) <= CLOSE["fp16"] * a["loss"], (a, b)
    for device in ("cpu", "cuda"):
        applied, skipped, scale = state(f"overflow-{device}", "applied", "not_finite", "loss_scale")
        assert 0 < skipped < 4 and applied == 4 - skipped and scale == 65536 / 2 ** skipped, (device, applied, skipped, scale)

    # the same bits again
    again = train("again", "lenet", "fp16", "cuda", "--set", "train.epochs=1")
    assert [row["loss"] for row in again] == [row["loss"] for row in train("once-more", "lenet", "fp16", "cuda", "--set", "train.epochs=1")]

    # what is missing
    words = ("train", "bars.yaml", "--device", "cuda", "--out", "x")
    griddle(*words, code=1, complaint="use --device cpu", GRIDDLE_EMULATED_DEVICES="0")
    griddle(*words, "--set", "train.precision=bf16", code=1, complaint="this card has none", sm=70)
    griddle(*words, "--set", "train.batch=48", code=1, complaint="the largest batch that fits", GRIDDLE_EMULATED_MEMORY="2800000")
    griddle(*words, code=1, complaint="cannot load the CUDA device", GRIDDLE_CUDA_LIBRARY="/nowhere.so")

    # a device that is lost in the middle: the checkpoint of the epoch before is whole, and goes on
    lost = ("train", "bars.yaml", "--device", "cuda", "--out", "lost", "--set", "train.epochs=3", "--set", "train.batch=16",
            "--set", "train.checkpoint_every=1", "--set", "train.tune=0")
    griddle(*lost, code=1, complaint="cuda", GRIDDLE_EMULATED_FAIL="device:60")
    assert os.path.exists("lost/checkpoint.safetensors")
    griddle(*lost, "--resume")
