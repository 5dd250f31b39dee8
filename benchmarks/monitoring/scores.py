# SPDX-License-Identifier: Apache-2.0
"""A monitor's scores of windows, on disk: {"version", "scores": {method: {cell: [a score per window]}}}, by partition."""
import json
import math

from plan import cell


class Scores:
    def __init__(self, version):
        self.version, self.scores = version, {}

    def add(self, window, method, score):
        if not math.isfinite(score):
            raise ValueError(f"{method} gives {score} for {window}")
        of_method = self.scores.setdefault(method, {})
        of_method.setdefault(cell(window.harm, window.strength, window.size), []).append(float(score))

    def write(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"version": self.version, "scores": self.scores}), encoding="utf-8")
        part.replace(path)
