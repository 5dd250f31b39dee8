# SPDX-License-Identifier: Apache-2.0
"""griddle monitor watch: each hour once, whatever is killed when; alarms that arrive; figures for others. And the same check
as a processing job. GRIDDLE_LONG=1: a thousand kills instead of twenty."""
import http.client
import http.server
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
import hours  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]
KILLS = 1000 if os.environ.get("GRIDDLE_LONG") == "1" else 20
KINDS = "nnnbbnn-nnnn"
RESULTS = ["fine"] * 3 + ["violated"] * 2 + ["fine"] * 2 + ["empty"] + ["fine"] * 4
EVENTS = {3: "violation", 6: "recovery"}
NOTE = 'echo "$GRIDDLE_EVENT $GRIDDLE_TO" >> '
draw = random.Random(3)


def words(folder, *more, begin=None):
    return [GRIDDLE, "monitor", "watch", "captured", "--baseline", "base", "-o", folder, "--from",
            hours.stamp(begin or first), "--every", "1s", *more]


def once(folder, *more, expect=0, environment=None, begin=None):
    done = subprocess.run(words(folder, "--once", *more, begin=begin), capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **(environment or {})))
    assert done.returncode == expect, (done.returncode, done.stderr)
    return done.stderr


def lines_of(folder):
    """The history's windows; one that became over while the test ran is left out."""
    try:
        text = pathlib.Path(folder, "history.jsonl").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.splitlines()][:len(KINDS)]


