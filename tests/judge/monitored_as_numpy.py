# SPDX-License-Identifier: Apache-2.0
"""A baseline's files are what the managed monitor's are, with what numpy makes of the same columns in them; and a folder
that such a monitor wrote, without a file of ours, is judged as it would."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from safetensors import safe_open
    from safetensors.numpy import save_file
    from scipy import stats
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

JUDGE = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-judge-monitored")
random = np.random.default_rng(11)
here = pathlib.Path(tempfile.mkdtemp())


def ask(*words):
    run = subprocess.run([JUDGE, *map(str, words)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def read(path):
    """As strict as JSON is: no NaN, no keys twice."""
    def once(pairs):
        assert len({key for key, _ in pairs}) == len(pairs), f"{path}: a key is there twice: {pairs}"
        return dict(pairs)

    def refuse(word):
        raise AssertionError(f"{path}: {word} is no JSON")

    return json.loads(path.read_text() if isinstance(path, pathlib.Path) else path, object_pairs_hook=once,
                      parse_constant=refuse)


def near(what, got, want, relative=1e-12, absolute=0.0):
    assert abs(got - want) <= relative * abs(want) + absolute, f"{what}: {got!r} where numpy has {want!r}"


def fnv_1a(data):
    digest = 0xCBF29CE484222325
    for byte in data:
        digest = (digest ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{digest:016x}"


def keys(what, got, want):
    assert set(got) == set(want.split()), f"{what} has {sorted(got)}, not {sorted(want.split())}"


# ---- columns that a sketch holds as they are, and ones that it cannot -------------------------------------------------
few, many = 2000, 200_000
columns = {
    "bell": random.normal(3, 1, many),
    "lognormal \"é\"": random.lognormal(0, 1, many),
    "small": random.random(few) * 1e-12,
    "whole": random.integers(-5, 500, few),
    "constant": np.full(few, 7.25),
    "missing": np.where(random.random(few) < 0.1, np.nan, random.random(few)),
}
save_file(columns, here / "table")
ask("baseline", here / "table", here / "baseline")
assert sorted(p.name for p in (here / "baseline").iterdir()) == [
    "baseline.safetensors", "constraints.json", "statistics.json"]

statistics = read(here / "baseline" / "statistics.json")
keys("statistics.json", statistics, "version dataset features griddle")
assert statistics["dataset"] == {"item_count": many}
features = {feature["name"]: feature for feature in statistics["features"]}
assert set(features) == set(columns)
for name, x in columns.items():
    feature, finite = features[name], x[np.isfinite(x)].astype(float)
    keys(name, feature, "name inferred_type numerical_statistics griddle")
    assert feature["inferred_type"] == ("Integral" if name == "whole" else "Fractional")
    numbers = feature["numerical_statistics"]
    keys(name, numbers, "common mean sum std_dev min max distribution")
    assert numbers["common"] == {"num_present": len(finite), "num_missing": many - len(finite)}
    near(name, numbers["mean"], finite.mean())
    near(name, numbers["sum"], finite.sum(), 1e-11)
    near(name, numbers["std_dev"], finite.std(), 1e-9)
    assert numbers["min"] == finite.min() and numbers["max"] == finite.max()

    keys(name, numbers["distribution"], "kll")
    kll = numbers["distribution"]["kll"]
    keys(name, kll, "buckets sketch")
    keys(name, kll["sketch"], "parameters data")
    assert kll["sketch"]["parameters"] == {"c": 0.64, "k": 2048}
    data = kll["sketch"]["data"]
    assert sum(len(level) << h for h, level in enumerate(data)) == len(finite)
    kept = np.concatenate([np.repeat(level, 1 << h) for h, level in enumerate(data)])
    error = feature["griddle"]["rank_error"]
    assert (error == 0) == (len(x) == few) and error < 0.02
    at = np.quantile(finite, np.linspace(0, 1, 101))
    apart = [abs(np.mean(kept <= edge) - np.mean(finite <= edge)) for edge in at]
    assert max(apart) <= error, f"{name}: ranks are off by {max(apart)}, more than {error}"
    if error == 0:
        assert np.array_equal(np.sort(kept), np.sort(finite))

    buckets = kll["buckets"]
    assert len(buckets) == 10 and sum(bucket["count"] for bucket in buckets) == len(finite)
    edges = np.linspace(finite.min(), finite.max(), 11)
    below = 0
    for i, bucket in enumerate(buckets):
        keys(name, bucket, "lower_bound upper_bound count")
        near(name, bucket["lower_bound"], edges[i], 1e-12, 1e-12 * abs(edges).max())
        near(name, bucket["upper_bound"], edges[i + 1], 1e-12, 1e-12 * abs(edges).max())
        below += bucket["count"]
        want = len(finite) if i == 9 else np.sum(finite < bucket["upper_bound"])
        near(name, below / len(finite), want / len(finite), 0, error)
    for share, value in feature["griddle"]["quantiles"].items():
        low, high = np.mean(finite < value), np.mean(finite <= value)
        assert low - error <= float(share) <= high + error, f"{name}: {value} is not the quantile {share}"

constraints = read(here / "baseline" / "constraints.json")
keys("constraints.json", constraints, "version features monitoring_config griddle")
assert constraints["griddle"] == {"alarms_per_month": 1, "checks_per_month": 100}
config = constraints["monitoring_config"]
keys("monitoring_config", config, "evaluate_constraints emit_metrics datatype_check_threshold domain_content_threshold "
     "distribution_constraints")
assert config["distribution_constraints"] == {
    "perform_comparison": "Enabled", "comparison_threshold": 0.1, "comparison_method": "Robust"}
for rule in constraints["features"]:
    name = rule["name"]
    keys(name, rule, "name inferred_type completeness num_constraints")
    assert rule["inferred_type"] == features[name]["inferred_type"]
    assert rule["num_constraints"] == {"is_non_negative": False}, "none of these has a least value of 0"
    have = int(np.isfinite(columns[name]).sum())
    near(name, rule["completeness"], stats.beta.ppf(1e-3, have, many - have + 1), 0, 1e-9)  # Clopper and Pearson

with safe_open(here / "baseline" / "baseline.safetensors", framework="np") as file:
    about = read(file.metadata()["griddle_baseline"])
    assert statistics["griddle"] == {"baseline": file.metadata()["griddle_digest"]}
    assert file.metadata()["griddle_statistics"] == fnv_1a((here / "baseline" / "statistics.json").read_bytes())
    for i, column in enumerate(about["columns"]):
        item, levels = file.get_tensor(f"column.{i}.item"), file.get_tensor(f"column.{i}.whole")[5::2]
        data = features[column["name"]]["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"]
        assert [len(level) for level in data] == list(levels)
        assert np.array_equal(np.concatenate(data), item), f"{column['name']}: the JSON has other digits"

# ---- a window against it ----------------------------------------------------------------------------------------------
window = {name: x[:1500] for name, x in columns.items() if name != "small"}
window["bell"] = random.normal(3.5, 1, 1500)
save_file(window, here / "window")
verdict = read(ask("check", here / "window", here / "baseline"))
found = {(v["feature_name"], v["constraint_check_type"]) for v in verdict["violations"]}
assert {("bell", "baseline_drift_check"), ("small", "missing_column_check")} <= found, found
for violation in verdict["violations"]:
    keys("a violation", violation, "feature_name constraint_check_type description")
bell = next(column for column in verdict["columns"] if column["name"] == "bell")
near("bell", bell["moved"], (window["bell"].mean() - columns["bell"].mean()) / columns["bell"].std(), 1e-9)
assert bell["alarm"] and bell["adjusted_p"] <= verdict["level"] and verdict["level"] == 0.01

# ---- a folder of the managed monitor's: what it would say -------------------------------------------------------------
managed = here / "managed"
managed.mkdir()
x, y = random.random(1000), random.random(800) ** 1.5
common = {"num_present": 1000, "num_missing": 0}
(managed / "statistics.json").write_text(json.dumps({
    "version": 0.0, "dataset": {"item_count": 1000}, "features": [{
        "name": "x", "inferred_type": "Fractional", "numerical_statistics": {
            "common": common, "mean": x.mean(), "sum": x.sum(), "std_dev": x.std(), "min": x.min(), "max": x.max(),
            "distribution": {"kll": {"buckets": [], "sketch": {
                "parameters": {"c": 0.64, "k": 2048.0}, "data": [list(x)]}}}}}]}))
save_file({"x": y}, here / "y")
both = np.concatenate([x, y])
ks = max(abs(np.searchsorted(np.sort(x), both, "right") / 1000 - np.searchsorted(np.sort(y), both, "right") / 800))
for method, distance in [("Simple", ks), ("Robust", max(0, ks - 1.8 * np.sqrt(1800 / 800_000)))]:
    (managed / "constraints.json").write_text(json.dumps({
        "version": 0.0, "features": [{"name": "x", "inferred_type": "Fractional", "completeness": 1.0,
                                      "num_constraints": {"is_non_negative": True}}],
        "monitoring_config": {"evaluate_constraints": "Enabled", "distribution_constraints": {
            "perform_comparison": "Enabled", "comparison_threshold": 0.01, "comparison_method": method}}}))
    verdict = read(ask("check", here / "y", managed))
    [violation] = verdict["violations"]
    assert (violation["feature_name"], violation["constraint_check_type"]) == ("x", "baseline_drift_check")
    said = re.fullmatch(r"Numerical distance: (0\.\d+) exceeds numerical threshold: 0\.01", violation["description"])
    near(method, float(said[1]), distance, 0, 6e-5)
print("statistics, constraints and tensors are what numpy and the managed format make of them")
