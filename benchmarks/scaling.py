# SPDX-License-Identifier: Apache-2.0
"""The model of scaling on ranks of our own: two processes with a core each, measured by `griddle bench dist`, and as
`griddle plan --machine` predicts it from a description of the machine that was measured just before with another network:
with lenet, and with resnet-9. Of the network that describes it an update's time is fitted, so none predicts itself."""
import shutil

from bench import Absent, Case, Reading, run
from parallel import AS_ROOT

NETWORKS = (("lenet", 256, "28x28x1"), ("resnet-9", 256, "32x32x3"), ("resnet-20", 256, "32x32x3"), ("resnet-18", 64, "32x32x3"))
DESCRIBERS = ("lenet", "resnet-9")


def dist(bench, network, batch, *more):
    if not shutil.which("mpirun") or not (bench.griddle.parent / "libgriddle-mpi.so").exists():
        raise Absent("no OpenMPI, or griddle was built without it")
    return run(["mpirun", "-n", "2", "--bind-to", "core", bench.griddle, "bench", "dist", "--device", "cpu", "--network", network,
                "--batch", batch, "--precision", "fp32", "--threads", 1, *more], AS_ROOT)


def predicted(bench, describer, network, batch, shape):
    version, machine, config = bench.griddle_version(), bench.scratch / "here.json", bench.scratch / "scaling.yaml"
    bench.scratch.mkdir(parents=True, exist_ok=True)
    dist(bench, describer, 256, "--describe", machine)
    config.write_text(f"data: {{source: none}}\nmodel: {{network: {network}}}\n"
                      f"train: {{batch: {batch}, precision: fp32, threads: 1}}\n", encoding="utf-8")
    found = run([bench.griddle, "plan", config, "--device", "cpu", "--input", shape, "--ranks", 2, "--machine", machine,
                 "--json"]).json()
    return Reading(version, {"throughput": (found["throughput"][1], "images/s")})


def cases(bench):
    for network, batch, shape in NETWORKS:
        def measured(_, network=network, batch=batch):
            version = bench.griddle_version()
            return Reading(version, {"throughput": (dist(bench, network, batch, "--json").json()["images_per_second"], "images/s")})

        systems = {"griddle": measured}
        for describer in DESCRIBERS:
            if describer != network:
                systems[f"griddle-by-{describer}"] = lambda _, words=(bench, describer, network, batch, shape): predicted(*words)
        yield Case(f"{network} fp32, batch {batch}, 2 ranks", systems, rounds=5)