def await_that(holds, what, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def alerts_of(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def expected_alerts():
    return [f"{event} {hours.stamp(first + (i + 1) * hours.HOUR)}" for i, event in EVENTS.items()]


def files_of(folder):
    """What the windows' checks wrote, but for the page, which says when it was made."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in pathlib.Path(folder).glob("*/*.json")}


# ---- a run that nobody disturbs ----


def check_history(folder):
    windows = lines_of(folder)
    assert [w["result"] for w in windows] == RESULTS, windows
    for i, window in enumerate(windows):
        assert window["from"] == hours.stamp(first + i * hours.HOUR) and window["to"] == hours.stamp(
            first + (i + 1) * hours.HOUR)
        assert window["pictures"] == (0 if KINDS[i] == "-" else 200)
        assert window["event"] == EVENTS.get(i, "none") and (window["violations"] > 0) == (KINDS[i] == "b")
        assert window["state"] == ("violated" if 3 <= i < 6 else "ok")
        place = pathlib.Path(folder, window["from"][:13] + "00")
        assert place.exists() == (KINDS[i] != "-"), place
        if KINDS[i] != "-":
            violations = json.loads((place / "constraint_violations.json").read_text())["violations"]
            assert len(violations) == window["violations"] and (place / "report.html").stat().st_size > 10000
            checked = json.loads((place / "check.json").read_text())
            assert "statistics" not in checked and (place / "statistics.json").exists()
    assert windows[-1]["totals"]["violated"] == 2 and windows[-1]["totals"]["empty"] == 1


def check_page(folder):
    page = pathlib.Path(folder, "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) == len(KINDS) - 1 and all(pathlib.Path(folder, link).exists() for link in links), links
    assert page.count("<b>Alarm.</b>") == page.count("<b>Recovered.</b>") == 1 and len(page) < 100_000
    assert "http" not in re.sub(r"<meta[^>]*>", "", page)


def check_metrics(path):
    text = pathlib.Path(path).read_text(encoding="utf-8")
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values["griddle_monitor_violated"]) == 0
    assert float(values['griddle_monitor_windows_total{result="violated"}']) == 2
    assert 0 <= float(values['griddle_monitor_column_psi{column="brightness"}']) < 1
    assert float(values["griddle_monitor_window_end_timestamp_seconds"]) >= first + len(KINDS) * hours.HOUR
    written = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.M))
    page = pathlib.Path(os.environ["GRIDDLE_SOURCE"], "docs", "monitor-watch.md").read_text(encoding="utf-8")
    explained = dict(re.findall(r"^\| `(griddle_monitor\w+)` \| (\w+) \|", page, re.M))
    assert written.items() <= explained.items(), set(written.items()) - set(explained.items())
    try:
        from prometheus_client.parser import text_string_to_metric_families
    except ImportError:
        return
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    assert len(samples) == len(values)


def check_cloudwatch(path, endpoint, schedule):
    """By the schema of the managed service's own containers."""
    seen = set()
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        metric = json.loads(line)
        assert set(metric) - {"Value", "StatisticValues"} == {"MetricName", "Timestamp", "Dimensions"}, metric
        assert ("Value" in metric) != ("StatisticValues" in metric)
        assert metric["Dimensions"] == [{"Name": "Endpoint", "Value": endpoint},
                                        {"Name": "MonitoringSchedule", "Value": schedule}]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metric["Timestamp"])
        kind = re.match(r"feature_data_|feature_non_null_|feature_baseline_drift_|estimated_accuracy$", metric["MetricName"])
        if kind[0] in ("feature_data_", "feature_non_null_"):
            s = metric["StatisticValues"]
            assert set(s) == {"SampleCount", "Sum", "Minimum", "Maximum"} and s["SampleCount"] == 200
            assert s["Minimum"] * s["SampleCount"] <= s["Sum"] * (1 + 1e-12) + 1e-9
            assert s["Sum"] <= s["Maximum"] * s["SampleCount"] * (1 + 1e-12) + 1e-9
        else:
            assert 0 <= metric["Value"] <= 1, metric
        key = metric["MetricName"], metric["Timestamp"]
        assert key not in seen, f"twice: {key}"
        seen.add(key)
    assert {name for name, _ in seen} >= {"feature_data_brightness", "feature_non_null_prediction",
                                         "feature_baseline_drift_confidence", "estimated_accuracy"}
    return seen


def undisturbed():
    said = once("calm", "--metrics", "calm.prom", "--cloudwatch", "calm.jsonl", "--command", NOTE + "calm.alerts")
    assert said.count(": violated: ") == 2 and said.count("ALARM") == said.count("; recovered") == 1, said
    check_history("calm")
    check_page("calm")
    check_metrics("calm.prom")
    times = {when for _, when in check_cloudwatch("calm.jsonl", "scones", "calm")}
    assert len(times) == len(KINDS) - 1
    assert alerts_of("calm.alerts") == expected_alerts()

    # Once more: nothing new, nothing twice. Exits with 3 while the state is violated.
    before = pathlib.Path("calm/history.jsonl").read_bytes()
    once("calm", "--cloudwatch", "calm.jsonl", "--command", NOTE + "calm.alerts")
    assert pathlib.Path("calm/history.jsonl").read_bytes().startswith(before)
    assert alerts_of("calm.alerts") == expected_alerts()
    check_cloudwatch("calm.jsonl", "scones", "calm")
    once("slow", "--violate-after", "2", "--recover-after", "9", expect=3)
    assert [w["event"] for w in lines_of("slow")].index("violation") == 4 and lines_of("slow")[-1]["state"] == "violated"


# ---- hours that add up ----


def check_parts(expect, *more, out="sum"):
    done = subprocess.run([GRIDDLE, "monitor", "check", *more, "--baseline", "base", "-o", out, "--checks-per-month", "30"],
                          capture_output=True, text=True)
    assert done.returncode == expect, done
    return done.stderr


def hours_add_up():
    """A day of a watch's hours, without their captures, is the day's captures, but for what only a picture's answer tells."""
    parts = [f"calm/{stamp[:13]}00/statistics.json" for stamp in
             (hours.stamp(first + i * hours.HOUR) for i in range(len(KINDS))) if os.path.exists(f"calm/{stamp[:13]}00")]
    assert len(parts) == len(KINDS) - 1
    check_parts(3, *parts)
    check_parts(3, "captured", "--from", hours.stamp(first), "--to", hours.stamp(first + len(KINDS) * hours.HOUR), out="day")
    added, day = (json.loads(pathlib.Path(out, "check.json").read_text()) for out in ("sum", "day"))
    assert added["window"]["items"] == day["window"]["items"] == 200 * len(parts)
    of = {column["name"]: column for column in day["columns"]}
    for column in added["columns"]:
        other = of.pop(column["name"])
        assert column["alarm"] == other["alarm"], (column, other)
        for key, value in column["window"].items():
            assert value == other["window"][key] or abs(value / other["window"][key] - 1) < 1e-9, (column, other)
        if "psi" in other:
            assert abs(column["psi"] - other["psi"]) < 0.01, (column, other)
            assert abs(column.get("window_mean", 0) - other.get("window_mean", 0)) < 1e-9, (column, other)
    assert not of and any(column["alarm"] for column in added["columns"]), of
    check_parts(0, *parts[:3])
    said = check_parts(2, *parts, "--model", "model.safetensors")
    assert "is a profile: it has neither times nor pictures" in said, said
    text = pathlib.Path(parts[0]).read_text()
    os.mkdir("other")
    pathlib.Path("other/statistics.json").write_text(text.replace('"kind": "numbers"', '"kind": "circle"', 1))
    said = check_parts(2, parts[1], "other/statistics.json")
    assert "other/statistics.json: cannot be added: column " in said, said


# ---- killed ----


def disturbed(name, kills):
    """Killed again and again, until it is through undisturbed. Returns how often that was."""
    more = ["--once", "--cloudwatch", f"{name}.jsonl", "--command", NOTE + f"{name}.alerts", "--metrics", f"{name}.prom"]
    for kill in range(kills):
        process = subprocess.Popen(words(name, *more), stderr=subprocess.DEVNULL)
        how = draw.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
        time.sleep(draw.uniform(0.0, 0.12))
        process.send_signal(how)
        code = process.wait(timeout=10)
        windows = lines_of(name) if how != signal.SIGKILL else []
        assert how == signal.SIGKILL or code in (0, 3, -how, 128 + how), code  # -how: before it catches signals
        assert windows == calm[:len(windows)], windows
        if len(lines_of_whole(name)) >= len(KINDS):
            return kill + 1
    return kills


def lines_of_whole(folder):
    try:
        return pathlib.Path(folder, "history.jsonl").read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []


def survives_kills():
    kills = runs = 0
    while kills < KILLS:
        name = f"k{runs}"
        kills, runs = kills + disturbed(name, KILLS - kills), runs + 1
        once(name, "--cloudwatch", f"{name}.jsonl", "--command", NOTE + f"{name}.alerts")
        assert lines_of(name) == calm, "the history is not that of a watch that nobody killed"
        assert files_of(name) == files_of("calm")
        assert check_cloudwatch(f"{name}.jsonl", "scones", name) == check_cloudwatch("calm.jsonl", "scones", "calm")
        got = alerts_of(f"{name}.alerts")
        assert [a for i, a in enumerate(got) if i == 0 or a != got[i - 1]] == expected_alerts(), got
        assert not list(pathlib.Path(name).glob("**/*.part"))
        for file in (f"{name}.jsonl", f"{name}.alerts"):
            os.remove(file)
        shutil.rmtree(name)
    print(f"{kills} kills over {runs} histories of {len(KINDS)} windows: none counted twice or left out")


# ---- alarms ----


class Receiver:
    """An HTTP server that gives the answers it is told to: codes, or None: it hangs."""

    def __init__(self, answers=(), tls=None):
        self.answers, self.bodies, self.done = list(answers), [], threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["Content-Type"] == "application/json" and self.path == "/hooks/s3cret"
                answer = receiver.answers.pop(0) if receiver.answers else 204
                receiver.bodies.append((answer, body))
                if answer is None:
                    receiver.done.wait(60)
                else:
                    self.send_response(answer)
                    self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.address = f"{'https' if tls else 'http'}://localhost:{self.server.server_port}/hooks/s3cret"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.server.shutdown()
        self.server.server_close()

    def taken(self):
        return [(body["event"], body["to"]) for answer, body in self.bodies if answer and answer < 300]


def check_body(body, folder):
    window = lines_of(folder)[3]
    assert body["event"] == "violation" and body["state"] == "violated" and body["summary"] == window["summary"]
    assert (body["from"], body["to"], body["pictures"]) == (window["from"], window["to"], 200)
    assert len(body["constraint_violations"]["violations"]) == body["violations"] == window["violations"]
    assert os.path.isabs(body["report"]) and os.path.exists(body["report"]) and window["summary"] in body["text"]


def a_server_that_fails():
    want = [tuple(alert.split()) for alert in expected_alerts()]
    with Receiver([500, 503, 200]) as receiver:
        said = once("hook", "--webhook", receiver.address)
        assert receiver.taken() == want, receiver.bodies
        check_body(receiver.bodies[2][1], "hook")
        assert receiver.bodies[0][1] == receiver.bodies[2][1]
        assert said.count("localhost answered HTTP 50") == 2 and "again in 1 s" in said and "again in 2 s" in said
        assert "s3cret" not in said, said
        assert pathlib.Path("hook/webhook.sent").read_text().strip() == want[-1][1]
        shutil.copy("hook/history.jsonl", "old.jsonl")
        os.remove("hook/webhook.sent")
        once("hook", "--webhook", receiver.address)  # new to this history: what is past is not told
        assert len(receiver.taken()) == 2


def a_server_that_hangs():
    """Nothing waits for it, and what it did not take comes later."""
    with Receiver([None]) as receiver:
        environment = dict(os.environ, GRIDDLE_WEBHOOK=receiver.address)
        process = subprocess.Popen(words("hang", "--command", NOTE + "hang.alerts"), stderr=subprocess.PIPE, text=True,
                                   env=environment)
        await_that(lambda: len(lines_of("hang")) == len(KINDS), "the watch waits for its webhook", 9)
        await_that(lambda: len(alerts_of("hang.alerts")) == 2, "the command waits for the webhook", 9)
        assert len(receiver.bodies) == 1 and not receiver.taken()
        ask_to_end(process, signal.SIGTERM)
        assert "s3cret" not in process.stderr.read()
        process.stderr.close()
        once("hang", environment={"GRIDDLE_WEBHOOK": receiver.address})
        assert receiver.taken() == [tuple(alert.split()) for alert in expected_alerts()], receiver.bodies
        assert len(alerts_of("hang.alerts")) == 2


def a_server_that_nobody_trusts():
    if not shutil.which("openssl"):
        print("no openssl: certificates are not tried")
        return
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    with Receiver(tls=("cert.pem", "key.pem")) as receiver:
        process = subprocess.Popen(words("tls", "--webhook", receiver.address), stderr=subprocess.PIPE, text=True)
        await_that(lambda: len(lines_of("tls")) == len(KINDS), "no history")
        time.sleep(0.5)
        ask_to_end(process, signal.SIGINT)
        said = process.stderr.read()
        process.stderr.close()
        assert "cannot post to https://localhost" in said and "certificate" in said, said
        assert not receiver.bodies
        once("tls", "--webhook", receiver.address, environment={"SSL_CERT_FILE": os.path.abspath("cert.pem")})
        assert len(receiver.taken()) == 2


def a_command_that_fails():
    said = once("fail", "--command", "test -e fail.second || { touch fail.second; exit 7; }; " + NOTE + "fail.alerts")
    assert "ended with code 7; again in 1 s" in said and alerts_of("fail.alerts") == expected_alerts(), said
    slow = "echo $$ >> slow.pids; test $(wc -l < slow.pids) -gt 1 || sleep 100"
    said = once("limit", "--command", slow, "--command-limit", "0.5")
    assert "took longer than 0.5 s" in said, said


# ---- a watch that goes on ----


def ask_to_end(process, how):
    begin = time.monotonic()
    process.send_signal(how)
    assert process.wait(timeout=10) == 128 + how
    assert time.monotonic() - begin < 3


def goes_on():
    process = subprocess.Popen(words("on"), stderr=subprocess.PIPE, text=True)
    await_that(lambda: len(lines_of("on")) == len(KINDS), "no history")
    other = subprocess.run(words("on", "--once"), capture_output=True, text=True)
    assert other.returncode == 1 and f"process {process.pid} watches with 'on' already" in other.stderr, other.stderr
    process.send_signal(signal.SIGHUP)
    for line in process.stderr:
        if "baseline 'base': 600 items of" in line:
            break
    else:
        raise AssertionError("SIGHUP: the baseline was not read")
    ask_to_end(process, signal.SIGTERM)
    process.stderr.close()
    assert lines_of("on") == calm


def fetch(port, path, method="GET", body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body=body)
    answer = connection.getresponse()
    text = answer.read().decode()
    assert int(answer.headers["Content-Length"]) == len(text.encode()) and answer.headers["Connection"] == "close"
    connection.close()
    return answer.status, answer.headers, text


def listening(*more):
    process = subprocess.Popen(words("web", "--metrics", "web.prom", "--listen", *more), stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    port = re.fullmatch(r"griddle: figures are at http://127\.0\.0\.1:(\d+)/metrics\n", line)
    assert port, line
    return process, int(port[1])


def raw(port, request):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(request)
        answer = b""
        try:
            while piece := client.recv(4096):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


def over_http():
    process, port = listening("0")
    await_that(lambda: len(lines_of("web")) == len(KINDS), "no history")
    await_that(lambda: fetch(port, "/metrics")[2] == pathlib.Path("web.prom").read_text(), "other figures than the file's")
    status, headers, text = fetch(port, "/metrics?collect=all")
    assert status == 200 and headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'griddle_monitor_column_psi{column="brightness"}' in text
    assert fetch(port, "/healthz")[::2] == (200, "ok\n")
    assert fetch(port, "/metricsx")[0] == fetch(port, "/")[0] == 404
    status, headers, _ = fetch(port, "/metrics", "POST", "x" * 20000)
    assert status == 405 and headers["Allow"] == "GET"
    for request in (b"nonsense\r\n\r\n", b"\n\n", b"GET\r\n\r\n", b"GET metrics HTTP/1.1\r\n\r\n"):
        assert raw(port, request).startswith(b"HTTP/1.1 400 "), request
    assert raw(port, b"GET /healthz HTTP/1.0\n\n").endswith(b"ok\n")
    assert raw(port, b"GET /metrics HTTP/1.1\r\nX: " + b"y" * 5000 + b"\r\n\r\n") == b""
    for _ in range(50):
        raw(port, bytes(draw.randrange(256) for _ in range(draw.randrange(1, 300))) + b"\r\n\r\n")

    other = subprocess.run(words("web2", "--listen", f"127.0.0.1:{port}"), capture_output=True, text=True, timeout=10)
    assert other.returncode == 1 and f"cannot listen on 127.0.0.1, port {port}: Address already in use" in other.stderr, other
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"GET /metrics")
        assert fetch(port, "/healthz")[0] == 200  # a little later
        assert slow.recv(1) == b""
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"GET /metrics")
        ask_to_end(process, signal.SIGTERM)
    process.stderr.close()

    process, port = listening(f"127.0.0.1:{port}")  # what the history knows is told at once
    await_that(lambda: 'griddle_monitor_windows_total{result="violated"} 2\n' in fetch(port, "/metrics")[2], "nothing told")
    ask_to_end(process, signal.SIGINT)
    process.stderr.close()


