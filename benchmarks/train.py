# SPDX-License-Identifier: Apache-2.0
"""Training throughput in images a second: a synthetic batch in memory, forward, backward and update.

PyTorch runs in its best CPU mode: channels_last, and autocast for bf16. With the ISA capped to AVX2 only fp32 is
measured: neither system has bf16 arithmetic there."""
import statistics

from bench import Case, Reading, run

BATCH = 128
NETWORKS = ("resnet-20", "resnet-9", "lenet")
AVX2 = {"GRIDDLE_ISA": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}


def griddle_train(bench, network, precision, seconds, env=None):
    """`griddle bench train`; seconds 0: one step alone. Prints {"images_per_second": […], "first_step_ms": …, …}."""
    length = ("--seconds", seconds) if seconds else ("--steps", 1)
    return run([bench.griddle, "bench", "train", "--network", network, "--batch", BATCH, "--precision", precision,
                "--device", "cpu", "--threads", bench.threads, *length, "--json"], env)


def torch_train(bench, network, precision, seconds, env=None):
    return bench.peer("torch_train.py", "--network", network, "--batch", BATCH, "--precision", precision, "--seconds",
                      seconds, "--threads", bench.threads, env=env)


def throughput(output):
    return {"throughput": (statistics.median(output["images_per_second"]), "images/s")}


def cases(bench):
    for network in NETWORKS:
        for precision, cap, env in (("fp32", "", {}), ("bf16", "", {}), ("fp32", " avx2", AVX2)):
            def griddle(_, network=network, precision=precision, env=env):
                version = bench.griddle_version()
                return Reading(version, throughput(griddle_train(bench, network, precision, bench.seconds, env).json()))

            def torch(_, network=network, precision=precision, env=env):
                output = torch_train(bench, network, precision, bench.seconds, env).json()
                return Reading(output["version"], throughput(output))

            yield Case(f"{network} {precision}{cap}", {"griddle": griddle, "torch": torch}, rounds=5)
