# SPDX-License-Identifier: Apache-2.0
"""Fitting a picture is Pillow's bilinear resize and a cut: equal bits, or one grey level apart where a picture is more
than twice as high as wide (newer versions of Pillow resize those the other way round). Real pictures with GRIDDLE_DATA."""
import io
import os
import subprocess
import sys
import tarfile
import tempfile

try:
    import numpy as np
    from PIL import Image
    from safetensors.numpy import load_file, save_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

JUDGE = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-judge")
random = np.random.default_rng(7)


def by_pillow(pixels, height, width):
    """The short side to the target, the long one rounded down, the middle cut out: as torchvision writes it."""
    h, w, channels = pixels.shape
    scaled_h, scaled_w = (height, w * height // h) if w * height >= h * width else (h * width // w, width)
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[channels]
    image = Image.frombytes(mode, (w, h), pixels.tobytes()).resize((scaled_w, scaled_h), Image.BILINEAR)
    x, y = round((scaled_w - width) / 2.0), round((scaled_h - height) / 2.0)
    return np.asarray(image.crop((x, y, x + width, y + height))).reshape(height, width, channels)


def by_griddle(pixels, height, width, folder):
    source, target = os.path.join(folder, "in"), os.path.join(folder, "out")
    save_file({"pixels": np.ascontiguousarray(pixels)}, source)
    subprocess.run([JUDGE, "fit", source, target, "--height", str(height), "--width", str(width)], check=True)
    return load_file(target)["pixels"]


def odd_pictures():
    for trial in range(150):
        channels = int(random.choice([1, 3, 4]))
        h, w = (int(n) for n in random.integers(1, [6, 40, 300][trial % 3], 2))
        height, width = (int(n) for n in random.integers(1, [6, 64][trial % 2], 2))
        pixels = random.integers(0, 256, (h, w, channels)).astype(np.uint8)
        if trial % 5 == 0:
            pixels = (pixels > 127).astype(np.uint8) * 255  # the hardest edges
        yield pixels, height, width if trial % 4 else height
    for h, w in [(1, 16384), (16384, 1), (3, 5000), (2000, 2600), (1, 1), (32, 32), (33, 32), (31, 32)]:
        yield random.integers(0, 256, (h, w, 3)).astype(np.uint8), 32, 32


def real_pictures():
    path = os.path.join(os.environ.get("GRIDDLE_DATA", ""), "imagenette224-subset.tar")
    if not os.path.exists(path):
        print(f"without real pictures: no '{path}'; set GRIDDLE_DATA")
        return
    with tarfile.open(path) as archive:
        files = [member for member in archive if member.name.endswith(".JPEG")][::125]
        for member in files:
            pixels = np.asarray(Image.open(io.BytesIO(archive.extractfile(member).read())).convert("RGB"))
            yield pixels, 32, 32
            yield pixels, 160, 128
            yield pixels[:151, 13:], 97, 97
            yield pixels[5:60, 7:40], 224, 224


count = 0
with tempfile.TemporaryDirectory() as folder:
    for pictures in (odd_pictures(), real_pictures()):
        for pixels, height, width in pictures:
            apart = np.abs(by_griddle(pixels, height, width, folder).astype(int) - by_pillow(pixels, height, width)).max()
            allowed = 1 if pixels.shape[0] > 2 * pixels.shape[1] else 0
            assert apart <= allowed, f"{pixels.shape} to {height}x{width}: {apart} grey levels apart"
            count += 1
print(f"{count} pictures")
