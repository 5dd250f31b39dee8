# SPDX-License-Identifier: Apache-2.0
"""A server while it is measured: started, asked, weighed, put under load and ended, with all the processes that it has."""
import ctypes
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from bench import ROOT, Absent, Failed, run

PR_SET_CHILD_SUBREAPER = 36
START = 60  # seconds at most until the first answer
END = 20  # and from SIGTERM to the end
TOLERANCE = 1e-4  # of a probability
WARM_UP = 2  # seconds of load before it is measured
SETTLE = 1  # and of idleness


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def adopt_orphans():
    """Processes whose parent ended become this one's, which can then wait for them."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


class Server:
    """with Server(command, port, log) as server: the command gets a session of its own, so that its processes are known."""

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
        processes = [int(process.name) for process in self.processes()]
        self.child.terminate()
        try:
            self.child.wait(END)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.child.pid, signal.SIGKILL)  # what it left behind, or itself
        except ProcessLookupError:
            pass
        self.child.wait()
        for process in processes:  # left behind they are ours, and so is the time that they used
            try:
                os.waitpid(process, 0)
            except ChildProcessError:
                pass

    def said(self):
        return self.log.read_text(errors="replace").strip()[-2000:]

    def ready(self, method, path, body=None):
        """Milliseconds from the start of the process to the whole of the first 200."""
        while time.perf_counter() < self.started + START:
            if self.child.poll() is not None:
                raise Failed(f"{self.command[0]} ended with {self.child.returncode} before it answered: {self.said()}")
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START)
            try:
                connection.request(method, path, body, {"Content-Type": "image/png"} if body else {})
                response = connection.getresponse()
                response.read()
                if response.status == 200:
                    return 1000 * (time.perf_counter() - self.started)
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
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
        """CPU time per second in which nobody asks, once it has settled."""
        time.sleep(SETTLE)
        before, start = self.cpu_ms(), time.perf_counter()
        time.sleep(seconds)
        return (self.cpu_ms() - before) / (time.perf_counter() - start)

    def check(self, system, pictures, answers):
        """Posts every picture; its probabilities must be those of the first system in `answers`, where it puts them."""
        connection, got = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30), []
        for picture in pictures:
            connection.request("POST", "/invocations", picture, {"Content-Type": "image/png"})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise Failed(f"answers a picture with {response.status}: {body[:200].decode(errors='replace')}")
            got.append(json.loads(body))
        connection.close()
        answers.setdefault(system, got)
        first = next(iter(answers))
        apart = max(abs(p - q) for a, b in zip(answers[first], got) for p, q in zip(a, b))
        if [*map(len, got)] != [*map(len, answers[first])] or not apart <= TOLERANCE:
            raise Failed(f"its probabilities are up to {apart:.2g} from those of {first}")

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
