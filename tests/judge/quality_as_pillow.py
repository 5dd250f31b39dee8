# SPDX-License-Identifier: Apache-2.0
"""What a file says of itself: of a JPEG by Pillow the quality that Pillow was asked for, whatever its colours, sampling and
kind; of a picture whose tables are nobody's, the nearest; of anything else, none."""
import io
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from PIL import Image
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

JUDGE = os.path.join(os.environ["GRIDDLE_BUILD"], "tests", "griddle-judge")
pixels = np.kron(np.random.default_rng(3).integers(0, 256, (5, 6, 3)), np.ones((4, 4, 1))).astype(np.uint8)
colour = Image.fromarray(pixels)
exif = Image.Exif()
exif[0x112] = 6
KINDS = {"4:2:0": (colour, {}), "4:4:4": (colour, {"subsampling": 0}), "progressive": (colour, {"progressive": True}),
         "optimised": (colour, {"optimize": True, "comment": b"\xff\xdb\x00\x43" + bytes(70)}), "exif": (colour, {"exif": exif}),
         "grey": (colour.convert("L"), {}), "inks": (colour.convert("CMYK"), {}), "rgb": (colour, {"keep_rgb": True})}


def describe(data, folder):
    path = os.path.join(folder, "file")
    with open(path, "wb") as file:
        file.write(data)
    kind, size, quality = subprocess.run([JUDGE, "describe", path], check=True, capture_output=True, text=True).stdout.split()
    assert int(size) == len(data)
    return kind, int(quality)


def saved(picture, kind, **options):
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()


with tempfile.TemporaryDirectory() as folder:
    for name, (picture, options) in KINDS.items():
        for quality in range(1, 101) if name in ("4:2:0", "grey") else (1, 10, 24, 25, 50, 75, 90, 100):
            got = describe(saved(picture, "JPEG", quality=quality, **options), folder)
            assert got == ("jpeg", quality), f"{name}: {got} where Pillow was asked for {quality}"
    for quality in (30, 49, 50, 80):
        with Image.open(io.BytesIO(saved(colour, "JPEG", quality=quality))) as file:
            table = list(file.quantization[0])
        for more in (-1, 1):  # nobody's table
            table[-1] += more
            got = describe(saved(colour, "JPEG", qtables=[table, table]), folder)
            assert got == ("jpeg", quality), f"{got} where a table is {more} away from that of {quality}"
            table[-1] -= more
    whole = saved(colour, "JPEG", quality=75)
    at = whole.index(b"\xff\xdb")
    assert describe(whole[:at + 4 + 65], folder) == ("jpeg", 0), "a file that ends in its table says nothing"
    assert describe(b"\xff\xd8\xff" + bytes(100), folder) == ("jpeg", 0)
    assert describe(saved(colour, "PNG"), folder) == ("png", 0)
    assert describe(saved(colour, "GIF"), folder) == ("none", 0)
    assert describe(b"", folder) == ("none", 0)
