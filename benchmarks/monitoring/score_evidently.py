#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""evidently on every window of a partition: score_evidently.py POOL PARTITION OUT.json

A score per method and window, the greater the more unlike the baseline; what score is an alarm is decided later, alike for
all monitors (rates.py). evidently's own tests are called as its reports call them, without a report around each window.

KS              per column its test for references of up to 1,000 rows: KS, chi-square; the least p-value
Wasserstein     per column its default for longer ones: Wasserstein in deviations, Jensen-Shannon; the greatest
classifier      on features, its domain classifier: area under the curve
MMD             on features, its maximum mean discrepancy, against 1,000 rows of the baseline: all 5,000 take a second a window
"""
import pathlib
import sys

import evidently
import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests import (chi_stat_test, jensenshannon_stat_test, ks_stat_test,
                                                     wasserstein_stat_test)
from evidently.legacy.metrics.data_drift.embedding_drift_methods import mmd, model

from scores import Scores
from windows import Pool, windows

MMD_ROWS = 1000


def columns(pool, rows):
    """{name: values} of numbers, and the predicted class."""
    probabilities = pool.table(rows, "probabilities")
    values = np.column_stack([pool.table(rows, "columns"), probabilities.max(1)])
    return [pd.Series(column[np.isfinite(column)]) for column in values.T], pd.Series(probabilities.argmax(1))


def main():
    pool, partition, out = Pool(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3])
    scores = Scores(f"evidently {evidently.__version__}")
    baseline = pool.baseline_rows(partition)
    reference, reference_class = columns(pool, baseline)
    reference_features = pd.DataFrame(pool.table(baseline, "features"))
    for window in windows(pool, partition):
        rows = window.rows(pool)
        current, current_class = columns(pool, rows)
        features = pd.DataFrame(pool.table(rows, "features"))
        both = [(a, b) for a, b in zip(reference, current) if len(b)]  # frames without colour have no hue
        p = [ks_stat_test.func(a, b, "num", 0.05)[0] for a, b in both]
        p.append(chi_stat_test.func(reference_class, current_class, "cat", 0.05)[0])
        scores.add(window, "KS", -min(p))
        far = [wasserstein_stat_test.func(a, b, "num", 0.1)[0] for a, b in both]
        far.append(jensenshannon_stat_test.func(reference_class, current_class, "cat", 0.1)[0])
        scores.add(window, "Wasserstein", max(far))
        scores.add(window, "classifier", model()(features.copy(), reference_features.copy())[0])
        scores.add(window, "MMD", mmd()(features, reference_features[:MMD_ROWS])[0])
    scores.write(out)


if __name__ == "__main__":
    main()
