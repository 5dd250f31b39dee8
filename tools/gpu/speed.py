# SPDX-License-Identifier: Apache-2.0
"""A training step: ours, ours without tensor cores, cuDNN as an entry, PyTorch.

Images a second of steps on a batch of 128 in the card's memory, `griddle bench train` and benchmarks/peers/torch_train.py: a
process each, medians over steps with the distance of their quartiles. Ratios only are told; whether a case is fast is for a
reader of the page."""
import json
import statistics

import bench
import facts
from check import Failed, OutOfTime

BUDGET = 110
FEWEST = 20  # timed steps, below which a median is not told


def systems(check):
    """How each is measured: name → words of a command, or None where it is not here."""
    griddle = [check.build / "griddle", "bench", "train", "--device", "cuda", "--json"]
    python, script = facts.bench_python(), bench.ROOT / "benchmarks" / "peers" / "torch_train.py"
    has_torch = facts.said(python, "-c", "import torch; print(torch.cuda.is_available())") == "True"
    return {
        "griddle": griddle,
        "griddle simt": [*griddle, "--set", "impl.conv2d=simt"],
        "griddle cudnn": [*griddle, "--set", "impl.conv2d=cudnn"] if check.card["cudnn"] else None,
        "torch": [python, script, "--device", "cuda"] if has_torch else None,
    }


def measure(check, words, network, precision):
    """{median, spread, n} of a process' images a second."""
    size = (["--batch", 2, "--input", "8x8x1", "--steps", 3] if check.is_rehearsal
            else ["--batch", 128, "--seconds", 1])
    samples = json.loads(check.run(*words, "--network", network, "--precision", precision, *size).stdout)["images_per_second"]
    fewest = 3 if check.is_rehearsal else FEWEST
    if len(samples) < fewest:
        raise Failed(f"{len(samples)} steps were timed, {fewest} are wanted")
    return {"median": round(statistics.median(samples), 1), "spread": round(bench.spread(samples), 1), "n": len(samples)}


def run(check):
    wanted = systems(check)
    networks, precisions = ("resnet-20", "resnet-9"), check.precisions
    if check.is_rehearsal:
        networks, precisions = ("lenet",), ("fp16",)
    cases, wrong, not_reached = [], [], []
    for precision in precisions:
        for network in networks:
            case = {"network": network, "precision": precision}
            for system, words in wanted.items():
                if not words:
                    continue
                if check.left() < 8 and cases:
                    not_reached.append(f"{network} {precision} {system}")
                    continue
                try:
                    case[system] = measure(check, words, network, precision)
                except Failed as why:
                    if system == "torch" and isinstance(why, OutOfTime):  # how long a peer takes to start is no fault of ours
                        not_reached.append(f"{network} {precision} {system}")
                    else:
                        wrong.append(f"{network} {precision} {system}: {why}")
            cases.append(case)
    absent = [name for name, words in wanted.items() if not words]
    details = {"cases": cases, "absent": absent, "not_reached": not_reached, "clocks_after": {} if check.is_rehearsal else facts.clocks()}
    if wrong:
        raise Failed("; ".join(wrong), details)
    n = sum(system in case for case in cases for system in wanted)
    return (f"{n} throughputs measured{'; not here: ' + ', '.join(absent) if absent else ''}"
            f"{'; no time for ' + ', '.join(not_reached) if not_reached else ''}"), details
