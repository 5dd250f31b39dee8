# SPDX-License-Identifier: Apache-2.0
"""What clients may do to a server that is not HTTP as it should be: a list of abuses and what is expected of each. The
server never hangs: every connection ends within its limits, and a good request is answered right after."""
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
from abuses import GET, HALF, HIDDEN, LIST, PICTURE, WANT  # noqa: E402
from load import Clients, problems  # noqa: E402
from raw import Raw, chunks, post, request  # noqa: E402
from server import Server, near, tiny  # noqa: E402

LIMITS = ["--idle", "1", "--receive", "1", "--linger", "0.1"]
CUT = 8  # seconds: idle, receive, the guard's own, and a busy machine's
def is_well(server, tls=None):
    """A good request is answered at once."""
    start = time.time()
    with_answer = Raw(server, tls=tls)
    with_answer.send(post(PICTURE))
    code, _, body = with_answer.answer()
    with_answer.close()
    assert code == 200 and near(json.loads(body), WANT), (code, body)
    took = time.time() - start
    assert took < 5, took


def is_empty(server):
    """Nothing of all that is kept: the only request under way is the one that asks."""
    end = time.time() + CUT
    while (found := (server.metric("griddle_requests_in_flight"), server.metric("griddle_connections"))) != (1, 1):
        assert time.time() < end, found
        time.sleep(0.05)


def one(server, name, data, codes, half=False):
    client = Raw(server, CUT)
    client.send(data, half)
    answers = client.answers()
    assert client.closed, f"{name}: the connection is still open after {CUT} s; {answers}"
    client.close()
    assert len(answers) <= 1, f"{name}: {len(answers)} answers: {answers}"
    code, headers, body = answers[0] if answers else (0, {}, b"")
    assert code in codes, f"{name}: {code} {body[:200]!r} where one of {sorted(codes)} is expected"
    assert b"set-cookie" not in headers, f"{name}: {headers}"
    if code == 200 and data.startswith(b"POST"):
        assert near(json.loads(body), WANT), f"{name}: {body!r}"
    is_well(server)


def the_list():
    """Each entry alone on its connection, many at once."""
    with Server("run", *LIMITS) as server, ThreadPoolExecutor(40) as pool:
        work = [pool.submit(one, server, *entry) for entry in LIST]
        work += [pool.submit(one, server, *entry, half=True) for entry in HALF * 20]
        failed = [str(done.exception()) for done in work if done.exception()]
        assert not failed, "\n".join(failed)
        is_empty(server)


def pipelined():
    """A hundred requests in one piece are answered in their order, good and bad."""
    asked = problems(100, seed=7)
    with Server("run", *LIMITS) as server:
        client = Raw(server)
        client.send(b"".join(post(png) + request(b"GET /nowhere HTTP/1.1") * (i % 3 == 0) for i, (png, _) in enumerate(asked)))
        for i, (_, want) in enumerate(asked):
            code, _, body = client.answer()
            assert code == 200 and near(json.loads(body), want), (i, code, body)
            assert i % 3 or client.answer()[0] == 404
        client.close()
        # and where the second is none
        client = Raw(server)
        client.send(post(PICTURE) + b"NONE\r\n\r\n" + HIDDEN)
        codes = [code for code, _, _ in client.answers()]
        assert codes in ([200], [200, 400]) and client.closed, codes
        is_empty(server)


def slowly():
    """Clients that trickle are cut off within the limits, and hold up nobody."""
    def header(server):
        return Raw(server).trickle(request(GET, *[b"Name: value"] * 50), 0.05)

    def body(server):
        return Raw(server).trickle(post(PICTURE * 20), 0.05)

    def chunk(server):
        return Raw(server).trickle(post(chunks(*[b"x"] * 500), b"Transfer-Encoding: chunked", length=False), 0.05)

    def hello(server):
        return Raw(server).trickle(bytes.fromhex("160301020001 0001fc0303") + bytes(505), 0.05)

    def run(server, client):
        start = time.time()
        sent = client(server)
        took = time.time() - start
        assert 0.5 < took < CUT, f"{client.__name__}: cut after {took:.1f} s and {sent} bytes"

    certificate()
    with Server("run", *LIMITS) as server, Server("run", *LIMITS, *TLS, tls="certificate.pem") as secret, \
            ThreadPoolExecutor(40) as pool:
        work = [pool.submit(run, server, client) for client in [header, body, chunk] * 8]
        work += [pool.submit(run, secret, client) for client in [hello] * 8]
        while not all(done.done() for done in work):
            is_well(server)
            is_well(secret, "certificate.pem")
            time.sleep(0.1)
        for done in work:
            done.result()
        is_empty(server)


def never_read():
    """Clients that ask much and read nothing: what they do not take is not kept for them for long."""
    with Server("run", *LIMITS) as server:
        clients = [Raw(server, buffer=4096) for _ in range(10)]
        for client in clients:
            client.socket.setblocking(False)
            try:
                while True:
                    client.socket.send(request(b"GET / HTTP/1.1") * 100)
            except BlockingIOError:
                pass
        is_well(server)
        end = time.time() + CUT
        while (left := server.metric("griddle_connections")) != 1:
            assert time.time() < end, f"{left:.0f} connections are left"
            time.sleep(0.1)
        for client in clients:
            client.close()
        is_well(server)


def resets():
    """Connections that are torn down at any byte, while others ask."""
    generator = random.Random(3)
    whole = post(PICTURE)
    with Server("run", *LIMITS) as server, Clients(server, 2) as clients:
        for _ in range(500):
            client = Raw(server)
            client.send(whole[:generator.randrange(len(whole) + 1)])
            if generator.random() < 0.5:
                time.sleep(0.001)
            client.reset()
        clients.stop()
        assert clients.answered > 0 and clients.lost == clients.mixed == clients.refused == 0 and not clients.codes, clients
        is_empty(server)


