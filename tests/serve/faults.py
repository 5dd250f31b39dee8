# SPDX-License-Identifier: Apache-2.0
"""Broken pictures, and a machine that runs out of what a server needs: memory, files, disk, time. Answers go on or are
refused in order, and nothing is lost but what had to be."""
import glob
import json
import os
import random
import resource
import selectors
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
from abuses import PICTURE, WANT  # noqa: E402
from load import Clients, problems  # noqa: E402
from raw import Raw, post, request  # noqa: E402
from server import GRIDDLE, Server, in_turn, is_sanitized, near, tiny  # noqa: E402

LONG = os.environ.get("GRIDDLE_LONG") == "1"
SANITIZED = is_sanitized()
CORPUS = os.path.join(os.environ["GRIDDLE_SOURCE"], "tests", "fuzz", "corpus")


def is_well(server):
    client = Raw(server)
    client.send(post(PICTURE))
    code, _, body = client.answer()
    client.close()
    assert code == 200 and near(json.loads(body), WANT), (code, body)


def png(width, height, data=None):
    """A grey one; without data all black, which is small however many pixels it has."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    if data is None:
        packer = zlib.compressobj(9)
        data = b"".join(packer.compress(bytes(width + 1)) for _ in range(height)) + packer.flush()
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", data) + chunk(b"IEND", b""))


def multipart(pictures):
    parts = b"".join(b'--b\r\nContent-Disposition: form-data; name="x"; filename="x"\r\n\r\n' + picture + b"\r\n"
                     for picture in pictures)
    return parts + b"--b--\r\n", b"multipart/form-data; boundary=b"


# ---- pictures --------------------------------------------------------------------------------------------------------

def mutate(generator, data):
    data = bytearray(data)
    for _ in range(generator.choice((1, 1, 2, 8, 40))):
        at = generator.randrange(len(data) + 1)
        kind = generator.randrange(5)
        if kind == 0:
            data[at:at + 1] = generator.randbytes(1)
        elif kind == 1:
            data[at:at + 4] = generator.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\1\0"))
        elif kind == 2:
            del data[at:at + generator.randrange(1, 64)]
        elif kind == 3:
            data[at:at] = data[at // 2:at // 2 + generator.randrange(1, 64)]
        else:
            del data[at:]
        if not data:
            return b"\0"
    return bytes(data)


def broken_pictures():
    """10,000 bodies, each a good one with bytes changed: each is answered, 200 or 400, and so is the good one behind."""
    sources = [(b"image/png", PICTURE), (b"application/json", json.dumps([[1, 2], [3, 4]]).encode())]
    for path in sorted(glob.glob(os.path.join(CORPUS, "image", "*.*"))):
        with open(path, "rb") as file:
            sources.append((b"image/jpeg" if path.endswith("jpg") else b"image/png", file.read()))
    body, kind = multipart([picture for _, picture in sources if len(picture) < 5000][:4])
    sources.append((kind, body))
    array = b"\x93NUMPY\1\0" + b"\x76\0" + b"{'descr': '|u1', 'fortran_order': False, 'shape': (4, 4)}".ljust(117) + b"\n"
    sources.append((b"application/x-npy", array + bytes(16)))
    count, at_once, codes = 100000 if LONG else 10000, 50, {200: 0, 400: 0}

    def batch(seed):
        generator = random.Random(seed)
        bodies = [(kind, mutate(generator, data)) for kind, data in generator.choices(sources, k=at_once)]
        client = Raw(server, 60)
        sender = threading.Thread(target=client.send, args=(b"".join(post(data, kind=kind) for kind, data in bodies) + post(PICTURE),))
        sender.start()
        found = [client.answer() for _ in range(at_once)]
        code, _, body = client.answer()
        assert code == 200 and near(json.loads(body), WANT), (seed, code, body)
        sender.join()
        client.close()
        for (kind, data), (code, _, body) in zip(bodies, found):
            assert code in (200, 400), (seed, code, body, kind, data)
            answer = json.loads(body)
            assert answer if code == 200 else answer["message"], (seed, body)
        return [code for code, _, _ in found]

    with Server("run", "--linger", "0.1") as server, ThreadPoolExecutor(4) as pool:
        for found in pool.map(batch, range(count // at_once)):
            for code in found:
                codes[code] += 1
    print(f"{count} bodies: {codes[200]} still had pictures, {codes[400]} had none", flush=True)
    assert codes[200] > count / 50 and codes[400] > count / 2, codes


def bombs():
    """Files that become far more than they are. What memory they may take is known before."""
    side, count = (2048, 16) if SANITIZED else (4096, 32)
    big = png(side, side)
    assert len(big) < 100_000
    with Server("run", "--workers", "1", "--batch", "16", "--linger", "0.1") as server:
        # many at once are not decoded at once: 16 MB each
        assert server.invoke(big).code == 200
        before = server.memory("VmHWM")
        with ThreadPoolExecutor(count) as pool:
            assert {answer.code for answer in pool.map(lambda _: server.invoke(big), range(count))} == {200}
        grown = server.memory("VmHWM") - before
        print(f"{count} pictures of {side}x{side} at once: {grown:.0f} MB more at the most", flush=True)
        assert SANITIZED or grown < 60, grown

        for width, height in ((60000, 60000), (2**31 - 1, 2**31 - 1), (2**32 - 1, 1), (16384, 16384), (1, 20000), (0, 5), (5, 0)):
            answer = server.invoke(png(width, height, zlib.compress(bytes(100))))
            assert answer.code == 400, (width, height, answer.text)
        body, kind = multipart([png(4096, 4096)] * 5)  # 80 Mi pixels
        answer = server.invoke(body, Content_Type=kind.decode())
        assert answer.code == 400 and "pixels" in answer.text, answer.text
        body, kind = multipart([png(4, 4)] * 257)
        answer = server.invoke(body, Content_Type=kind.decode())
        assert answer.code == 400 and "256" in answer.text, answer.text
        body, kind = multipart([PICTURE] * 256)
        answer = server.invoke(body, Content_Type=kind.decode(), Accept="application/json;verbose")
        assert answer.code == 200 and len(json.loads(answer.text)["predictions"]) == 256, answer.text[:200]

        is_well(server)


def too_many_bodies():
    """Bodies that arrive at the same time have memory together: 64 times what one may have. Then 503, and others go on."""
    with Server("run", "--max-body", "1", "--linger", "0.1") as server:
        clients = [Raw(server) for _ in range(100)]
        part = post(bytes(1 << 20))[:-1000]
        with ThreadPoolExecutor(20) as pool:
            assert all(pool.map(lambda client: client.send(part), clients))
        memory = server.memory()
        assert SANITIZED or memory < 100, memory
        is_well(server)
        for client in clients:
            client.send(bytes(1000))
        codes = [client.answer() for client in clients]
        assert {code for code, _, _ in codes} == {400, 503}, {code for code, _, _ in codes}
        refused = [headers for code, headers, _ in codes if code == 503]
        assert refused and all(headers[b"retry-after"] == b"1" for headers in refused), refused
        for client in clients:
            client.close()

    # what exchanges keep for the next one is in nobody's way
    with Server("run", "--max-body", "1", "--connections", "6000", "--linger", "0.1") as server:
        small = post(bytes(12000))
        clients = [Raw(server) for _ in range(5000)]
        for client in clients:
            client.send(small[:-1])
        for client in clients:
            client.send(small[-1:])
        assert {client.answer()[0] for client in clients} <= {400, 503}
        for client in clients:
            client.close()
        with ThreadPoolExecutor(20) as pool:
            codes = set(pool.map(lambda _: server.invoke(bytes(1 << 20)).code, range(20)))
        assert codes == {400}, codes


def a_rush():
    """What many requests at once have taken goes back to the system when they are gone."""
    with Server("run", "--queue", "2000", "--linger", "0.1") as server:
        before = server.memory()
        clients = [Raw(server) for _ in range(1000)]
        for client in clients:
            client.send(post(bytes(16000))[:-1])
        for client in clients:
            client.send(b"\0")
        assert all(client.answer()[0] == 400 for client in clients)
        most = server.memory()
        for pause, some in ((1.5, clients[:800]), (0, clients[800:])):  # they do not all leave in one look's time
            for client in some:
                client.close()
            time.sleep(pause)
        end = time.time() + 20
        while not SANITIZED and server.memory() > before + (most - before) / 3:
            assert time.time() < end, (before, most, server.memory())
            time.sleep(0.1)


# ---- what a process runs out of ----------------------------------------------------------------------------------------

def no_files():
    """More connections than files: who has none waits, at no cost, until one is free."""
    with Server("run", "--linger", "0.1", limits={resource.RLIMIT_NOFILE: 60}) as server:
        assert "need more files" in server.read()
        clients = [Raw(server, 30) for _ in range(150)]
        time.sleep(0.3)
        before = server.processor_seconds()
        time.sleep(1)
        spent = server.processor_seconds() - before
        assert spent < 0.3, f"{spent} s of processor time while nothing can be done"
        for client in clients[:100]:
            client.close()
        for client in clients[100:]:
            client.send(post(PICTURE))
        for client in clients[100:]:
            code, _, body = client.answer()
            assert code == 200 and near(json.loads(body), WANT)
            client.close()
        is_well(server)


def no_memory():
    """Whatever the process may have, it starts and answers or says in one line why not; it does not crash."""
    if SANITIZED:
        return
    ends = {"started": 0, "refused": 0}
    big = png(4096, 4096)
    for megabytes in (8, 16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192):
        server = Server("run", "--workers", "2", limits={resource.RLIMIT_AS: megabytes << 20})
        try:
            server.__enter__()
        except AssertionError:
            code = server.process.wait(10)
            server.read()
            server.process.stderr.close()
            lines = [line for line in server.log.splitlines() if line]
            assert code > 0 and len(lines) < 4, (megabytes, code, server.log)
            ends["refused"] += 1
            continue
        ends["started"] += 1
        with ThreadPoolExecutor(16) as pool:
            def ask(body):
                try:  # a connection that there was no memory for is closed, within its body too
                    return server.invoke(body, connection=server.connect(timeout=3)).code
                except OSError:
                    return 0
            codes = set(pool.map(ask, [big, PICTURE, bytes(5 << 20)] * 16))
        assert codes <= {0, 200, 400, 503}, (megabytes, codes)
        assert server.process.poll() is None, (megabytes, server.process.poll(), server.read())
        is_well(server)
        server.__exit__(None)
    assert all(ends.values()), ends


def capture_lines(folder):
    found = []
    for path in glob.glob(folder + "/**/*.jsonl", recursive=True):
        with open(path, "rb") as file:
            text = file.read()
        assert not text or text.endswith(b"\n"), f"'{path}' ends within a line"
        found += [json.loads(line) for line in text.splitlines()]
    return found


def mounted(path):
    os.mkdir(path)
    return subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", path], capture_output=True, check=False).returncode == 0


def no_disk():
    """A full disk, or a file as large as it may be, costs records and not answers."""
    def run(folder, **limits):
        with Server("run", "--capture", folder, "--capture-disk", "100", "--linger", "0.1", **limits) as server:
            with Clients(server) as clients:
                end = time.time() + 30
                while not (refused := server.metric("griddle_capture_refused_total")):
                    assert time.time() < end, "the disk does not come to its end"
                    time.sleep(0.1)
            assert clients.answered > 0 and clients.lost == clients.mixed == 0 and not clients.codes, clients
            assert refused > 0 and server.read().count("griddle: ") <= 3, server.log
        assert capture_lines(folder)

    run("limited", limits={resource.RLIMIT_FSIZE: 1 << 18})
    if mounted("small"):
        try:
            run("small/captured")
        finally:
            subprocess.run(["umount", "small"], check=True)
    else:
        print("no small disk could be mounted here: a limit on files stands for it")


def no_folder():
    """The capture's folder is taken away."""
    with Server("run", "--capture", "taken", "--capture-disk", "100", "--linger", "0.1") as server, Clients(server, 2) as clients:
        time.sleep(1.5)
        shutil.rmtree("taken")
        time.sleep(1.5)
        clients.stop()
        assert clients.answered > 0 and clients.lost == clients.mixed == 0 and not clients.codes, clients
        is_well(server)


