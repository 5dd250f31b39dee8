# SPDX-License-Identifier: Apache-2.0
"""What `griddle monitor quality` writes are scikit-learn's figures of the same labels and answers, and numpy's where that has
none, of captures and label files as they come: shuffled, in parts, some without the other."""
import json
import math
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from sklearn import metrics as sk
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

GRIDDLE = os.environ["GRIDDLE"]
random = np.random.default_rng(int(os.environ.get("GRIDDLE_SEED", "7")))
BINS = 15


def near(what, got, want, tolerance=1e-12):
    assert abs(float(got) - float(want)) <= tolerance, f"{what}: {got!r} where it is {want!r}"


def write(rows, labels):
    """Records in any order, a tenth without a label; labels likewise."""
    order = random.permutation(len(rows))
    with open("captured.jsonl", "w", encoding="utf-8") as file:
        for i in order:
            body = json.dumps([float(p) for p in rows[i]])
            file.write(json.dumps({
                "captureData": {"endpointOutput": {"observedContentType": "application/json", "mode": "OUTPUT",
                                                   "data": body, "encoding": "JSON"}},
                "eventMetadata": {"eventId": f"e{i}", "inferenceTime": "2026-11-27T00:00:00Z"},
                "eventVersion": "0"}) + "\n")
    with open("labels.jsonl", "w", encoding="utf-8") as file:
        for i in random.permutation(len(labels)):
            file.write(json.dumps({"groundTruthData": {"data": str(labels[i]), "encoding": "CSV"},
                                   "eventMetadata": {"eventId": f"e{i}"}, "eventVersion": "0"}) + "\n")


def wilson(p, n, z=1.959963984540054):
    middle, half = p + z * z / 2 / n, z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return [(middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)]


def calibration(confidence, right):
    bins = np.minimum((confidence.astype(np.float64) * BINS).astype(int), BINS - 1)
    return sum(abs(np.sum(right[bins == b]) - np.sum(confidence[bins == b], dtype=np.float64)) for b in range(BINS)) / len(right)


def f_beta(label, answer, beta, **how):
    return sk.fbeta_score(label, answer, beta=beta, zero_division=0, **how)


def figures(label, answer, how):
    yield "accuracy", sk.accuracy_score(label, answer)
    yield "recall", sk.recall_score(label, answer, zero_division=0, **how)
    yield "precision", sk.precision_score(label, answer, zero_division=0, **how)
    for name, beta in (("f0_5", 0.5), ("f1", 1), ("f2", 2)):
        yield name, f_beta(label, answer, beta, **how)


def check_binary(got, label, answer, score):
    tn, fp, fn, tp = sk.confusion_matrix(label, answer, labels=[0, 1]).ravel()
    for name, want in (("true_positive_rate", tp / (tp + fn)), ("false_negative_rate", fn / (tp + fn)),
                       ("true_negative_rate", tn / (tn + fp)), ("false_positive_rate", fp / (tn + fp)),
                       ("auc", sk.roc_auc_score(label, score))):
        near(name, got[name]["value"], want)
    roc = got["receiver_operating_characteristic_curve"]
    x, y, _ = sk.roc_curve(label, score, drop_intermediate=False)
    points = set(zip(np.round(x, 12), np.round(y, 12)))
    mine = list(zip(np.round(roc["false_positive_rates"], 12), np.round(roc["true_positive_rates"], 12)))
    assert mine[0] == (0, 0) and mine[-1] == (1, 1) and len(mine) <= 101 and set(mine) <= points, mine
    curve = got["precision_recall_curve"]
    precision, recall, _ = sk.precision_recall_curve(label, score)
    points = set(zip(np.round(precision, 12), np.round(recall, 12)))
    assert set(zip(np.round(curve["precisions"], 12), np.round(curve["recalls"], 12))) <= points


def binary_errors(label, answer):
    """The jackknife, picture by picture, such that a share's is the binomial one."""
    names, values = None, []
    for i in range(len(label)):
        rest = np.arange(len(label)) != i
        names, row = zip(*figures(label[rest], answer[rest], {"pos_label": 1}))
        values.append(row)
    values, n = np.array(values), len(label)
    return dict(zip(names, (n - 1) / n * np.sqrt(np.sum((values - values.mean(axis=0)) ** 2, axis=0))))


def check(classes, n, sharpness):
    powers = np.exp(sharpness * random.normal(size=(n, classes)))
    rows = np.float32(powers / powers.sum(axis=1, keepdims=True))
    rows[::7] = np.round(rows[::7], 1)  # ties
    answer = rows.argmax(axis=1)
    label = np.where(random.random(n) < 0.75, answer, random.integers(0, classes, n))
    kept = n - n // 10
    write(rows, label[:kept])
    rows, answer, label = rows[:kept], answer[:kept], label[:kept]
    run = subprocess.run([GRIDDLE, "monitor", "quality", "captured.jsonl", "labels.jsonl", "-o", "out", "--worth", "0", "--json"],
                         check=True, capture_output=True, text=True)
    said = json.loads(run.stdout)
    own = said["griddle"]
    binary = classes == 2
    got = said["binary_classification_metrics" if binary else "multiclass_classification_metrics"]
    how = {"pos_label": 1} if binary else {"average": "weighted"}
    assert said["dataset"]["item_count"] == kept

    want = sk.confusion_matrix(label, answer, labels=range(classes))
    assert [[got["confusion_matrix"][str(a)][str(b)] for b in range(classes)] for a in range(classes)] == want.tolist()
    constant = np.full(kept, np.bincount(label, minlength=classes).argmax())
    for answers, ending in ((answer, ""), (constant, "_best_constant_classifier")):
        for name, value in figures(label, answers, how):
            whole = ("" if binary or name == "accuracy" else "weighted_") + name + ending
            near(whole, got[whole]["value"], value)
            deviation = got[whole]["standard_deviation"]
            assert (deviation == "NaN") == (kept < 200), (whole, kept, deviation)
            assert kept < 200 or 0 <= deviation < 0.1
    if binary:
        check_binary(got, label, answer, rows[:, 1])
        near("average precision", own["average_precision"], sk.average_precision_score(label, rows[:, 1]))
        if kept < 300:
            for name, value in binary_errors(label, answer).items():
                near(f"error of {name}", own["standard_errors"][name], value)

    confidence, right = rows.max(axis=1), answer == label
    near("calibration error", own["calibration_error"]["value"], calibration(confidence, right))
    each = ((rows.astype(np.float64) - np.eye(classes)[label]) ** 2).sum(axis=1)
    near("Brier score", own["brier_score"]["value"], each.mean(), 1e-7)  # its terms are kept in single precision
    for bound, value in zip(own["accuracy_interval"], wilson(right.mean(), kept)):
        near("interval", bound, value)
    assert sum(b["count"] for b in own["reliability"]) == kept
    near("reliability", sum(b["accuracy"] * b["count"] for b in own["reliability"] if b["count"]), right.sum(), 1e-9)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for k in (2, 3, 10, 60):
        for size in (30, 250, 3000):
            check(k, size, 1.5)
    check(2, 20000, 0.3)
    os.chdir("/")
print("figures as scikit-learn has them")