def stands_still():
    """What is too far behind is left out, and said; what is old goes."""
    said = once("late", "--catch-up", "5", "--cloudwatch", "late.jsonl")
    windows = lines_of("late")
    out = len(KINDS) - 5
    behind = windows[0]["totals"]["skipped"]
    assert windows[0]["result"] == "skipped" and behind in (out, out + 1), windows[0]
    assert f"{behind} windows left out, as more than 5 were behind (--catch-up)" in said, said
    assert windows[0]["from"] == hours.stamp(first) and len(windows) == 6
    assert windows[1:1 + out] == [dict(w, state="ok", event="none", streak=0, totals=windows[i + 1]["totals"])
                                  for i, w in enumerate(calm[behind:])][:out]
    once("late", "--keep", "3h")
    places = list(pathlib.Path("late").glob("20*"))
    assert len(places) in (2, 3) and len(lines_of("late")) <= 4, (places, lines_of("late"))
    assert lines_of("late")[-1]["totals"]["fine"] >= 4  # forgotten, and counted all the same


def half_a_line():
    shutil.copytree("calm", "torn")
    whole = pathlib.Path("calm/history.jsonl").read_bytes()
    lines = whole.splitlines(keepends=True)
    pathlib.Path("torn/history.jsonl").write_bytes(b"".join(lines[:5]) + lines[5][:40])
    once("torn")
    assert lines_of("torn") == calm
    pathlib.Path("torn/history.jsonl").write_bytes(b"".join(lines[:5]) + b"{}\n")
    said = once("torn", expect=1)
    assert "torn/history.jsonl:6:1: 'from' of a window is not there" in said, said


