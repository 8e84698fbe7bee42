"""Runs reactions: leased, retried with back-off, buried with their reason when they keep failing."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence
from functools import partial

from mainstay.kernel.caller import house
from mainstay.kernel.endings import end
from mainstay.kernel.events import Reaction
from mainstay.kernel.leases import LEASE_MS, LeaseLost, Leases
from mainstay.kernel.outbox import WAKE, Outbox, job_topic
from mainstay.kernel.tidying import Tidying
from mainstay.kernel.usage import Usage
from mainstay.kernel.work import Work, entered
from mainstay.kit.errors import Conflict, Failure, Forbidden, Invalid, NotFound, Unavailable
from mainstay.ports.bus import Bus
from mainstay.ports.database import Database, Row

logger = logging.getLogger("mainstay.reactions")

LANES_AT_ONCE = 4
"""How many portions of one reaction's events are handled at the same time, whoever's they are."""
ASKED_MOST = 3
"""For how many events in a row a part that is out is asked; the rest of their portion waits with them."""
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


class Reactor:
    """Takes waiting events and calls their reactions."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        outbox: Outbox,
        leases: Leases,
        tidying: Tidying,
        usage: Usage,
        *,
        exclusive: bool,
    ) -> None:
        """Take the parts; `exclusive` says that no other process can hold leases of these reactions."""
        self._database = database
        self._bus = bus
        self._outbox = outbox
        self._leases = leases
        self._tidying = tidying
        self._usage = usage
        self._exclusive = exclusive
        self._reactions: dict[str, Reaction] = {}
        self._hands: dict[Hand, asyncio.Task[None]] = {}
        self._rooms: dict[str, asyncio.Semaphore] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, reactions: Sequence[Reaction]) -> None:
        """Begin with these reactions; what a crash interrupted is taken up first."""
        self._reactions = {reaction.name: reaction for reaction in reactions}
        self._rooms = {name: asyncio.Semaphore(LANES_AT_ONCE) for name in self._reactions}
        if not self._reactions:
            return
        if self._exclusive:
            await self._leases.take_over(self._reactions, everything=True)
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
        await end([*self._tasks, *self._hands.values()])
        self._tasks, self._hands = [], {}
        if self._reactions:
            with _going_on("giving leases back"):
                await self._leases.give_back()

    async def _listen(self, listening: asyncio.Event) -> None:
        async with self._bus.subscribe(WAKE) as notes:
            listening.set()
            async for note in notes:
                tenant, _, reaction = note.partition("/")
                self._wake((tenant, reaction))

    async def _tick(self) -> None:
        while True:
            with _going_on("looking for events"):
                await self._leases.take_over(self._reactions, everything=False)
                for lane in await self._leases.lanes():
                    self._wake(lane)
            await asyncio.sleep(_TICK_S)

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            if self._hands:
                with _going_on("renewing leases"):
                    await self._leases.renew()

    async def _tidy(self) -> None:
        while True:
            with _going_on("tidying"):
                await self._tidying.tidy()
            await asyncio.sleep(_TIDY_EVERY_S)

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
            async with self._rooms[reaction.name]:  # for one portion: other tenants come in between
                rows = await self._leases.claim(lane[0], reaction)
                if not rows:
                    return
                await self._handle(lane[0], reaction, rows)

    async def _handle(self, tenant: str, reaction: Reaction, rows: Sequence[Row]) -> None:
        error = await self._tried(tenant, reaction, rows)
        if error is not None and len(rows) > 1:
            await self._apart(tenant, reaction, rows, error)
        elif error is not None:
            await self._failed(reaction, rows, error)
        for job_id in {str(row["job_id"]) for row in rows}:
            await self._bus.publish(job_topic(job_id))

    async def _apart(self, tenant: str, reaction: Reaction, rows: Sequence[Row], error: Exception) -> None:
        """Try each event on its own: a bad one must not hold up its neighbours.

        A part that is out is not asked for each of them, the rest waits. It may be the events that are at
        fault, though: from the second time on some are tried, and then wait for longer than the rest.
        """
        patience = min(int(rows[0]["attempts"] or 0), ASKED_MOST)
        out = 0
        for number, row in enumerate(rows):
            if isinstance(error, Unavailable) and out >= patience:
                await self._failed(reaction, rows[number:], error)
                return
            failure = await self._tried(tenant, reaction, [row])
            out = out + 1 if isinstance(failure, Unavailable) else 0
            if failure is not None:
                error = failure
                await self._failed(reaction, [row], failure, later=True)

    async def _tried(self, tenant: str, reaction: Reaction, rows: Sequence[Row]) -> Exception | None:
        """Let a reaction handle events; give what it failed with."""
        try:
            await self._run(tenant, reaction, rows)
        except LeaseLost:
            logger.warning(
                "Another worker took over events of %s; what was done here is undone", reaction.name
            )
        except Exception as error:  # noqa: BLE001 - whatever a reaction does, the queue goes on and tells
            return error
        return None

    async def _run(self, tenant: str, reaction: Reaction, rows: Sequence[Row]) -> None:
        request = "event:" + str(rows[0]["event_id"])
        work = Work(house(tenant, reaction.name), self._database, request)
        events = [reaction.event.model_validate_json(str(row["body"])) for row in rows]
        with entered(work):
            try:
                await reaction.handler(events)
                unit = await work.open()
                await self._outbox.write(unit, work)
                await self._leases.end(unit, rows)
                await work.commit()
            except BaseException as error:
                await work.undo(error)
                raise
            finally:
                spent = work.spending
                self._usage.spent(work.caller, reaction.name, spent.tokens, spent.cost_micros)
            await self._outbox.committed(work)
            if work.after is not None:
                await work.after()

    async def _failed(
        self, reaction: Reaction, rows: Sequence[Row], error: Exception, *, later: bool = False
    ) -> None:
        if not isinstance(error, Failure):
            logger.error("Reaction %s failed on %s", reaction.name, rows[0]["event_id"], exc_info=error)
        # Left as they are, the rows would count as running for as long as this process lives.
        while not await self._put_off(rows, error, later=later):  # noqa: ASYNC110 - no event tells that the database is back
            await asyncio.sleep(_TICK_S)

    async def _put_off(self, rows: Sequence[Row], error: Exception, *, later: bool) -> bool:
        lasting = isinstance(error, _PERMANENT) and not error.passes
        try:
            await self._leases.put_off(rows, error, lasting=lasting, later=later)
        except Unavailable as failure:
            logger.warning("A failure cannot be noted yet: %s", failure.detail)
            return False
        return True
