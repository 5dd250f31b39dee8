# SPDX-License-Identifier: Apache-2.0
"""A server's life under load: ready, read anew, succeeded, drained, killed. No accepted request is lost, none is mixed up
with another. GRIDDLE_LONG=1 ends and succeeds it a hundred times each, else a few."""
import contextlib
import glob
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
from load import Clients, png, problems  # noqa: E402
from raw import Raw, post, request  # noqa: E402
from server import GRIDDLE, Server, in_turn, near, tiny  # noqa: E402

TIMES = 100 if os.environ.get("GRIDDLE_LONG") else 12


def biases():
    """What a model answers whose weights are 0."""
    powers = [math.exp(bias) for bias in tiny.BIAS]
    return [power / sum(powers) for power in powers]


def until(condition, seconds=20):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, "not within time"
        time.sleep(0.01)


def ends_in_order():
    """SIGTERM under load: every request that was accepted is answered, connections say that they close, exit 0."""
    for turn in range(TIMES):
        with Server("run", "--linger", "0.2") as server, Clients(server) as clients:
            time.sleep(0.05 + 0.01 * turn)
            start = time.time()
            assert server.end() == 0, server.log
            took = time.time() - start
            clients.stop()
            assert clients.answered > 0 and clients.lost == clients.mixed == clients.late == 0 and not clients.codes, clients
            assert took < 5, took


def ends_while_requests_come():
    """Requests on idle connections just when those are closed: answered or cut off, and exit 0."""
    slow = post(png(bytes(1000 * 1000), 1000))
    for _ in range(3 * TIMES):
        with Server("run", "--linger", "0") as server:
            clients = [Raw(server) for _ in range(24)]
            for client in clients:
                client.send(request(b"GET /ping HTTP/1.1"))
                assert client.socket.recv(1000).startswith(b"HTTP/1.1 200")
            server.process.send_signal(signal.SIGTERM)
            for client in clients:
                client.send(slow)
            assert server.process.wait(20) == 0, server.read()
            for client in clients:
                client.socket.close()


def succeeds_itself():
    """Handovers under load: not one connection is refused, and no request, also while the successor loads its model."""
    with contextlib.ExitStack() as stack:
        def start():
            return stack.enter_context(Server("run", "--handover", "door", "--linger", "0.2"))

        with open("garbage.safetensors", "wb") as file:
            file.write(b"x" * 1000)
        server = start()
        with Clients(server, n=2) as kept, Clients(server, n=2, fresh=True) as clients:
            for _ in range(TIMES):
                time.sleep(0.1)
                before, server = server, start()
                assert server.port == before.port
                assert before.process.wait(10) == 0, before.read()
            for model in ("nowhere", "garbage.safetensors"):  # a successor that fails leaves everything as it is
                done = subprocess.run([GRIDDLE, "serve", model, "--handover", "door"], capture_output=True, check=False)
                assert done.returncode == 1 and server.ask("GET", "/ping").code == 200
            for some in (kept, clients):
                some.stop()
                assert some.answered > 0 and some.refused == some.lost == some.mixed == some.late == 0, some
                assert not some.codes, some
    assert not os.path.exists("door")


def sockets(process):
    """Those that it has not been started with."""
    folder, found = f"/proc/{process.pid}/fd", set()
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            link = os.readlink(f"{folder}/{name}")
            if int(name) > 2 and link.startswith("socket:"):
                found.add(link)
    return found


