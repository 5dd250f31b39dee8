# SPDX-License-Identifier: Apache-2.0
"""Pictures of every kind, staged, have the pixels that Pillow finds in them, within one grey level."""
import io
import json
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from PIL import Image, ImageOps
    from safetensors.numpy import load_file
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

GRIDDLE = os.environ["GRIDDLE"]
rng = np.random.default_rng(0)
blocks = np.kron(rng.integers(0, 256, (6, 6, 3)), np.ones((4, 4, 1))).astype(np.uint8)
colour = Image.fromarray(blocks)
grey = colour.convert("L")
translucent = colour.copy()
translucent.putalpha(Image.fromarray(rng.integers(0, 256, (24, 24), dtype=np.uint8)))
opaque = colour.copy()
opaque.putalpha(255)


def exif(orientation):
    tags = Image.Exif()
    tags[0x112] = orientation
    return {"exif": tags}


PICTURES = {
    "colour.png": (colour, {}), "grey.png": (grey, {}), "palette.png": (colour.convert("P"), {}),
    "palette-clear.png": (colour.convert("P"), {"transparency": 3}), "bits.png": (colour.convert("1"), {}),
    "opaque.png": (opaque, {}), "translucent.png": (translucent, {}), "grey-alpha.png": (translucent.convert("LA"), {}),
    "colour.jpg": (colour, {"quality": 90}), "444.jpg": (colour, {"subsampling": 0}), "grey.jpg": (grey, {}),
    "progressive.jpg": (colour, {"progressive": True}), "cmyk.jpg": (colour.convert("CMYK"), {"quality": 95}),
    **{f"turned-{o}.jpg": (colour, exif(o)) for o in range(1, 9)},
}


def as_pillow(data, mode):
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if "A" in picture.mode or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (255,) * 4), picture)
    return np.asarray(picture.convert("RGB").convert(mode)).reshape(24, 24, -1)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.environ["GRIDDLE_CACHE"] = os.path.join(folder, "cache")
    want = {}
    for name, (picture, options) in PICTURES.items():
        for kind in ("a", "b"):
            os.makedirs(f"set/{kind}", exist_ok=True)
            picture.save(f"set/{kind}/{name}", **options)
        with open(f"set/a/{name}", "rb") as file:
            want[name] = file.read()
    with open("c.yaml", "w", encoding="utf-8") as config:
        config.write("data:\n  source: set\n")
    for channels, mode in ((3, "RGB"), (1, "L")):
        done = subprocess.run([GRIDDLE, "stage", "c.yaml", "--json", "--set", f"data.channels={channels}"],
                              check=True, capture_output=True, text=True)
        tensors = load_file(json.loads(done.stdout)["staged"])
        names = bytes(tensors["train.names"]).decode().split("\0")[:-1]
        assert sorted(name[2:] for name in names if name.startswith("a/")) == sorted(PICTURES), names
        for name, got in zip(names, tensors["train.images"]):
            apart = np.abs(got.astype(int) - as_pillow(want[name[2:]], mode)).max()
            assert apart <= 1, f"{name}: {apart} grey levels apart in {mode}"
