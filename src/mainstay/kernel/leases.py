"""Who works on which waiting events: leased for a while, given back, taken over when a worker is gone."""

import json
import logging
from collections.abc import Collection, Mapping, Sequence

from mainstay.kernel.events import Reaction
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure, Unavailable
from mainstay.kit.ids import Ids
from mainstay.ports.database import SYSTEM, Condition, Database, Row, Scalar, Unit

logger = logging.getLogger("mainstay.reactions")

LEASE_MS = 30_000
ATTEMPTS_MAX = 12
ALONE_AFTER = 2
"""How often a worker may vanish with an event in its hands before that event is taken up alone."""
INTERRUPTED_MAX = 12
_BACKOFF_FIRST_MS = 500
_BACKOFF_MAX_MS = 300_000
_BACKOFF_OUT_MAX_MS = 3_000
"""What waits for a part that is out (a full disk, an encoder's server) goes on soon after it is back."""

_KILLED = {
    "code": "Interrupted",
    "detail": f"The server ended {INTERRUPTED_MAX} times while it worked on this step, so that it is left. If"
    " memory ran out, give the server more of it, or send the document in smaller parts; then retry the job.",
}


_OF_LANE = "tenant_id = :tenant AND reaction = :reaction"
_OTHERS = f"SELECT seq FROM outbox WHERE state = 'running' AND {_OF_LANE} AND worker <> :token LIMIT 1"


class _LaneTaken(Exception):
    """Another worker has earlier events of this lane."""


class LeaseLost(Exception):
    """Another worker has taken these events over."""


