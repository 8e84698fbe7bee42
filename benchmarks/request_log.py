"""What the full log of requests costs a request: the same read, logged and not, in alternating repeats.

python benchmarks/request_log.py [--calls 2000]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvloop

from mainstay.app.house import House, picked
from mainstay.app.settings import Settings
from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Message
from mainstay.kit.clock import SystemClock
from mainstay.kit.random import SystemRandom

_KEY = "a-key-for-this-benchmark-alone-000001"
_REPEATS = 9


async def call(house: House, name: str, **values: Any) -> Any:
    """Walk the road once."""
    operation = next(each for each in house.application.operations if each.full_name == name)

    async def read() -> Mapping[str, Any]:
        return values

    message = Message(Credential(_KEY, "header"), read, "req_bench", "rest", "127.0.0.1")
    return (await house.application.dispatch(operation, message)).value


async def microseconds(house: House, calls: int) -> float:
    """Give the CPU time of a call, with what it costs to write it down afterwards."""
    began = time.process_time()
    for _ in range(calls):
        await call(house, "identity.list_roles")
    await house.audit.flush()
    await house.recording.flush()
    return 1e6 * (time.process_time() - began) / calls


async def main() -> None:
    """Print both, and their difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    calls = parser.parse_args().calls
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data=Path(folder),
            admin_key=_KEY,
            encoder="http://127.0.0.1:9",
            only=("identity", "observability"),
            rate_limit_per_minute=1_000_000,
        )
        clock = SystemClock()
        stands_on = picked(settings, clock, SystemRandom())
        async with House(settings, stands_on, clock=clock) as house:
            found: dict[bool, list[float]] = {False: [], True: []}
            await microseconds(house, calls)
            for _ in range(_REPEATS):
                for on, took in found.items():
                    await call(house, "observability.set_request_settings", log_requests=on)
                    took.append(await microseconds(house, calls))
            off, on = (statistics.median(found[each]) for each in (False, True))
            print(f"a read of the roles: {off:.0f} us of CPU not logged, {on:.0f} us logged: {on / off:.2f}")
            log = house.recording
            await call(house, "observability.set_request_settings", log_requests=False)
            caller = await house.application.guard.authenticate(Credential(_KEY, "header"))
            began = time.perf_counter()
            for _ in range(100_000):
                record = log.begin(caller, "identity.list_roles")
                record.asked(None)
                record.answered(None)
            print(f"turned off: {1e6 * (time.perf_counter() - began) / 100_000:.2f} us for each request")


if __name__ == "__main__":
    uvloop.run(main())
