# SPDX-License-Identifier: Apache-2.0
"""The page that `griddle serve` itself gives, in a browser: a picture dropped on it is answered as the model answers, and
the charts are out of the server's own metrics."""
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "support"))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e", "support"))
import devtools  # noqa: E402
import tiny  # noqa: E402

GRIDDLE = os.environ["GRIDDLE"]
if subprocess.run([GRIDDLE, "serve", "--help"], capture_output=True, check=False).returncode != 0:
    print("skipped: griddle serve is not there yet")
    sys.exit(77)
path = devtools.find()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(url, server):
    end = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url + "ping", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            assert server.poll() is None, f"it ended with {server.returncode}"
            assert time.monotonic() < end, "it is not ready after 20 s"
            time.sleep(0.05)


with tempfile.TemporaryDirectory() as folder:
    model, picture = os.path.join(folder, "model.safetensors"), os.path.join(folder, "a.png")
    tiny.write_model(model)
    tiny.write_png(picture, tiny.picture(3))
    row = tiny.probabilities(tiny.picture(3))
    want = tiny.CLASSES[row.index(max(row))]
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    server = subprocess.Popen([GRIDDLE, "serve", model], env={**os.environ, "SAGEMAKER_BIND_TO_PORT": str(port)})
    try:
        wait_until_ready(url, server)
        with urllib.request.urlopen(url) as answer:
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8", answer.headers
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"], answer.headers
        with devtools.Browser(path) as browser:
            browser.open(url)
            browser.wait("document.getElementById('charts').offsetParent !== null")
            browser.drop("#drop", picture)
            got = browser.wait("document.querySelector('li .top')?.textContent")
            assert got == want, f"the page says {got}, the model {want}"
            card = browser.value("document.querySelector('li').innerText")
            assert f"{100 * max(row):.1f} %" in card and "there and back" in card and "in the server" in card, card
            mix = browser.wait("document.querySelector('#mix dt')?.textContent")
            assert mix == want, mix
            browser.wait("document.getElementById('sure').firstChild.textContent !== '–' ||"
                         "document.querySelectorAll('#sure-chart path').length > 1")
            assert "MB of memory" in browser.value("document.getElementById('process').innerText")
            assert not browser.faults, browser.faults
            if keep := os.environ.get("GRIDDLE_SCREENSHOTS"):
                browser.picture(os.path.join(keep, "serve.png"))
    finally:
        server.terminate()
        server.wait(30)
print(f"dropped a picture on the page of griddle serve: {got}")
