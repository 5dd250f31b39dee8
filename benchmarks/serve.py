# SPDX-License-Identifier: Apache-2.0
"""Servers of one model: a ResNet-20 in fp32 that is asked about 200 different PNGs of 32x32, in turn, by wrk on the same
processors, over connections that are kept alive. A sample is a fresh server, which must give the same probabilities as the
first before it is timed; what serves is in serve_systems.py.

`parts` is no server: the rate at which bare HTTP (libmicrohttpd), decoding and the network would answer together, each
measured alone on as many processors as so many clients keep busy."""
import contextlib
import json
import os
import pathlib
import tempfile
from functools import partial

import served
import serve_systems as systems
from bench import ROOT, Absent, Case, Failed, Reading, run
from scratch import compiled, scones_pictures

SERVERS = {"griddle": systems.griddle, "fastapi": systems.fastapi, "httplib": systems.httplib,
           "torchserve": systems.torchserve}
CLIENTS = (1, 8, 64)
MANY = 1024  # clients, where the queue is full
REFUSING = ("griddle", "torchserve")  # servers with a queue that can be full


def pictures(bench):
    folder = scones_pictures(bench)
    return [(folder / f"{i}.png").read_bytes() for i in range(len(list(folder.iterdir())))]


def load_figures(load):
    return {"throughput": (load["per_second"], "requests/s"), "p50": (load["p50_ms"], "ms"), "p99": (load["p99_ms"], "ms")}


def own_program(bench, name, *words):
    """benchmarks/NAME.c with what else it is made from."""
    code = ROOT / "benchmarks" / f"{name}.c"
    inputs = [code, *(word for word in words if isinstance(word, pathlib.Path))]
    return compiled(bench.scratch / name, inputs, [os.environ.get("CC", "cc"), "-std=c17", "-D_GNU_SOURCE", "-O2", "-I",
                                                   ROOT / "include", "-I", ROOT / "src", code, *words])


def parts(bench, clients, _):
    archive = bench.griddle.parent / "libgriddle-infer-parts.a"
    decoders = sorted((ROOT / "src" / "data").glob("decode*.c"))
    if not archive.exists():
        raise Absent(f"no {archive}: cmake --preset release && cmake --build --preset release")
    program = own_program(bench, "serve_parts", *decoders, archive, "-lmicrohttpd", "-lpng", "-ljpeg", "-lm", "-lpthread")
    folder, busy, port = scones_pictures(bench), min(clients, bench.threads), served.free_port()
    n = len(list(folder.iterdir()))
    with served.Server([program, "http", port, bench.threads], port, bench.scratch / "serve-http.log") as server:
        server.ready("GET", "/ping")
        rates = {"HTTP": server.load("/invocations", clients, bench.seconds, folder)["per_second"]}
    decoding = run([program, "decode", folder, n, busy, bench.seconds / 2]).json()
    network = run([program, "network", folder, n, busy, bench.seconds / 2, systems.model(bench)]).json()
    rates.update({"decoding": decoding["per_second"], "network": network["per_second"]})
    together = 1 / sum(1 / rate for rate in rates.values())
    return Reading(network["version"], {
        "throughput": (together, "requests/s"), **{f"{part} alone": (rate, "requests/s") for part, rate in rates.items()}})


def overload(bench, server, rest):
    """Many more clients than the queue has places, which rest for so many seconds after a refusal; before that, as many as
    it has."""
    folder, program = scones_pictures(bench), own_program(bench, "serve_load", "-lm")

    def load(clients):
        result = run([program, server.port, clients, bench.seconds, rest, folder, len(list(folder.iterdir()))]).json()
        if result["failed"]:
            raise Failed(f"{result['failed']} requests were neither answered nor refused: {server.said()}")
        return result

    full, over = load(systems.QUEUE), load(MANY)
    if full["refused"]["n"] or not over["refused"]["n"] or not over["accepted"]["n"]:
        raise Failed(f"of {systems.QUEUE} clients it refused {full['refused']['n']} requests; of {MANY} it accepted "
                     f"{over['accepted']['n']} and refused {over['refused']['n']}")
    return {"p99 with a full queue": (full["accepted"]["p99_ms"], "ms"),
            "p99 of the accepted": (over["accepted"]["p99_ms"], "ms"),
            "accepted": (over["accepted"]["per_second"], "requests/s"),
            "p50 of a refusal": (over["refused"]["p50_ms"], "ms"),
            "p99 of a refusal": (over["refused"]["p99_ms"], "ms")}


