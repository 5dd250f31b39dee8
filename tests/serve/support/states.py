# SPDX-License-Identifier: Apache-2.0
"""As much of Step Functions as a chain of Lambda functions needs: tasks with Parameters, OutputPath and Retry
(https://states-language.net/spec.html); and of S3 as downloads need: a folder with a folder for each bucket."""
import http.server
import json
import os
import threading
import time
import urllib.parse


class Failed(Exception):
    """An execution that ended so: its error's name, and the cause."""

    def __init__(self, error, cause):
        super().__init__(error, cause)
        self.error, self.cause = error, cause


def take(path, document):
    """What a reference path ($, $.a.b) names."""
    for key in path.split(".")[1:]:
        document = document[key]
    return document


def fill(template, document):
    return {key.removesuffix(".$"): take(value, document) if key.endswith(".$") else value
            for key, value in template.items()}


def attempt(task, call, document):
    """Calls until it succeeds or no Retry is left for the error."""
    left = [retrier["MaxAttempts"] for retrier in task["Retry"]]
    while True:
        try:
            return call(**fill(task["Parameters"], document))
        except Failed as failure:
            matching = [i for i, retrier in enumerate(task["Retry"]) if failure.error in retrier["ErrorEquals"]]
            if not matching or left[matching[0]] == 0:
                raise
            retrier, i = task["Retry"][matching[0]], matching[0]
            time.sleep(0.01 * retrier["IntervalSeconds"] * retrier["BackoffRate"]**(retrier["MaxAttempts"] - left[i]))
            left[i] -= 1


def execute(machine, call, document):
    """The last state's output; `call(FunctionName, Payload)` invokes a function. What goes between states is JSON."""
    name = machine["StartAt"]
    while True:
        state = machine["States"][name]
        assert (state["Type"], state["Resource"]) == ("Task", "arn:aws:states:::lambda:invoke"), state
        document = take(state["OutputPath"], json.loads(json.dumps(attempt(state, call, document))))
        if state.get("End"):
            return document
        name = state["Next"]


class Bucket(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self):
        try:
            with open(os.path.join(self.server.folder, urllib.parse.unquote(self.path).lstrip("/")), "rb") as file:
                body = file.read()
        except OSError:
            self.send_error(404)
            return
        self.send_response(200)
        for key, value in (("Content-Length", len(body)), ("Content-Type", "image/png"), ("ETag", '"0"'),
                           ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")):
            self.send_header(key, str(value))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_GET = do_HEAD

    def log_message(self, *_):
        pass


def serve_folder(folder):
    """Returns the server; its address is what AWS_ENDPOINT_URL_S3 wants."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    server.folder, server.daemon_threads = folder, True
    server.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
