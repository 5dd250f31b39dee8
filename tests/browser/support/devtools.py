# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, told what to do by the DevTools protocol over two pipes (--remote-debugging-pipe: JSON messages,
each ended by a zero byte): with the standard library alone. https://chromedevtools.github.io/devtools-protocol/"""
import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
SECONDS = 30  # for anything that is waited for


def find():
    """Path of a browser; ends the test as skipped where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    print(f"skipped: no browser ({', '.join(NAMES)}): tools/install --tests")
    sys.exit(77)


class Browser:
    """One window with one page. `faults` collects what the page should never cause: exceptions, and what its
    Content-Security-Policy forbade; `requests`, after call("Network.enable"), the addresses it asks for."""

    def __init__(self, path):
        self.folder = tempfile.TemporaryDirectory(prefix="griddle-browser-")
        read, self.write = os.pipe()
        self.read, write = os.pipe()
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" 3<&{read} 4>&{write}', "sh", path, "--headless", "--remote-debugging-pipe",
             "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
             f"--user-data-dir={self.folder.name}", "about:blank"],
            pass_fds=(read, write), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self.folder.name})
        os.close(read)
        os.close(write)
        self.buffer, self.last, self.session, self.faults, self.requests = b"", 0, None, [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.write)  # the browser ends with its pipe
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.read)
        self.folder.cleanup()

    def _message(self, end):
        while b"\0" not in self.buffer:
            ready = select.select([self.read], [], [], max(0, end - time.monotonic()))[0]
            chunk = os.read(self.read, 1 << 20) if ready else b""
            if not chunk:
                raise RuntimeError("the browser " + ("ended" if ready else f"said nothing for {SECONDS} s"))
            self.buffer += chunk
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def _note(self, event):
        if event["method"] == "Runtime.exceptionThrown":
            self.faults.append(json.dumps(event["params"]["exceptionDetails"])[:500])
        if event["method"] == "Log.entryAdded" and event["params"]["entry"]["source"] in ("security", "javascript"):
            self.faults.append(event["params"]["entry"]["text"])

        if event["method"] == "Network.requestWillBeSent":
            self.requests.append(event["params"]["request"]["url"])

    def call(self, method, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + SECONDS
        while (answer := self._message(end)).get("id") != self.last:
            self._note(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, url, width=1200, height=900, dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=url)
        self.wait(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    def value(self, script):
        """What an expression gives (a promise is awaited)."""
        got = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            raise RuntimeError(f"{script}: {got['exceptionDetails']}")
        return got["result"].get("value")

    def wait(self, script, seconds=SECONDS):
        """Until an expression holds; what it gives."""
        end = time.monotonic() + seconds
        while not (got := self.value(script)):
            if time.monotonic() > end:
                raise AssertionError(f"not so after {seconds} s: {script}\nthe page: "
                                     + self.value("document.body.innerText") + "\n" + "\n".join(self.faults))
            time.sleep(0.05)
        return got

    def drop(self, selector, *paths):
        """Drags files over the middle of an element and lets them go."""
        x, y = self.value(f"(box => [box.x + box.width / 2, box.y + box.height / 2])"
                          f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())")
        data = {"items": [], "files": list(paths), "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def choose(self, selector, *paths):
        """Chooses files in an <input type=file>."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=list(paths))

    def type(self, selector, text):
        self.value(f"document.querySelector({json.dumps(selector)}).select()")
        self.call("Input.insertText", text=text)
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r"
                      if kind == "keyDown" else "")

    def picture(self, path):
        """A PNG of the whole page."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
