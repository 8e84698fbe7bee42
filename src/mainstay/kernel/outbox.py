"""Events on their way: written with the change that caused them, one row for each reaction."""

from collections.abc import Mapping, Sequence

from mainstay.kernel.work import Work
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.bus import Bus
from mainstay.ports.database import Scalar, Unit

WAKE = "outbox"
"""The topic that wakes the workers; a note is `tenant/reaction`."""


def job_topic(job_id: str) -> str:
    """Give the topic that tells of a job's progress."""
    return f"job/{job_id}"


class Outbox:
    """Writes events into the unit of work that caused them."""

    def __init__(self, bus: Bus, clock: Clock, ids: Ids, subscribers: Mapping[str, Sequence[str]]) -> None:
        """Take which reactions each event has, by name, whether or not they run in this process."""
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._subscribers = subscribers

    async def write(self, unit: Unit, work: Work) -> None:
        """Add one row for each event and reaction."""
        now = self._clock.now_ms()
        rows: list[dict[str, Scalar]] = [
            {
                "event_id": self._ids.new("event"),
                "event": emitted.event.name(),
                "reaction": reaction,
                "body": emitted.event.model_dump_json(),
                "job_id": emitted.job_id,
                "subject": emitted.subject,
                "promised": int(emitted.promised),
                "weight": emitted.weight,
                "interrupted": 0,
                "caller": work.caller.subject,
                "state": "waiting",
                "attempts": 0,
                "created_ms": now,
                "due_ms": now + emitted.delay_ms,
                "lease_ms": 0,
                "worker": "",
                "reason": "",
            }
            for emitted in work.events
            for reaction in self._subscribers.get(emitted.event.name(), ())
        ]
        if rows:
            await unit.insert("outbox", rows)

    async def committed(self, work: Work) -> None:
        """Wake the workers, and whoever waits for what was changed."""
        lanes = {
            f"{work.caller.tenant_id}/{reaction}"
            for emitted in work.events
            for reaction in self._subscribers.get(emitted.event.name(), ())
        }
        for lane in lanes:
            await self._bus.publish(WAKE, lane)
        while work.topics:
            await self._bus.publish(work.topics.pop())
