"""How many reads a second a served house answers with its guard, and without: sixteen clients, in turns.

    MAINSTAY_ENCODER=… python benchmarks/guard_throughput.py [--seconds 4] [--repeats 5] [--cache redis://…]

`GET /v1/collections` over HTTP with an API key. Without the guard the same server takes every request for one
of the operator's administrator, as calls of one service by another are taken: nobody is recognised, counted
against limits and quotas, or noted for the audit of access. Both serve at once and are asked in turns.
"""

import asyncio
import contextlib
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from figures import Figure, at_least, median, options, spread, tell
from openloop import request
from serving import HOST, KEY, free_port, mainstay_command, running

_CLIENTS = 16
_ASKED = request("GET", "/v1/collections", [("Authorization", f"Bearer {KEY}")])
_UNGUARDED = """
from mainstay.app.main import main
from mainstay.kernel.dispatch import Application

dispatch, known = Application.dispatch, []


async def unguarded(application, operation, message):
    if not known:
        known.append(await application.recognise(message.credential, message.origin))
    message.credential = known[0]
    return await dispatch(application, operation, message)


Application.dispatch = unguarded
main()
"""


async def _client(port: int, until: float) -> int:
    """Ask on one kept connection, each time when the answer to the last is there; give how often."""
    reader, writer = await asyncio.open_connection(HOST, port)
    count = 0
    while time.perf_counter() < until:
        writer.write(_ASKED)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        count += 1
    writer.close()
    return count


async def _rate(port: int, seconds: float) -> float:
    until = time.perf_counter() + seconds
    return sum(await asyncio.gather(*(_client(port, until) for _ in range(_CLIENTS)))) / seconds


def measure(folder: Path, cache: str, seconds: float, repeats: int) -> list[Figure]:
    """Serve both ways, and ask in turns; the first turn warms."""
    environment = {
        "MAINSTAY_ADMIN_KEY": KEY,
        "MAINSTAY_CACHE": cache,
        "MAINSTAY_RATE_LIMIT_PER_MINUTE": "1000000",
    }
    ports = {"with the guard": free_port(), "without": free_port()}
    rates: dict[str, list[float]] = {name: [] for name in ports}
    with contextlib.ExitStack() as stack:
        for name, port in ports.items():
            command = mainstay_command(folder / name, port)
            if name == "without":
                command = [sys.executable, "-c", _UNGUARDED, *command[1:]]
            stack.enter_context(running(command, port, "/readyz", environment, folder / f"{name}.log"))
        for turn in range(repeats + 1):
            for name, port in ports.items():
                rate = uvloop.run(_rate(port, seconds))
                if turn:
                    rates[name].append(rate)
    ratios = [one / other for one, other in zip(*rates.values(), strict=True)]
    return [
        *(
            Figure(f"{cache}: {name}", f"{median(found):,.0f} reads/s{spread(found)}")
            for name, found in rates.items()
        ),
        at_least(f"{cache}: with the guard over without", median(ratios), 0.8, ""),
    ]


def main() -> None:
    """Measure in a folder that is removed again."""
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cache", default="memory")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tell(measure(Path(folder), given.cache, given.seconds, given.repeats), given.json)


if __name__ == "__main__":
    main()
