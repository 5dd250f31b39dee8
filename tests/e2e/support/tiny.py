# SPDX-License-Identifier: Apache-2.0
"""A model of 3 classes over grey 4x4 pictures, its answer computed here, and pictures to ask it about: with the standard
library alone."""
import array
import json
import math
import struct
import zlib

SIDE, CLASSES = 4, ["bicycle", "motorcycle", "ne\u00efther"]
WEIGHT = [[(c * 16 + i) * 7 % 23 / 64 - 0.17 for i in range(SIDE * SIDE)] for c in range(len(CLASSES))]
BIAS = [0.25, -0.5, 0.125]


def node(op, name, source, **settings):
    params = [f"{name}.w", f"{name}.b"] if op == "linear" else []
    return {"op": op, "name": name, "type": "F32", "in": [source], "params": params, "settings": settings}


GRAPH = {
    "format_version": 1,
    "inputs": [{"name": "images", "type": "U8", "shape": [SIDE, SIDE, 1]}],
    "nodes": [
        node("augment", "input", "images", mean=[128], deviation=[64]),
        node("flatten", "features", "input"),
        node("linear", "logits", "features", features=len(CLASSES)),
        node("softmax", "probabilities", "logits"),
    ],
    "outputs": ["probabilities"],
}


def write_model(path, graph=None, weight=None):
    values = {"logits.w": ([len(CLASSES), SIDE * SIDE], sum(weight or WEIGHT, [])), "logits.b": ([len(CLASSES)], BIAS)}
    header = {
        "__metadata__": {
            "format": "griddle-model",
            "format_version": "1",
            "graph": json.dumps(graph or GRAPH),
            "classes": json.dumps(CLASSES),
            "preprocess": json.dumps({"height": SIDE, "width": SIDE, "channels": 1, "resize": "short-side", "flip": False}),
        }
    }
    data = b""
    for name, (shape, numbers) in values.items():
        piece = array.array("f", numbers).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def picture(seed):
    return bytes((i * i * 31 + i * 17 + seed * 101) % 256 for i in range(SIDE * SIDE))


def probabilities(pixels):
    logits = [sum(w * (p - 128) / 64 for w, p in zip(row, pixels)) + b for row, b in zip(WEIGHT, BIAS)]
    powers = [math.exp(logit) for logit in logits]
    return [power / sum(powers) for power in powers]


def write_pgm(path, pixels, side=SIDE):
    with open(path, "wb") as file:
        file.write(b"P5 %d %d 255\n" % (side, side) + pixels)


def write_png(path, pixels, side=SIDE):
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + pixels[i : i + side] for i in range(0, len(pixels), side))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
