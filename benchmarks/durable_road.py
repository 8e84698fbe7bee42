"""Durable documents a second through the whole road, in process: guard, checks, audit, outbox, commit.

    MAINSTAY_ENCODER=… python benchmarks/durable_road.py [--clients 64] [--each 100] [--repeats 5]

`add_document` is dispatched as a door dispatches it; the reactions (encoding, indexing) are stopped, so that
the figure is what storing costs. `durable_writes.py` has the SQLite engine alone.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import uvloop
from figures import Figure, median, options, quantile_ms, spread, tell

from mainstay.app.foundations import picked
from mainstay.app.house import House
from mainstay.app.settings import Settings
from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Message
from mainstay.kernel.interface import Operation
from mainstay.kit.clock import SystemClock
from mainstay.kit.random import SystemRandom

_WARM = 50
TEXT = "Document {} about the harbour office and its opening hours in the summer months, as asked for."


async def store(house: House, operation: Operation, names: list[str]) -> list[float]:
    """Store documents one after another; give the seconds of each."""
    taken = []
    for name in names:
        values = {"collection": "road", "text": TEXT.format(name), "title": "A title"}

        async def read(values: dict[str, str] = values) -> dict[str, str]:
            return values

        began = time.perf_counter()
        await house.application.dispatch(
            operation, Message(Credential(house.local_key, "bench"), read, f"req_{name}", "bench")
        )
        taken.append(time.perf_counter() - began)
    return taken


async def measure(data: Path, clients: int, each: int, repeats: int) -> list[Figure]:
    """Run the clients together, several times."""
    settings = Settings(data=data, rate_limit_per_minute=1_000_000)
    house = House(settings, picked(settings, SystemClock(), SystemRandom()))
    rates, taken, costs = [], [], []
    async with house:
        await house._reactor.stop()  # noqa: SLF001 - no door stops the reactions, and storing alone is asked for
        [operation] = [
            each for each in house.application.operations if each.full_name == "knowledge.add_document"
        ]
        await store(house, operation, [f"warm-{number}" for number in range(_WARM)])
        for turn in range(repeats):
            names = [[f"{turn}-{client}-{number}" for number in range(each)] for client in range(clients)]
            began, spent = time.perf_counter(), time.process_time()
            rounds = await asyncio.gather(*(store(house, operation, part) for part in names))
            rates.append(clients * each / (time.perf_counter() - began))
            costs.append((time.process_time() - spent) / (clients * each) * 1e6)
            taken += [second for part in rounds for second in part]
    return [
        Figure(f"{clients} clients", f"{median(rates):,.0f} documents/s{spread(rates)}"),
        Figure("latency", f"p50 {quantile_ms(taken, 0.5):.1f} ms, p99 {quantile_ms(taken, 0.99):.1f} ms"),
        Figure("CPU", f"{median(costs):.0f} µs a document"),
    ]


def main() -> None:
    """Measure in a folder that is removed again."""
    parser = options(__doc__)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tell(uvloop.run(measure(Path(folder), given.clients, given.each, given.repeats)), given.json)


if __name__ == "__main__":
    main()
