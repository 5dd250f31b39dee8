# SPDX-License-Identifier: Apache-2.0
"""The same run three times: the same bits."""
import hashlib

import shapes
from check import Failed

BUDGET = 20


def run(check):
    shapes.write(str(check.scratch / "bars"), train=80 if check.is_rehearsal else 960, test=30)
    config = check.scratch / "bars.yaml"
    config.write_text(shapes.CONFIG.format(folder=check.scratch / "bars"), encoding="utf-8")
    digests = {}
    for precision in check.precisions[:1] if check.is_rehearsal else check.precisions:
        for i in range(3):
            out = check.scratch / f"repeat-{precision}-{i}"
            check.griddle("train", config, "--device", "cuda", "--out", out,
                          *check.settings(train__precision=precision, train__epochs=1 if check.is_rehearsal else 4, train__tune=0))
            digests.setdefault(precision, []).append(hashlib.sha256((out / "model.safetensors").read_bytes()).hexdigest())
    different = [precision for precision, found in digests.items() if len(set(found)) > 1]
    if different:
        raise Failed(f"three runs in {' and '.join(different)} came to different bits", {"sha256": digests})
    return f"three runs each in {', '.join(digests)}: the same bits", {"sha256": digests}
