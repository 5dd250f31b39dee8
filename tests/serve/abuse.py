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
from load import Clients, problems  # noqa: E402
from raw import Raw, chunks, post, request  # noqa: E402
from server import Server, near, tiny  # noqa: E402

LIMITS = ["--idle", "1", "--receive", "1", "--linger", "0.1"]
CUT = 8  # seconds: idle, receive, the guard's own, and a busy machine's
PICTURE, WANT = problems(1)[0]
GET = b"GET /ping HTTP/1.1"
HIDDEN = request(b"GET /hidden HTTP/1.1")  # is 404 if the server takes it for a request
ATTRIBUTES = b"X-Amzn-SageMaker-Custom-Attributes: "


def bare(line):
    return line + b"\r\nHost: x\r\n\r\n"


# name, bytes, the codes of which the one answer has one (0: closed without an answer)
LIST = [
    # request lines
    ("nothing but empty lines", b"\r\n" * 5, {0}),
    ("bytes of no protocol", bytes(range(256)), {0, 400}),
    ("zeros", bytes(4096), {0, 400}),
    ("a line without a version", bare(b"GET /ping"), {0, 400}),
    ("a line without a path", bare(b"GET HTTP/1.1"), {0, 400}),
    ("a line of one word", bare(b"GET"), {0, 400}),
    ("a line with a word too many", bare(b"GET /ping x HTTP/1.1"), {0, 400}),
    ("two spaces", bare(b"GET  /ping  HTTP/1.1"), {0, 400}),
    ("tabs for spaces", bare(b"GET\t/ping\tHTTP/1.1"), {0, 400}),
    ("no method", bare(b" /ping HTTP/1.1"), {0, 400}),
    ("a method that nobody has", bare(b"BREW /ping HTTP/1.1"), {405}),
    ("a method in small letters", bare(b"get /ping HTTP/1.1"), {405}),
    ("a method that is no word", bare(b"G@(T /ping HTTP/1.1"), {400}),
    ("a method of 20,000 letters", bare(b"A" * 20000 + b" /ping HTTP/1.1"), {0, 400, 405, 414, 431}),
    ("a method of 200,000 letters", bare(b"A" * 200000 + b" /ping HTTP/1.1"), {0, 400, 414, 431}),
    ("CONNECT", bare(b"CONNECT x:80 HTTP/1.1"), {400, 404, 405}),
    ("OPTIONS *", bare(b"OPTIONS * HTTP/1.1"), {404, 405}),
    ("TRACE", bare(b"TRACE / HTTP/1.1"), {405}),
    ("HTTP/9.9", bare(b"GET /ping HTTP/9.9"), {400, 505}),
    ("HTTP/0.9", bare(b"GET /ping HTTP/0.9"), {0, 400, 505}),
    ("HTTP/1.11111", bare(b"GET /ping HTTP/1.11111"), {400, 505}),
    ("http in small letters", bare(b"GET /ping http/1.1"), {400, 505}),
    ("FTP/1.1", bare(b"GET /ping FTP/1.1"), {400, 505}),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), {0, 400, 505}),
    ("a hello of TLS", bytes.fromhex("16030102000100 01fc0303") + bytes(range(256)) * 2, {0, 400}),

    # addresses
    ("a path of 100,000 letters", bare(b"GET /" + b"a" * 100000 + b" HTTP/1.1"), {0, 414, 431}),
    ("a query of 100,000 letters", bare(b"GET /ping?" + b"a=b&" * 25000 + b" HTTP/1.1"), {0, 414, 431}),
    ("a query of 1,000 arguments", bare(b"GET /ping?" + b"a=b&" * 1000 + b" HTTP/1.1"), {0, 200, 414, 431}),
    ("a path that leads upwards", bare(b"GET /models/../../etc/passwd HTTP/1.1"), {404}),
    ("the same, encoded", bare(b"GET /models/..%2f..%2f..%2fetc%2fpasswd HTTP/1.1"), {404}),
    ("a folder as a name", bare(b"GET /models/.. HTTP/1.1"), {404}),
    ("an encoded zero", bare(b"GET /ping%00.png HTTP/1.1"), {404}),
    ("a zero", bare(b"GET /pi\0ng HTTP/1.1"), {0, 400, 404}),
    ("half of an encoded character", bare(b"GET /%zz%1%  HTTP/1.1".replace(b"  ", b" ")), {400, 404}),
    ("a name in characters that are no text", bare(b"GET /models/%ff%fe HTTP/1.1"), {404}),
    ("a name with a line break", bare(b"GET /models/a%0d%0aX:%20y HTTP/1.1"), {404}),
    ("an encoded letter", bare(b"GET /%70ing HTTP/1.1"), {200}),
    ("a whole URL", bare(b"GET http://elsewhere/ping HTTP/1.1"), {200, 400, 404}),

    # headers
    ("no Host", request(GET, host=False), {400}),
    ("two Hosts", request(GET, b"Host: y"), {400}),
    ("a line without a colon", request(GET, b"no colon"), {400}),
    ("a space before the colon", request(GET, b"Name : value"), {400}),
    ("a name with a space", request(GET, b"Na me: value"), {400}),
    ("a name with a zero", request(GET, b"Na\0me: value"), {400}),
    ("a value with a zero", request(GET, b"Name: val\0ue"), {200, 400}),
    ("a value with a carriage return", request(GET, b"Name: val\rue"), {400}),
    ("a value with an escape", request(GET, b"Name: val\x1b[2Jue"), {400}),
    ("a folded line", request(GET, b"Name: value", b"  and more"), {200, 400}),
    ("a folded first line", GET + b"\r\n Host: x\r\n\r\n", {400}),
    ("lines that end in LF", GET + b"\nHost: x\n\n", {200, 400}),
    ("lines that end in CR", GET + b"\rHost: x\r\r", {0, 400}),
    ("20,000 lines", request(GET, *[b"A: b"] * 20000), {0, 400, 431}),
    ("a value of 100,000 letters", request(GET, b"Name: " + b"v" * 100000), {0, 413, 431}),
    ("a value of 1 MB", post(PICTURE, ATTRIBUTES + b"v" * 1000000), {0, 413, 431}),
    ("a name of 100,000 letters", request(GET, b"N" * 100000 + b": v"), {0, 413, 431}),
    ("a header without end", GET + b"\r\nHost: x\r\n", {0}),

    # lengths of bodies
    ("two lengths", post(PICTURE, b"Content-Length: 5") + HIDDEN, {400}),
    ("the same length twice", post(PICTURE, b"Content-Length: %d" % len(PICTURE)), {400}),
    ("a list of lengths", post(PICTURE, b"Content-Length: 70, 70", length=False), {400}),
    ("a negative length", post(PICTURE, b"Content-Length: -5", length=False) + HIDDEN, {400}),
    ("a length with a sign", post(PICTURE, b"Content-Length: +%d" % len(PICTURE), length=False), {400}),
    ("a length in hexadecimal", post(PICTURE, b"Content-Length: 0x46", length=False), {400}),
    ("a length with a fraction", post(PICTURE, b"Content-Length: 70.5", length=False), {400}),
    ("a length with a space in it", post(PICTURE, b"Content-Length: 7 0", length=False), {400}),
    ("a word for a length", post(PICTURE, b"Content-Length: much", length=False), {400}),
    ("an empty length", post(PICTURE, b"Content-Length: ", length=False), {400}),
    ("a length of 2^63", post(PICTURE, b"Content-Length: 9223372036854775808", length=False), {413}),
    ("a length of 2^64 - 1", post(PICTURE, b"Content-Length: 18446744073709551615", length=False), {413}),
    ("a length of 10^30", post(PICTURE, b"Content-Length: 1" + b"0" * 30, length=False), {400, 413}),
    ("a body shorter than its length", post(PICTURE[:-5], b"Content-Length: %d" % len(PICTURE), length=False), {0}),
    ("a body longer than its length", post(PICTURE, b"Content-Length: 10", length=False), {400}),
    ("no length", post(PICTURE, length=False), {400, 411}),
    ("a length of 0", post(b""), {400}),
    ("a GET with a body", request(GET, b"Content-Length: %d" % len(HIDDEN), body=HIDDEN), {200}),

    # chunks
    ("chunks, and a length before", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: chunked"), {400}),
    ("chunks, and a length of 0", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: chunked", b"Content-Length: 0",
                                       length=False), {400}),
    ("another coding", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: gzip", length=False), {400, 501}),
    ("two codings", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: gzip, chunked", length=False), {400, 501}),
    ("chunked twice", post(chunks(PICTURE), b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", length=False),
     {400, 501}),
    ("chunked, and then not", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity",
                                   length=False), {400, 501}),
    ("nearly chunked", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: xchunked", length=False), {400, 501}),
    ("chunked, with a control character", post(chunks(PICTURE) + HIDDEN, b"Transfer-Encoding: \x0bchunked", length=False),
     {400, 501}),
    ("chunks in HTTP/1.0", b"POST /invocations HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(PICTURE), {400}),
    ("a size that is no number", post(b"zz\r\n" + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {400}),
    ("a negative size", post(b"-5\r\n" + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {400}),
    ("a size with 0x", post(b"0x46\r\n" + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {400}),
    ("an empty size", post(b"\r\n" + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {400}),
    ("a size of 2^64 - 1", post(b"f" * 16 + b"\r\n" + PICTURE, b"Transfer-Encoding: chunked", length=False), {0, 400, 413}),
    ("a size of 2^80", post(b"f" * 20 + b"\r\n" + PICTURE, b"Transfer-Encoding: chunked", length=False), {400, 413}),
    ("a size of 100,000 digits", post(b"0" * 100000 + b"\r\n", b"Transfer-Encoding: chunked", length=False),
     {0, 400, 413, 431, 500}),  # 500 is the HTTP library's word for a line that it has no room for
    ("a chunk shorter than its size", post(b"5\r\nabc\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {0, 400}),
    ("a chunk longer than its size", post(b"5\r\n" + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", length=False), {400}),
    ("chunks without end", post(chunks(PICTURE, end=b""), b"Transfer-Encoding: chunked", length=False), {0}),
    ("an extension of a chunk", post(b"%x;a=\"b\"\r\n" % len(PICTURE) + PICTURE + b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked",
                                     length=False), {200, 400}),
    ("trailers", post(chunks(PICTURE, end=b"0\r\nContent-Length: 5\r\nX: y\r\n\r\n"), b"Transfer-Encoding: chunked", length=False),
     {200, 400}),
    ("a trailer without a colon", post(chunks(PICTURE, end=b"0\r\nno colon\r\n\r\n"), b"Transfer-Encoding: chunked",
                                       length=False), {0, 200, 400}),
    ("5,000 trailers", post(chunks(PICTURE, end=b"0\r\n" + b"A: b\r\n" * 5000 + b"\r\n"), b"Transfer-Encoding: chunked",
                            length=False), {0, 400, 413, 431}),
    ("chunks of one byte", post(chunks(*[PICTURE[i:i + 1] for i in range(len(PICTURE))]), b"Transfer-Encoding: chunked",
                                length=False), {200}),

    # what is carried into answers and records
    ("attributes of 1,024 characters", post(PICTURE, ATTRIBUTES + b"v" * 1024), {200}),
    ("attributes of 1,025 characters", post(PICTURE, ATTRIBUTES + b"v" * 1025), {400}),
    ("attributes that are no ASCII", post(PICTURE, ATTRIBUTES + "ä".encode()), {400}),
    ("attributes with a carriage return", post(PICTURE, ATTRIBUTES + b"a\rSet-Cookie: b"), {400}),
    ("attributes with a line feed", post(PICTURE, ATTRIBUTES + b"a\nSet-Cookie: b"), {200, 400}),
    ("attributes that are folded", post(PICTURE, ATTRIBUTES + b"a", b" Set-Cookie: b"), {200, 400}),
    ("a variant that leads upwards", post(PICTURE, b"X-Amzn-SageMaker-Target-Variant: ../../x"), {404}),
    ("a type of 20,000 letters", post(PICTURE, kind=b"image/" + b"x" * 20000), {415, 431}),
    ("an Accept of 5,000 ranges", post(PICTURE, b"Accept: " + b"a/b," * 5000 + b"*/*"), {200, 431}),
    ("leave asked for, and not waited for", post(PICTURE, b"Expect: 100-continue"), {200, 417}),
    ("something else expected", post(PICTURE, b"Expect: tea"), {200, 417}),
    ("an upgrade", request(GET, b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQ"), {200}),
]

# the same, where the client's side ends behind its bytes
HALF = [
    ("a request, and the end", request(GET), {200}),
    ("a picture, and the end", post(PICTURE), {0, 200}),
    ("half a line", GET[:7], {0, 400}),
    ("half a header", GET + b"\r\nHost", {0, 400}),
    ("half a body", post(PICTURE)[:-5], {0, 400}),
    ("half a chunk", post(chunks(PICTURE, end=b"")[:-9], b"Transfer-Encoding: chunked", length=False), {0, 400}),
    ("nothing", b"", {0}),
]


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
    for test in (the_list, pipelined, slowly, never_read, resets, from_one_address, on_the_tls_port, names_in_paths):
        begun = time.time()
        test()
        print(f"{test.__name__}: {time.time() - begun:.1f} s", flush=True)
    begun = time.time()
    idle(min(10000, hard - 300))
    print(f"idle: {time.time() - begun:.1f} s")
