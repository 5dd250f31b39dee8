# SPDX-License-Identifier: Apache-2.0
"""A `griddle serve` of a test's own on a free port, and the plainest of clients."""
import http.client
import os
import re
import resource
import signal
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "e2e", "support"))
import tiny  # noqa: E402, F401 (for tests)

GRIDDLE = os.environ["GRIDDLE"]
TYPE = {"Content-Type": "image/png"}


def is_sanitized():
    """Whether the programs have a sanitizer, whose memory and time say nothing of theirs."""
    with open(os.path.join(os.environ["GRIDDLE_BUILD"], "CMakeCache.txt"), encoding="utf-8") as file:
        text = file.read()
    return "GRIDDLE_SANITIZE:BOOL=ON" in text or "-fsanitize" in text


class Answer:
    def __init__(self, response):
        self.code, self.headers, self.body = response.status, response.headers, response.read()
        self.text = self.body.decode("utf-8", "replace")


class Server:
    """Starts, waits until it listens (and is ready), ends and is looked at when the block is left."""

    def __init__(self, *words, ready=True, port=0, environment=None, tls=None, expect=0, limits=None):
        self.words = [GRIDDLE, "serve", *words, "--port", str(port)]
        self.ready, self.environment, self.tls, self.expect = ready, environment, tls, expect
        self.limits = limits or {}  # of resource.setrlimit, soft and hard
        self.files = ()  # that it inherits
        self.log = ""

    def __enter__(self):
        environment = dict(os.environ, **(self.environment or {}))
        self.process = subprocess.Popen(self.words, stderr=subprocess.PIPE, env=environment, pass_fds=self.files,
                                        preexec_fn=self.limit if self.limits else None)
        os.set_blocking(self.process.stderr.fileno(), False)
        found = self.await_line(r"(?:listening on|taking over) (https?)://(.*):(\d+)")
        self.host, self.port = found[2].strip("[]"), int(found[3])
        if self.ready:
            self.await_line("ready after")
        return self

    def limit(self):
        for which, value in self.limits.items():
            resource.setrlimit(which, (value, value))

    def memory(self, field="VmRSS"):
        """In MB; VmHWM is the most that it was."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"{field}:\s+(\d+)", file.read())[1]) / 1024

    def processor_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def read(self):
        self.log += (self.process.stderr.read() or b"").decode("utf-8", "replace")
        return self.log

    def await_line(self, pattern, seconds=20):
        end = time.time() + seconds
        while time.time() < end:
            found = re.search(pattern, self.read())
            if found:
                return found
            if self.process.poll() is not None and not re.search(pattern, self.read()):
                break
            time.sleep(0.005)
        raise AssertionError(f"'{pattern}' was not said: {self.log!r}, exit {self.process.poll()}")

    def connect(self, timeout=20):
        if self.tls:
            return http.client.HTTPSConnection("localhost", self.port, timeout=timeout,
                                               context=ssl.create_default_context(cafile=self.tls))
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, connection=None):
        own = connection or self.connect()
        own.request(method, path, body, headers or {})
        answer = Answer(own.getresponse())
        if not connection:
            own.close()
        return answer

    def invoke(self, body, path="/invocations", connection=None, **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, body, fields or TYPE, connection)

    def metric(self, name):
        """The value of one line of /metrics, by its whole name with labels; None where it is not there."""
        for line in self.ask("GET", "/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        return None

    def end(self, number=signal.SIGTERM, seconds=30):
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        self.read()
        return code

    def __exit__(self, kind, *_):
        if kind:
            print(self.read(), file=sys.stderr)
            self.process.kill()
            self.process.wait()
        else:
            assert (code := self.end()) == self.expect, (code, self.log)
        self.process.stderr.close()


def near(got, want, tolerance=1e-5):
    return len(got) == len(want) and max(abs(g - w) for g, w in zip(got, want)) < tolerance


def in_turn(*tests):
    """Says of each how long it took: who looks at one that hangs sees where."""
    for test in tests:
        start = time.time()
        test()
        print(f"{test.__name__}: {time.time() - start:.1f} s", flush=True)
