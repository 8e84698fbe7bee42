"""Runs reactions: leased, retried with back-off, buried with their reason when they keep failing."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NoReturn

from mainstay.kernel.caller import house
from mainstay.kernel.events import Reaction
from mainstay.kernel.outbox import WAKE, Outbox, job_topic
from mainstay.kernel.tidying import Tidying
from mainstay.kernel.work import Work, entered
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Conflict, Failure, Forbidden, Invalid, NotFound, Unavailable
from mainstay.kit.ids import Ids
from mainstay.ports.bus import Bus
from mainstay.ports.database import SYSTEM, Database, Row, Scalar

logger = logging.getLogger("mainstay.reactions")

LANES_AT_ONCE = 4
LEASE_MS = 30_000
ATTEMPTS_MAX = 12
BACKOFF_FIRST_MS = 500
BACKOFF_MAX_MS = 300_000
BACKOFF_OUT_MAX_MS = 3_000
"""What waits for a part that is out (a full disk, an encoder's server) goes on soon after it is back."""
_TICK_S = 1.0
_TIDY_EVERY_S = 3600.0
_HEARTBEAT_S = LEASE_MS / 3000
_PERMANENT = (Invalid, NotFound, Conflict, Forbidden)

Lane = tuple[str, str]
"""A tenant and a reaction: events of one lane are handled in order, lanes side by side."""
Hand = tuple[Lane, int]
"""One of a lane's workers; only reactions that need no order have more than one."""


@contextlib.contextmanager
def _going_on(what: str) -> Iterator[None]:
    """Let a loop go on whatever happens in one of its rounds; what is not expected is logged."""
    try:
        yield
    except Unavailable as failure:
        logger.debug("%s waits: %s", what, failure.detail)
    except Exception:
        logger.exception("An unexpected error while %s; it goes on", what)


class LeaseLost(Exception):
    """Another worker has taken these events over."""


def _refuse_lost_lease() -> NoReturn:
    raise LeaseLost


class Reactor:
    """Takes waiting events and calls their reactions."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        outbox: Outbox,
        clock: Clock,
        ids: Ids,
        tidying: Tidying,
        *,
        exclusive: bool,
    ) -> None:
        """Take the parts; `exclusive` says that no other process can hold leases of these reactions."""
        self._database = database
        self._bus = bus
        self._outbox = outbox
        self._clock = clock
        self._ids = ids
        self._tidying = tidying
        self._exclusive = exclusive
        self._worker = ids.new("worker")
        self._reactions: dict[str, Reaction] = {}
        self._hands: dict[Hand, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(LANES_AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, reactions: Sequence[Reaction]) -> None:
        """Begin with these reactions; what a crash interrupted is taken up first."""
        self._reactions = {reaction.name: reaction for reaction in reactions}
        if not self._reactions:
            return
        if self._exclusive:
            await self._reclaim(everything=True)
        listening = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._listen(listening), name="reactor-listen"),
            asyncio.create_task(self._tick(), name="reactor-tick"),
            asyncio.create_task(self._heartbeat(), name="reactor-heartbeat"),
            asyncio.create_task(self._tidy(), name="reactor-tidy"),
        ]
        await listening.wait()

    async def stop(self) -> None:
        """End; events that were being handled wait for the next start."""
        tasks = [*self._tasks, *self._hands.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks, self._hands = [], {}

    async def _listen(self, listening: asyncio.Event) -> None:
        async with self._bus.subscribe(WAKE) as notes:
            listening.set()
            async for note in notes:
                tenant, _, reaction = note.partition("/")
                self._wake((tenant, reaction))

    async def _tick(self) -> None:
        while True:
            with _going_on("looking for events"):
                await self._reclaim(everything=False)
                for row in await self._database.fetch(
                    SYSTEM,
                    "SELECT DISTINCT tenant_id, reaction FROM outbox"
                    " WHERE state = 'waiting' AND due_ms <= :now",
                    {"now": self._clock.now_ms()},
                ):
                    self._wake((str(row["tenant_id"]), str(row["reaction"])))
            await asyncio.sleep(_TICK_S)

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            if self._hands:
                with _going_on("renewing leases"):
                    async with self._database.unit(SYSTEM) as unit:
                        lease = {"lease_ms": self._clock.now_ms() + LEASE_MS}
                        await unit.update("outbox", lease, {"worker": self._worker, "state": "running"})

    async def _tidy(self) -> None:
        while True:
            with _going_on("tidying"):
                await self._tidying.tidy()
            await asyncio.sleep(_TIDY_EVERY_S)

    async def _reclaim(self, *, everything: bool) -> None:
        names = list(self._reactions)
        until = (1 << 62) if everything else self._clock.now_ms()
        expired = await self._database.fetch(
            SYSTEM,
            "SELECT seq FROM outbox WHERE state = 'running' AND lease_ms < :until LIMIT 1",
            {"until": until},
        )
        if expired:
            async with self._database.unit(SYSTEM) as unit:
                where = {"state": "running", "lease_ms": ("<", until), "reaction": names}
                await unit.update("outbox", {"state": "waiting", "worker": ""}, where)

    def _wake(self, lane: Lane) -> None:
        reaction = self._reactions.get(lane[1])
        for number in range(reaction.side_by_side if reaction is not None else 0):
            hand = (lane, number)
            if hand not in self._hands:
                task = asyncio.create_task(self._drain(lane), name=f"lane-{lane[1]}-{number}")
                self._hands[hand] = task
                task.add_done_callback(partial(self._drained, hand))

    def _drained(self, hand: Hand, task: asyncio.Task[None]) -> None:
        self._hands.pop(hand, None)
        if not task.cancelled() and task.exception() is not None:
            logger.error("Reaction %s stopped; it goes on by itself", hand[0][1], exc_info=task.exception())

    async def _drain(self, lane: Lane) -> None:
        reaction = self._reactions[lane[1]]
        while True:
            async with self._room:  # for one portion: a long lane lets the others in between
                rows = await self._claim(lane, reaction.batch)
                if not rows:
                    return
                await self._handle(lane[0], reaction, rows)

    async def _claim(self, lane: Lane, size: int) -> list[Row]:
        """Lease the next waiting events; none only when nothing waits."""
        tenant, reaction = lane
        while waiting := await self._database.fetch(
            SYSTEM,
            "SELECT seq FROM outbox WHERE state = 'waiting' AND tenant_id = :tenant"
            " AND reaction = :reaction AND due_ms <= :now ORDER BY seq LIMIT :size",
            {"tenant": tenant, "reaction": reaction, "now": self._clock.now_ms(), "size": size},
        ):
            rows = await self._lease([row["seq"] for row in waiting])
            if rows:
                return rows
        return []

    async def _lease(self, numbers: Sequence[Scalar]) -> list[Row]:
        """Lease those of the events that nobody else has leased a moment ago."""
        token = f"{self._worker}:{self._ids.new('claim')}"
        lease_ms = self._clock.now_ms() + LEASE_MS
        async with self._database.unit(SYSTEM) as unit:
            claim: dict[str, Scalar] = {"state": "running", "worker": token, "lease_ms": lease_ms}
            await unit.update("outbox", claim, {"seq": list(numbers), "state": "waiting"})
            rows = await unit.fetch(
                "SELECT seq, event_id, event, body, job_id, subject, attempts FROM outbox"
                " WHERE worker = :token AND state = 'running' ORDER BY seq",
                {"token": token},
            )
            await unit.update("outbox", {"worker": self._worker}, {"worker": token})
            return rows

    async def _handle(self, tenant: str, reaction: Reaction, rows: Sequence[Row]) -> None:
        try:
            await self._run(tenant, reaction, rows)
        except asyncio.CancelledError:
            raise
        except LeaseLost:
            logger.warning(
                "Another worker took over events of %s; what was done here is undone", reaction.name
            )
            return
        except Exception as error:  # noqa: BLE001 - whatever a reaction does, the queue goes on and tells
            if len(rows) > 1:
                # One bad event must not hold up its neighbours: try each on its own.
                for row in rows:
                    await self._handle(tenant, reaction, [row])
                return
            await self._failed(reaction, rows[0], error)
        for job_id in {str(row["job_id"]) for row in rows}:
            await self._bus.publish(job_topic(job_id))

    async def _run(self, tenant: str, reaction: Reaction, rows: Sequence[Row]) -> None:
        request = "event:" + str(rows[0]["event_id"])
        work = Work(house(tenant, reaction.name), self._database, request, tenant)
        events = [reaction.event.model_validate_json(str(row["body"])) for row in rows]
        with entered(work):
            try:
                await reaction.handler(events)
                unit = await work.open()
                await self._outbox.write(unit, work)
                mine = {"seq": [row["seq"] for row in rows], "state": "running", "worker": self._worker}
                ended: dict[str, Scalar] = {"state": "done", "worker": "", "due_ms": self._clock.now_ms()}
                done = await unit.update("outbox", ended, mine)
                if done != len(rows):
                    _refuse_lost_lease()
                await work.commit()
            except BaseException as error:
                await work.undo(error)
                raise
            await self._outbox.committed(work)
            if work.after is not None:
                await work.after()

    async def _failed(self, reaction: Reaction, row: Row, error: Exception) -> None:
        attempts = int(row["attempts"] or 0) + 1
        expected = isinstance(error, Failure)
        lasting = attempts >= ATTEMPTS_MAX and not isinstance(error, Unavailable)
        dead = lasting or isinstance(error, _PERMANENT)
        if not expected:
            logger.error("Reaction %s failed on %s", reaction.name, row["event_id"], exc_info=error)
        told = (
            {"code": error.code(), "detail": error.detail}
            if isinstance(error, Failure)
            else {
                "code": "Bug",
                "detail": "An unexpected error; look for " + str(row["event_id"]) + " in the server's log.",
            }
        )
        most_ms = BACKOFF_OUT_MAX_MS if isinstance(error, Unavailable) else BACKOFF_MAX_MS
        wait_ms = min(BACKOFF_FIRST_MS << min(attempts - 1, ATTEMPTS_MAX), most_ms)
        change: Mapping[str, str | int] = {
            "state": "dead" if dead else "waiting",
            "attempts": attempts,
            "due_ms": self._clock.now_ms() + wait_ms,
            "worker": "",
            "reason": json.dumps(told, ensure_ascii=False),
        }
        # Left as it is, the row would count as running for as long as this process lives.
        while not await self._noted(row, change):  # noqa: ASYNC110 - no event tells that the database is back
            await asyncio.sleep(_TICK_S)

    async def _noted(self, row: Row, change: Mapping[str, str | int]) -> bool:
        try:
            async with self._database.unit(SYSTEM) as unit:
                mine = {"seq": row["seq"], "state": "running", "worker": self._worker}
                await unit.update("outbox", change, mine)
        except Unavailable as failure:
            logger.warning("A failure cannot be noted yet: %s", failure.detail)
            return False
        return True