def strange_captures():
    """Hours of another model and of noise are no alarm and no end: they are said, and the next hour is checked."""
    begin = hours.write_captures("strange", "nox-n")
    done = subprocess.run([GRIDDLE, "monitor", "watch", "strange", "--baseline", "base", "-o", "s", "--once", "--from",
                           hours.stamp(begin)], capture_output=True, text=True)
    results = [w["result"] for w in lines_of("s")][:5]
    assert done.returncode == 0 and results == ["fine", "failed", "empty", "empty", "fine"], (results, done.stderr)
    assert "an answer of 5 probabilities where the model has 3 classes" in lines_of("s")[1]["summary"]
    assert "200 lines are no records" in lines_of("s")[2]["summary"], lines_of("s")[2]
    os.mkdir("nothing")
    done = subprocess.run([GRIDDLE, "monitor", "watch", "nothing", "--baseline", "base", "-o", "n", "--once"],
                          capture_output=True, text=True)
    assert done.returncode == 0 and [w["result"] for w in lines_of("n")] == ["empty"], done.stderr


def lock(path):
    """A file that is there and gives an I/O error. What was in it is returned."""
    was = path.read_bytes()
    path.unlink()
    path.symlink_to("/proc/self/mem")
    return was


def unreadable_captures():
    """An hour that cannot be read is waited for, and nothing is lost once it can be; after some time it is given up."""
    shutil.copytree("captured", "locked")
    place = pathlib.Path("locked/scones/AllTraffic", time.strftime("%Y/%m/%d/%H", time.gmtime(first + 4 * hours.HOUR)))
    (file,) = place.glob("*.jsonl")
    was = lock(file)
    watch = [GRIDDLE, "monitor", "watch", "locked", "--baseline", "base", "--from", hours.stamp(first), "--every", "1s"]

    done = subprocess.run([*watch, "-o", "l", "--once", "--patience", "30d"], capture_output=True, text=True)
    assert done.returncode == 1 and "AllTraffic" in done.stderr and "Input/output error" in done.stderr, done
    assert "cannot be read" in done.stderr and done.stderr.count("\n") == 4, done.stderr
    assert lines_of("l") == calm[:3], lines_of("l")  # the next might have begun the file
    assert len(list(pathlib.Path("l").glob("20*"))) == 3

    for how in (signal.SIGKILL, None):
        process = subprocess.Popen([*watch, "-o", "l", "--patience", "30d"], stderr=subprocess.PIPE, text=True)
        time.sleep(3.5)
        if how:
            process.send_signal(how)
            said = process.communicate()[1]
            assert said.count("Input/output error; trying again") == said.count("\n") == 1, said
    os.rename("locked", "away")
    time.sleep(2.5)
    os.rename("away", "locked")
    file.unlink()
    file.write_bytes(was)
    await_that(lambda: len(lines_of("l")) == len(KINDS), "no history")
    ask_to_end(process, signal.SIGTERM)
    said = process.stderr.read()
    process.stderr.close()
    assert said.count("trying again") == 2 and said.count("No such file or directory") == 1, said
    assert lines_of("l") == calm and files_of("l") == files_of("calm")

    lock(file)
    done = subprocess.run([*watch, "-o", "g", "--once", "--metrics", "g.prom"], capture_output=True, text=True)
    results = [w["result"] for w in lines_of("g")]
    assert done.returncode == 0 and results[:6] == RESULTS[:4] + ["unreadable"] + RESULTS[5:6], (results, done)
    window = lines_of("g")[4]
    assert window["summary"].startswith("captures cannot be read: locked/") and window["pictures"] == 0, window
    assert lines_of("g")[-1]["totals"]["unreadable"] == 1 and lines_of("g")[3]["event"] == "violation"
    assert 'griddle_monitor_windows_total{result="unreadable"} 1\n' in pathlib.Path("g.prom").read_text()
    assert not pathlib.Path("g", window["from"][:13] + "00").exists() and "not readable" in pathlib.Path("g/index.html").read_text()