class Leases:
    """One worker's leases of waiting events."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        """Take the parts."""
        self._database = database
        self._clock = clock
        self._ids = ids
        self._worker = ids.new("worker")

    async def lanes(self) -> list[tuple[str, str]]:
        """List the tenants and reactions that have something to do now."""
        rows = await self._database.fetch(
            SYSTEM,
            "SELECT DISTINCT tenant_id, reaction FROM outbox WHERE state = 'waiting' AND due_ms <= :now",
            {"now": self._clock.now_ms()},
        )
        return [(str(row["tenant_id"]), str(row["reaction"])) for row in rows]

    async def claim(self, tenant: str, reaction: Reaction) -> list[Row]:
        """Lease the next portion of waiting events.

        None when nothing waits; nor, where the order of events matters, while another worker has some.
        """
        lane: dict[str, Scalar] = {"tenant": tenant, "reaction": reaction.name}
        while waiting := await self._database.fetch(
            SYSTEM,
            f"SELECT seq, weight, interrupted FROM outbox WHERE state = 'waiting' AND {_OF_LANE}"
            " AND due_ms <= :now ORDER BY seq LIMIT :size",
            {**lane, "now": self._clock.now_ms(), "size": reaction.batch},
        ):
            numbers = portion(waiting, reaction.heavy)
            try:
                rows = await self._lease(numbers, lane if reaction.side_by_side == 1 else None)
            except _LaneTaken:
                return []
            if rows:
                return rows
        return []

    async def _lease(self, numbers: Sequence[Scalar], alone_in: Mapping[str, Scalar] | None) -> list[Row]:
        """Lease those of the events that nobody else has leased a moment ago; raises _LaneTaken."""
        token = f"{self._worker}:{self._ids.new('claim')}"
        lease_ms = self._clock.now_ms() + LEASE_MS
        async with self._database.unit(SYSTEM) as unit:
            claim: dict[str, Scalar] = {"state": "running", "worker": token, "lease_ms": lease_ms}
            await unit.update("outbox", claim, {"seq": list(numbers), "state": "waiting"})
            if alone_in is not None and await unit.fetch(_OTHERS, {**alone_in, "token": token}):
                raise _LaneTaken  # which undoes the claim
            rows = await unit.fetch(
                "SELECT seq, event_id, event, body, job_id, subject, attempts FROM outbox"
                " WHERE worker = :token AND state = 'running' ORDER BY seq",
                {"token": token},
            )
            await unit.update("outbox", {"worker": self._worker}, {"worker": token})
            return rows

    async def renew(self) -> None:
        """Hold what is leased for longer."""
        async with self._database.unit(SYSTEM) as unit:
            lease = {"lease_ms": self._clock.now_ms() + LEASE_MS}
            await unit.update("outbox", lease, {"worker": self._worker, "state": "running"})

    async def give_back(self) -> None:
        """Let everything that is leased wait again, as if it had not been taken up."""
        async with self._database.unit(SYSTEM) as unit:
            mine = {"worker": self._worker, "state": "running"}
            await unit.update("outbox", {"state": "waiting", "worker": ""}, mine)

    async def take_over(self, reactions: Collection[str], *, everything: bool) -> None:
        """Let wait again what is held by workers that are gone: whose lease ended, or all with `everything`.

        Each time is counted: what ended its worker again and again is buried.
        """
        until = (1 << 62) if everything else self._clock.now_ms()
        left: dict[int, list[Scalar]] = {}
        for row in await self._database.fetch(
            SYSTEM,
            "SELECT seq, reaction, interrupted FROM outbox"
            " WHERE state = 'running' AND lease_ms < :until AND worker <> :me",
            {"until": until, "me": self._worker},
        ):
            if row["reaction"] in reactions:
                left.setdefault(int(row["interrupted"] or 0), []).append(row["seq"])
        for times, numbers in left.items():
            again: dict[str, Scalar] = {"state": "waiting", "worker": "", "interrupted": times + 1}
            if times + 1 >= INTERRUPTED_MAX:
                logger.error("The server ended %d times while it worked on events %s", times + 1, numbers)
                again |= {"state": "dead", "due_ms": self._clock.now_ms(), "reason": json.dumps(_KILLED)}
            async with self._database.unit(SYSTEM) as unit:
                held: Condition = {"seq": numbers, "state": "running", "lease_ms": ("<", until)}
                await unit.update("outbox", again, held)

    async def end(self, unit: Unit, rows: Sequence[Row]) -> None:
        """Note in a unit of work that events are done; raises LeaseLost."""
        ended: dict[str, Scalar] = {"state": "done", "worker": "", "due_ms": self._clock.now_ms()}
        held: Condition = {"seq": [row["seq"] for row in rows], "state": "running", "worker": self._worker}
        if await unit.update("outbox", ended, held) != len(rows):
            raise LeaseLost

    async def put_off(self, rows: Sequence[Row], error: Exception, *, lasting: bool, later: bool) -> None:
        """Note that events failed: they wait for their next attempt, or are buried with the reason.

        A `lasting` failure is buried at once; others after some attempts, unless a part is out. `later` lets
        them wait twice as long. Raises DatabaseUnavailable.
        """
        out = isinstance(error, Unavailable)
        tried: dict[int, list[Scalar]] = {}
        for row in rows:
            tried.setdefault(int(row["attempts"] or 0) + 1, []).append(row["seq"])
        async with self._database.unit(SYSTEM) as unit:
            for attempts, numbers in tried.items():
                dead = lasting or (attempts >= ATTEMPTS_MAX and not out)
                wait_ms = min(
                    _BACKOFF_FIRST_MS << min(attempts - 1, ATTEMPTS_MAX),
                    _BACKOFF_OUT_MAX_MS if out else _BACKOFF_MAX_MS,
                )
                change: Mapping[str, Scalar] = {
                    "state": "dead" if dead else "waiting",
                    "attempts": attempts,
                    "due_ms": self._clock.now_ms() + (2 * wait_ms if later else wait_ms),
                    "worker": "",
                    "reason": json.dumps(_told(error, rows[0]), ensure_ascii=False),
                }
                mine: Condition = {"seq": numbers, "state": "running", "worker": self._worker}
                await unit.update("outbox", change, mine)
                if dead:
                    told = (attempts, change["reason"])
                    logger.warning("Events %s are given up after attempt %d: %s", numbers, *told)


def portion(waiting: Sequence[Row], heavy: int | None) -> list[Scalar]:
    """Cut the first portion off: not heavier than a bound, and what may have ended a worker alone."""
    taken: list[Scalar] = []
    weight = 0
    for row in waiting:
        weight += int(row["weight"] or 0)
        suspect = int(row["interrupted"] or 0) >= ALONE_AFTER
        if taken and (suspect or (heavy is not None and weight > heavy)):
            break
        taken.append(row["seq"])
        if suspect:
            break
    return taken


def _told(error: Exception, row: Row) -> Mapping[str, str]:
    if isinstance(error, Failure):
        return {"code": error.code(), "detail": error.detail}
    return {
        "code": "Bug",
        "detail": f"An unexpected error; look for {row['event_id']!s} in the server's log.",
    }
