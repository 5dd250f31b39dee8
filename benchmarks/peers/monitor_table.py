# SPDX-License-Identifier: Apache-2.0
"""One table held against another by a peer of the monitor: monitor_table.py TOOL REFERENCE CURRENT FOLDER → one JSON object

evidently  its data drift preset with default tests, and its page
nannyml    univariate drift in ten chunks: Jensen-Shannon, KS, Wasserstein
scipy      KS and Wasserstein of each column
CBPE       nannyml's accuracy without labels: REFERENCE and CURRENT then only say how many rows, of made-up probabilities

`seconds` is the comparison itself, without imports, reading and page; `report` its page's size in bytes."""
import json
import os
import pathlib
import sys
import time
import warnings

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
warnings.simplefilter("ignore")
CHUNKS = 10


def timed(work):
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def frames(reference, current):
    import pandas as pd
    from safetensors.numpy import load_file
    return pd.DataFrame(load_file(reference)), pd.DataFrame(load_file(current))


def evidently(reference, current, folder):
    import evidently as tool
    from evidently.presets import DataDriftPreset
    a, b = (tool.Dataset.from_pandas(frame) for frame in frames(reference, current))
    found, seconds = timed(lambda: tool.Report([DataDriftPreset()]).run(b, a))
    page = folder / "evidently.html"
    found.save_html(str(page))
    return tool.__version__, seconds, page.stat().st_size


def nannyml(reference, current, folder):
    import nannyml as tool
    a, b = frames(reference, current)
    calculator = tool.UnivariateDriftCalculator(
        column_names=list(a), chunk_number=CHUNKS,
        continuous_methods=["jensen_shannon", "kolmogorov_smirnov", "wasserstein"])
    found, seconds = timed(lambda: calculator.fit(a).calculate(b))
    page = folder / "nannyml.html"
    found.filter(column_names=list(a)[:2], methods=["jensen_shannon"]).plot().write_html(page)  # all take minutes
    return tool.__version__, seconds, page.stat().st_size


def scipy(reference, current, _):
    import scipy as tool
    from scipy.stats import ks_2samp, wasserstein_distance
    from safetensors.numpy import load_file
    a, b = load_file(reference), load_file(current)
    _, seconds = timed(lambda: [(ks_2samp(a[name], b[name]), wasserstein_distance(a[name], b[name])) for name in a])
    return tool.__version__, seconds, None


def estimator(reference, current, _):
    import nannyml as tool
    import numpy as np
    import pandas as pd
    draw = np.random.default_rng(0)

    def made_up(rows):
        p = draw.beta(2, 2, rows)
        return pd.DataFrame({"p": p, "answer": (p > 0.5).astype(int), "label": (draw.random(rows) < p).astype(int)})

    a, b = (made_up(len(frame)) for frame in frames(reference, current))
    calculator = tool.CBPE(y_pred_proba="p", y_pred="answer", y_true="label", problem_type="classification_binary",
                           metrics=["accuracy"], chunk_number=CHUNKS)
    _, seconds = timed(lambda: calculator.fit(a).estimate(b.drop(columns="label")))
    return tool.__version__, seconds, None


def main():
    tool = {"evidently": evidently, "nannyml": nannyml, "scipy": scipy, "CBPE": estimator}[sys.argv[1]]
    version, seconds, report = tool(sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4]))
    print(json.dumps({"version": version, "seconds": seconds, "report": report}))


if __name__ == "__main__":
    main()
