"""Ten times as many searches as can be answered: how late the accepted ones are, how quick the refusals.

    MAINSTAY_ENCODER=… python benchmarks/overload.py [--times 10] [--seconds 15] [--settings NAME=VALUE …]
        [--rounds 5 --beside CHECKOUT]

With `--beside`, the product as it is in another checkout takes turns with this one's.

An open loop: searches leave at random times at a given rate, and each one's time counts from when it should
have left, so that a slow server does not slow its load. First the capacity (sixteen clients that wait for
their answers), then the times without load (a tenth of the capacity), then the overload, then as little as
before, to see when all is as it was. The generator runs on the same cores as the server and takes its part
of them; what it costs and how late it was itself is printed.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from pathlib import Path

import uvloop
from figures import Figure, at_least, at_most, options, quantile_ms, tell
from openloop import Loop, Outcome, request
from serving import KEY, Client, free_port, mainstay_command, running

_DOCUMENTS = 300
_CLIENTS = 16
_WORDS = (
    "harbour",
    "office",
    "tide",
    "permit",
    "crane",
    "ferry",
    "storm",
    "cargo",
    "pilot",
    "anchor",
    "quay",
)
_BODY = {"query": "When does the harbour office open?", "top_k": 5, "collection": "load"}
_REFUSED_MS = 50
_BACK_S = 5


def fill(port: int) -> None:
    """Store documents to search in."""
    client = Client(port, KEY)
    documents = [
        {"doc_id": f"d{number}", "text": " ".join(_WORDS[(number * step) % 11] for step in range(1, 40))}
        for number in range(_DOCUMENTS)
    ]
    client.call("POST", "/v1/documents/batch?wait=true", {"collection": "load", "documents": documents})
    client.close()


def capacity(port: int, seconds: float) -> float:
    """Give the searches a second of clients that wait for their answers."""

    def client(until: float) -> int:
        wire, count = Client(port, KEY), 0
        while time.perf_counter() < until:
            wire.call("POST", "/v1/search/vector", _BODY)
            count += 1
        wire.close()
        return count

    with ThreadPoolExecutor(_CLIENTS) as pool:
        began = time.perf_counter()
        counts = list(pool.map(client, [began + seconds] * _CLIENTS))
        return sum(counts) / (time.perf_counter() - began)


def _normal_again_s(outcome: Outcome, usual_s: float) -> float:
    """Give when the last request was refused or late, more than one in a hundred being so."""
    odd = sorted(
        due
        for status, taken in outcome.taken.items()
        for due, took in taken
        if status != 200 or took > 2 * usual_s
    )
    allowed = outcome.sent // 100
    return odd[-1 - allowed] if len(odd) > allowed else 0.0


async def measure(port: int, times: float, seconds: float) -> list[Figure]:
    """Measure on a server that is filled."""
    most = await asyncio.to_thread(capacity, port, 4.0)
    headers = [("Authorization", f"Bearer {KEY}"), ("Content-Type", "application/json")]
    loop = Loop(port, request("POST", "/v1/search/vector", headers, json.dumps(_BODY).encode()))
    await loop.run(most / 10, 3.0)
    calm = await loop.run(most / 10, seconds, seed=2)
    crowd = await loop.run(most * times, seconds, seed=3)
    after = await loop.run(most / 10, 2.0 * _BACK_S, seed=4)
    loop.close()
    usual_ms = quantile_ms(calm.seconds(200), 0.99)
    accepted, refused = crowd.seconds(200), crowd.seconds(503)
    settled = crowd.seconds(200, after_s=1.0)
    first = [took for due, took in crowd.taken.get(200, []) if due < 1.0]
    assert refused, "nothing was refused: the generator could not overload the server"
    others = {status: count for status, count in crowd.counts().items() if status not in {200, 503}}
    return [
        Figure("capacity", f"{most:,.0f} searches/s ({_CLIENTS} clients that wait)"),
        Figure("without load", f"p50 {quantile_ms(calm.seconds(200), 0.5):.1f} ms, p99 {usual_ms:.1f} ms"),
        Figure("sent", f"{crowd.sent / seconds:,.0f}/s for {seconds:g} s; lost {crowd.lost}, other {others}"),
        Figure("accepted", f"{len(accepted) / seconds:,.0f}/s, p50 {quantile_ms(accepted, 0.5):.1f} ms"),
        at_most("accepted, p99", quantile_ms(accepted, 0.99), round(2 * usual_ms, 1), "ms"),
        at_most("accepted in the first second, p99", quantile_ms(first, 0.99), round(2 * usual_ms, 1), "ms"),
        at_most(
            "accepted after the first second, p99", quantile_ms(settled, 0.99), round(2 * usual_ms, 1), "ms"
        ),
        Figure("refused", f"{len(refused) / seconds:,.0f}/s, p50 {quantile_ms(refused, 0.5):.1f} ms"),
        at_most("refused, p99", quantile_ms(refused, 0.99), _REFUSED_MS, "ms"),
        at_least(
            "refused within 50 ms",
            sum(each <= _REFUSED_MS / 1e3 for each in refused) / len(refused),
            0.99,
            "",
        ),
        at_most("as before after", _normal_again_s(after, usual_ms / 1e3), _BACK_S, "s"),
        Figure(
            "the generator",
            f"{1e6 * crowd.cpu_s / crowd.sent:.0f} µs of CPU a request, "
            f"{100 * crowd.cpu_s / seconds:.0f} % of a core; at most {1e3 * crowd.lag_s:.0f} ms late itself",
        ),
    ]


def served(environment: Mapping[str, str], times: float, seconds: float) -> list[Figure]:
    """Serve from a folder that is removed again, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        port, log = free_port(), Path(folder) / "log"
        with running(mainstay_command(Path(folder) / "data", port), port, "/readyz", environment, log):
            fill(port)
            return uvloop.run(measure(port, times, seconds))


def main() -> None:
    """Measure, once or in turns."""
    parser = options(__doc__)
    parser.add_argument("--times", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--settings", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT")
    given = parser.parse_args()
    here = Path(__file__).parents[1]
    figures = []
    for number, checkout in product(range(given.rounds), filter(None, (here, given.beside))):
        environment = {
            "MAINSTAY_ADMIN_KEY": KEY,
            "MAINSTAY_RATE_LIMIT_PER_MINUTE": "1000000",
            "PYTHONPATH": str(checkout / "src"),
            **dict(each.split("=", 1) for each in given.settings),
        }
        found = served(environment, given.times, given.seconds)
        mark = f"{number + 1} {checkout.name}: " if given.beside or given.rounds > 1 else ""
        figures += [replace(figure, what=mark + figure.what) for figure in found]
    tell(figures, given.json)


if __name__ == "__main__":
    main()