def on_the_path(bench, _):
    """What counting, capture, log and figures take of a request's time, by programs that are built with the tests."""
    tests = bench.griddle.parent / "tests"
    if not (tests / "griddle-serve-puts").exists():
        raise Absent(f"no {tests}/griddle-serve-puts: cmake --preset release -DGRIDDLE_TESTS=ON")
    counting = run([tests / "griddle-metrics", "cost"]).json()["ns_per_request"]
    figures = run([tests / "griddle-judge", "figures-cost"]).json()["figures_us"]
    with tempfile.TemporaryDirectory(dir=bench.scratch) as folder:
        puts = [json.loads(line) for line in run([tests / "griddle-serve-puts", folder, "5"]).output.splitlines()]
    if any(put["dropped"] for put in puts):
        raise Failed(f"records were dropped, which costs nothing: {puts}")
    values = {f"counting, {threads}": (ns * 1e-3, "us") for threads, ns in counting.items()}
    values.update({f"{put['what']}, {put['threads']} thread" + "s" * (put["threads"] > 1): (put["cpu_ns"] * 1e-3, "us")
                   for put in puts})
    values.update({f"figures of {size}": (us, "us") for size, us in figures.items()})
    return Reading(bench.griddle_version(), values)


def cases(bench):
    served.adopt_orphans()
    answers = {}  # of the systems of this run, which must agree

    @contextlib.contextmanager
    def asked(name):
        """A fresh server that has answered once: its version, itself, and how long that took."""
        version, server = SERVERS[name](bench)
        with server:
            yield version, server, server.ready("POST", "/invocations", pictures(bench)[0])

    def start(name, _):
        with asked(name) as (version, server, ready_ms):
            memory = server.memory_mb()
            server.check(name, pictures(bench), answers)
            return Reading(version, {"first answer": (ready_ms, "ms"), "memory": (memory, "MB"),
                                     "CPU of an idle second": (server.idle_ms(), "ms")})

    def under_load(name, clients, _):
        with asked(name) as (version, server, _):
            server.check(name, pictures(bench), answers)
            values = load_figures(server.load("/invocations", clients, bench.seconds, scones_pictures(bench)))
            return Reading(version, {**values, "memory after": (server.memory_mb(), "MB")})

    def overloaded(name, rest, _):
        with asked(name) as (version, server, _):
            server.check(name, pictures(bench), answers)
            return Reading(version, overload(bench, server, rest))

    def ping(make, _):
        version, server = make(bench)
        with server:
            server.ready("GET", "/ping")
            return Reading(version, load_figures(server.load("/ping", CLIENTS[-1], bench.seconds)))

    yield Case("on a request's path, CPU", {"griddle": partial(on_the_path, bench)}, rounds=5)
    yield Case("start", {name: partial(start, name) for name in SERVERS}, rounds=9, warmup=1)
    for clients in CLIENTS:
        yield Case(f"{clients} client" + "s" * (clients > 1), {
            **{name: partial(under_load, name, clients) for name in SERVERS}, "parts": partial(parts, bench, clients),
        }, rounds=7)
    yield Case(f"empty answer, {CLIENTS[-1]} clients", {
        name: partial(ping, make) for name, make in {**SERVERS, "nginx": systems.nginx}.items()}, rounds=7)
    for manners, rest in (("that rest", 1), ("that do not rest", 0)):
        yield Case(f"{MANY} clients {manners}", {name: partial(overloaded, name, rest) for name in REFUSING}, rounds=5)
