# SPDX-License-Identifier: Apache-2.0
"""Clients that ask without pause about pictures whose answers they know."""
import http.client
import json
import random
import threading
import zlib

from server import near, tiny


def png(pixels, width=tiny.SIDE):
    """As tiny.write_png, into bytes."""
    def chunk(kind, content):
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    rows = b"".join(b"\0" + pixels[i:i + width] for i in range(0, len(pixels), width))
    size = width.to_bytes(4, "big") + (len(pixels) // width).to_bytes(4, "big")
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + b"\x08\0\0\0\0") + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


def problems(count, seed=1):
    generator = random.Random(seed)
    pictures = [generator.randbytes(tiny.SIDE**2) for _ in range(count)]
    return [(png(pixels), tiny.probabilities(pixels)) for pixels in pictures]


class Clients:
    """In a block: `answered`, `codes` of those that were refused in order, `refused` connections, `lost` replies (the server
    had the whole request), `mixed` ones (of another picture), `late` closings: a kept connection was closed before the
    server can have read of the next request, which a client asks again, as browsers do. `fresh`: a
    connection for each request."""

    def __init__(self, server, n=4, answers=None, again=False, count=50, fresh=False):
        self.server, self.n, self.answers, self.again = server, n, answers, again
        self.headers = {"Content-Type": "image/png", **({"Connection": "close"} if fresh else {})}
        self.problems = problems(count)
        self.going = True
        self.lock = threading.Lock()
        self.answered = self.refused = self.lost = self.mixed = self.late = 0
        self.codes, self.kinds = {}, {}

    def __enter__(self):
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(self.n)]
        for thread in self.threads:
            thread.start()
        return self

    def count(self, what, by=1):
        with self.lock:
            setattr(self, what, getattr(self, what) + by)

    def run(self, seed):
        generator = random.Random(seed)
        connection, fresh = None, True
        while self.going:
            body, want = generator.choice(self.problems)
            if connection is None:
                connection, fresh = self.server.connect(), True
                try:
                    connection.connect()
                except OSError:
                    self.count("refused")
                    connection = None
                    if not self.again:
                        return
                    continue
            try:
                connection.request("POST", "/invocations", body, self.headers)
                response = connection.getresponse()
                text = response.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.count("lost" if fresh else "late")
                connection = None
                continue
            except (OSError, http.client.HTTPException) as error:
                with self.lock:
                    self.lost += 1
                    self.kinds[repr(error)] = self.kinds.get(repr(error), 0) + 1
                connection = None
                continue
            fresh = False
            if response.status != 200:
                with self.lock:
                    self.codes[response.status] = self.codes.get(response.status, 0) + 1
            elif not any(near(json.loads(text), answer) for answer in (self.answers or (lambda x: [x]))(want)):
                self.count("mixed")
            else:
                self.count("answered")
            if response.headers.get("Connection") == "close":
                connection.close()
                connection = None

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join()

    def __exit__(self, *_):
        self.stop()

    def __str__(self):
        return (f"{self.answered} answered, {self.refused} connections refused, {self.lost} lost, {self.mixed} mixed, "
                f"{self.late} closed late, codes {self.codes} {self.kinds}")
