"""Reading one tenant's chain of audit entries: to check it, and to carry it away."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from mainstay.kernel.chain import (
    ERASURE,
    ChainCheck,
    Checkpoint,
    Sealed,
    Trusted,
    checkpoint_of,
    genesis,
    sealed_of,
)
from mainstay.ports.database import SYSTEM, Database, Row, Scalar

PAGE = 100
"""How many entries are looked at between two turns of others: hashing them takes about two milliseconds."""
_STRAYS_AT_ONCE = 5_000
_TRIES = 3

FIELDS = (
    "a.at_ms, a.request_id, a.subject, a.operation, a.target, a.outcome, a.door, a.origin, a.salt, a.hidden,"
    " a.before_hash, a.after_hash"
)
_PAGE = (
    f"SELECT l.place, l.seq, l.commitment, l.link, {FIELDS} FROM audit_links l"
    " LEFT JOIN audit a ON a.seq = l.seq WHERE l.place > :after AND l.place <= :until"
    " ORDER BY l.place LIMIT :limit"
)
_CHECKPOINT = (
    "SELECT number, place, link, begins, begins_link, oldest, at_ms, key_id, signature FROM audit_checkpoints"
)
_SPAN = (
    "SELECT min(l.place) AS first, max(l.place) AS last FROM audit a JOIN audit_links l ON l.seq = a.seq"
    " WHERE a.at_ms >= :since AND a.at_ms < :until"
)
_STRAYS = (
    "SELECT seq, (SELECT l.place FROM audit_links l WHERE l.seq = audit.seq) AS place FROM audit"
    " WHERE sealed <> 0 AND seq > :after ORDER BY seq LIMIT :limit"
)
_NEXT_TENANT = "SELECT min(tenant_id) AS tenant_id FROM audit_links WHERE tenant_id > :after"
_FAR = 1 << 62


@dataclass(frozen=True)
class Verdict:
    """What was found: how far the chain was followed, and the first thing that is wrong."""

    begins: int
    checked: int
    last_place: int
    unsigned: int
    waiting: int
    finding: str
    wrong_place: int | None
    following: int | None


@dataclass(frozen=True)
class Piece:
    """Some entries in their order, and the checkpoints that stand among them."""

    entries: Sequence[Sealed]
    checkpoints: Sequence[Checkpoint]


@dataclass(frozen=True)
class Erasure:
    """A signed note of places that were erased."""

    at_ms: int
    places: str
    proof: str


@dataclass(frozen=True)
class Span:
    """The part of a chain that covers a time, with what stands before it."""

    before: int
    link: bytes
    number: int
    last: int
    erasures: Sequence[Erasure]


class AuditChain:
    """Reads chains; what it gives is one tenant's alone."""

    def __init__(self, database: Database, trusted: Trusted) -> None:
        """Take where the rows are, and what checks signatures."""
        self._database = database
        self._trusted = trusted

    @property
    def trusted(self) -> Trusted:
        """Give what checks signatures."""
        return self._trusted

    async def fetch(self, tenant_id: str, sql: str, values: Mapping[str, Scalar]) -> list[Row]:
        """Read a tenant's rows of the audit with a SELECT."""
        return await self._database.fetch(tenant_id, sql, values)

    async def tenants(self) -> AsyncIterator[str]:
        """Give the tenants that have a chain."""
        after = ""
        while True:
            rows = await self._database.fetch(SYSTEM, _NEXT_TENANT, {"after": after})
            if rows[0]["tenant_id"] is None:
                return
            after = str(rows[0]["tenant_id"])
            yield after
            await asyncio.sleep(0)

    async def newest(self, tenant_id: str, limit: int = 1, before: int = _FAR) -> list[Checkpoint]:
        """Give the newest checkpoints, newest first."""
        sql = f"{_CHECKPOINT} WHERE number < :before ORDER BY number DESC LIMIT :limit"
        rows = await self._database.fetch(tenant_id, sql, {"before": before, "limit": limit})
        return [checkpoint_of(row) for row in rows]

    async def page(
        self, tenant_id: str, after: int, number: int, *, until: int = _FAR, limit: int = PAGE
    ) -> Piece:
        """Give the next entries, and the checkpoints above a number that stand at or before the last one."""
        values: dict[str, Scalar] = {"after": after, "until": until, "limit": limit}
        entries = [sealed_of(row) for row in await self._database.fetch(tenant_id, _PAGE, values)]
        last = entries[-1].place if entries else after
        checkpoints = await self._database.fetch(
            tenant_id,
            f"{_CHECKPOINT} WHERE number > :number AND place <= :last ORDER BY number",
            {"number": number, "last": last},
        )
        return Piece(entries, [checkpoint_of(row) for row in checkpoints])

    async def erasures(self, tenant_id: str) -> list[Erasure]:
        """List the signed notes of erased places."""
        rows = await self._database.fetch(
            tenant_id,
            "SELECT at_ms, target, origin FROM audit WHERE operation = :operation ORDER BY at_ms, seq",
            {"operation": ERASURE},
        )
        return [Erasure(int(row["at_ms"] or 0), str(row["target"]), str(row["origin"])) for row in rows]

    async def verify(
        self,
        tenant_id: str,
        *,
        after: int = 0,
        limit: int = _FAR,
        anchor: Checkpoint | None = None,
        trusted: Trusted | None = None,
    ) -> Verdict:
        """Check a chain from a place on; what the sealer and the retention do meanwhile is no finding."""
        for _ in range(_TRIES):
            begins = await self._begins(tenant_id)
            verdict = await self._verify(tenant_id, max(after, begins), limit, anchor, trusted)
            if not verdict.finding or begins == await self._begins(tenant_id):
                break
        return verdict

    async def _begins(self, tenant_id: str) -> int:
        newest = await self.newest(tenant_id)
        return newest[0].begins if newest else 0

    async def _verify(
        self, tenant_id: str, after: int, limit: int, anchor: Checkpoint | None, trusted: Trusted | None
    ) -> Verdict:
        newest = next(iter(await self.newest(tenant_id)), None)
        start = await self._start(tenant_id, newest, after)
        check = ChainCheck(tenant_id, trusted or self._trusted, after, *start)
        for erasure in await self.erasures(tenant_id):
            check.explain(erasure.at_ms, erasure.places, erasure.proof)
        if anchor is not None:
            check.anchor(anchor)
        ended = False
        while not check.finding and check.checked < limit and not ended:
            size = min(PAGE, limit - check.checked)
            piece = await self.page(tenant_id, check.place, check.number, limit=size)
            check.follow(piece.entries, piece.checkpoints)
            ended = len(piece.entries) < size
            await asyncio.sleep(0)
        if ended and not check.finding:
            check.end(newest)
            await self._look_for_strays(tenant_id, check)
        return Verdict(
            begins=newest.begins if newest is not None else 0,
            checked=check.checked,
            last_place=check.place,
            unsigned=check.unsigned,
            waiting=await self.waiting(tenant_id),
            finding=check.finding,
            wrong_place=check.wrong_place,
            following=None if ended or check.finding else check.place,
        )

    async def _start(self, tenant_id: str, newest: Checkpoint | None, after: int) -> tuple[bytes, int]:
        """Give the link and the checkpoint's number that stand before the first entry that is checked."""
        if newest is not None and after == newest.begins:
            return newest.begins_link, newest.oldest - 1
        if after == 0:
            return genesis(tenant_id), 0
        rows = await self._database.fetch(
            tenant_id, "SELECT link FROM audit_links WHERE place = :place", {"place": after}
        )
        sql = "SELECT max(number) AS number FROM audit_checkpoints WHERE place <= :place"
        numbers = await self._database.fetch(tenant_id, sql, {"place": after})
        link = rows[0]["link"] if rows else b""
        return bytes(link) if isinstance(link, bytes) else b"", int(numbers[0]["number"] or 0)

    async def _look_for_strays(self, tenant_id: str, check: ChainCheck) -> None:
        after = 0
        while rows := await self._database.fetch(
            tenant_id, _STRAYS, {"after": after, "limit": _STRAYS_AT_ONCE}
        ):
            for row in rows:
                if row["place"] is None:
                    check.stray(int(row["seq"] or 0))
                    return
            after = int(rows[-1]["seq"] or 0)
            await asyncio.sleep(0)

    async def waiting(self, tenant_id: str) -> int:
        """Count the rows that have no place yet."""
        rows = await self._database.fetch(tenant_id, "SELECT count(*) AS rows FROM audit WHERE sealed = 0")
        return int(rows[0]["rows"] or 0)

    async def span(self, tenant_id: str, since_ms: int, until_ms: int) -> Span:
        """Find the part of the chain that covers a time, up to the next checkpoint that signs it whole."""
        newest = next(iter(await self.newest(tenant_id)), None)
        begins = newest.begins if newest is not None else 0
        rows = await self._database.fetch(tenant_id, _SPAN, {"since": since_ms, "until": until_ms})
        first, last = int(rows[0]["first"] or 0), int(rows[0]["last"] or 0)
        before = max(first - 1, begins) if first else begins
        signed = await self._database.fetch(
            tenant_id,
            "SELECT min(place) AS place FROM audit_checkpoints WHERE place >= :last",
            {"last": max(last, before)},
        )
        link, number = await self._start(tenant_id, newest, before)
        return Span(
            before=before,
            link=link,
            number=number,
            last=max(int(signed[0]["place"] or 0), last) if first else before,
            erasures=await self.erasures(tenant_id),
        )

    async def pieces(self, tenant_id: str, span: Span) -> AsyncIterator[Piece]:
        """Give the entries of a span in their order."""
        after, number = span.before, span.number
        while after < span.last:
            piece = await self.page(tenant_id, after, number, until=span.last)
            if not piece.entries:
                return
            after = piece.entries[-1].place
            number = piece.checkpoints[-1].number if piece.checkpoints else number
            yield piece