def stop(process):
    """All its threads: they may run for a while after the signal, and accept a connection."""
    def state(task):
        with open(f"{task}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0]

    process.send_signal(signal.SIGSTOP)
    until(lambda: {state(task) for task in glob.glob(f"/proc/{process.pid}/task/*")} == {"T"})


def succeeds_one_that_ends():
    """A server that is told to end just when its successor is ready takes nothing of that one's away; one that is killed
    before it could be told is succeeded all the same."""
    for kill in (False, True):
        with Server("run", "--handover", "door", expect=-signal.SIGKILL if kill else 0) as first:
            door = os.stat("door").st_ino
            assert os.stat("door").st_mode & 0o777 == 0o600  # whoever connects is asked who it is, besides
            slow = [GRIDDLE, "serve", "run", "--handover", "door", "--workers", "256", "--batch", "256"]
            with contextlib.ExitStack() as stack:
                second = subprocess.Popen(slow, stderr=subprocess.DEVNULL)
                stack.callback(second.wait)
                stack.callback(second.kill)
                until(lambda s=second, f=first: sockets(s) & sockets(f.process))  # it has been given the one that listens
                first.process.kill() if kill else stop(first.process)
                assert first.ask("GET", "/ping").code == 200  # once the other one accepts
                if not kill:
                    until(lambda d=door: os.path.exists("door") and os.stat("door").st_ino != d)
                    first.process.send_signal(signal.SIGTERM)
                    first.process.send_signal(signal.SIGCONT)
                    assert first.process.wait(10) == 0
                assert os.path.exists("door") and first.ask("GET", "/ping").code == 200
                second.terminate()
                assert second.wait(10) == 0
        assert not os.path.exists("door")


def reads_models_anew():
    """A file replaced is another model's, without a request lost; garbage is refused, and the old one goes on."""
    shutil.copy("run/model.safetensors", "changing.safetensors")
    tiny.write_model("other.safetensors", weight=[[0.0] * 16] * 3)
    ask, answer = problems(1)[0]
    with Server("changing.safetensors") as server:
        with Clients(server, answers=lambda want: [want, biases()]) as clients:
            for turn in range(4):
                os.rename(shutil.copy("other.safetensors" if turn % 2 == 0 else "run/model.safetensors", "next"),
                          "changing.safetensors")
                if turn < 2:
                    server.process.send_signal(signal.SIGHUP)  # at once; else it is noticed
                want = biases() if turn % 2 == 0 else answer
                until(lambda w=want: near(json.loads(server.invoke(ask).text), w))
            clients.stop()
            assert clients.answered > 0 and clients.lost == clients.mixed == clients.late == 0 and not clients.codes, clients
        for turn, garbage in enumerate((b"", b"x" * 1000, open("run/model.safetensors", "rb").read()[:-8])):
            with open("next", "wb") as file:
                file.write(garbage)
            os.rename("next", "changing.safetensors")
            server.process.send_signal(signal.SIGHUP)
            until(lambda t=turn: server.read().count("the model in memory goes on") == t + 1)
            assert near(json.loads(server.invoke(ask).text), answer)
        with open("changing.safetensors", "wb") as file:  # cut in place, as no mapped file may be
            file.write(b"y")
        for _ in range(20):
            assert near(json.loads(server.invoke(ask).text), answer)
        os.remove("changing.safetensors")
        time.sleep(1.2)
        assert near(json.loads(server.invoke(ask).text), answer)
        assert server.metric('griddle_reloads_total{variant="AllTraffic",result="taken"}') == 4
        assert server.metric('griddle_reloads_total{variant="AllTraffic",result="refused"}') >= 3


def reads_one_of_two_anew():
    """What is said of a reload; a link to another folder, as Kubernetes swaps its volumes; a file that was refused is tried
    again when somebody asks."""
    for name, weight in (("v1", None), ("v2", [[0.0] * 16] * 3)):
        os.makedirs(f"volume/{name}")
        tiny.write_model(f"volume/{name}/model.safetensors", weight=weight)
    os.symlink("v1", "volume/data")
    shutil.copy("run/model.safetensors", "b.safetensors")
    ask, answer = problems(1)[0]
    with Server("a=volume/data", "b:0=b.safetensors") as server:
        server.process.send_signal(signal.SIGHUP)
        server.await_line("no model's file has changed")
        os.symlink("v2", "volume/next")
        os.rename("volume/next", "volume/data")
        server.await_line("models are read anew .1.:")  # noticed without a signal
        assert near(json.loads(server.invoke(ask).text), biases())
        with open("b.safetensors", "wb") as file:
            file.write(b"garbage")
        os.symlink("v1", "volume/next")
        os.rename("volume/next", "volume/data")
        server.process.send_signal(signal.SIGHUP)
        server.await_line("b.safetensors: .*; the model in memory goes on\nmodels are read anew .1.:")
        assert near(json.loads(server.invoke(ask).text), answer)
        assert server.invoke(ask, **{"X-Amzn-SageMaker-Target-Variant": "b", "Content-Type": "image/png"}).code == 200
        time.sleep(2.5)
        assert server.read().count("the model in memory goes on") == 1  # once for each that was refused
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.read().count("the model in memory goes on") == 2)


