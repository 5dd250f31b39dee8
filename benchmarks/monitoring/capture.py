#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every picture of a pool, as it is and with each harm at each strength, asked of a server that captures:
capture.py GRIDDLE MODEL POOL

POOL/lines gets two files per group of pictures ("undisturbed", "unknown classes", "noise 3", …), rows in the pool's order: the
captured lines (GROUP.jsonl), and the numbers in them that other monitors are given (GROUP.npz: columns, probabilities,
features). Bodies are not captured, what is seen of them is; windows are drawn from these lines (windows.py). A group that is
there is left as it is. Needs numpy and Pillow."""
import io
import itertools
import json
import pathlib
import queue
import shutil
import socket
import sys
import threading

import numpy as np
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from harm import harmed  # noqa: E402
from plan import COLUMNS, MODELS, PICTURES, STRENGTHS  # noqa: E402
from served import Server, free_port  # noqa: E402

CLIENTS = 2
ABREAST = 32  # requests on their way in a connection


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def groups(pool, harmed_pictures):
    """(group, its first picture's number in the pool, pictures one by one)"""
    pictures, strangers = pool["pictures"], pool["strangers"]
    first = len(pictures) - harmed_pictures
    yield "undisturbed", 0, iter(pictures)
    yield "unknown classes", 0, iter(strangers)
    for name in PICTURES:
        for strength in range(STRENGTHS):
            yield f"{name} {strength + 1}", first, (
                harmed(name, strength, pictures[i], i) for i in range(first, len(pictures)))


def request(ask, body):
    return (f"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: {len(body)}\r\n"
            f"X-Amzn-SageMaker-Inference-Id: {ask}\r\n\r\n").encode() + body


def ask_all(port, requests, failures):
    """On one connection, some requests at a time; only their statuses are read, the capture has the answers."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while some := list(itertools.islice(requests, ABREAST)):
            connection.sendall(b"".join(some))
            got = b""
            while got.count(b"HTTP/1.1 ") < len(some) or not got.endswith(b"]"):
                more = connection.recv(1 << 16)
                if not more:
                    break
                got += more
            if got.count(b"HTTP/1.1 200") != len(some):
                failures.put(got[:300])
                return


class Shared:
    """An iterator that several threads take from."""

    def __init__(self, source):
        self.source, self.lock = source, threading.Lock()

    def __iter__(self):
        return self

    def __next__(self):
        with self.lock:
            return next(self.source)


def serve_and_ask(griddle, model, pictures, folder, *options):
    """Asks a server for each of (number, picture); the captures are then in the folder."""
    port, failures, log = free_port(), queue.Queue(), folder.with_suffix(".log")
    shutil.rmtree(folder, ignore_errors=True)
    command = [griddle, "serve", model, "--port", port, "--capture", folder, "--capture-disk", 99, *options]
    with Server(command, port, log) as server:
        server.ready("GET", "/ping")
        requests = Shared(request(i, png(picture)) for i, picture in pictures)
        threads = [threading.Thread(target=ask_all, args=(port, requests, failures)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if not failures.empty():
        sys.exit(f"capture: a request was not answered: {failures.get()!r}")


def captured(griddle, model, pictures, folder):
    """The lines by number, and what other monitors are given of them."""
    serve_and_ask(griddle, model, pictures, folder, "--capture-mode", "output", "--capture-figures")
    lines = {}
    for path in folder.rglob("*.jsonl"):
        for line in path.read_bytes().splitlines():
            record = json.loads(line)
            lines[int(record["eventMetadata"]["inferenceId"])] = (line, *numbers(record))
    shutil.rmtree(folder)
    return lines


def numbers(record):
    """What other monitors are given: columns, probabilities, features."""
    seen = record["griddle"]["pictures"][0]
    return ([seen.get(name, np.nan) for name in COLUMNS], json.loads(record["captureData"]["endpointOutput"]["data"]),
            seen["features"])


def main():
    griddle, model, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
    out = folder / "lines"
    out.mkdir(exist_ok=True)
    with np.load(folder / "pool.npz") as file:
        pool = dict(file)
    for group, first, pictures in groups(pool, MODELS[folder.name].harmed):
        if (out / f"{group}.npz").exists():
            continue
        counted = itertools.count()
        lines = captured(griddle, model, ((first + next(counted), picture) for picture in pictures), out / "captured")
        asked = next(counted)
        if sorted(lines) != list(range(first, first + asked)):
            sys.exit(f"capture: {len(lines)} of {asked} answers were captured of '{group}'")
        rows = [lines[i] for i in sorted(lines)]
        (out / f"{group}.jsonl").write_bytes(b"".join(row[0] + b"\n" for row in rows))
        np.savez(out / f"{group}.npz", **{
            name: np.array([row[1 + k] for row in rows], np.float32)
            for k, name in enumerate(("columns", "probabilities", "features"))})
        print(f"{group}: {asked} pictures", file=sys.stderr)


if __name__ == "__main__":
    main()