def unmounted_captures():
    """A folder with nothing left in it is no quiet hour; once all is there again, nothing is lost."""
    shutil.copytree("captured", "mounted")
    watch = [GRIDDLE, "monitor", "watch", "mounted", "--baseline", "base", "--from", hours.stamp(first), "-o", "m", "--once"]
    subprocess.run(watch, capture_output=True, check=True)
    lines = pathlib.Path("m/history.jsonl").read_text().splitlines(keepends=True)
    pathlib.Path("m/history.jsonl").write_text("".join(lines[:4]))
    os.rename("mounted", "volume")
    os.mkdir("mounted")
    done = subprocess.run([*watch, "--patience", "30d"], capture_output=True, text=True)
    assert done.returncode == 1 and "there is nothing left below 'mounted', where captures were before" in done.stderr, done
    assert lines_of("m") == calm[:4]
    os.rmdir("mounted")
    os.rename("volume", "mounted")
    subprocess.run(watch, capture_output=True, check=True)
    assert lines_of("m") == calm
    shutil.rmtree("mounted")
    os.mkdir("mounted")
    pathlib.Path("m/history.jsonl").write_text("".join(lines[:4]))
    done = subprocess.run(watch, capture_output=True, text=True)
    assert done.returncode == 1, done  # the latest hours are still waited for
    assert {w["result"] for w in lines_of("m")[4:]} == {"unreadable"}, (done, lines_of("m"))


