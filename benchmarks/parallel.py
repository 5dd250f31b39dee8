# SPDX-License-Identifier: Apache-2.0
"""What ranks cost on one machine: `griddle train` of resnet-20 on batches of 256 in fp32, pictures of noise. One process
with two threads; the same with the steps that ranks have, summed by `self`; two processes with a core each, by mpirun."""
import json
import random
import shutil
import statistics

from bench import Absent, Case, Reading, run

BATCH, STEPS, EPOCHS = 256, 8, 4
SETTINGS = {"model.network": "resnet-20", "train.batch": BATCH, "train.precision": "fp32", "train.epochs": EPOCHS,
            "data.validation": 0, "train.checkpoint_every": 0}
ONE_RANK = {"OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"}  # as mpirun -n 1 would say
AS_ROOT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def noise(bench):
    """A set in CIFAR-10's form, as a config."""
    folder, config = bench.scratch / "noise", bench.scratch / "noise.yaml"
    if not config.exists():
        generator = random.Random(1)
        folder.mkdir(parents=True, exist_ok=True)
        for name, images in (("data_batch_1.bin", BATCH * STEPS), ("test_batch.bin", 10)):
            (folder / name).write_bytes(b"".join(bytes([i % 10]) + generator.randbytes(3072) for i in range(images)))
        (folder / "batches.meta.txt").write_text("".join(f"class{i}\n" for i in range(10)), encoding="utf-8")
        config.write_text(f"data:\n  source: {folder}\n  format: cifar10\n", encoding="utf-8")
    return config


def train(bench, name, before, environment):
    """Images a second: the median of the epochs after the first."""
    version, out = bench.griddle_version(), bench.scratch / name
    shutil.rmtree(out, ignore_errors=True)
    words = [word for path, value in SETTINGS.items() for word in ("--set", f"{path}={value}")]
    run([*before, bench.griddle, "train", noise(bench), "--device", "cpu", "--out", out, *words], environment)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    rates = [line["images_per_second"] for line in lines if line.get("epoch", 0) > 1]
    return Reading(version, {"throughput": (statistics.median(rates), "images/s")})


def cases(bench):
    def alone(_):
        return train(bench, "alone", [], {"OMP_NUM_THREADS": "2"})

    def summed_by_self(_):
        return train(bench, "self", [], {"OMP_NUM_THREADS": "2", **ONE_RANK})

    def two_ranks(_):
        if not shutil.which("mpirun") or not (bench.griddle.parent / "libgriddle-mpi.so").exists():
            raise Absent("no OpenMPI, or griddle was built without it")
        return train(bench, "ranks", ["mpirun", "-n", "2", "--bind-to", "core"], {"OMP_NUM_THREADS": "1", **AS_ROOT})

    yield Case(f"resnet-20 fp32, batch {BATCH}", {"griddle": alone, "griddle-self": summed_by_self,
                                                  "griddle-2-ranks": two_ranks}, rounds=5)
