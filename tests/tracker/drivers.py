"""One way to drive two engines: Chromium by Playwright, Firefox by Marionette, each with its back/forward cache on."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Browser, BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

from intently.chromium import FLAGS, find_chromium

LIMIT_S = 120
"""A busy machine takes its time to start a browser."""


class Tab(Protocol):
    """A tab of some browser."""

    def goto(self, url: str) -> None: ...
    def js(self, expression: str) -> Any: ...
    def click(self, selector: str) -> None: ...
    def back(self) -> None: ...
    def forward(self) -> None: ...
    def reload(self) -> None: ...
    def close(self) -> None: ...


class Engine(Protocol):
    name: str

    def tab(self, before: str = "") -> Tab: ...
    def fresh(self) -> None: ...
    def close(self) -> None: ...


def travel(tab: Tab, go: Callable[[], object]) -> None:
    """Through the tab's history: over once the address is another and the page had 300 ms for its own handlers."""
    address = tab.js("location.href")
    go()
    ends = time.monotonic() + LIMIT_S
    while time.monotonic() < ends:
        time.sleep(0.05)
        with contextlib.suppress(PlaywrightError, AssertionError):  # asked of a page that was just being left
            if tab.js("location.href") != address:
                break
    time.sleep(0.3)


class ChromiumTab:
    def __init__(self, page: Page) -> None:
        self.page = page

    def goto(self, url: str) -> None:
        self.page.goto(url)

    def js(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def click(self, selector: str) -> None:
        self.page.click(selector)

    def back(self) -> None:
        travel(self, lambda: self.page.evaluate("() => { setTimeout(() => history.back(), 0); }"))

    def forward(self) -> None:
        travel(self, lambda: self.page.evaluate("() => { setTimeout(() => history.forward(), 0); }"))

    def reload(self) -> None:
        self.page.reload()

    def close(self) -> None:
        self.page.close()


class Chromium:
    """A browser of its own: the shared one has no back/forward cache."""

    name = "Chromium"

    def __init__(self, shared: Browser) -> None:
        kept = ["--disable-back-forward-cache"]
        self.browser = shared.browser_type.launch(executable_path=find_chromium(), args=list(FLAGS), ignore_default_args=kept)
        self.context: BrowserContext = self.browser.new_context()

    def fresh(self) -> None:
        """A clean profile."""
        self.context.close()
        self.context = self.browser.new_context(viewport={"width": 1000, "height": 800})
        self.context.set_default_timeout(LIMIT_S * 1000)

    def tab(self, before: str = "") -> Tab:
        page = self.context.new_page()
        if before:
            page.add_init_script(before)
        return ChromiumTab(page)

    def close(self) -> None:
        self.browser.close()


def firefox_path() -> str | None:
    """Debian's Firefox, or None; the suite installs none."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """Marionette: a length, a colon and JSON each way (firefox-source-docs, testing/marionette/Protocol)."""

    name = "Firefox"

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory(prefix="intently-firefox-")
        (Path(self.folder.name) / "user.js").write_text(
            f'user_pref("marionette.port", {port});\nuser_pref("dom.disable_open_during_load", false);\n'
            'user_pref("fission.bfcacheInParent", true);\nuser_pref("app.update.enabled", false);\n'
        )
        words = [str(firefox_path()), "--headless", "--marionette", "--no-remote", "--profile", self.folder.name]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.socket = self._connect(port)
        self.count = 0
        self._receive()  # the greeting
        self.call("WebDriver:NewSession", {})

    def _connect(self, port: int) -> socket.socket:
        ends = time.monotonic() + LIMIT_S
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
            except OSError:
                if time.monotonic() > ends or self.process.poll() is not None:
                    self.process.kill()
                    raise
                time.sleep(0.2)

    def _receive(self) -> Any:
        size = b""
        while not size.endswith(b":"):
            size += self.socket.recv(1)
        wanted, data = int(size[:-1]), b""
        while len(data) < wanted:
            data += self.socket.recv(wanted - len(data))
        return json.loads(data)

    def call(self, command: str, words: dict[str, Any]) -> Any:
        self.count += 1
        message = json.dumps([0, self.count, command, words]).encode()
        self.socket.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self._receive()
        assert error is None, (command, error)
        return result

    def fresh(self) -> None:
        """Shut all tabs but one: storage of a tab goes with it."""
        handles = self.call("WebDriver:GetWindowHandles", {})
        self.call("WebDriver:NewWindow", {"type": "tab"})
        for handle in handles:
            self.call("WebDriver:SwitchToWindow", {"handle": handle})
            self.call("WebDriver:CloseWindow", {})
        self.call("WebDriver:SwitchToWindow", {"handle": self.call("WebDriver:GetWindowHandles", {})[0]})

    def tab(self, before: str = "") -> Tab:
        assert not before, "only Chromium runs a script before the page's own"
        return FirefoxTab(self, self.call("WebDriver:NewWindow", {"type": "tab"})["handle"])

    def close(self) -> None:
        self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.folder.cleanup()


class FirefoxTab:
    def __init__(self, firefox: Firefox, handle: str) -> None:
        self.firefox, self.handle = firefox, handle

    def _call(self, command: str, **words: Any) -> Any:
        self.firefox.call("WebDriver:SwitchToWindow", {"handle": self.handle})
        return self.firefox.call(command, words)

    def goto(self, url: str) -> None:
        self._call("WebDriver:Navigate", url=url)

    def js(self, expression: str) -> Any:
        script = f"const done = arguments[arguments.length - 1]; const asked = ({expression}); "
        script += (
            "Promise.resolve(typeof asked === 'function' ? asked() : asked).then((value) => done(JSON.stringify(value ?? null)));"
        )
        return json.loads(self._call("WebDriver:ExecuteAsyncScript", script=script, args=[], sandbox=None)["value"])

    def click(self, selector: str) -> None:
        found = self._call("WebDriver:FindElement", using="css selector", value=selector)["value"]
        self._call("WebDriver:ElementClick", id=next(iter(found.values())))

    def back(self) -> None:
        travel(self, lambda: self._call("WebDriver:Back"))

    def forward(self) -> None:
        travel(self, lambda: self._call("WebDriver:Forward"))

    def reload(self) -> None:
        self._call("WebDriver:Refresh")

    def close(self) -> None:
        self._call("WebDriver:CloseWindow")
        self.firefox.call("WebDriver:SwitchToWindow", {"handle": self.firefox.call("WebDriver:GetWindowHandles", {})[0]})
