# SPDX-License-Identifier: Apache-2.0
"""The page that `griddle serve` itself gives, in a browser: a picture dropped on it is answered as the model answers, and
the charts are out of the server's own metrics."""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
for folder in ("browser", "serve"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder, "support"))
import devtools  # noqa: E402
from server import Server, tiny  # noqa: E402

path = devtools.find()
with tempfile.TemporaryDirectory() as folder, devtools.Browser(path) as browser:
    model, picture = os.path.join(folder, "bikes", "model.safetensors"), os.path.join(folder, "a.png")
    broken, tokens = os.path.join(folder, "broken.png"), os.path.join(folder, "tokens")
    os.mkdir(os.path.dirname(model))
    tiny.write_model(model)
    tiny.write_png(picture, tiny.picture(3))
    with open(broken, "w") as file:
        file.write("no picture")
    with open(tokens, "w") as file:
        file.write("open-sesame-open-sesame-open-sesame\n")
    row = tiny.probabilities(tiny.picture(3))
    want = tiny.CLASSES[row.index(max(row))]
    with Server(model, "--tokens", tokens) as server:
        page = server.ask("GET", "/")
        assert page.headers["Content-Type"] == "text/html; charset=utf-8", page.headers
        assert "default-src 'none'" in page.headers["Content-Security-Policy"], page.headers
        browser.open(f"http://{server.host}:{server.port}/")
        browser.wait("document.getElementById('door').offsetParent !== null")
        browser.drop("#drop", picture)
        browser.type("#token", "open-sesame-open-sesame-open-sesame")
        got = browser.wait("document.querySelector('li .top')?.textContent")
        assert got == want, f"the page says {got}, the model {want}"
        card = browser.value("document.querySelector('li').innerText")
        assert f"{100 * max(row):.1f} %" in card and "there and back" in card and "in the server" in card, card
        browser.wait("document.getElementById('charts').offsetParent !== null")
        about = browser.value("document.getElementById('model').textContent")
        assert about == "bikes/model.safetensors · 4x4x1 · 3 classes", about
        assert "MB of memory" in browser.value("document.getElementById('process').innerText")
        browser.drop("#drop", picture)  # between two polls
        mix = browser.wait("document.querySelector('#mix dt')?.textContent")
        assert mix == want, mix
        browser.wait("document.querySelectorAll('#sure-chart path').length > 1")
        browser.drop("#drop", broken)
        said = browser.wait("document.querySelector('li .bad')?.textContent")
        assert said.startswith("The server could not read this: "), said
        assert not browser.faults, browser.faults
        if keep := os.environ.get("GRIDDLE_SCREENSHOTS"):
            browser.picture(os.path.join(keep, "serve.png"))
print(f"dropped a picture on the page of griddle serve: {got}; broken: {said}")
