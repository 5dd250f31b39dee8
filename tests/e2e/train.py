# SPDX-License-Identifier: Apache-2.0
"""griddle train and what follows: the same bits however often it is stopped or killed; what it leaves behind; what it
refuses."""
import hashlib
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import shapes  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]
KILLS = 1000 if os.environ.get("GRIDDLE_LONG") else 20


def griddle(*words, code=0, complaint=""):
    done = subprocess.run([GRIDDLE, *words], capture_output=True, text=True, check=False)
    assert done.returncode == code, (words, done)
    assert complaint in done.stderr, (words, done.stderr)
    return done.stdout


def start(*words):
    return subprocess.Popen([GRIDDLE, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def metadata(path, change=None):
    """A safetensors file's metadata; `change` gets it to change in place, and the file is written anew."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header, data = json.loads(file.read(length)), file.read()
    if change:
        change(header["__metadata__"])
        text = json.dumps(header).encode()
        text += b" " * (-(8 + len(text)) % 64)
        with open(path, "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text + data)
    return header["__metadata__"]


def state(path):
    """Some numbers of a checkpoint's state (train/checkpoint.h has their order)."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        begin, end = json.loads(file.read(length))["state"]["data_offsets"]
        file.seek(8 + length + begin)
        numbers = struct.unpack(f"<{(end - begin) // 8}d", file.read(end - begin))
    return dict(zip(("applied", "not_finite", "loss_scale", "good"), (*numbers[5:7], *numbers[-2:])))


def metrics(run):
    with open(f"{run}/metrics.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = f"{folder}/cache"
    os.environ["OMP_NUM_THREADS"] = "2"
    shapes.write("bars")
    with open("bars.yaml", "w", encoding="utf-8") as file:
        file.write(shapes.CONFIG.format(folder=f"{folder}/bars"))

    # a run that is left alone
    began = time.monotonic()
    answer = json.loads(griddle("train", "bars.yaml", "--out", "alone", "--json"))
    duration = time.monotonic() - began
    assert answer["epochs"] == 6 and answer["validation_accuracy"] > 0.8, answer
    for name in ("config.yaml", "staged.safetensors", "metrics.jsonl", "checkpoint.safetensors", "best.safetensors",
                 "model.safetensors", "log.txt"):
        assert os.path.exists(f"alone/{name}"), name
    assert not [name for name in os.listdir("alone") if name.endswith(".part")]
    lines = metrics("alone")
    assert lines[0] == {"event": "start", "epoch": 0}
    assert [line["epoch"] for line in lines[1:]] == list(range(1, 7))
    assert all(line["loss"] > 0 and "validation_accuracy" in line for line in lines[1:])
    model = digest("alone/model.safetensors")

    # again: the same bits; what is there already is not overwritten
    griddle("train", "bars.yaml", "--out", "again")
    assert digest("again/model.safetensors") == model
    griddle("train", "bars.yaml", "--out", "again", code=2, complaint="--resume")
    griddle("train", "bars.yaml", "--out", "again", "--resume")
    assert digest("again/model.safetensors") == model

    # SIGTERM and SIGINT: the step is finished, the checkpoint saved, and the message says how to go on
    for number in (signal.SIGTERM, signal.SIGINT):
        name = f"signal-{number}"
        process = start("train", "bars.yaml", "--out", name, "--set", "train.epochs=2000")
        while not os.path.exists(f"{name}/metrics.jsonl") or len(metrics(name)) < 3:
            time.sleep(0.01)
        process.send_signal(number)
        said = process.communicate()[1]
        assert process.returncode == 128 + number and "--resume" in said, (process.returncode, said)
        griddle("train", "bars.yaml", "--out", name, "--resume", "--set", "train.epochs=2000", "--set", "train.batch=48",
                code=2, complaint="batch: 48")

    # a run goes on with the kernels that it was begun with, and is told what else is not as it was
    def elsewhere(held):
        held["machine"] = held["machine"].replace("threads 2", "threads 7")
        held["kernels"] = held["kernels"].replace(".fwd onednn", ".fwd ref", 1)

    griddle("train", "bars.yaml", "--out", "carried", "--set", "train.epochs=2")
    checkpoint = "carried/checkpoint.safetensors"
    kernels = metadata(checkpoint, elsewhere)["kernels"]
    assert ".fwd ref" in kernels, kernels
    griddle("train", "bars.yaml", "--out", "carried", "--resume", "--set", "train.epochs=3",
            complaint="'threads 2' was 'threads 7' when the checkpoint was made")
    assert metadata(checkpoint)["kernels"] == kernels

    # a config that is refused leaves the run as it is
    kept = {name: digest(f"again/{name}") for name in ("config.yaml", "staged.safetensors", "checkpoint.safetensors")}
    for words in (["train", "bars.yaml", "--resume"], ["run", "bars.yaml"]):
        griddle(*words, "--out", "again", "--set", "data.size=8", code=2, complaint="size: 8")
    assert kept == {name: digest(f"again/{name}") for name in kept}

    # killed at any instant, the run ends in the same bits
    generator = random.Random(7)
    kills, runs = 0, 0
    while kills < KILLS:
        name = f"killed-{runs}"
        runs += 1
        while True:
            process = start("train", "bars.yaml", "--out", name, "--resume")
            try:
                process.communicate(timeout=generator.random() * duration)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
                continue
            assert process.returncode == 0, process.returncode
            break
        assert digest(f"{name}/model.safetensors") == model, name
        assert metrics(name)[-1].get("epoch") is not None
    print(f"{kills} kills over {runs} runs: the same bits")

    # in fp16 a loss of 3000 times the size overflows at first: the loss scale comes down, and a run that was killed
    # ends with the same scale and bits
    half = ["train", "bars.yaml", "--set", "train.precision=fp16", "--set", "train.class_weights=[3000,3000,3000]",
            "--set", "train.epochs=40", "--resume", "--out"]
    answer = json.loads(griddle(*half, "half", "--json"))
    scaled = state("half/checkpoint.safetensors")
    assert answer["validation_accuracy"] > 0.8, answer
    assert 1 <= scaled["loss_scale"] < 65536 and scaled["not_finite"] > 0, scaled
    assert scaled["applied"] + scaled["not_finite"] == 240 and 0 < scaled["good"] <= scaled["applied"], scaled
    for pause in (0.1, 0.2):
        process = start(*half, "half-killed")
        try:
            process.communicate(timeout=pause)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    griddle(*half, "half-killed")
    assert digest("half-killed/model.safetensors") == digest("half/model.safetensors")
    again = state("half-killed/checkpoint.safetensors")
    assert all(again[key] == scaled[key] for key in ("applied", "not_finite", "loss_scale", "good")), (again, scaled)

    griddle("train", "bars.yaml", "--out", "still", "--set", "train.precision=fp16", "--set", "train.epochs=40", "--set",
            "train.loss_scale=16777216", code=1, complaint="100 updates in a row were skipped")

    # more epochs than before: goes on
    griddle("train", "bars.yaml", "--out", "again", "--resume", "--set", "train.epochs=7")
    griddle("train", "bars.yaml", "--out", "again", "--resume", "--set", "train.epochs=6", code=2,
            complaint="7 epochs are done, train.epochs is 6")
    assert metrics("again")[-1]["epoch"] == 7

    # other images under the same name: neither resumed nor evaluated as if nothing had happened
    griddle("run", "bars.yaml", "--out", "moved", "--set", "train.epochs=1")
    kept = {name: digest(f"moved/{name}") for name in os.listdir("moved") if name != "log.txt"}
    shapes.write("bars", seed=2)
    griddle("run", "bars.yaml", "--out", "moved", "--set", "train.epochs=1", code=2, complaint="other images")
    assert kept == {name: digest(f"moved/{name}") for name in os.listdir("moved") if name != "log.txt"}
    shapes.write("bars")
    griddle("run", "bars.yaml", "--out", "moved", "--set", "train.epochs=1")  # new files, the same images

    # early stopping
    short = json.loads(griddle("train", "bars.yaml", "--out", "early", "--json", "--set", "train.epochs=60", "--set",
                               "train.patience=2", "--set", "train.learning_rate=1e-6"))
    assert short["stopped_early"] and short["epochs"] < 60, short

    # evaluate judges what predict answers
    evaluation = json.loads(griddle("evaluate", "alone", "--json"))
    assert evaluation["images"] == 60 and evaluation["accuracy"] > 0.8, evaluation
    assert sum(map(sum, evaluation["confusion"])) == 60
    assert evaluation["interval"][0] < evaluation["accuracy"] <= evaluation["interval"][1] <= 1
    with open("alone/evaluation.json", encoding="utf-8") as file:
        assert json.load(file) == evaluation
    both = json.loads(griddle("evaluate", "alone", "--against", "early", "--json"))
    assert both["comparison"]["difference"] < 0 and both["comparison"]["changed"], both

    griddle("evaluate", "alone", "--set", "evaluate.flip=true", code=2, complaint="staged already")

    # folders of pictures with the same name are two runs
    os.makedirs("other/bars")
    griddle("run", "bars", code=2, complaint="runs/bars/pictures.yaml")
    griddle("run", "other/bars", code=2, complaint="name another --out")

    # bf16 parameters answer almost as fp32 ones do
    griddle("export", "alone", "-o", "small.safetensors", "--precision", "bf16")
    assert os.path.getsize("small.safetensors") < os.path.getsize("alone/model.safetensors")
    small = json.loads(griddle("evaluate", "small.safetensors", "alone", "--json"))
    assert abs(small["accuracy"] - evaluation["accuracy"]) <= 0.05

    # a fault in staging is one line, and a network that does not exist is found before anything is staged
    for changes, code, complaint in ((["data.source=absent"], 1, "absent"), (["data.classes=[3]"], 2, "2 or more"),
                                     (["model.layers=null", "model.network=resnet-10"], 2, "did you mean")):
        words = [word for change in changes for word in ("--set", change)]
        said = subprocess.run([GRIDDLE, "train", "bars.yaml", "--out", "y", *words], capture_output=True, text=True,
                              check=False)
        assert said.returncode == code and complaint in said.stderr and said.stderr.count("\n") == 1, said
        assert not os.path.exists("y/staged.safetensors")

    # one process a run
    process = start("train", "bars.yaml", "--out", "busy", "--set", "train.epochs=2000")
    while not os.path.exists("busy/metrics.jsonl") or len(metrics("busy")) < 2:
        time.sleep(0.01)
    griddle("train", "bars.yaml", "--out", "busy", "--resume", "--set", "train.epochs=2000", code=1, complaint="in use")
    process.kill()
    process.communicate()

    # where files are not to be: a folder of pictures, a pipe
    os.makedirs("pictures/a")
    griddle("run", "pictures", "--out", "pictures/run", code=2, complaint="name another --out")
    os.mkfifo("pipe")
    griddle("stage", "bars.yaml", "--out", "pipe", code=1, complaint="not a regular file")

    # without standard streams no message comes to lie in a file
    griddle("stage", "bars.yaml", "--out", "heard.safetensors")
    subprocess.run(["sh", "-c", f"GRIDDLE_CACHE=none {GRIDDLE} stage bars.yaml --out unheard.safetensors <&- >&- 2>&-"],
                   check=False)
    assert digest("unheard.safetensors") == digest("heard.safetensors")

    # what cannot be
    griddle("plan", "bars.yaml", "--set", "impl.foo=ref", code=2, complaint="no op is called 'foo'")
    griddle("train", "bars.yaml", "--out", "x", "--set", "train.epoch=3", code=2, complaint="did you mean 'epochs'?")
    griddle("train", "bars.yaml", "--out", "x", "--set", "train.epochs=many", code=2, complaint="train.epochs")
    griddle("train", "bars.yaml", "--out", "x", "--set", "train.batch=512", code=2, complaint="192 images")
    griddle("train", "bars.yaml", "--out", "hot", "--set", "train.learning_rate=1000", "--set", "train.clip_norm=0",
            "--set", "train.optimizer=sgd", "--set", "train.schedule=constant", "--set", "train.warmup=0", "--set",
            "train.momentum=0.99", "--set", "train.epochs=200", "--set", "train.weight_decay=1", code=1,
            complaint="diverged")
    griddle("train", "bars.yaml", "--device", "cuda", "--out", "x", code=1, complaint="use --device cpu")
    griddle("train", "absent.yaml", "--out", "x", code=1, complaint="absent.yaml")
    griddle("evaluate", "x", code=1, complaint="train it to the end first")
    griddle("export", "alone", "-o", "m.onnx", "--format", "onnx", code=2, complaint="not there yet")
    with open("alone/checkpoint.safetensors", "r+b") as file:
        file.truncate(os.path.getsize("alone/checkpoint.safetensors") // 2)
    griddle("train", "bars.yaml", "--out", "alone", "--resume", code=1, complaint="checkpoint.safetensors")