# ---- a processing job ----


def job(expect, *more, **environment):
    base = os.path.abspath("ml")
    environment = {"SAGEMAKER_BASE_DIR": base, "dataset_source": os.path.abspath("captured"),
                   "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
                   "output_path": os.path.join(base, "processing/output"), "publish_cloudwatch_metrics": "Enabled",
                   "sagemaker_endpoint_name": "scones", "sagemaker_monitoring_schedule_name": "hourly",
                   "baseline_constraints": os.path.abspath("given/constraints/constraints.json"),
                   "baseline_statistics": os.path.abspath("given/stats/statistics.json"), **environment}
    shutil.rmtree("ml", ignore_errors=True)
    done = subprocess.run([GRIDDLE, "monitor", "container", *more], capture_output=True, text=True,
                          env=dict(os.environ, **environment))
    assert done.returncode == expect, (done.returncode, done.stderr)
    return pathlib.Path("ml/output/message").read_text(), done.stderr


def hour_of(i):
    return {"start_time": hours.stamp(first + i * hours.HOUR), "end_time": hours.stamp(first + (i + 1) * hours.HOUR)}


def processing_job():
    for name, file in (("constraints", "constraints.json"), ("stats", "statistics.json")):
        os.makedirs(f"given/{name}")
        shutil.copy(f"base/{file}", f"given/{name}/{file}")
    message, _ = job(0, **hour_of(0))
    assert message == "Completed: Job completed successfully with no violations.", message
    assert json.loads(pathlib.Path("ml/processing/output/constraint_violations.json").read_text())["violations"] == []
    message, _ = job(0, **hour_of(3))
    found = json.loads(pathlib.Path("ml/processing/output/constraint_violations.json").read_text())["violations"]
    assert found and message == f"CompletedWithViolations: Job completed successfully with {len(found)} violations."
    metrics = "ml/output/metrics/cloudwatch/cloudwatch_metrics.jsonl"
    seen = {json.loads(line)["MetricName"] for line in pathlib.Path(metrics).read_text().splitlines()}
    assert "feature_baseline_drift_brightness" in seen
    shutil.copy("base/baseline.safetensors", "given/stats")
    job(0, **hour_of(0))
    check_cloudwatch(metrics, "scones", "hourly")
    job(0, publish_cloudwatch_metrics="Disabled", **hour_of(0))
    assert not os.path.exists(metrics)
    job(0, "--baseline", "base", baseline_statistics="", **hour_of(0))
    for environment, text in (({"baseline_statistics": ""}, "baseline_statistics is not set"),
                              ({"dataset_format": '{"csv":{}}'}, "dataset_format is"),
                              ({"end_time": "-PT1H"}, "end_time is '-PT1H'"),
                              ({"baseline_constraints": "/nowhere"}, "cannot open '/nowhere'")):
        message, said = job(1 if "nowhere" in text else 2, **environment)
        assert text in message and text in said, (message, said)
    message, said = job(1, **hour_of(7))  # nobody asked
    assert "no records to check" in message
    assert not list(pathlib.Path(tempfile.gettempdir()).glob("griddle-baseline-*")), "left behind"