def no_reader():
    """The access log is a pipe that nobody reads."""
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    with Server("run", "--access-log", "pipe", "--linger", "0.1") as server:
        with ThreadPoolExecutor(4) as pool:
            def ask(_):
                client = Raw(server)
                client.send(request(b"GET /ping?" + b"x" * 2000 + b" HTTP/1.1") * 500)
                codes = {client.answer()[0] for _ in range(500)}
                client.close()
                return codes
            assert set().union(*pool.map(ask, range(20))) == {200}
        is_well(server)
        start = time.time()
        assert server.end() == 0
        assert time.time() - start < 5
    text = b""
    while piece := os.read(reader, 1 << 16):
        text += piece
    os.close(reader)
    assert text and all(json.loads(line)["code"] == 200 for line in text.splitlines()), text[-300:]


def killed():
    """kill -9 under load: what was answered more than a flush ago is recorded, and every line is whole, once the next
    process has looked at it."""
    flush = 4 if SANITIZED else 2  # a flush a second, and the time that it takes
    for turn in range(20 if LONG else 2):
        folder = f"killed{turn}"
        answered = []
        server = Server("run", "--capture", folder, "--capture-disk", "100")
        server.__enter__()

        def ask(server=server, answered=answered):
            try:
                kept = server.connect()
                while True:
                    answer = server.invoke(PICTURE, connection=kept)
                    answered.append((time.time(), answer.headers["x-amzn-RequestId"]))
            except Exception:  # noqa: BLE001, S110 (whatever a killed server's client gets)
                pass

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(flush + 0.7 + 0.4 * turn)
        at = time.time()
        server.process.kill()
        server.process.wait()
        server.process.stderr.close()
        for thread in threads:
            thread.join()
        with Server("run", "--capture", folder, "--capture-disk", "100", "--linger", "0.1"):
            pass
        seen = [line["eventMetadata"]["eventId"] for line in capture_lines(folder)]
        assert len(set(seen)) == len(seen)
        due = {name for when, name in answered if when < at - flush}
        assert due, "nothing was answered long enough before"
        assert not due - set(seen), f"{len(due - set(seen))} of {len(due)} records are missing"


