"""An open loop: requests leave at their times, however late the answers to earlier ones are."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

CONNECTIONS_MAX = 400
_LAST_S = 20
_END = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass
class Outcome:
    """What came of the requests: seconds from when each should have left, by status, and when that was."""

    taken: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    sent: int = 0
    lost: int = 0
    cpu_s: float = 0.0
    lag_s: float = 0.0

    def seconds(self, status: int, *, after_s: float = 0.0) -> list[float]:
        """Give the times of one status, of requests that were due at `after_s` or later."""
        return [took for due, took in self.taken.get(status, []) if due >= after_s]

    def counts(self) -> Counter[int]:
        """Give how many had which status."""
        return Counter({status: len(taken) for status, taken in self.taken.items()})


class _Wire(asyncio.Protocol):
    """One kept connection; one request at a time."""

    def __init__(self, loop: "Loop") -> None:
        self._loop = loop
        self._data = b""
        self.due = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = self._data.partition(_END)
        if not found:
            return
        place = head.lower().find(_LENGTH)
        length = int(head[place + len(_LENGTH) :].partition(b"\r\n")[0])
        if len(body) >= length:
            self._data = b""
            self._loop.answered(self, int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._loop.hung_up(self)


class Loop:
    """A pool of connections to one server, and the requests that wait for one."""

    def __init__(self, port: int, request: bytes) -> None:
        """Take the port and the bytes of the one request."""
        self._port = port
        self._request = request
        self._free: list[_Wire] = []
        self._idle = asyncio.Event()
        self._waiting: list[float] = []
        self._busy: set[_Wire] = set()
        self._open = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._began = 0.0
        self.outcome = Outcome()

    async def run(self, rate: float, seconds: float, seed: int = 1) -> Outcome:
        """Send at a rate with random gaps (Poisson), wait for what is under way, and give what came of it."""
        chance = random.Random(seed)  # noqa: S311 - a load, and the same one each time
        self.outcome = Outcome()
        spent, self._began = time.process_time(), time.perf_counter()
        due = 0.0
        while due < seconds:
            now = time.perf_counter() - self._began
            if due > now:
                await asyncio.sleep(due - now)
            self.outcome.lag_s = max(self.outcome.lag_s, time.perf_counter() - self._began - due)
            self._send(due)
            due += chance.expovariate(rate)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_S):
                await self._idle.wait()
        self.outcome.lost += len(self._busy) + len(self._waiting)
        self.outcome.cpu_s = time.process_time() - spent
        return self.outcome

    def close(self) -> None:
        """Hang up."""
        for wire in [*self._free, *self._busy]:
            if wire.transport is not None:
                wire.transport.abort()

    def answered(self, wire: _Wire, status: int) -> None:
        """Note an answer and let the connection go on."""
        took = time.perf_counter() - self._began - wire.due
        self.outcome.taken.setdefault(status, []).append((wire.due, took))
        self._busy.discard(wire)
        if self._waiting:
            self._write(wire, self._waiting.pop(0))
        else:
            self._free.append(wire)
        if not self._busy:
            self._idle.set()

    def hung_up(self, wire: _Wire) -> None:
        """Note a connection that ended."""
        self._open -= 1
        if wire in self._busy:
            self._busy.discard(wire)
            self.outcome.lost += 1
        elif wire in self._free:
            self._free.remove(wire)

    def _send(self, due: float) -> None:
        self.outcome.sent += 1
        self._idle.clear()
        if self._free:
            self._write(self._free.pop(), due)
            return
        self._waiting.append(due)
        if self._open < CONNECTIONS_MAX:
            self._open += 1
            task = asyncio.create_task(self._connect())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self) -> None:
        _, wire = await asyncio.get_running_loop().create_connection(
            lambda: _Wire(self), "127.0.0.1", self._port
        )
        if self._waiting:
            self._write(wire, self._waiting.pop(0))
        else:
            self._free.append(wire)

    def _write(self, wire: _Wire, due: float) -> None:
        wire.due = due
        self._busy.add(wire)
        assert wire.transport is not None
        wire.transport.write(self._request)


def request(method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> bytes:
    """Write a request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + _END + body
