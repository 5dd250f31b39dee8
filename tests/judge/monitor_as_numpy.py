# SPDX-License-Identifier: Apache-2.0
"""Functions of src/monitor over several numbers at once against numpy and scipy: covariance and principal directions,
calibration (isotonic regression), figures and curves with labels, the mix of classes behind a window's answers."""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from safetensors.numpy import save_file
    from scipy.optimize import isotonic_regression, minimize
    from scipy.stats import binomtest, mannwhitneyu
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

JUDGE = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-judge-multivariate")
random = np.random.default_rng(23)
folder = tempfile.TemporaryDirectory()


def ask(verb, tensors, *options):
    """name → list of arrays, one per line"""
    file = os.path.join(folder.name, "in")
    save_file({name: np.ascontiguousarray(array) for name, array in tensors.items()}, file)
    lines = {}
    for line in subprocess.run([JUDGE, verb, file, *options], check=True, capture_output=True, text=True).stdout.splitlines():
        name, *values = line.split()
        lines.setdefault(name, []).append(np.array(values, float))
    return lines


def near(got, want, tolerance, what):
    apart = np.max(np.abs(np.asarray(got) - np.asarray(want)), initial=0)
    assert apart <= tolerance, f"{what}: {apart} apart, {tolerance} allowed"


def features(n, d, middle):
    rows = (middle + random.standard_normal((n, d)) @ random.standard_normal((d, d)) * np.geomspace(1, 100, d)).astype(np.float32)
    got, x = {name: lines[0] for name, lines in ask("features", {"rows": rows}).items()}, rows.astype(np.float64)
    deviation = x.std(axis=0, ddof=1)
    scale = deviation[:, None] * deviation
    near((got["mean"] - x.mean(axis=0)) / deviation, 0, 1e-12 * (1 + abs(middle)), "mean")
    near((got["covariance"].reshape(d, d) - np.cov(x, rowvar=False)) / scale, 0, 1e-11, "covariance")
    value, vector = np.linalg.eigh(np.cov(x, rowvar=False))
    value, vector = value[::-1], vector.T[::-1]
    near(got["variance"], np.maximum(value, 0), 1e-12 * value[0], "variance")
    ours = got["vector"].reshape(d, d)
    gap = np.minimum(np.abs(np.diff(value, prepend=np.inf)), np.abs(np.diff(value, append=-np.inf)))
    for k in np.flatnonzero(gap > 1e-6 * value[0]):
        near(1 - abs(ours[k] @ vector[k]), 0, 1e-9, f"direction {k}")
    at = (x - x.mean(axis=0)) @ ours[:2].T
    near(got["at"].reshape(n, 2), at, 1e-9 * np.abs(x).max(), "coordinates")