# ---- words ----


def refuses():
    for more, code, text in (
        (["--every", "5"], 2, "option '--every' is '5' where a time from 1 seconds to 1 days is needed, as 90s, 5m, 1h"),
        (["--window", "40d"], 2, "option '--window' is '40d'"),
        (["--patience", "0s"], 2, "option '--patience' is '0s'"),
        (["--keep", "1s"], 2, "option '--keep'"),
        (["--keep", "47h", "--window", "1d"], 2, "what is kept, 47 h, has less than two windows of 24 h"),
        (["--webhook", "ftp://x/s3cret"], 2, "address must begin with https://"),
        (["--listen", "9464"], 2, "'--listen' with '--once'"),
        (["--recover-after", "0"], 2, "'--recover-after' is '0'"),
        (["--baseline", "nowhere"], 1, "nowhere"),
        (["-o", "model.safetensors"], 1, "model.safetensors"),
        (["--metrics", "nowhere/x.prom"], 1, "cannot write 'nowhere/x.prom'"),
        (["--cloudwatch", "nowhere/x.jsonl"], 1, "cannot append to 'nowhere/x.jsonl'"),
        (["--model", "nowhere"], 1, "nowhere"),
        (["nowhere"], 1, "cannot read captures 'nowhere'"),
    ):
        said = once("refused", *more, expect=code)
        assert text in said and "s3cret" not in said, said
        shutil.rmtree("refused", ignore_errors=True)
    for address in ("", "x", "65536", "127.0.0.1", "127.0.0.1:", "::1:9464", "[::1:9464", "1.2.3.4:-1", "a" * 300 + ":1"):
        done = subprocess.run(words("refused", "--listen", address), capture_output=True, text=True, timeout=10)
        assert done.returncode == 2 and "option '--listen' is '" in done.stderr, done
    done = subprocess.run(words("refused", "--listen", "256.0.0.1:1"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "host '256.0.0.1' is no address of this machine" in done.stderr, done


with tempfile.TemporaryDirectory() as top:
    os.chdir(top)
    hours.write_baseline(GRIDDLE, "base")
    hours.await_room(120)
    first = hours.write_captures("captured", KINDS)
    undisturbed()
    hours_add_up()
    calm = lines_of("calm")
    half_a_line()
    stands_still()
    goes_on()
    over_http()
    a_command_that_fails()
    a_server_that_fails()
    a_server_that_hangs()
    a_server_that_nobody_trusts()
    strange_captures()
    unreadable_captures()
    unmounted_captures()
    processing_job()
    refuses()
    survives_kills()
