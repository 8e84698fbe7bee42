"""Servers on this machine for the time of a measurement, and plain keep-alive clients to ask them."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

KEY = "mainstay-benchmark-key-0123456789abcdef"
HOST = "127.0.0.1"
_START_S = 120
_STOP_S = 60
_REQUEST_S = 600


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Client:
    """One kept connection to a server; every call raises RuntimeError unless it is answered with success."""

    def __init__(self, port: int, key: str = "") -> None:
        """Take the port; the connection is made at the first call."""
        self._connection = http.client.HTTPConnection(HOST, port, timeout=_REQUEST_S)
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send a request, read all of the answer, give its JSON."""
        sent = None if body is None else json.dumps(body).encode()
        try:
            self._connection.request(method, path, sent, self._headers)
            response = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            # A server may close a connection that was quiet for a while.
            self._connection.close()
            self._connection.request(method, path, sent, self._headers)
            response = self._connection.getresponse()
        told = response.read()
        if response.status >= http.client.MULTIPLE_CHOICES:
            raise RuntimeError(f"{method} {path}: {response.status} {told[:300]!r}")
        return json.loads(told) if told else None

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


@contextlib.contextmanager
def running(
    command: Sequence[str | Path], port: int, ready: str, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; it has begun when `ready` is answered."""
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [str(part) for part in command], env={**os.environ, **environment}, stdout=out, stderr=out
        )
    try:
        _await(process, port, ready, log)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], port: int, ready: str, log: Path) -> None:
    began = time.monotonic()
    while time.monotonic() - began < _START_S:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}; see {log}")
        client = Client(port)
        try:
            client.call("GET", ready)
        except (OSError, http.client.HTTPException, RuntimeError):
            time.sleep(0.02)
        else:
            return
        finally:
            client.close()
    raise RuntimeError(f"the server did not begin within {_START_S} s; see {log}")


def mainstay_command(data: Path, port: int) -> list[str | Path]:
    """Give the product's own command."""
    return [Path(sys.executable).parent / "mainstay", "serve", "--data", data, "--port", str(port)]


@contextlib.contextmanager
def mainstay(
    data: Path, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Serve the product on a data folder, its log beside it; give its port and its process."""
    port = free_port()
    data.mkdir(parents=True, exist_ok=True)
    environment = {"MAINSTAY_ADMIN_KEY": KEY, "MAINSTAY_RATE_LIMIT_PER_MINUTE": "1000000", **(settings or {})}
    log = data.with_name(data.name + ".log")
    with running(mainstay_command(data, port), port, "/readyz", environment, log) as process:
        yield port, process
