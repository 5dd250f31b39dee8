# SPDX-License-Identifier: Apache-2.0
"""A server while it is measured: started, asked, weighed, put under load and ended, with all the processes that it has."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from bench import ROOT, Absent, Failed, run

START = 60  # seconds at most until the first answer
END = 20  # and from SIGTERM to the end
TOLERANCE = 1e-4  # of a probability
WARM_UP = 2  # seconds of load before it is measured


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """`with Server(command, port, log) as server`; the command gets a session of its own, so that its processes are known.

    `ready(method, path, body)` waits until the first 200."""

    def __init__(self, command, port, log, env=None):
        self.command, self.port, self.log, self.env = [str(word) for word in command], port, log, env

    def __enter__(self):
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "wb") as log:
            self.started = time.perf_counter()
            try:
                self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                              env={**os.environ, **(self.env or {})}, start_new_session=True)
            except OSError as why:
                raise Absent(f"{self.command[0]} cannot be started: {why.strerror}") from why
        return self

    def __exit__(self, *_):
        self.child.terminate()
        try:
            self.child.wait(END)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.child.pid, signal.SIGKILL)  # what the server left behind, or itself
        except ProcessLookupError:
            pass
        self.child.wait()

    def said(self):
        return self.log.read_text(errors="replace").strip()[-2000:]

    def ready(self, method, path, body=None):
        """Milliseconds from the start of the process to the whole of the first 200."""
        request = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        if body:
            request += f"Content-Type: image/png\r\nContent-Length: {len(body)}\r\n"
        message = request.encode() + b"\r\n" + (body or b"")
        while time.perf_counter() < self.started + START:
            if self.child.poll() is not None:
                raise Failed(f"{self.command[0]} ended with {self.child.returncode} before it answered: {self.said()}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as s:
                    s.sendall(message)
                    answer = b"".join(iter(lambda: s.recv(65536), b""))
                if answer.split(b" ", 2)[1:2] == [b"200"]:
                    return 1000 * (time.perf_counter() - self.started)
            except OSError:
                pass
            time.sleep(0.001)
        raise Failed(f"no answer from {self.command[0]} within {START} s: {self.said()}")

    def processes(self):
        found = []
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                after_name = stat.read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            if int(after_name[3]) == self.child.pid:  # the session
                found.append(stat.parent)
        return found

    def memory_mb(self):
        """Proportional set size of all its processes."""
        texts = [(process / "smaps_rollup").read_text() for process in self.processes()]
        return sum(int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("Pss:")) * 1024 / 1e6

    def cpu_ms(self):
        """That its threads have used, by the scheduler's own count."""
        files = [f for process in self.processes() for f in process.glob("task/*/schedstat")]
        return sum(int(f.read_text().split()[0]) for f in files) / 1e6

    def idle_ms(self, seconds=2):
        """CPU time per second in which nobody asks."""
        before, start = self.cpu_ms(), time.perf_counter()
        time.sleep(seconds)
        return (self.cpu_ms() - before) / (time.perf_counter() - start)

    def check(self, path, pictures, answers):
        """Posts every picture; its probabilities must be those in `answers`, which the first system fills."""
        connection, got = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30), []
        for picture in pictures:
            connection.request("POST", path, picture, {"Content-Type": "image/png"})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise Failed(f"answers a picture with {response.status}: {body[:200].decode(errors='replace')}")
            got.append(json.loads(body))
        connection.close()
        answers = answers or answers.extend(got) or answers
        apart = max((abs(p - q) if len(a) == len(b) else 1 for a, b in zip(answers, got) for p, q in zip(a, b)), default=1)
        if not apart <= TOLERANCE:
            raise Failed(f"its probabilities are up to {apart:.2g} from those of the system before it")

    def load(self, path, clients, seconds, pictures=None):
        """What serve_wrk.lua prints, of keep-alive connections after a warm-up. Pictures: a folder; none: GET."""
        def wrk(length):
            out = run(["wrk", "--threads", 1, "--connections", clients, "--duration", f"{length}s", "--script",
                       ROOT / "benchmarks" / "serve_wrk.lua", f"http://127.0.0.1:{self.port}{path}"],
                      {"SERVE_PICTURES": str(pictures)} if pictures else None).output
            return json.loads(out.splitlines()[-1])

        wrk(WARM_UP)
        result = wrk(seconds)
        if result["failed"]:
            raise Failed(f"{result['failed']} requests failed under load: {self.said()}")
        return result
