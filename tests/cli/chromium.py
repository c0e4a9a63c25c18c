"""A headless Chromium, spoken to over a pipe in the DevTools protocol: what a page shows, logs and asks the network."""

import fcntl
import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
"""The browser of this machine, or None where there is none."""

FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-quic --disable-dev-shm-usage --remote-debugging-pipe"
).split()
REPORTED = {"Network.requestWillBeSent", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}
"""The events that a page without fault has none of, but for the request of the page itself."""


class Chromium:
    """
    One browser with one tab, closed at the end of the ``with`` block.

    Args:
        profile: An empty folder for what the browser keeps.
    """

    def __init__(self, profile: Path) -> None:
        assert PROGRAM is not None
        commands, answers = os.pipe(), os.pipe()
        # The browser reads from 3 and writes to 4; high numbers keep the shell from stepping on its own feet.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 60) for end in (commands[0], answers[1])]
        start = f'exec "$@" 3<&{ends[0]} 4>&{ends[1]}'
        self.process = subprocess.Popen(
            ["bash", "-c", start, "bash", PROGRAM, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=ends, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for end in (commands[0], answers[1], *ends):
            os.close(end)
        self.commands, self.answers = commands[1], answers[0]
        self.numbers = itertools.count(1)
        self.rest = b""
        self.events: list[dict[str, Any]] = []
        self.session: str | None = None
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            self.ask(f"{part}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        os.close(self.commands)
        os.close(self.answers)
        self.process.terminate()
        self.process.wait(timeout=30)

    def ask(self, method: str, **parameters: Any) -> Any:
        """Call one method of the protocol, and return its result."""
        number = next(self.numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            said = self._next()
            if said.get("id") == number:
                assert "error" not in said, said["error"]
                return said["result"]
            self.events.append(said)

    def open(self, page: Path, *, width: int, dark: bool = False) -> list[dict[str, Any]]:
        """
        Show a page, and return what it reported until it was loaded: requests, messages, exceptions.

        Args:
            page: The file.
            width: How wide the window is, in CSS pixels; a phone below 600.
            dark: Whether the person prefers a dark page.
        """
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.events.clear()
        self.ask("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())
        # two frames later, whatever the page does by itself has begun
        self.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return [event for event in self.events if event["method"] in REPORTED]

    def value(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, after the promise that it may be."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            part = os.read(self.answers, 1 << 16)
            assert part, f"the browser went away: {PROGRAM}"
            self.rest += part
        said, _, self.rest = self.rest.partition(b"\0")
        message: dict[str, Any] = json.loads(said)
        return message
