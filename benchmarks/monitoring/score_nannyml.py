#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nannyml on every window of a partition: score_nannyml.py POOL PARTITION OUT.json [--classifier N]

A score per method and window, as score_evidently.py gives them. Windows are chunks of one table, as nannyml wants them.

Jensen-Shannon  per column, its default; the greatest
PCA             on features, its reconstruction error: how far from the baseline's mean
CBPE            its estimate of the accuracy, from probabilities alone: how far from the baseline's mean
classifier      on features, its domain classifier: area under the curve. It takes seconds a window, and is asked only with
                --classifier, about the first N harmed and the first 10 N undisturbed windows of 200 of a cell

CBPE's estimates themselves are kept beside, and the truth: what they are worth is measured, too."""
import argparse
import os
import pathlib
import warnings

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
import nannyml  # noqa: E402
import pandas as pd  # noqa: E402
from nannyml.drift.multivariate.domain_classifier import calculator as domain_classifier  # noqa: E402

from plan import COLUMNS  # noqa: E402
from scores import Scores  # noqa: E402
from windows import Pool, windows  # noqa: E402

CLASSIFIER_SIZE = 200
NUMBERS = [*COLUMNS, "confidence"]


def table(pool, rows):
    probabilities, features = pool.table(rows, "probabilities"), pool.table(rows, "features")
    frame = pd.DataFrame(pool.table(rows, "columns"), columns=COLUMNS)
    frame["confidence"] = probabilities.max(1)
    frame["answer"] = [pool.classes[i] for i in probabilities.argmax(1)]
    frame[[f"p {name}" for name in pool.classes]] = probabilities
    return pd.concat([frame, pd.DataFrame(features, columns=[f"feature {i}" for i in range(features.shape[1])])], axis=1)


def with_labels(pool, rows):
    frame = table(pool, rows)
    frame["label"] = [pool.classes[pool.labels[i]] for _, at in rows for i in at]
    return frame


def values(result, *column):
    """Of a result: the windows' values, and the baseline's mean."""
    frame = result.to_df()
    period = frame[[name for name in frame.columns if name[-1] == "period"][0]]
    found = frame[column]
    return found[period == "analysis"].to_numpy(), found[period == "reference"].mean()


def univariate(size, reference, chunks):
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=[*NUMBERS, "answer"], treat_as_categorical=["answer"], chunk_size=size,
        continuous_methods=["jensen_shannon"], categorical_methods=["jensen_shannon"])
    result = calculator.fit(reference).calculate(chunks)
    return pd.DataFrame({name: values(result, name, "jensen_shannon", "value")[0]
                         for name in [*NUMBERS, "answer"]}).max(axis=1)


def reconstruction(size, reference, chunks, features):
    calculator = nannyml.DataReconstructionDriftCalculator(column_names=features, chunk_size=size)
    found, mean = values(calculator.fit(reference).calculate(chunks), "reconstruction_error", "value")
    return abs(found - mean)


def estimate(size, reference, chunks, classes):
    kind, probabilities = "classification_multiclass", {name: f"p {name}" for name in classes}
    if len(classes) == 2:  # for nannyml another problem: of labels 0 and 1, and the probability of 1
        kind, probabilities = "classification_binary", f"p {classes[1]}"
        reference, chunks = reference.copy(), chunks.copy()
        for frame, name in ((reference, "answer"), (reference, "label"), (chunks, "answer")):
            frame[name] = (frame[name] == classes[1]).astype(int)
    calculator = nannyml.CBPE(y_pred_proba=probabilities, y_pred="answer", y_true="label", problem_type=kind,
                              metrics=["accuracy"], chunk_size=size)
    return values(calculator.fit(reference).estimate(chunks), "accuracy", "value")


def classifier(reference, chunks, features):
    """Fitting only tries chunks of the reference, to find no threshold; so it has one chunk."""
    calculator = nannyml.DomainClassifierCalculator(
        feature_column_names=features, chunk_size=len(reference),
        hyperparameters={**domain_classifier.DEFAULT_LGBM_HYPERPARAMS, "n_jobs": 1, "verbose": -1})
    calculator.fit(reference)
    calculator.chunker = nannyml.SizeBasedChunker(CLASSIFIER_SIZE)
    return values(calculator.calculate(chunks), "domain_classifier_auroc", "value")[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pool", type=pathlib.Path)
    parser.add_argument("partition", type=int)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--classifier", type=int, default=0, metavar="N")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    pool, scores = Pool(options.pool), Scores(f"nannyml {nannyml.__version__}")
    reference = with_labels(pool, pool.baseline_rows(options.partition))
    features = [name for name in reference if name.startswith("feature ")]
    for size in pool.plan.sizes:
        asked = [w for w in windows(pool, options.partition) if w.size == size]
        if options.classifier:
            asked = [w for w in asked if size == CLASSIFIER_SIZE and
                     w.number < (options.classifier if w.harm else 10 * options.classifier)]
        if not asked:
            continue
        chunks = pd.concat([table(pool, w.rows(pool)) for w in asked], ignore_index=True)
        if options.classifier:
            found = {"classifier": classifier(reference, chunks, features)}
        else:
            accuracy, mean = estimate(size, reference, chunks, pool.classes)
            found = {"Jensen-Shannon": univariate(size, reference, chunks),
                     "PCA": reconstruction(size, reference, chunks, features),
                     "CBPE": abs(accuracy - mean), "estimated accuracy": accuracy,
                     "true accuracy": [pool.right(w.rows(pool)).mean() for w in asked]}
        for method, of_windows in found.items():
            for window, score in zip(asked, of_windows):
                scores.add(window, method, score)
    scores.write(options.out)


if __name__ == "__main__":
    main()
