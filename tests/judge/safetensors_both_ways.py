# SPDX-License-Identifier: Apache-2.0
"""The safetensors package reads what Griddle writes, and Griddle what it writes: tensors, types, shapes, metadata."""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import save_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

JUDGE = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-judge")
random = np.random.default_rng(1)
tensors = {
    "conv.w": random.standard_normal((16, 3, 3, 8)).astype(np.float32),
    'a "quoted" näme\n': random.integers(-9, 9, (5, 7)).astype(np.int64),
    "half": random.standard_normal(33).astype(np.float16),
    "double": random.standard_normal((2, 3, 1)),
    "scalar": np.array(2.5, np.float32),
    "nothing": np.zeros((0, 4), np.int32),
    "pixels": random.integers(0, 256, (3, 5, 3)).astype(np.uint8),
}
metadata = {"classes": '["Käse \\ \\"Brot\\"", "b"]', "empty": "", "tab\t": "line\nline \U0001f600"}

with tempfile.TemporaryDirectory() as folder:
    theirs, ours = os.path.join(folder, "theirs"), os.path.join(folder, "ours")
    save_file(tensors, theirs, metadata)
    subprocess.run([JUDGE, "copy", theirs, ours], check=True)
    with open(ours, "rb") as file:
        header = int.from_bytes(file.read(8), "little")
    assert (8 + header) % 64 == 0, f"data starts at {8 + header}"
    with safe_open(ours, "np") as file:
        assert file.metadata() == metadata, file.metadata()
        assert set(file.keys()) == set(tensors)
        for name, want in tensors.items():
            got = file.get_tensor(name)
            shape = want.shape or (1,)  # Griddle has no rank 0
            assert got.dtype == want.dtype and got.shape == shape, (name, got.dtype, got.shape)
            assert got.tobytes() == want.tobytes(), name

    # Cut short or longer than it says, neither reads it.
    with open(ours, "rb") as file:
        whole = file.read()
    bent = os.path.join(folder, "bent")
    cuts = [whole[:n] for n in range(0, len(whole), 101)]
    for trial, content in enumerate(cuts + [whole + b"\0"]):
        with open(bent, "wb") as file:
            file.write(content)
        try:
            with safe_open(bent, "np"):
                raise AssertionError(f"trial {trial}: the package accepts what is cut")
        except SafetensorError:
            pass
        refused = subprocess.run([JUDGE, "copy", bent, bent + ".out"], capture_output=True, text=True, check=False)
        assert refused.returncode == 1 and refused.stderr.count("\n") == 1, (trial, refused)
        assert not os.path.exists(bent + ".out"), trial
print(f"{len(tensors)} tensors both ways; {len(cuts) + 1} damaged files refused by both")
