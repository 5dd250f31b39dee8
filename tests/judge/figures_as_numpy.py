# SPDX-License-Identifier: Apache-2.0
"""A picture's own figures are what numpy computes by their definitions in src/image/figures.h, hue by the angle and the
weight of each single pixel. Real pictures with GRIDDLE_DATA."""
import io
import os
import subprocess
import sys
import tarfile
import tempfile

try:
    import numpy as np
    from PIL import Image
    from safetensors.numpy import save_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

JUDGE = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-judge")
random = np.random.default_rng(11)


def by_numpy(pixels):
    h, w, channels = pixels.shape
    p = pixels.astype(np.float64)
    r, g, b = (p[:, :, c if channels == 3 else 0] for c in range(3))
    y = np.floor((299 * r + 587 * g + 114 * b + 500) / 1000)
    most, least = np.maximum(np.maximum(r, g), b), np.minimum(np.minimum(r, g), b)
    whole = np.where(most > 0, most, 1)
    colour = ((2 * r - g - b) + 1j * np.sqrt(3) * (g - b)) / whole  # its angle is the pixel's hue
    direction = np.mean(np.abs(colour) * np.exp(1j * np.angle(colour)))
    hue = np.angle(direction, deg=True) % 360 if (most > least).any() else np.nan
    laplacian = y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:] - 4 * y[1:-1, 1:-1]
    share = np.unique(y, return_counts=True)[1] / y.size
    return {"brightness": y.mean() / 255, "contrast": y.std() / 255, "saturation": ((most - least) / whole).mean(), "hue": hue,
            "sharpness": laplacian.var() if laplacian.size else 0, "entropy": -(share * np.log2(share)).sum(),
            "red": r.mean() / 255, "green": g.mean() / 255, "blue": b.mean() / 255, "height": h, "width": w, "aspect": w / h}, abs(direction)


def made_up():
    for h, w in [(1, 1), (1, 9), (9, 1), (2, 2), (2, 700), (3, 3), (3, 1026), (4, 1027), (31, 257), (64, 64), (5, 16384), (16384, 3)]:
        for channels in (1, 3):
            noise = random.integers(0, 256, (h, w, channels)).astype(np.uint8)
            yield noise
            yield noise // 64 + 100
            yield np.where(noise > 127, 255, 0).astype(np.uint8)
            yield np.full((h, w, channels), int(random.integers(0, 256)), np.uint8)
    for colour in [(0, 0, 0), (255, 255, 255), (255, 0, 0), (255, 255, 0), (0, 255, 0), (0, 255, 255), (0, 0, 255),
                   (255, 0, 255), (200, 100, 50), (1, 0, 0), (7, 7, 9)]:
        yield np.full((6, 5, 3), colour, np.uint8)


def real():
    path = os.path.join(os.environ.get("GRIDDLE_DATA", ""), "imagenette224-subset.tar")
    if not os.path.exists(path):
        print(f"without real pictures: no '{path}'; set GRIDDLE_DATA")
        return
    with tarfile.open(path) as archive:
        for member in [member for member in archive if member.name.endswith(".JPEG")][::125]:
            picture = Image.open(io.BytesIO(archive.extractfile(member).read()))
            yield np.asarray(picture.convert("RGB"))
            yield np.asarray(picture.convert("L"))[:, :, None]


pictures = [*made_up(), *real()]
with tempfile.TemporaryDirectory() as folder:
    file = os.path.join(folder, "pictures")
    save_file({f"{i:06}": np.ascontiguousarray(pixels) for i, pixels in enumerate(pictures)}, file)
    lines = subprocess.run([JUDGE, "figures", file], check=True, capture_output=True, text=True).stdout.splitlines()
names = lines[0].split()
assert len(lines) == 1 + len(pictures)
for pixels, line in zip(pictures, lines[1:]):
    (want, colourfulness), got = by_numpy(pixels), dict(zip(names, map(float, line.split())))
    assert list(want) == names, names
    for name in names:
        if np.isnan(want[name]) or np.isnan(got[name]):
            ok = np.isnan(want[name]) and np.isnan(got[name])
        elif name == "hue":  # on the circle; where colours nearly cancel, the angle of what is left is worth less
            ok = np.radians(abs((got[name] - want[name] + 180) % 360 - 180)) * colourfulness < 2e-6
        else:
            ok = abs(got[name] - want[name]) <= (1e-6 if name == "saturation" else 1e-12 + 1e-10 * abs(want[name]))
        assert ok, f"{name} of {pixels.shape}: {got[name]!r} where numpy has {want[name]!r}"
print(f"{len(pictures)} pictures, {len(names)} figures each")
