# SPDX-License-Identifier: Apache-2.0
"""Answers like `griddle serve`, with any fault that is asked for, so that the page can be seen to bear it. The page and
its policy are the ones that were compiled in."""
import http.server
import json
import os
import re
import threading

BUILD = os.environ["GRIDDLE_BUILD"]
BOUNDS = [0.0005, 0.00063, 0.0008, 0.001, 0.00125, 0.0016, 0.002, 0.0025, 0.01]


def compiled_page():
    with open(os.path.join(BUILD, "page.c")) as file:
        text = file.read()
    page = bytes(int(digits, 16) for digits in re.findall(r"'\\x(..)'", text))
    return page, re.search(r'gd_page_policy\[\] = "(.*)";', text).group(1)


class Double:
    """`fault`: None, or (code, body) of every POST. `token`: what it asks for, or None. `answers`: probabilities by the
    body's bytes. The counters of /metrics are plain attributes."""
    PATH = "/behind/a/proxy/"

    def __init__(self, answers):
        self.answers, self.fault, self.token = answers, None, None
        self.codes, self.buckets, self.classes = {"200": 0}, [0] * (len(BOUNDS) + 1), {}
        self.queue, self.sure, self.polls, self.types = 0, 0.0, 0, []
        self.stopped = False
        self.page, self.policy = compiled_page()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}{self.PATH}"

    def stop(self):
        self.stopped = True  # connections that are kept alive have threads of their own
        self.server.shutdown()
        self.server.server_close()

    def count(self, label, probability, seconds, n=1):
        """As if n requests had been answered."""
        self.codes["200"] += n
        self.classes[label] = self.classes.get(label, 0) + n
        self.sure += n * probability
        self.buckets[sum(seconds > bound for bound in BOUNDS)] += n

    def metrics(self):
        variant = 'variant="AllTraffic"'
        lines = [f'griddle_requests_total{{{variant},code="{code}"}} {n}' for code, n in self.codes.items()]
        lines += [f'griddle_requests_total{{variant="",code="200"}} {self.polls * 1000}']
        for i, bound in enumerate([*BOUNDS, "+Inf"]):
            lines.append(f'griddle_request_duration_seconds_bucket{{{variant},le="{bound}"}} {sum(self.buckets[:i + 1])}')
        for label, n in self.classes.items():
            escaped = label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            lines.append(f'griddle_predictions_total{{{variant},class="{escaped}"}} {n}')
        lines += [f"griddle_queue_depth{{{variant}}} {self.queue}", f"griddle_confidence_sum{{{variant}}} {self.sure}",
                  f"griddle_confidence_count{{{variant}}} {sum(self.classes.values())}",
                  f'griddle_model_info{{{variant},file="/srv/runs/shoes/model.safetensors",input="32x32x3",classes="10"}} 1',
                  "process_start_time_seconds 1.7e9", "process_resident_memory_bytes 14221312",
                  f"process_cpu_seconds_total {self.polls * 0.05}"]
        return "# HELP griddle_requests_total Requests.\n" + "\n".join(lines) + "\n"

    def handler(double):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, code, body, kind="text/plain", **headers):
                if double.stopped:
                    self.close_connection = True
                    return
                body = body if isinstance(body, bytes) else body.encode()
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            def refused(self):
                if double.token is None or self.headers["Authorization"] == "Bearer " + double.token:
                    return False
                self.answer(401, '{"error": "a bearer token is needed"}', "application/json", WWW_Authenticate="Bearer")
                return True

            def do_GET(self):
                if self.path.split("?")[0] == double.PATH:
                    self.answer(200, double.page, "text/html; charset=utf-8", Content_Security_Policy=double.policy)
                elif self.path != double.PATH + "metrics":
                    self.answer(404, "no such page")
                elif not self.refused():
                    double.polls += 1
                    self.answer(200, double.metrics(), "text/plain; version=0.0.4; charset=utf-8")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path != double.PATH + "invocations":
                    self.answer(404, "no such page")
                elif self.refused():
                    return
                elif double.fault:
                    self.answer(*double.fault)
                elif self.headers["Accept"] != "application/json;verbose" or body not in double.answers:
                    self.answer(400, json.dumps({"error": "the body is not a PNG or JPEG file"}), "application/json")
                else:
                    row = double.answers[body]
                    label = max(row, key=row.get)
                    double.types.append(self.headers["Content-Type"])
                    double.count(label, row[label], 0.0009)
                    prediction = {"class": label, "probability": row[label], "probabilities": row}
                    self.answer(200, json.dumps({"predictions": [prediction]}), "application/json;verbose",
                                Server_Timing="queue;dur=0.01, decode;dur=0.05, compute;dur=0.31, total;dur=0.42")

            def log_message(self, *_):
                pass

        return Handler
