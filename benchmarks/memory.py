# SPDX-License-Identifier: Apache-2.0
"""Peak resident memory of a process that trains in fp32 at batch 128, as the kernel counts it (ru_maxrss)."""
from bench import Case, Reading
from train import griddle_train, torch_train

NETWORKS = {"resnet-20": "resnet-20", "lenet": "lenet", "resnet-18 (CIFAR stem)": "resnet-18"}


def cases(bench):
    for name, network in NETWORKS.items():
        def griddle(_, network=network):
            return Reading(bench.griddle_version(),
                           {"peak RSS": (griddle_train(bench, network, "fp32", 1).peak_rss_mb, "MB")})

        def torch(_, network=network):
            run = torch_train(bench, network, "fp32", 1)
            return Reading(run.json()["version"], {"peak RSS": (run.peak_rss_mb, "MB")})

        yield Case(name, {"griddle": griddle, "torch": torch}, rounds=3)