# ---- time ------------------------------------------------------------------------------------------------------------

SLOW = png(8192, 4096)  # keeps a worker busy for a while


def too_late():
    """What waits longer than its time is answered 504, not computed."""
    with Server("run", "--workers", "1", "--timeout", "0.2", "--linger", "0.1") as server, ThreadPoolExecutor(30) as pool:
        codes = list(pool.map(lambda body: server.invoke(body).code, [SLOW] * 10 + [PICTURE] * 20))
        assert set(codes) <= {200, 504} and codes.count(504) >= 5, codes
        end = time.time() + 10
        while server.metric('griddle_requests_total{variant="AllTraffic",code="504"}') != codes.count(504):
            assert time.time() < end  # a request is counted when its answer is away
        while server.invoke(PICTURE).code != 200:  # a busy machine may be late again
            assert time.time() < end


def too_many():
    """1,024 connections ask at once, and 128 requests may wait: each is answered, 200 with its own answer or 503 at once."""
    count = 1024
    asked = problems(count, seed=11)
    with Server("run", "--workers", "1", "--queue", "128", "--linger", "0.1") as server:
        slow = Raw(server, 60)
        clients = [Raw(server, 60) for _ in range(count)]
        slow.send(post(SLOW))
        time.sleep(0.02)
        events = selectors.DefaultSelector()
        begun, took, codes = {}, [], {200: 0, 503: 0}
        for i, (client, (body, _)) in enumerate(zip(clients, asked)):
            begun[i] = time.perf_counter()
            client.send(post(body))
            events.register(client.socket, selectors.EVENT_READ, i)
            if i % 32 == 31:
                collect(events, 0, clients, asked, begun, took, codes)
        while events.get_map():
            assert collect(events, 30, clients, asked, begun, took, codes), f"{len(events.get_map())} have no answer"
        assert slow.answer()[0] == 200
        for client in [slow, *clients]:
            client.close()
        assert codes[200] + codes[503] == count and codes[200] >= 100 and codes[503] >= 100, codes
        took.sort()
        print(f"{codes[200]} answered, {codes[503]} refused after {took[len(took) // 2] * 1e3:.2f} ms (median), "
              f"{took[len(took) * 99 // 100] * 1e3:.2f} ms (p99)", flush=True)
        is_well(server)


def collect(events, seconds, clients, asked, begun, took, codes):
    ready = events.select(seconds)
    for key, _ in ready:
        i = key.data
        code, headers, body = clients[i].answer()
        codes[code] += 1
        if code == 503:
            took.append(time.perf_counter() - begun[i])
            assert headers[b"retry-after"] == b"1", headers
        else:
            assert near(json.loads(body), asked[i][1]), "mixed"
        events.unregister(clients[i].socket)
    return ready


with tempfile.TemporaryDirectory() as top:
    os.chdir(top)
    os.mkdir("run")
    tiny.write_model("run/model.safetensors")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    in_turn(broken_pictures, bombs, too_many_bodies, a_rush, no_files, no_memory, no_disk, no_folder, no_reader, killed, too_late,
            too_many)
