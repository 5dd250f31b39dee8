# SPDX-License-Identifier: Apache-2.0
"""griddle stage from an https: address, with a server of our own that does what servers do: cuts connections, asks to
come back later, redirects, lies."""
import hashlib
import http.server
import io
import json
import os
import shutil
import signal
import ssl
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zlib

GRIDDLE = os.environ["GRIDDLE"]
if not shutil.which("openssl"):
    print("skipped: no openssl command to make a certificate with")
    sys.exit(77)


def png(seed, side=8):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((seed * 37 + x * y) % 256 for x in range(side)) for y in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def archive():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for i in range(40):
            entry = tarfile.TarInfo(f"set/{'ab'[i % 2]}/{i}.png")
            data = png(i)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


DATA = archive()
SHA256 = hashlib.sha256(DATA).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """The path says what goes wrong; `seen` counts requests per path and keeps where they began."""
    protocol_version = "HTTP/1.1"
    seen = {}

    def do_GET(self):
        kind = self.path.split("/")[1]
        begin = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
        begins = self.seen.setdefault(self.path, [])
        begins.append(begin)
        if kind == "absent":
            return self.send_error(404)
        if kind == "busy" and len(begins) < 3:
            return self.send_error(503)
        if kind == "moved":
            self.send_response(302)
            self.send_header("Location", self.path.replace("/moved/", "/good/"))
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if kind == "insecure":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/good/x.tar")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if kind == "norange":
            begin = 0
        body = DATA[begin:]
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(DATA) - 1}/{len(DATA)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind in ("cut", "norange") and len(begins) == 1 or kind == "cut" and len(begins) < 4:
            self.wfile.write(body[:len(DATA) // 4])
            self.close_connection = True
            return None
        if kind == "slow" and len(begins) == 1:
            self.wfile.write(body[:len(DATA) // 2])
            self.wfile.flush()
            time.sleep(60)
        self.wfile.write(body)
        return None

    def log_message(self, *_):
        pass


def serve(folder):
    key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"https://127.0.0.1:{server.server_port}", certificate


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    site, certificate = serve(folder)
    environment = dict(os.environ, GRIDDLE_CACHE=os.path.join(folder, "cache"), SSL_CERT_FILE=certificate,
                       no_proxy="127.0.0.1")
    with open("c.yaml", "w", encoding="utf-8") as config:
        config.write("data:\n  source: unset\n")

    def command(kind, sha256):
        words = [GRIDDLE, "stage", "c.yaml", "--json", "--set", f"data.source={site}/{kind}/x.tar"]
        return words + (["--set", f"data.sha256={sha256}"] if sha256 else [])

    def stage(kind, sha256="", code=0, complaint="", env=None):
        done = subprocess.run(command(kind, sha256), capture_output=True, text=True, env=env or environment, check=False)
        assert done.returncode == code, (kind, done)
        assert complaint in done.stderr and done.stderr.count("\n") == (1 if code else 0), (kind, done.stderr)
        if code:
            assert not done.stdout, done
            return None
        answer = json.loads(done.stdout)
        assert answer["splits"]["train"] == {"images": 40, "classes": {"a": 20, "b": 20}}, answer
        return answer

    def begins(kind):
        return Handler.seen.get(f"/{kind}/x.tar", [])

    assert stage("good", SHA256)["fresh"] is True
    assert stage("good", SHA256)["fresh"] is False
    assert begins("good") == [0]  # nothing is asked of the network for what is current

    # cut off three times: each time it goes on where it stopped, with a digest or without
    stage("cut", SHA256)
    assert len(begins("cut")) == 4 and begins("cut")[0] == 0, begins("cut")
    assert begins("cut") == sorted(set(begins("cut"))), begins("cut")
    # a server that cannot go on in the middle: from the start
    stage("norange")
    assert begins("norange")[0] == 0 and begins("norange")[1] > 0 and len(begins("norange")) == 3, begins("norange")
    stage("busy")
    assert len(begins("busy")) == 3
    stage("moved")

    stage("absent", code=1, complaint="HTTP 404")
    assert len(begins("absent")) == 1
    stage("insecure", code=1, complaint="cannot fetch")
    wrong = "0" * 64
    stage("wrong", wrong, code=1, complaint=f"has SHA-256 {SHA256}, data.sha256 is {wrong}")
    stage("stranger", code=1, complaint="cannot fetch", env=dict(environment, SSL_CERT_FILE="/etc/hostname"))
    left = os.listdir("cache/fetched")
    assert len(left) == 5 and not any(name.endswith(".part") for name in left), left

    # killed in the middle; the next process goes on
    with subprocess.Popen(command("slow", SHA256), env=environment) as process:
        deadline = time.time() + 30
        while time.time() < deadline:
            parts = [name for name in os.listdir("cache/fetched") if name.endswith(".part")]
            if parts and os.path.getsize(os.path.join("cache/fetched", parts[0])) >= len(DATA) // 2:
                break
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    stage("slow", SHA256)
    assert begins("slow") == [0, len(DATA) // 2], begins("slow")
