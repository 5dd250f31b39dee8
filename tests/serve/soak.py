# SPDX-License-Identifier: Apache-2.0
"""Good and bad clients at once, as much as the machine takes, while models are read anew and figures looked at: nothing is
lost or mixed up, memory does not grow, nothing is left at the end. A minute under sanitizers, an hour with GRIDDLE_LONG=1."""
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
from abuses import HALF, LIST, PICTURE  # noqa: E402
from load import Clients  # noqa: E402
from raw import Raw, chunks, post, request  # noqa: E402
from server import Server, is_sanitized, tiny  # noqa: E402

SECONDS = 3600 if os.environ.get("GRIDDLE_LONG") == "1" else 60 if is_sanitized() else 20
PATIENCE = 2  # seconds that the server waits for a client
GROWTH = 8  # MB that memory may come to after the first quarter, in which tables and buffers have found their size


class Closed(Exception):
    """Instead of an answer."""


def answer(client):
    got = client.answer()
    if got is None:
        raise Closed
    return got


class Stranger(threading.Thread):
    """Does something wrong, or strange, again and again."""

    def __init__(self, server, seed):
        super().__init__()
        self.server, self.generator, self.going, self.done, self.failed = server, random.Random(seed), True, 0, None

    def run(self):
        try:
            while self.going:
                begun = time.time()
                try:
                    self.once()
                except Closed:  # who gets no processor for so long is slow to the server, which cuts it off after PATIENCE
                    if time.time() < begun + PATIENCE * 0.8:
                        raise
                self.done += 1
        except Exception as error:  # noqa: BLE001 (kept for the test's thread)
            self.failed = error

    def once(self):
        kind = self.generator.randrange(6)
        client = Raw(self.server)
        if kind == 0:  # something of the list, left when it is said
            entry = self.generator.choice(LIST + HALF)
            client.send(entry[1], half=self.generator.random() < 0.3)
            client.socket.settimeout(0.05)
        elif kind == 1:  # torn
            whole = post(PICTURE)
            client.send(whole[:self.generator.randrange(len(whole) + 1)])
            client.reset()
            return
        elif kind == 2:  # broken pictures, all answered
            count = self.generator.randrange(1, 20)
            for _ in range(count):
                data = bytearray(PICTURE)
                data[self.generator.randrange(len(data))] ^= 1 << self.generator.randrange(8)
                client.send(post(bytes(data)))
            codes = [answer(client)[0] for _ in range(count)]
            assert set(codes) <= {200, 400, 503}, codes
        elif kind == 3:  # chunks, and what models there are
            client.send(post(chunks(PICTURE[:10], PICTURE[10:]), b"Transfer-Encoding: chunked", length=False) +
                        request(b"GET /models HTTP/1.1") + request(b"GET /metrics HTTP/1.1"))
            codes = [answer(client)[0] for _ in range(3)]
            assert codes[0] in (200, 503) and codes[1:] == [200, 200], codes
        elif kind == 4:  # too much
            client.send(post(b"", b"Content-Length: 100000000", length=False))
            assert answer(client)[0] == 413
        else:  # idle for a moment
            time.sleep(self.generator.random() * 0.2)
        client.close()


def models_change(server, stop):
    """Two of the same answer, by turns; and one in between that is none."""
    turn = 0
    while not stop.wait(0.5):
        if turn % 5 == 4:
            with open("next", "wb") as file:
                file.write(b"garbage")
        else:
            shutil.copy("run/model.safetensors", "next")
        os.replace("next", "changing.safetensors")
        server.process.send_signal(signal.SIGHUP)
        turn += 1


def soak():
    shutil.copy("run/model.safetensors", "changing.safetensors")
    with Server("changing.safetensors", "--linger", "0.2", "--receive", str(PATIENCE), "--idle", str(PATIENCE),
                "--queue", "64", "--capture", "captured", "--capture-disk", "100", "--access-log", os.devnull) as server:
        stop = threading.Event()
        changer = threading.Thread(target=models_change, args=(server, stop))
        strangers = [Stranger(server, seed) for seed in range(4)]
        begun = time.time()
        memory = []
        with Clients(server, 4) as clients:
            changer.start()
            for stranger in strangers:
                stranger.start()
            while time.time() < begun + SECONDS:
                time.sleep(SECONDS / 40)
                memory.append(server.memory())
                assert server.process.poll() is None, server.read()
                if SECONDS > 1000:
                    shutil.rmtree("captured/griddle", ignore_errors=True)  # an hour of it is much
            for stranger in strangers:
                stranger.going = False
            for stranger in strangers:
                stranger.join()
            stop.set()
            changer.join()
            clients.stop()
        failed = [stranger.failed for stranger in strangers if stranger.failed]
        assert not failed, failed
        assert clients.lost == clients.mixed == clients.refused == 0 and set(clients.codes) <= {503}, clients
        end = time.time() + 10
        while (left := (server.metric("griddle_requests_in_flight"), server.metric("griddle_connections"))) != (1, 1):
            assert time.time() < end, left
            time.sleep(0.1)
        quarter, last = max(memory[5:len(memory) // 4]), sorted(memory[-5:])[2]
        print(f"{clients.answered} answered, {sum(s.done for s in strangers)} strangers, "
              f"{clients.answered / SECONDS:.0f}/s; memory {quarter:.0f} MB, at the end {last:.0f} MB")
        assert is_sanitized() or last < quarter + GROWTH, memory
        for result in ("taken", "refused"):
            assert server.metric(f'griddle_reloads_total{{variant="AllTraffic",result="{result}"}}') > 0, result
    reports = [line for line in server.log.splitlines() if "ERROR" in line or "runtime error" in line or "WARNING: Thread" in line]
    assert not reports, server.log


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("run")
    tiny.write_model("run/model.safetensors")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soak()
