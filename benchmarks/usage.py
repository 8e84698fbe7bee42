"""What counting the usage costs a request, and what writing it costs in the background.

    python benchmarks/usage.py [--json FILE]

Half a million requests of 1,000 keys to ten operations are counted, as the road does it at the end of each;
the peer is the same loop without counting. A round writes all of these keys and operations into SQLite.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from figures import at_most, median, options, spread, tell

from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.kernel.caller import Caller
from mainstay.kernel.tables import TABLES
from mainstay.kernel.usage import DAY_MS, Usage
from mainstay.kit.clock import SystemClock
from mainstay.kit.ids import Ids
from mainstay.kit.random import SystemRandom

_REPEATS = 7
_REQUESTS = 500_000
_CALLERS = [Caller("tenant_bench", f"key_{number}", (), frozenset()) for number in range(1_000)]
_OPERATIONS = [f"service.operation_{number}" for number in range(10)]


def counted(usage: Usage) -> float:
    """Count the requests; give the seconds."""
    began = time.perf_counter()
    for number in range(_REQUESTS):
        usage.count(_CALLERS[number % 1_000], _OPERATIONS[number // 1_000 % 10], "ok", writes=False, tokens=0)
    return time.perf_counter() - began


def bare() -> float:
    """Do the same without counting; give the seconds."""
    began = time.perf_counter()
    for number in range(_REQUESTS):
        _ = (_CALLERS[number % 1_000], _OPERATIONS[number // 1_000 % 10], "ok")
    return time.perf_counter() - began


async def main() -> None:
    """Measure in alternating repeats."""
    given = options(__doc__ or "").parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clock = SystemClock()
        database = SqliteDatabase(Path(folder) / "db", TABLES, migrations=False)
        await database.open()
        usage = Usage(database, clock, Ids(clock, SystemRandom()), kept_ms=400 * DAY_MS)
        costs, rounds = [], []
        for _ in range(_REPEATS):
            costs.append((counted(usage) - bare()) / _REQUESTS * 1e6)
            began = time.perf_counter()
            await usage.write()
            rounds.append((time.perf_counter() - began) * 1e3)
        rows = (await database.fetch("tenant_bench", "SELECT count(*) AS n FROM usage"))[0]["n"]
        await database.close()
    tell(
        [
            at_most("counting a request", median(costs), 5, "µs", spread(costs)),
            at_most(f"a round that writes {rows:,} rows", median(rounds), 2_000, "ms", spread(rounds)),
        ],
        given.json,
    )


if __name__ == "__main__":
    asyncio.run(main())
