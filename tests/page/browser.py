"""
A headless Chromium, asked over a pipe in the DevTools protocol: no library, no port, no race.
"""

import atexit
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")

PATIENCE: Final = 30.0
"""Seconds that anything may take: long, since machines are shared."""

FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--hide-scrollbars",
    "--lang=en-GB",
    # Nobody else is found: what would leave this machine fails, and is seen to.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

Event = dict[str, Any]


class Browser:
    """The process, and what it answers."""

    def __init__(self) -> None:
        assert CHROMIUM is not None
        self._profile = tempfile.mkdtemp(prefix="page-chromium-")
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        self._process = self._started(to_browser, from_browser)
        os.close(to_browser)
        os.close(from_browser)
        self._rest = b""
        self._number = 0
        self._answers: dict[int, Event] = {}
        self.events: deque[Event] = deque()

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Event:
        """Ask for something, and wait for the answer."""
        number = self.send(method, session, **parameters)
        self._until(lambda: number in self._answers, method)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        result: Event = answer["result"]
        return result

    def send(self, method: str, session: str | None = None, **parameters: Any) -> int:
        """Ask for something; the number of the question."""
        self._number += 1
        question: Event = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            question["sessionId"] = session
        os.write(self._write, json.dumps(question).encode() + b"\0")
        return self._number

    def close(self) -> None:
        """End the process, by its id."""
        if self._process.poll() is None:
            self.send("Browser.close")
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _started(self, to_browser: int, from_browser: int) -> subprocess.Popen[bytes]:
        # It reads from descriptor 3 and writes to 4: the shell puts them there.
        script = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        command = (str(CHROMIUM), *FLAGS, f"--user-data-dir={self._profile}", "about:blank")
        return subprocess.Popen(
            ["/bin/bash", "-c", script, "chromium", *command],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": self._profile},
        )

    def _until(self, done: Any, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"the browser has not answered {what}")
            if select.select([self._read], [], [], left)[0]:
                self._take(os.read(self._read, 1 << 20))

    def _take(self, data: bytes) -> None:
        if not data:
            raise AssertionError("the browser is gone")
        *whole, self._rest = (self._rest + data).split(b"\0")
        for message in map(json.loads, whole):
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self.events.append(message)


class Page:
    """One tab, in a profile of its own."""

    def __init__(self, browser: Browser, *, width: int = 1280, height: int = 900) -> None:
        self._browser = browser
        self._context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call(
            "Target.createTarget", url="about:blank", browserContextId=self._context
        )["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        self._sessions = {self._session}
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True
        )
        self.resize(width, height)

    def call(self, method: str, **parameters: Any) -> Event:
        """Ask the tab for something."""
        answer = self._browser.call(method, self._session, **parameters)
        self._notice()
        return answer

    def close(self) -> None:
        """Close it, with all that it kept."""
        self._browser.call("Target.disposeBrowserContext", browserContextId=self._context)

    def resize(self, width: int, height: int, *, dots: float = 1) -> None:
        """Another window."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=dots,
            mobile=False,
        )

    def prefer(self, **features: str) -> None:
        """What the system says, as `prefers_color_scheme="dark"`."""
        listed = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self.call("Emulation.setEmulatedMedia", features=listed)

    def open(self, url: str) -> None:
        """Go there."""
        self.call("Page.navigate", url=url)

    def js(self, expression: str) -> Any:
        """What an expression is in the page; a promise is waited for."""
        answer = self.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def until(self, expression: str) -> Any:
        """Wait until an expression is true in the page, and return what it is."""
        deadline = time.monotonic() + PATIENCE
        while True:
            # Evaluated anew after each frame: what a page is told is seen at the next one.
            found = self.js(
                f"new Promise(tell => requestAnimationFrame(() => setTimeout(() => {{"
                f" let found = null; try {{ found = ({expression}); }} catch {{}}"
                f" tell(found instanceof Node ? true : found); }}, 15)))"
            )
            if found:
                return found
            if time.monotonic() > deadline:
                text = self.js("document.body.innerText")
                raise AssertionError(f"never: {expression}\n{self.complaints}\n{text[:2000]}")

    def text(self, selector: str) -> str:
        """What is read there."""
        return str(self.js(f"document.querySelector({json.dumps(selector)}).innerText"))

    def click(self, selector: str) -> None:
        """Press the middle of an element with the mouse, as soon as it stands still."""
        x, y = self.js(
            "(async () => { let before = ''; let still = 0; for (;;) {"
            f" const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " const now = `${r.x} ${r.y}`; still = now === before ? still + 1 : 0; before = now;"
            " if (still === 6) return [r.x + r.width / 2, r.y + r.height / 2];"
            " await new Promise(requestAnimationFrame); } })()"
        )
        self.mouse("mousePressed", x, y)
        self.mouse("mouseReleased", x, y)

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Move or press the mouse."""
        button = {} if kind in ("mouseMoved", "mouseWheel") else {"button": "left", "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button, **more)

    def key(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            self.call(
                "Input.dispatchKeyEvent", type="keyDown", key=key, code=key, **_code(key), **text
            )
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, **_code(key))

    def type(self, text: str) -> None:
        """Write into what has the focus."""
        self.call("Input.insertText", text=text)

    def screenshot(self, *, whole: bool = False) -> str:
        """A PNG in base64, of what is seen or of the whole page."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return str(data["data"])

    def _notice(self) -> None:
        while self._browser.events:
            event = self._browser.events.popleft()
            # What pages that are closed had still to say is dropped.
            if event.get("sessionId") in self._sessions:
                self._happened(event["method"], event["params"])

    def _happened(self, method: str, told: Event) -> None:
        if method == "Target.attachedToTarget":
            self._watch(told["sessionId"])
        elif method == "Network.requestWillBeSent":
            self.requested.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and told["type"] in (
            "error",
            "warning",
            "assert",
        ):
            self.complaints.append(str(told["args"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            entry = told["entry"]
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}")
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(told["message"])
            self._browser.send("Page.handleJavaScriptDialog", self._session, accept=True)

    def _watch(self, worker: str) -> None:
        self._sessions.add(worker)
        for method in ("Network.enable", "Runtime.enable", "Runtime.runIfWaitingForDebugger"):
            self._browser.send(method, worker)


def _code(key: str) -> Event:
    codes = {
        "Enter": 13,
        "Escape": 27,
        "Tab": 9,
        "Home": 36,
        "End": 35,
        "ArrowLeft": 37,
        "ArrowUp": 38,
        "ArrowRight": 39,
        "ArrowDown": 40,
    }
    return {"windowsVirtualKeyCode": codes[key]} if key in codes else {}


_running: list[Browser] = []


def browser() -> Browser:
    """The one for all tests of this process; it ends with it."""
    if not _running:
        _running.append(Browser())
        atexit.register(end)
    return _running[0]


def end() -> None:
    """End it now."""
    while _running:
        _running.pop().close()


def summary(lines: Sequence[str]) -> str:
    """What a page complained about, a line each."""
    return "\n".join(line[:400] for line in lines)
