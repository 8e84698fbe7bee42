"""Sealing: committed audit rows get their places in their tenants' chains, and checkpoints are signed."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from mainstay.kernel.audit_chain import FIELDS, AuditChain
from mainstay.kernel.chain import (
    UNSIGNED_MAX,
    ChainCheck,
    Checkpoint,
    checkpoint_row,
    commitment_of,
    entry_of,
    genesis,
    link_of,
)
from mainstay.kernel.endings import end
from mainstay.kernel.tidying import DAY_MS
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Unavailable
from mainstay.kit.ids import Ids
from mainstay.ports.database import SYSTEM, Condition, Database, Row, Scalar, UniqueViolated, Unit
from mainstay.ports.signers import Signer

logger = logging.getLogger("mainstay.audit")

ROWS_AT_ONCE = 200
TENANTS_AT_ONCE = 20
SIGN_EVERY_MS = 60_000
LEASE_MS = 10_000
_TURN = "seal"
_TICK_S = 1.0
_STOP_WITHIN_S = 10.0
_HASHED_AT_ONCE = 50
_FORGOTTEN_AT_ONCE = 200
_FORGET_EVERY_S = 24 * 3600.0
_WAITING = (
    f"SELECT a.tenant_id, a.seq, {FIELDS} FROM audit a WHERE a.sealed = 0"
    " ORDER BY a.tenant_id, a.seq LIMIT :limit"
)
_HEAD = (
    "SELECT place, link, (SELECT max(place) FROM audit_checkpoints) AS signed FROM audit_links"
    " ORDER BY place DESC LIMIT 1"
)
_TURN_HELD = "SELECT worker, lease_ms FROM audit_turn WHERE name = :name"
_SEALED = "SELECT a.sealed FROM audit a JOIN audit_links l ON l.seq = a.seq WHERE a.seq = :seq"

Head = tuple[int, bytes]
"""The last place of a chain, and its link."""


class TurnLost(Exception):
    """Another process seals this database."""


class Sealer:
    """Seals what is committed, one process at a time for each database.

    Numbers of rows may be committed out of order, so that an entry's place is the order in which it was
    sealed. Every round is one transaction that holds the turn's row; whoever lost the turn changes nothing,
    and the key of the chain's places refuses a second entry at one place whatever the clocks say.
    """

    def __init__(
        self,
        database: Database,
        chain: AuditChain,
        signer: Signer,
        clock: Clock,
        ids: Ids,
        *,
        kept_days: int,
        exclusive: bool,
    ) -> None:
        """Take the parts; `kept_days` 0 is for ever, `exclusive` says that no other process can seal."""
        self._database = database
        self._chain = chain
        self._signer = signer
        self._clock = clock
        self._worker = ids.new("sealer")
        self._kept_days = kept_days
        self._exclusive = exclusive
        self._unsigned: dict[str, int] = {}
        self._mine, self._renewed_ms = False, 0
        self._alone = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._forgotten_s = float("-inf")

    def start(self) -> None:
        """Begin sealing in the background."""
        self._stopping.clear()
        self._task = asyncio.create_task(self._go_on(), name="sealer")

    async def stop(self) -> None:
        """End the round, seal a portion of what waits, sign, and let another process have the turn."""
        task, self._task = self._task, None
        if task is None:
            return
        self._stopping.set()  # to cancel in the middle of a statement is to lose what the database answers
        await asyncio.wait([task], timeout=_STOP_WITHIN_S)
        if not task.done():
            await end([task])
            return
        try:
            async with self._alone:
                await self._round(all_of_it=False)
                await self._sign(at_once=True)
                await self._leave()
        except (Unavailable, TurnLost, UniqueViolated) as failure:
            logger.debug("What waits to be sealed waits for the next start: %r", failure)

    async def catch_up(self) -> int:
        """Seal everything that is committed and sign it; give the number of entries; raises TurnLost."""
        async with self._alone:
            sealed = await self._round(all_of_it=True)
            await self._sign(at_once=True)
            return sealed

    async def _go_on(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self._alone:
                    await self._round(all_of_it=True)
                    await self._sign(at_once=False)
                    await self._forget_daily()
            except TurnLost:
                self._unsigned.clear()
            except Unavailable as failure:
                logger.warning("Audit entries wait to be sealed: %s", failure.detail)
            except Exception:
                logger.exception("Audit entries could not be sealed; it is tried again")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._stopping.wait()

    async def _round(self, *, all_of_it: bool) -> int:
        """Seal portions until fewer than a full one waits."""
        await self._take_turn()
        sealed, full = 0, True
        while full:
            rows = _portion(await self._database.fetch(SYSTEM, _WAITING, {"limit": ROWS_AT_ONCE}))
            if not rows:
                break
            try:
                await self._seal(rows)
            except UniqueViolated:
                await self._mark_sealed(rows)
            sealed += len(rows)
            full = all_of_it and not self._stopping.is_set()
            await asyncio.sleep(0)
        return sealed

    async def _take_turn(self) -> None:
        """Become the one who seals, or stay it; raises TurnLost when somebody else is."""
        now = self._clock.now_ms()
        if self._mine:
            if not self._exclusive and now > self._renewed_ms + LEASE_MS // 2:
                async with self._database.unit(SYSTEM) as unit:
                    await self._hold_turn(unit)
            return
        held = await self._database.fetch(SYSTEM, _TURN_HELD, {"name": _TURN})
        others = held and not self._exclusive and held[0]["worker"] != self._worker
        if others and int(held[0]["lease_ms"] or 0) >= now:
            raise TurnLost
        turn: dict[str, Scalar] = {"worker": self._worker, "lease_ms": now + LEASE_MS}
        free: Condition = {"name": _TURN, "lease_ms": held[0]["lease_ms"] if held else 0}
        try:
            async with self._database.unit(SYSTEM) as unit:
                if not held:
                    await unit.insert("audit_turn", [{"name": _TURN, **turn}])
                elif not await unit.update("audit_turn", turn, free):
                    raise TurnLost
        except UniqueViolated:
            raise TurnLost from None
        self._mine, self._renewed_ms = True, now
        await self._find_unsigned()

    async def _hold_turn(self, unit: Unit) -> None:
        now = self._clock.now_ms()
        turn: dict[str, Scalar] = {"lease_ms": now + LEASE_MS}
        if not await unit.update("audit_turn", turn, {"name": _TURN, "worker": self._worker}):
            self._mine = False
            raise TurnLost
        self._renewed_ms = now

    async def _leave(self) -> None:
        if self._mine:
            self._mine = False
            async with self._database.unit(SYSTEM) as unit:
                await unit.update("audit_turn", {"lease_ms": 0}, {"name": _TURN, "worker": self._worker})

    async def _find_unsigned(self) -> None:
        """Look for chains whose end nobody has signed, as after a crash."""
        async for tenant in self._chain.tenants():
            head, was_signed = await self._head(tenant)
            if head[0] > was_signed:
                self._unsigned.setdefault(tenant, self._clock.now_ms())

    async def _head(self, tenant_id: str) -> tuple[Head, int]:
        """Give the end of a chain, and the last place that was signed."""
        rows = await self._database.fetch(tenant_id, _HEAD)
        if not rows:
            return (0, genesis(tenant_id)), 0
        link = rows[0]["link"]
        head = int(rows[0]["place"] or 0), bytes(link) if isinstance(link, bytes) else b""
        return head, int(rows[0]["signed"] or 0)

    async def _seal(self, rows: Sequence[Row]) -> None:
        """Give rows the next places of their tenants' chains."""
        links: list[dict[str, Scalar]] = []
        due: dict[str, Checkpoint] = {}
        touched: list[str] = []
        for tenant, group in groupby(rows, key=lambda row: str(row["tenant_id"])):
            (place, link), was_signed = await self._head(tenant)
            for number, row in enumerate(group):
                entry = entry_of(row)
                commitment = commitment_of(tenant, entry)
                place, link = place + 1, link_of(link, place + 1, commitment)
                links.append(
                    {
                        "tenant_id": tenant,
                        "place": place,
                        "seq": entry.seq,
                        "commitment": commitment,
                        "link": link,
                    }
                )
                if number % _HASHED_AT_ONCE == _HASHED_AT_ONCE - 1:
                    await asyncio.sleep(0)
            touched.append(tenant)
            if place - was_signed > UNSIGNED_MAX - ROWS_AT_ONCE:
                due[tenant] = await self._checkpoint(tenant, (place, link))
            await asyncio.sleep(0)
        async with self._database.unit(SYSTEM) as unit:
            await self._hold_turn(unit)
            await unit.insert("audit_links", links)
            await unit.update("audit", {"sealed": 1}, {"seq": [row["seq"] for row in rows]})
            for tenant, checkpoint in due.items():
                await _insert(unit, tenant, checkpoint)
        for tenant in touched:
            self._unsigned.setdefault(tenant, self._clock.now_ms())
        for tenant in due:
            self._unsigned.pop(tenant, None)

    async def _mark_sealed(self, rows: Sequence[Row]) -> None:
        """Mark rows that have their places already; raises TurnLost when another's entry was in the way."""
        known: list[Scalar] = []
        for row in rows:
            found = await self._database.fetch(str(row["tenant_id"]), _SEALED, {"seq": row["seq"]})
            known += [row["seq"] for each in found if not each["sealed"]]
            if found and found[0]["sealed"]:
                raise TurnLost  # another process has sealed it since it was read
        if not known:
            raise TurnLost
        logger.error("Rows %s of the audit were marked as not sealed, but are: somebody changed them", known)
        async with self._database.unit(SYSTEM) as unit:
            await self._hold_turn(unit)
            await unit.update("audit", {"sealed": 1}, {"seq": known})

    async def _checkpoint(self, tenant_id: str, head: Head) -> Checkpoint:
        newest = next(iter(await self._chain.newest(tenant_id)), None)
        place, link = head
        begins, begins_link = (newest.begins, newest.begins_link) if newest else (0, genesis(tenant_id))
        return self._signed(
            tenant_id,
            Checkpoint(
                number=newest.number + 1 if newest else 1,
                place=place,
                link=link,
                begins=begins,
                begins_link=begins_link,
                oldest=newest.oldest if newest else 1,
                at_ms=self._clock.now_ms(),
                key_id="",
            ),
        )

    def _signed(self, tenant_id: str, checkpoint: Checkpoint) -> Checkpoint:
        named = replace(checkpoint, key_id=self._signer.key_id)
        return replace(named, signature=self._signer.sign(named.statement(tenant_id)))

    async def _sign(self, *, at_once: bool) -> None:
        """Sign the ends of chains that have waited for long enough."""
        before = self._clock.now_ms() - SIGN_EVERY_MS
        for tenant, since_ms in list(self._unsigned.items()):
            if not at_once and since_ms > before:
                continue
            head, was_signed = await self._head(tenant)
            if head[0] > was_signed:
                checkpoint = await self._checkpoint(tenant, head)
                async with self._database.unit(SYSTEM) as unit:
                    await self._hold_turn(unit)
                    await _insert(unit, tenant, checkpoint)
            del self._unsigned[tenant]

    async def _forget_daily(self) -> None:
        if not self._kept_days or self._clock.monotonic_s() < self._forgotten_s + _FORGET_EVERY_S:
            return
        await self._forget_all()
        self._forgotten_s = self._clock.monotonic_s()

    async def forget(self) -> int:
        """Remove entries that are older than they are kept, but for each chain's last; give their number."""
        async with self._alone:
            return await self._forget_all()

    async def _forget_all(self) -> int:
        await self._take_turn()
        before_ms = self._clock.now_ms() - self._kept_days * DAY_MS
        removed = 0
        async for tenant in self._chain.tenants():
            await self._sign_all_of(tenant)
            while count := await self._forget_portion(tenant, before_ms):
                removed += count
                await asyncio.sleep(0)
        return removed

    async def _sign_all_of(self, tenant_id: str) -> None:
        """Sign a chain's end, so that what is forgotten has been signed before."""
        self._unsigned = {tenant_id: 0, **self._unsigned}
        await self._sign(at_once=True)

    async def _forget_portion(self, tenant_id: str, before_ms: int) -> int:
        """Remove the oldest entries, checked once more: what was tampered with is kept as evidence."""
        newest = next(iter(await self._chain.newest(tenant_id)), None)
        if newest is None:
            return 0
        check = ChainCheck(
            tenant_id, self._chain.trusted, newest.begins, newest.begins_link, newest.oldest - 1
        )
        for erasure in await self._chain.erasures(tenant_id):
            check.explain(erasure.at_ms, erasure.places, erasure.proof)
        piece = await self._chain.page(
            tenant_id, newest.begins, newest.oldest - 1, until=newest.place - 1, limit=_FORGOTTEN_AT_ONCE
        )
        old = []
        for sealed in piece.entries:
            if sealed.entry is not None and sealed.entry.at_ms >= before_ms:
                break
            old.append(sealed)
        if not old:
            return 0
        last = old[-1]
        check.follow(old, [each for each in piece.checkpoints if each.place <= last.place])
        if check.finding:
            logger.error("Entries of %s are kept although they are old: %s", tenant_id, check.finding)
            return 0
        await self._forget(tenant_id, newest, last.place, last.link, [sealed.seq for sealed in old])
        return len(old)

    async def _forget(
        self, tenant_id: str, newest: Checkpoint, place: int, link: bytes, numbers: Sequence[int]
    ) -> None:
        rows = await self._database.fetch(
            tenant_id,
            "SELECT min(number) AS number FROM audit_checkpoints WHERE place >= :place",
            {"place": place},
        )
        checkpoint = Checkpoint(
            number=newest.number + 1,
            place=newest.place,
            link=newest.link,
            begins=place,
            begins_link=link,
            oldest=int(rows[0]["number"] or newest.number + 1),
            at_ms=self._clock.now_ms(),
            key_id="",
        )
        of_tenant: dict[str, Scalar] = {"tenant_id": tenant_id}
        async with self._database.unit(SYSTEM) as unit:
            await self._hold_turn(unit)
            await _insert(unit, tenant_id, self._signed(tenant_id, checkpoint))
            await unit.delete("audit_links", {**of_tenant, "place": ("<=", place)})
            await unit.delete("audit", {**of_tenant, "seq": list(numbers)})
            await unit.delete("audit_checkpoints", {**of_tenant, "number": ("<", checkpoint.oldest)})


def _portion(rows: Sequence[Row]) -> list[Row]:
    """Take the rows of a bounded number of tenants."""
    taken: list[Row] = []
    tenants: set[str] = set()
    for row in rows:
        tenants.add(str(row["tenant_id"]))
        if len(tenants) > TENANTS_AT_ONCE:
            break
        taken.append(row)
    return taken


async def _insert(unit: Unit, tenant_id: str, checkpoint: Checkpoint) -> None:
    await unit.insert("audit_checkpoints", [{**checkpoint_row(checkpoint), "tenant_id": tenant_id}])
