# SPDX-License-Identifier: Apache-2.0
"""Does a monitor see harm, and how seldom does it accuse what is none: `griddle monitor check`, evidently and nannyml on the
same windows of what a server captured; docs/benchmarks.md tells how windows come about. Of two models: `cifar10`, a ResNet-20
of ten classes, and `scones`. A round is a strength of a harm, from the weakest.

detected          share of windows that are accused, where thresholds are such that 1% of undisturbed windows are
alarms            of griddle, at the level that it came to by itself
estimate is off   mean distance of the accuracy that was estimated without labels from the true one

Models, captures and scores are made once, under build/bench/monitor; griddle's scores anew for another build of it."""
import concurrent.futures
import functools
import json
import statistics

from bench import ROOT, Case, Reading, run
from monitoring.plan import HARMED, HARMS, MODELS, PARTITIONS, STRENGTHS, UNDISTURBED, cell
from monitoring.rates import threshold
from scratch import griddle_run

MONITORING = ROOT / "benchmarks" / "monitoring"
TRAINING = {  # what differs from the shipped config, for the sake of time
    "cifar10": {"train.epochs": 10, "evaluate.flip": "false"},
    "scones": {"data.classes": "[]", "evaluate.flip": "false"},
}
SYSTEMS = {  # (whose scores, by which method); griddle's tests stand alone, too
    "griddle": ("griddle", "all"), "griddle columns": ("griddle", "columns"),
    "griddle features": ("griddle", "features"), "griddle accuracy": ("griddle", "accuracy"),
    "evidently KS": ("evidently", "KS"), "evidently Wasserstein": ("evidently", "Wasserstein"),
    "evidently classifier": ("evidently", "classifier"), "evidently MMD": ("evidently", "MMD"),
    "nannyml JS": ("nannyml", "Jensen-Shannon"), "nannyml PCA": ("nannyml", "PCA"), "nannyml CBPE": ("nannyml", "CBPE"),
}
DAY = 86400


def script(bench, name, *words):
    """One of benchmarks/monitoring, in the peers' Python; on one thread, as several run side by side."""
    return run([bench.peers(), MONITORING / name, *words], {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}, DAY)


@functools.lru_cache(maxsize=None)
def captured(bench, name):
    """The folder of a model's pool: pool.npz, run/, lines/."""
    pool = bench.scratch / "monitor" / name
    bench.griddle_version()
    bench.data_file("cifar10-jpeg.tar.xz")
    if not (pool / "pool.npz").exists():
        script(bench, "sets.py", bench.data, pool)
    if not (pool / "run" / "evaluation.json").exists():
        griddle_run(bench, ROOT / "configs" / f"{name}.yaml", pool / "run", **{
            "data.source": f"file:{pool / 'train.tar'}", "data.format": "folder", **TRAINING[name]})
    script(bench, "capture.py", bench.griddle, pool / "run", pool)
    return pool


def scored(bench, name, who, partition):
    """{"version", "scores"} of a monitor's windows in a partition."""
    pool = captured(bench, name)
    path = pool / "scores" / f"{who}-{partition}.json"
    if not path.exists() or (who == "griddle" and path.stat().st_mtime < bench.griddle.stat().st_mtime):
        words = (bench.griddle, pool / "run", pool) if who == "griddle" else (pool,)
        script(bench, f"score_{who}.py", *words, partition, path)
    return json.loads(path.read_text(encoding="utf-8"))


@functools.lru_cache(maxsize=None)
def all_scored(bench, name, who):
    with concurrent.futures.ThreadPoolExecutor(bench.threads) as several:
        return list(several.map(lambda partition: scored(bench, name, who, partition), range(PARTITIONS)))


def accused(bench, name, harm, size, system, strength):
    who, method = SYSTEMS[system]
    found, this, undisturbed = all_scored(bench, name, who), cell(harm, strength, size), cell(None, 0, size)

    def scores(method, cell):
        return [score for partition in found for score in partition["scores"][method][cell]]

    limit = threshold(scores(method, undisturbed))
    values = {"detected": (statistics.fmean(score > limit for score in scores(method, this)), "share")}
    if system == "griddle":
        values["alarms"] = (statistics.fmean(scores("alarm", this)), "share")
    if method in ("all", "CBPE"):
        true = [score for partition in all_scored(bench, name, "griddle")
                for score in partition["scores"]["true accuracy"][this]]
        off = [100 * abs(a - b) for a, b in zip(scores("estimated accuracy", this), true)]
        values["estimate is off"] = (statistics.fmean(off), "points")
    return Reading(found[0]["version"], values)


def cases(bench):
    for name, plan in MODELS.items():
        for size in plan.sizes:
            for harm in (None, *HARMS):
                windows = PARTITIONS * (HARMED if harm else UNDISTURBED)
                yield Case(f"{name}, {windows} windows of {size}, {harm or 'undisturbed'}", {
                    system: functools.partial(accused, bench, name, harm, size, system) for system in SYSTEMS},
                    rounds=STRENGTHS if harm else 1)