def calibration(n):
    confidence = random.random(n).astype(np.float32)
    if n % 2:
        confidence = np.round(confidence, 2).astype(np.float32)  # many ties
    right = (random.random(n) < confidence**2).astype(np.uint8)
    window = random.random(50).astype(np.float32)
    got = {name: lines[0] for name, lines in ask("calibration", {"confidence": confidence, "right": right, "window": window}).items()}
    order = np.argsort(confidence, kind="stable")
    c, r = confidence[order], right[order].astype(float)
    bins, ends = min(32, n // 20), []
    for b in range(1, bins + 1):
        end = int(n * b / bins)
        while end < n and c[end] == c[end - 1]:
            end += 1
        if end > (ends[-1] if ends else 0):
            ends.append(end)
    first = [0, *ends[:-1]]
    count, hits = np.diff([0, *ends]), np.array([r[a:b].sum() for a, b in zip(first, ends)])
    want = isotonic_regression(hits / count, weights=count.astype(float)).x
    step = np.searchsorted(got["top"], c[np.array(ends) - 1])
    near((got["right"] / got["count"])[step], want, 1e-12, "calibrated shares")
    step = np.minimum(np.searchsorted(got["top"], window), len(got["top"]) - 1)
    near(got["estimate"][0], (got["right"] / got["count"])[step].mean(), 1e-12, "estimated accuracy")
    value, deviation = got["estimate"][:2]
    worth = round(value * (1 - value) / deviation**2)  # whole pictures: nearly that interval
    if 0.1 < value < 0.9:
        interval = binomtest(round(value * worth), worth).proportion_ci(0.95, "wilson")
        near(got["estimate"][2:], [interval.low, interval.high], 0.03, "interval")
    at = np.minimum((confidence.astype(float) * 15).astype(int), 14)
    ece = sum(abs(right[at == b].sum() - confidence[at == b].astype(float).sum()) for b in range(15)) / n
    near(got["ece"], ece, 1e-12, "expected calibration error")


def quality(n, classes):
    p = random.dirichlet(np.full(classes, 0.5), n)
    p = np.round(p, 1 if n % 2 else 6).astype(np.float32)
    label = np.array([random.choice(classes, p=row / row.sum()) for row in p.astype(float)], np.int32)
    label[label == classes - 1] = 0  # a class without labels
    answer = p.argmax(axis=1).astype(np.int32)
    got = ask("quality", {"label": label, "answer": answer, "probabilities": p})

    def divide(a, b):
        return np.divide(a, b, out=np.zeros_like(a, float), where=b > 0)

    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (label, answer), 1)
    right, labelled, answered = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    recall, precision = divide(right, labelled), divide(right, answered)
    scores = [divide((1 + b * b) * precision * recall, b * b * precision + recall) for b in (0.5, 1, 2)]
    each, weight = np.array([recall, precision, *scores]), labelled / n
    near(got["figures"][0][:6], [right.sum() / n, *(each @ weight)], 1e-12, "weighted figures")
    points = np.array(got["point"])
    for c in range(classes):
        near(got["figures"][1 + c][1:6], each[:, c], 1e-12, f"figures of class {c}")
        negatives, wrongly = n - labelled[c], answered[c] - right[c]
        missed = (labelled - right)[c] / labelled[c] if labelled[c] else 0
        rates = [(negatives - wrongly) / negatives, wrongly / negatives] if negatives else [0, 0]
        near(got["figures"][1 + c][6:], [recall[c], *rates, missed], 1e-12, f"rates of class {c}")
        positive, score = label == c, p[:, c]
        if positive.all() or not positive.any():
            assert np.isnan(got["areas"][c][0])
            continue
        near(got["areas"][c][0], mannwhitneyu(score[positive], score[~positive]).statistic / (positive.sum() * (~positive).sum()), 1e-12, "AUC")
        thresholds = np.unique(score)[::-1]
        above = score[:, None] >= thresholds
        hits, false = (above & positive[:, None]).sum(axis=0), (above & ~positive[:, None]).sum(axis=0)
        average = np.sum(np.diff(hits, prepend=0) / positive.sum() * hits / (hits + false))
        near(got["areas"][c][1], average, 1e-12, "average precision")
        mine = points[points[:, 0] == c]
        assert len(mine) <= 101 and (mine[0, 2:] == [0, 0, 1]).all() and (mine[-1, 2:4] == 1).all()
        k = np.searchsorted(-thresholds, -mine[1:, 1].astype(np.float32))
        near(mine[1:, 2:], np.stack([false[k] / (~positive).sum(), hits[k] / positive.sum(), hits[k] / (hits + false)[k]], axis=1), 1e-12, "points")
    near(got["brier"][0], ((p.astype(float) - np.eye(classes)[label])**2).sum(axis=1).mean(), 1e-12, "Brier score")


def shift(classes, parts, n):
    label = random.integers(0, classes, n).astype(np.int32)
    answer = np.where(random.random(n) < 0.7, label, random.integers(0, classes, n)).astype(np.int32)
    confidence = random.random(n).astype(np.float32) * np.where(answer == label, 1, 0.7).astype(np.float32)
    window = random.multinomial(500, random.dirichlet(np.ones(classes * parts))).astype(np.int32)
    got = ask("shift", {"label": label, "answer": answer, "confidence": confidence, "counts": window},
              "--classes", str(classes), "--parts", str(parts))
    table = np.array(got["row"])
    assert table.sum() == n and (table.reshape(classes, parts, classes).sum(axis=1).sum(axis=1) == np.bincount(answer, minlength=classes)).all()
    part = table.reshape(classes, parts, classes).sum(axis=(0, 2))
    near(part, n / parts, 1.5, "parts of the confidences")
    a = table / table.sum(axis=0)

    def unlikely(q):
        return -(window * np.log(np.maximum(a @ q, 1e-300))).sum() / 500

    best = min((minimize(unlikely, start, bounds=[(0, 1)] * classes, constraints={"type": "eq", "fun": lambda q: q.sum() - 1}, method="SLSQP",
                         options={"ftol": 1e-12, "maxiter": 500}) for start in (np.full(classes, 1 / classes), got["mix"][0])), key=lambda found: found.fun)
    assert unlikely(got["mix"][0]) <= best.fun + 1e-7, f"scipy finds a likelier mix: {best.x}, not {got['mix'][0]}"
    near(got["mix"][0].sum(), 1, 1e-9, "sum of the mix")
    near(got["condition"][0] / np.linalg.cond(a), 1, 1e-9, "condition")


for n, d, middle in [(50, 3, 0), (500, 64, 0), (1000, 20, 1000), (90, 128, 1)]:
    features(n, d, middle)
for n in (20, 39, 400, 1001, 5000):
    calibration(n)
for n, classes in [(200, 3), (501, 4), (1000, 8)]:
    quality(n, classes)
for classes, parts, n in [(2, 1, 300), (3, 4, 1000), (10, 4, 4000), (10, 1, 4000)]:
    shift(classes, parts, n)
print("features, calibration, quality and shift as numpy and scipy have them")
