#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Known harm to a camera's pictures, each kind at five strengths: harm.py PICTURES.npz OUT.png draws a contact sheet.

The harms are plan.py's. Those that replace a share of a window's pictures need nothing here: such a window is mixed from what
was captured (windows.py). The same seed gives the same bits. Needs numpy and Pillow."""
import io
import sys
import zlib

import numpy as np
from PIL import Image, ImageDraw

from plan import PICTURES, STRENGTHS



def generator(*words):
    """Random numbers that belong to these words and numbers."""
    return np.random.default_rng([zlib.crc32(w.encode()) if isinstance(w, str) else w for w in words])


def rounded(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def through_jpeg(pixels, quality):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def blurred(pixels, radius):
    """By numbers that are not rounded in between, which Pillow's own filter does."""
    reach = int(np.ceil(4 * radius))
    x = np.arange(-reach, reach + 1)
    kernel = np.exp(-x * x / (2 * radius * radius))
    kernel /= kernel.sum()
    values = np.pad(pixels.astype(np.float64), ((reach, reach), (reach, reach), (0, 0)), "edge")
    for axis in (0, 1):
        values = sum(k * np.roll(values, i, axis) for k, i in zip(kernel, x))
    return rounded(values[reach:-reach, reach:-reach])


def rotated(pixels, degrees):
    """What lies behind the edge is the picture's mirror image: corners do not tell."""
    height, width, _ = pixels.shape
    wide = Image.fromarray(np.pad(pixels, ((height, height), (width, width), (0, 0)), "symmetric"))
    return np.asarray(wide.rotate(degrees, Image.Resampling.BICUBIC))[height:2 * height, width:2 * width]


def cropped(pixels, side):
    height, width, _ = pixels.shape
    top, left = (height - side) / 2, (width - side) / 2
    box = (left, top, left + side, top + side)
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC, box))


def harmed(name, strength, pixels, seed):
    """A picture (height, width, 3) of bytes with harm `name` at strength 0 to 4; `seed` is the picture's own."""
    amount = PICTURES[name][1][strength]
    if name == "brightness":
        return rounded(amount * pixels)
    if name == "blur":
        return blurred(pixels, amount)
    if name == "noise":
        return rounded(pixels + generator("noise", seed).normal(0, amount, pixels.shape))
    if name == "JPEG":
        return through_jpeg(pixels, amount)
    if name == "rotation":
        return rotated(pixels, amount if generator("rotation", seed).random() < 0.5 else -amount)
    if name == "colour cast":
        return rounded(pixels * np.array([1 + amount, 1, 1 - amount]))
    return cropped(pixels, amount)


def contact_sheet(pictures, side=64):
    """A row per harm of PICTURES, its five strengths behind the picture itself, two pictures each."""
    left, gap = 130, 4
    sheet = Image.new("RGB", (left + (2 * (STRENGTHS + 1)) * (side + gap), len(PICTURES) * (side + gap)), "white")
    draw = ImageDraw.Draw(sheet)
    for row, (name, (unit, amounts)) in enumerate(PICTURES.items()):
        y = row * (side + gap)
        draw.text((4, y + 4), f"{name}\n{unit}\n{', '.join(map(str, amounts))}", "black")
        for k in range(2):
            shown = [pictures[k], *(harmed(name, s, pictures[k], k) for s in range(STRENGTHS))]
            for column, picture in enumerate(shown):
                x = left + (k * (STRENGTHS + 1) + column) * (side + gap)
                sheet.paste(Image.fromarray(picture).resize((side, side), Image.Resampling.NEAREST), (x, y))
    return sheet


if __name__ == "__main__":
    contact_sheet(np.load(sys.argv[1])["pictures"]).save(sys.argv[2])