def ends_before_it_is_ready():
    """What has not been loaded yet is not loaded for a server that ends: all of these would take some ten seconds."""
    words = [f"m{i}=run" for i in range(64)]
    for pause in (0, 0.3):
        with Server(*words, "--workers", "256", "--batch", "256", ready=False) as server:
            time.sleep(pause)
            assert server.end(seconds=5) == 0, server.log


def loads_no_more_when_it_ends():
    """Clients whose models wait to be loaded are told; the one that is being loaded is waited for."""
    with Server("--models", ".", "--workers", "256", "--batch", "256", "--linger", "0.1") as server:
        waiting = [server.connect() for _ in range(40)]
        for i, connection in enumerate(waiting):
            connection.request("POST", "/models", json.dumps({"model_name": f"m{i}", "url": "run"}))
        until(lambda: server.metric("griddle_requests_in_flight") > 39)
        server.process.send_signal(signal.SIGTERM)
        codes = [connection.getresponse().status for connection in waiting]
        assert server.process.wait(5) == 0 and set(codes) <= {200, 503} and codes.count(503) > 20, codes


def second_signal():
    with Server("run", "--linger", "20", expect=-signal.SIGTERM) as server:
        kept = server.connect()
        kept.request("GET", "/ping")
        kept.getresponse().read()
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server.process.poll() is None  # the connection is kept for a while
        kept.request("GET", "/ping")
        response = kept.getresponse()
        assert response.status == 503 and response.headers["Connection"] == "close"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(5) == -signal.SIGTERM


class Supervised(Server):
    """Started as systemd does, on a socket that is there before and after it: by its protocol, spoken here."""

    CODE = ("import os,sys; os.dup2(int(sys.argv[1]), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
            "os.set_inheritable(3, True); os.execv(sys.argv[2], sys.argv[2:])")

    def __init__(self, socket):
        super().__init__("run", "--linger", "0.1")
        self.words = [sys.executable, "-c", self.CODE, str(socket.fileno()), GRIDDLE, "serve", "run", "--linger", "0.1"]
        self.files = [socket.fileno()]


def inherits_a_socket():
    """Restarts, one after another: who connects meanwhile waits, and is answered by the next."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    server = Supervised(listening).__enter__()
    assert server.port == listening.getsockname()[1]
    with Clients(server, n=2, fresh=True) as clients:
        for _ in range(4):
            time.sleep(0.1)
            server.__exit__(None)
            time.sleep(0.1)
            server = Supervised(listening).__enter__()
        clients.stop()
        assert clients.answered > 0 and clients.refused == clients.lost == clients.mixed == clients.late == 0, clients
        assert not clients.codes, clients
    server.__exit__(None)
    listening.close()


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    os.mkdir("run")
    tiny.write_model("run/model.safetensors")
    in_turn(ends_in_order, ends_while_requests_come, succeeds_itself, succeeds_one_that_ends, reads_models_anew, reads_one_of_two_anew, ends_before_it_is_ready, loads_no_more_when_it_ends, second_signal, inherits_a_socket)
