# SPDX-License-Identifier: Apache-2.0
"""Captures of the tiny model's last hours, and a baseline of it."""
import base64
import datetime
import json
import os
import random
import subprocess
import time

import tiny

HOUR = 3600
LAG = 60  # how long after its end an hour is over to a watch (--lag)


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def record(draw, pixels, when, classes=None):
    """A line of the managed format: a PNG that was asked about and the answer to it."""
    tiny.write_png("one.png", pixels)
    with open("one.png", "rb") as file:
        body = base64.b64encode(file.read()).decode()
    answer = tiny.probabilities(pixels) if classes is None else [1 / classes] * classes
    return json.dumps({
        "captureData": {
            "endpointInput": {"observedContentType": "image/png", "mode": "INPUT", "data": body, "encoding": "BASE64"},
            "endpointOutput": {"observedContentType": "application/json", "mode": "OUTPUT", "data": json.dumps(answer),
                               "encoding": "JSON"},
        },
        "eventMetadata": {"eventId": "%032x" % draw.getrandbits(128), "inferenceTime": stamp(when)},
        "eventVersion": "0",
    }) + "\n"


def pixels_of(draw, shift=0):
    return bytes(min(255, max(0, round(draw.gauss(110 + shift, 40)))) for _ in range(tiny.SIDE ** 2))


def await_room(seconds):
    """No hour is over to a watch within so many seconds from here: where one would be, this waits for it."""
    left = HOUR - (time.time() - LAG) % HOUR
    if left < seconds:
        time.sleep(left + 1)


def write_captures(folder, kinds, pictures=200):
    """An hour for each of `kinds`, the last one just over: n as the baseline, b brighter, - none, o of another model,
    x broken lines. Returns when the first begins."""
    draw = random.Random(1)
    first = (int(time.time()) - LAG) // HOUR * HOUR - len(kinds) * HOUR
    for i, kind in enumerate(kinds):
        begin = first + i * HOUR
        hour = datetime.datetime.fromtimestamp(begin, datetime.timezone.utc).strftime("%Y/%m/%d/%H")
        place = os.path.join(folder, "scones", "AllTraffic", hour)
        os.makedirs(place, exist_ok=True)
        if kind == "-":
            continue
        with open(os.path.join(place, "00-00-000-0.jsonl"), "w", encoding="utf-8") as file:
            for k in range(pictures):
                if kind == "x":
                    file.write('{"captureData":\n')
                else:
                    file.write(record(draw, pixels_of(draw, 60 if kind == "b" else 0), begin + k * (HOUR // pictures),
                                      5 if kind == "o" else None))
    return first


def write_baseline(griddle, folder):
    """model.safetensors, pictures by class, and the baseline of them."""
    draw = random.Random(2)
    tiny.write_model("model.safetensors")
    for name in tiny.CLASSES:
        os.makedirs(os.path.join("pictures", name))
    for i in range(600):
        pixels = pixels_of(draw)
        label = draw.choices(tiny.CLASSES, tiny.probabilities(pixels))[0]
        tiny.write_png(os.path.join("pictures", label, f"{i}.png"), pixels)
    subprocess.run([griddle, "monitor", "baseline", "model.safetensors", "pictures", "-o", folder], check=True,
                   capture_output=True)
