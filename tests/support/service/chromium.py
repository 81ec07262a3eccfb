"""A headless Chromium, spoken with through its DevTools pipe: open a page, wait for what it shows, look at it."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from .base import ServiceError, die_with

START_SECONDS = 60


class PageError(Exception):
    """The page's script failed, or what was waited for didn't come."""


class Chromium:
    """One browser with one page. `with Chromium() as page: page.open(url); page.wait_for("...")`."""

    def __init__(self, width=1280, height=900, dark=False):
        self.width, self.height, self.dark = width, height, dark
        self.faults = []  # exceptions of the page's script and errors on its console
        self.process = None
        self.session = None
        self._next_id = 0
        self._buffer = b""

    @staticmethod
    def is_installed():
        return shutil.which("chromium") is not None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millstream-chromium-"))
        to_browser, self._out = os.pipe()
        self._in, from_browser = os.pipe()

        def give_pipes():
            # Chromium reads commands from 3 and answers on 4; first out of the way of each other.
            reads, writes = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        prepare = die_with(os.getpid())

        def before_exec():
            prepare()
            give_pipes()

        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-extensions", "--disable-background-networking",
             "--remote-debugging-pipe", f"--user-data-dir={self.folder}", "about:blank"],
            preexec_fn=before_exec, pass_fds=(3, 4), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        os.set_blocking(self._in, False)
        target = self._call("Target.createTarget", {"url": "about:blank"}, START_SECONDS)["targetId"]
        self.session = self._call("Target.attachToTarget",
                                  {"targetId": target, "flatten": True})["sessionId"]
        self._call("Page.enable")
        self._call("Runtime.enable")
        self.resize(self.width, self.height)
        self.use_dark(self.dark)
        return self

    def __exit__(self, *_):
        os.close(self._out)
        os.close(self._in)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- What tests do ------------------------------------------------------------------------

    def open(self, url):
        self._call("Page.navigate", {"url": url})

    def resize(self, width, height):
        self.width, self.height = width, height
        self._call("Emulation.setDeviceMetricsOverride",
                   {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def use_dark(self, dark):
        self._call("Emulation.setEmulatedMedia",
                   {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def evaluate(self, expression):
        """The value of a JavaScript expression."""
        answer = self._call("Runtime.evaluate", {"expression": expression, "returnByValue": True,
                                                 "awaitPromise": True})
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise PageError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def text(self, selector):
        return self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? null")

    def wait_for(self, expression, seconds=120):
        """Wait until an expression is true; its value."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                if value := self.evaluate(expression):
                    return value
            except PageError:  # between two documents; if it stays so, it is said below
                pass
            if time.monotonic() > deadline:
                says = self.evaluate("document.body?.innerText.slice(0, 1500)")
                raise PageError(f"after {seconds} s still not: {expression}\nthe page says: {says}")
            time.sleep(0.1)

    def screenshot(self, path, whole=False):
        """A PNG of what is to be seen, or of the whole page."""
        clip = {}
        if whole:
            height = self.evaluate("document.documentElement.scrollHeight")
            clip = {"clip": {"x": 0, "y": 0, "width": self.width, "height": height, "scale": 1},
                    "captureBeyondViewport": True}
        data = self._call("Page.captureScreenshot", {"format": "png", **clip})["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    # ---- The protocol -------------------------------------------------------------------------

    def _call(self, method, parameters=None, seconds=30):
        self._next_id += 1
        command = {"id": self._next_id, "method": method, "params": parameters or {}}
        if self.session:
            command["sessionId"] = self.session
        os.write(self._out, json.dumps(command).encode() + b"\0")
        deadline = time.monotonic() + seconds
        while True:
            message = self._receive(deadline, method)
            if message.get("id") == command["id"]:
                if "error" in message:
                    raise PageError(f"{method}: {message['error']['message']}")
                return message["result"]
            self._note(message)

    def _receive(self, deadline, method):
        while b"\0" not in self._buffer:
            try:
                chunk = os.read(self._in, 1 << 16)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ServiceError(f"Chromium didn't answer {method}") from None
                time.sleep(0.01)
                continue
            if not chunk:
                raise ServiceError("Chromium has ended")
            self._buffer += chunk
        text, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(text)

    def _note(self, message):
        details = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            thrown = details["exceptionDetails"]
            self.faults.append(thrown.get("exception", {}).get("description", thrown["text"]))
        if message.get("method") == "Runtime.consoleAPICalled" and details["type"] == "error":
            self.faults.append(" ".join(str(a.get("value", a.get("description"))) for a in details["args"]))