def gone():
    """Clients that go in the middle of what they say are noticed long before their time is over; those that stay and
    trickle hold up the end for seconds."""
    half = [entry[1] for entry in HALF]
    with Server("run", "--linger", "0.1") as server, ThreadPoolExecutor(20) as pool:
        def go(data):
            client = Raw(server)
            client.send(data)
            client.close()
        for _ in range(4):
            list(pool.map(go, half * 20))
        is_empty(server)
        slow = Raw(server, 60)
        slow.send(post(PICTURE)[:-5])
        start = time.time()
        assert server.end() == 0, server.log
        took = time.time() - start
        assert 4 < took < 12, f"the end took {took:.1f} s"
        slow.close()


def from_one_address():
    """--per-address: one address has its connections and no more, others are served; what is closed may come again."""
    with Server("run", "--per-address", "10", "--linger", "0.1") as server:
        kept = [Raw(server, source="127.0.0.2") for _ in range(10)]
        for client in kept:
            client.send(request(GET))
            assert client.answer()[0] == 200
        more = [Raw(server, source="127.0.0.2") for _ in range(200)]
        for client in more:
            client.send(request(GET))
            assert client.answer() is None and client.closed, "an eleventh connection is served"
            client.close()
        is_well(server)  # from 127.0.0.1
        for client in kept:
            client.close()
        end = time.time() + 5
        while True:
            client = Raw(server, source="127.0.0.2")
            client.send(request(GET))
            if client.answer():
                break
            assert time.time() < end, "an address is shut out for good"
            time.sleep(0.02)
        client.close()


def idle(count, *words):
    """As many idle connections as there may be: they cost little, and make room for those who ask."""
    with Server("run", "--connections", str(count), *words, "--linger", "0.1") as server:
        before = server.metric("process_resident_memory_bytes")
        clients = []
        for _ in range(count + 50):  # the last ones wait in the system's queue
            client = Raw(server, 30)
            clients.append(client)
        end = time.time() + 30
        asked = [Raw(server, 30) for _ in range(5)]
        for client in asked:
            client.send(post(PICTURE))
        for client in asked:
            code, _, body = client.answer()
            assert code == 200 and near(json.loads(body), WANT), (code, body)
        assert time.time() < end
        memory = server.metric("process_resident_memory_bytes")
        for client in clients + asked:
            client.close()
        end = time.time() + CUT
        while server.metric("griddle_connections") > 1:
            assert time.time() < end
            time.sleep(0.05)
        print(f"{count} idle connections: {(memory - before) / count / 1024:.1f} KiB each")


def more_than_may():
    """Connections beyond the limit are not accepted before others have made room."""
    with Server("run", "--connections", "100", "--linger", "0.1") as server:
        clients = [Raw(server, 30) for _ in range(1000)]
        time.sleep(0.3)
        files = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        assert files < 150, f"{files} files are open"
        for client in clients:
            client.close()
        is_well(server)


TLS = ["--tls-cert", "certificate.pem", "--tls-key", "key.pem"]


def certificate():
    if not os.path.exists("key.pem"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", "key.pem", "-out", "certificate.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost"], check=True, capture_output=True)


def on_the_tls_port():
    """Plain HTTP, half a hello, garbage in records, and many who come and go."""
    certificate()
    generator = random.Random(5)
    with Server("run", *LIMITS, *TLS, tls="certificate.pem") as server:
        clients = []
        for data in (request(GET), b"\x16\x03\x01", bytes.fromhex("160301020001 0001fc0303") + bytes(505),
                     b"\x17\x03\x03\xff\xff" + bytes(1000), *(generator.randbytes(300) for _ in range(30))):
            clients.append((data, Raw(server, CUT)))
            clients[-1][1].send(data)
        for data, client in clients:
            while client.receive():
                pass
            assert client.closed, f"{data[:20]!r}: still open"
            client.close()
        for _ in range(30):
            client = Raw(server, tls="certificate.pem")
            client.send(post(PICTURE)[:generator.randrange(300)])
            client.reset()
        is_well(server, "certificate.pem")


def names_in_paths():
    """Names that a client makes up become folders of the capture, and never lead out of it."""
    with Server("run", *LIMITS, "--capture", "deep/captured", "--capture-disk", "100") as server:
        for name in (b"..", b"%2e%2e", b"..%2f..%2fescaped", b"%2fescaped", b"a%2f..%2fb", b".hidden", b"%00", b"a%0ab", b"x" * 300):
            client = Raw(server)
            client.send(post(PICTURE, path=b"/endpoints/" + name + b"/invocations"))
            assert client.answer()[0] in (200, 404), name
            client.close()
        is_well(server)
    found = [os.path.join(top, name) for top, _, names in os.walk("deep") for name in names]
    assert found and os.listdir("deep") == ["captured"], os.listdir("deep")
    assert set(os.listdir("deep/captured")) == {"griddle"}, os.listdir("deep/captured")
    assert not os.path.exists("escaped") and not os.path.exists("/escaped")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("run")
    tiny.write_model("run/model.safetensors")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for test in (the_list, pipelined, slowly, never_read, resets, gone, more_than_may, from_one_address, on_the_tls_port,
                 names_in_paths):
        begun = time.time()
        test()
        print(f"{test.__name__}: {time.time() - begun:.1f} s", flush=True)
    begun = time.time()
    idle(min(10000, hard - 300))
    print(f"idle: {time.time() - begun:.1f} s")
