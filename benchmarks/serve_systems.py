# SPDX-License-Identifier: Apache-2.0
"""What serves the model in the suite serve: Griddle and its peers. A function a system: (version, served.Server)."""
import functools
import json
import os
import pathlib
import shutil
import subprocess
import zipfile

from bench import ROOT, Absent, Failed, run
from scratch import SCONES, cifar10_folder, compiled, griddle_run
from served import Server, free_port

PEERS = ROOT / "benchmarks" / "peers"
QUEUE = 128  # waiting requests of a model, before more are refused

NGINX = """daemon off; worker_processes {threads}; pid nginx.pid; error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 1000000000;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {{ listen 127.0.0.1:{port} reuseport; location / {{ return 200; }} }}
}}
"""

TORCHSERVE = """inference_address=http://127.0.0.1:{port}
management_address=http://127.0.0.1:{management}
metrics_address=http://127.0.0.1:{metrics}
disable_token_authorization=true
number_of_netty_threads={threads}
job_queue_size={queue}
model_store={store}
load_models=resnet.mar
models={models}
"""

SILENT_LOG4J = """<Configuration status="error"><Loggers><Root level="error"/></Loggers></Configuration>"""


def model(bench):
    """A ResNet-20 of ten classes, trained on CIFAR-10 for one short epoch; made once for a build of griddle."""
    out = bench.scratch / "serve"
    bench.griddle_version()
    if not (out / "model.safetensors").exists() or out.stat().st_mtime < bench.griddle.stat().st_mtime:
        griddle_run(bench, SCONES, out.name, **{
            "data.source": cifar10_folder(bench), "data.format": "folder", "data.classes": "[]",
            "model.network": "resnet-20", "train.epochs": 1, "evaluate.flip": "false"})
    return out / "model.safetensors"


def peers_model(bench):
    """The same as a folder with model.onnx and input.json."""
    out, source = bench.scratch / "serve-peers", model(bench)
    if not (out / "input.json").exists() or out.stat().st_mtime < source.stat().st_mtime:
        shutil.rmtree(out, ignore_errors=True)
        bench.peer("serve_model.py", source, out)
    return out


@functools.lru_cache
def version(python, *distributions):
    """Of packages in the peers' Python: 1.2.3, onnxruntime 4.5.6."""
    script = ("import importlib.metadata as m, json, sys; have = {d.name.lower(): d.version for d in m.distributions()}; "
              "print(json.dumps([have.get(d) for d in sys.argv[1:]]))")
    found = run([python, "-c", script, *distributions]).json()
    for name, here in zip(distributions, found):
        if not here:
            raise Absent(f"no {name} in {python}")
    first, *others = found
    return ", ".join([first, *(f"{d} {v}" for d, v in zip(distributions[1:], others))])


def griddle(bench):
    port, source = free_port(), model(bench)
    return bench.griddle_version(), Server([bench.griddle, "serve", source, "--port", port], port,
                                           bench.scratch / "serve-griddle.log")


def fastapi(bench):
    port, source = free_port(), peers_model(bench)
    command = [bench.peers(), "-m", "uvicorn", "serve_fastapi:app", "--app-dir", PEERS, "--port", port,
               "--workers", bench.threads, "--loop", "uvloop", "--http", "httptools", "--no-access-log",
               "--log-level", "warning"]
    return version(bench.peers(), "fastapi", "uvicorn", "onnxruntime"), Server(
        command, port, bench.scratch / "serve-fastapi.log", {"SERVE_MODEL": str(source), "PYTHONDONTWRITEBYTECODE": "1"})


def pkg_config(*words):
    try:
        return run(["pkg-config", *words]).output.split()
    except Failed as why:
        raise Absent(f"{why}; see tools/install --peers") from why


def httplib(bench):
    """serve_httplib.cc, with the shared library out of onnxruntime's Python package."""
    port, source, out = free_port(), peers_model(bench), bench.scratch / "serve_httplib"
    where = "import importlib.util as u; print(u.find_spec('onnxruntime').submodule_search_locations[0])"
    library, = pathlib.Path(run([bench.peers(), "-c", where]).output.strip()).glob("capi/libonnxruntime.so.*")
    runtime, code = bench.scratch / "libonnxruntime.so.1", PEERS / "serve_httplib.cc"
    runtime.unlink(missing_ok=True)
    runtime.symlink_to(library)
    compiled(out, [code], ["c++", "-std=c++20", "-O2", *pkg_config("--cflags", "cpp-httplib"), code, runtime,
                           *pkg_config("--libs", "cpp-httplib", "libpng"), "-lpthread", f"-Wl,-rpath,{out.parent}"])
    described = json.loads((source / "input.json").read_text(encoding="utf-8"))
    mean, deviation = (",".join(map(str, described[key])) for key in ("mean", "deviation"))
    of_httplib, = pkg_config("--modversion", "cpp-httplib")
    return f"{of_httplib}, onnxruntime {version(bench.peers(), 'onnxruntime')}", Server(
        [out, port, source / "model.onnx", described["name"], mean, deviation], port, bench.scratch / "serve-httplib.log")


def torchserve(bench):
    """As many workers as processors; batches of at most 8, for which it waits 1 ms; its logs are off."""
    port, source, folder = free_port(), peers_model(bench), bench.scratch / "serve-torchserve"
    if not shutil.which("java"):
        raise Absent("no java: tools/install --peers")
    of_torchserve = version(bench.peers(), "torchserve", "torch")
    if not (source / "model.pt").exists():
        bench.peer("serve_torchscript.py", model(bench), source / "model.pt")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "resnet.mar", "w") as archive:
        archive.write(PEERS / "serve_torchserve.py", "serve_torchserve.py")
        for name in ("model.pt", "input.json"):
            archive.write(source / name, name)
        archive.writestr("MAR-INF/MANIFEST.json", json.dumps({
            "createdOn": "", "runtime": "python", "archiverVersion": "0.12.0",
            "model": {"modelName": "resnet", "modelVersion": "1", "handler": "serve_torchserve.py",
                      "serializedFile": "model.pt"}}))
    models = {"resnet": {"1": {"defaultVersion": True, "marName": "resnet.mar", "minWorkers": bench.threads,
                               "maxWorkers": bench.threads, "batchSize": 8, "maxBatchDelay": 1}}}
    (folder / "log4j2.xml").write_text(SILENT_LOG4J, encoding="utf-8")
    (folder / "config.properties").write_text(TORCHSERVE.format(
        port=port, management=free_port(), metrics=free_port(), threads=bench.threads, queue=QUEUE, store=folder,
        models=json.dumps(models)), encoding="utf-8")
    command = [bench.peers(), "-m", "ts.model_server", "--start", "--foreground", "--ts-config",
               folder / "config.properties", "--log-config", folder / "log4j2.xml"]
    return of_torchserve, Server(command, port, bench.scratch / "serve-torchserve.log", {
        "LOG_LOCATION": str(folder / "logs"), "METRICS_LOCATION": str(folder / "logs"), "TMPDIR": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1"})


def nginx(bench):
    """The ceiling: an empty answer to everything."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        raise Absent("no nginx: tools/install --peers")
    port, folder = free_port(), bench.scratch / "serve-nginx"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nginx.conf").write_text(NGINX.format(threads=bench.threads, port=port), encoding="utf-8")
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr  # nginx version: nginx/1.2.3
    return said.strip().rpartition("/")[2], Server([program, "-p", folder, "-c", "nginx.conf", "-e", "stderr"], port,
                            bench.scratch / "serve-nginx.log")

