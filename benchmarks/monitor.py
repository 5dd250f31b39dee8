# SPDX-License-Identifier: Apache-2.0
"""Does a monitor see harm, and how seldom does it accuse what is none: `griddle monitor check`, evidently and nannyml on the
same windows of what a server captured; docs/benchmarks.md tells how windows come about. Of two models: `cifar10`, a ResNet-20
of ten classes, and `scones`. A round is a strength of a harm, from the weakest; a month of the undisturbed hours.

detected          share of windows that are accused, where thresholds are such that 1% of undisturbed windows are
alarms            of griddle, at the level that it came to by itself
estimate is off   mean distance of the accuracy that was estimated without labels from the true one

Models, captures and scores are made once, under build/bench/monitor; griddle's scores anew for another build of it."""
import concurrent.futures
import functools
import json
import statistics

from bench import ROOT, Case, Reading, run
from monitoring.plan import HARMS, HOURS_A_MONTH, MODELS, MONTHS, STRENGTHS, cell
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


def fresh(bench, path, made_by_griddle):
    return path.exists() and not (made_by_griddle and path.stat().st_mtime < bench.griddle.stat().st_mtime)


@functools.lru_cache(maxsize=None)
def scored(bench, name, who):
    """What score_WHO.py found in each partition, or month."""
    pool, griddle = captured(bench, name), who in ("griddle", "month")

    def part(i):
        out = pool / "scores" / f"{who}-{i}.json"
        if not fresh(bench, out, griddle):
            words = (bench.griddle, pool / "run", pool) if griddle else (pool,)
            script(bench, f"score_{who}.py", *words, i, out)
        return json.loads(out.read_text(encoding="utf-8"))

    with concurrent.futures.ThreadPoolExecutor(bench.threads) as several:
        return list(several.map(part, range(MONTHS if who == "month" else MODELS[name].partitions)))


def scores(bench, name, who, method, of):
    return [score for partition in scored(bench, name, who) for score in partition["scores"][method][of]]


def accused(bench, name, harm, size, system, strength):
    who, method = SYSTEMS[system]
    these = cell(harm, strength, size)
    limit = threshold(scores(bench, name, who, method, cell(None, 0, size)))
    values = {"detected": (statistics.fmean(score > limit for score in scores(bench, name, who, method, these)), "share")}
    if method == "all":
        values["alarms"] = (statistics.fmean(scores(bench, name, who, "alarm", these)), "share")
    if method in ("all", "CBPE"):
        estimated = scores(bench, name, who, "estimated accuracy", these)
        true = scores(bench, name, who, "true accuracy", these)
        values["estimate is off"] = (statistics.fmean(100 * abs(a - b) for a, b in zip(estimated, true)), "points")
    return Reading(scored(bench, name, who)[0]["version"], values)


def accused_in_a_month(bench, name, month):
    found = scored(bench, name, "month")[month]
    return Reading(found["version"], {"alarms in a month": (found["alarms"], "alarms")})


def cases(bench):
    for name, plan in MODELS.items():
        for size in plan.sizes:
            for harm in (None, *HARMS):
                windows = plan.partitions * (plan.windows if harm else plan.undisturbed)
                yield Case(f"{name}, {windows} windows of {size}, {harm or 'undisturbed'}", {
                    system: functools.partial(accused, bench, name, harm, size, system) for system in SYSTEMS},
                    rounds=STRENGTHS if harm else 1)
        yield Case(f"{name}, {HOURS_A_MONTH} undisturbed hours a month", {
            "griddle": functools.partial(accused_in_a_month, bench, name)}, rounds=MONTHS)
