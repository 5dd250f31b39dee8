# SPDX-License-Identifier: Apache-2.0
"""NCCL: sums and broadcasts at once and out of a graph, a run over it, an abort.

One rank on this card, whose sums are what it laid down and whose run has the bits of one without NCCL; and where there are
several cards, a rank on each (griddle-collective)."""
import concurrent.futures
import hashlib
import os
import socket

import facts
import shapes
from check import Failed, Skipped

BUDGET = 25
MOST_RANKS = 8


def cards(check):
    """How many there are for us."""
    if check.is_rehearsal:
        return 2
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return len(visible.split(",")) if visible else len(facts.said("nvidia-smi", "-L").splitlines()) or 1


def free_port():
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        return end.getsockname()[1]


def ranks(check, n, *words, code=0):
    """What each of n ranks prints; each has a card of its own."""
    visible = (os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(n)))).split(",")
    shared = {"WORLD_SIZE": str(n), "NCCL_COMM_ID": f"127.0.0.1:{free_port()}", "GRIDDLE_NCCL_TIMEOUT": "15"}

    def work(rank):
        own = {"CUDA_VISIBLE_DEVICES": visible[rank]} if n > 1 else {}
        return check.run(check.build / "griddle-collective", *words, code=code, RANK=str(rank), **shared, **own)

    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return list(pool.map(work, range(n)))


def lines(done):
    return [rank.stdout.splitlines() for rank in done]


def train(check, comm):
    """The digest of a model, and what was said."""
    out = check.scratch / f"collective-{comm}"
    out.mkdir()
    words = check.settings(train__precision="fp32", train__epochs=1 if check.is_rehearsal else 4, train__tune=0)
    check.griddle("stage", check.scratch / "collective.yaml", "--out", out / "staged.safetensors")
    said = check.run(check.build / "griddle-collective", "train", check.scratch / "collective.yaml", out, "--comm", comm, *words)
    return hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest(), said.stdout.strip()


def run(check):
    [probe] = ranks(check, 1, "check", code=None)
    if probe.returncode == 77:
        raise Skipped(probe.stdout.strip().removeprefix("skipped: "))
    if probe.returncode:
        raise Failed(f"one rank: exit code {probe.returncode}: {probe.stderr.strip()}")
    shapes.write(str(check.scratch / "bars"), train=80 if check.is_rehearsal else 960, test=30)
    (check.scratch / "collective.yaml").write_text(shapes.CONFIG.format(folder=check.scratch / "bars"), encoding="utf-8")
    details = {"one": lines([probe]), "cards": cards(check)}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = {comm: pool.submit(train, check, comm) for comm in ("self", "nccl")}
        details["abort"] = lines(ranks(check, 1, "abort"))
        details["runs"] = {comm: work.result() for comm, work in runs.items()}
    if len({digest for digest, _ in details["runs"].values()}) > 1:
        raise Failed("a run over NCCL with one rank has other bits than one without", details)
    n = min(details["cards"], MOST_RANKS)
    if n > 1:
        details["several"] = lines(ranks(check, n, "check"))
        details["several abort"] = lines(ranks(check, n, "abort"))
    version = details["one"][0][0].partition(":")[0].removeprefix("nccl ")
    return (f"NCCL {version}: one rank is the identity, at once and captured, a run over it has the bits of one without, an abort "
            f"ends it; {f'{n} ranks agree' if n > 1 else 'there is one card, so nothing is known of several'}"), details
