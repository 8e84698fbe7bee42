"""The real server in a child process: started, spoken to over kept connections, killed and stopped."""

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psutil
import pytest

ADMIN_KEY = "an-administrators-key-for-fault-tests-0001"
READY_WITHIN_S = 60.0
FULL = os.environ.get("MAINSTAY_FULL_COUNT") == "1"
_MAINSTAY = Path(sys.executable).with_name("mainstay")


def lacking(reason: str) -> None:
    """Skip by name; fail where everything has to be there."""
    if os.environ.get("MAINSTAY_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def needs_encoder() -> None:
    """Leave tests out where there is no encoder: the server would fetch one."""
    folder = os.environ.get("MAINSTAY_ENCODER", "")
    if not folder or not (Path(folder) / "mainstay.json").exists():
        lacking("MAINSTAY_ENCODER names no encoder (make encoder)")


def environment(folder: Path, **settings: str) -> dict[str, str]:
    given = {
        "MAINSTAY_DATA": str(folder),
        "MAINSTAY_ADMIN_KEY": ADMIN_KEY,
        "MAINSTAY_RATE_LIMIT_PER_MINUTE": "1000000",
        **{f"MAINSTAY_{name.upper()}": value for name, value in settings.items()},
    }
    return {**os.environ, **given}


@dataclass(frozen=True)
class Told:
    """What the server answered."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


class Connection:
    """One kept connection."""

    def __init__(self, port: int, timeout_s: float = 90.0) -> None:
        self._raw = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        authorization: str = f"Bearer {ADMIN_KEY}",
        **query: Any,
    ) -> Told:
        """Send a request; raises OSError or http.client.HTTPException when no whole answer came."""
        headers = {"Authorization": authorization}
        if key is not None:
            headers["Idempotency-Key"] = key
        content: bytes | None = None
        if isinstance(body, bytes):
            content, headers["Content-Type"] = body, "application/x-www-form-urlencoded"
        elif isinstance(body, Form):
            content, headers["Content-Type"] = body.content(), body.media_type
        elif body is not None:
            content, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        target = f"{path}?{urlencode(query)}" if query else path
        self._raw.request(method, target, content, headers)
        answer = self._raw.getresponse()
        text = answer.read()
        told = json.loads(text) if text else None
        return Told(answer.status, told, {name.lower(): value for name, value in answer.getheaders()})

    def close(self) -> None:
        self._raw.close()


class Form:
    """A file with fields, as browsers send it."""

    def __init__(self, name: str, text: str, fields: Mapping[str, str]) -> None:
        self._name, self._text, self._fields = name, text, fields
        self._boundary = secrets.token_hex(12)
        self.media_type = f"multipart/form-data; boundary={self._boundary}"

    def content(self) -> bytes:
        parts = [
            f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in self._fields.items()
        ]
        disposition = f'Content-Disposition: form-data; name="file"; filename="{self._name}"'
        parts.append(
            f"--{self._boundary}\r\n{disposition}\r\nContent-Type: text/plain\r\n\r\n{self._text}\r\n"
        )
        return ("".join(parts) + f"--{self._boundary}--\r\n").encode()


class Server:
    """`mainstay serve` on a folder."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """Start it; `ready` waits for it."""
        self.folder = folder
        self.port = 0
        self.log = folder.with_name(f"{folder.name}.log")
        (folder / "server.json").unlink(missing_ok=True)  # of a server that was killed
        self._started_s = time.perf_counter()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own program
                [str(_MAINSTAY), "serve", "--port", "0"],
                env=environment(folder, **settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def ready(self) -> float:
        """Wait until it answers that it is ready; give the seconds since its start."""
        until = self._started_s + READY_WITHIN_S
        while time.perf_counter() < until:
            assert self.process.poll() is None, f"the server ended: {self.told()}"
            try:
                if not self.port:
                    announced = json.loads((self.folder / "server.json").read_text())
                    self.port = int(urlsplit(announced["url"]).port or 0)
                with self.connection() as connection:
                    if connection.ask("GET", "/readyz").status == 200:
                        return time.perf_counter() - self._started_s
            except (OSError, http.client.HTTPException, ValueError):
                pass
            time.sleep(0.01)
        raise AssertionError(f"not ready after {READY_WITHIN_S} s: {self.told()}")

    def told(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        connection = Connection(self.port)
        try:
            yield connection
        finally:
            connection.close()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self) -> None:
        """End it as a power failure would end the process, and see that its children follow."""
        children = self.children() if self.process.poll() is None else []
        self.process.kill()
        self.process.wait()
        assert_gone(children)

    def stop(self) -> int:
        """Ask it to end; give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def end(self) -> None:
        """Leave nothing behind, whatever happened."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()


def assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=10)
    assert not alive, f"these outlived their server: {[each.cmdline() for each in alive]}"


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Server]:
    """Serve for a block."""
    server = Server(folder, **settings)
    try:
        server.ready()
        yield server
    finally:
        server.end()
