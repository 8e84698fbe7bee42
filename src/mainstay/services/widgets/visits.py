"""Visitors: let in by a token that is short-lived, found again by its hash, and bound to their widget."""

from dataclasses import replace

from mainstay.kernel.caller import Caller
from mainstay.kernel.guard import CredentialsUnknown
from mainstay.kernel.recognising import Standing
from mainstay.kernel.work import become, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.kit.random import Random
from mainstay.kit.tokens import TOKEN_BYTES, hashed, is_token, token_of
from mainstay.services.widgets.failures import WidgetMissing
from mainstay.services.widgets.interface import VISITS
from mainstay.services.widgets.limits import VISITOR_LIMIT
from mainstay.services.widgets.records import Look, Visit
from mainstay.services.widgets.store import VisitRow, VisitStore

PREFIX = "msv_"
LASTS_MS = 3600 * 1000
RENEWED_MS = 24 * LASTS_MS
LONGEST_MS = 7 * RENEWED_MS
ALLOWED = frozenset(
    {
        *("widgets.say", "widgets.follow", "widgets.rate", "widgets.ask_for_person", "widgets.end"),
    }
)
"""All that a visitor may ask for."""
_ENDED = "The visit is over. Come again by the widget."
_GONE = "It may have been deleted; whoever keeps this page knows."


class Visits:
    """Lets visitors in."""

    def __init__(self, store: VisitStore, standing: Standing, clock: Clock, ids: Ids, random: Random) -> None:
        """Take the parts."""
        self._store = store
        self._standing = standing
        self._clock = clock
        self._ids = ids
        self._random = random

    async def look(self, widget_id: str) -> Look:
        """Say how a widget looks; raises WidgetMissing."""
        placed = await self._store.placed(widget_id)
        if placed is None:
            raise WidgetMissing(_GONE)
        return placed[1].look

    async def embedded_in(self, widget_id: str, origin: str) -> bool:
        """Say whether a widget may stand on the pages of an origin."""
        placed = await self._store.placed(widget_id)
        return placed is not None and origin in placed[1].origins

    async def begin(self, widget_id: str, token: str | None) -> Visit:
        """Let a visitor in, the one with this token if it can be renewed; raises WidgetMissing."""
        placed = await self._store.placed(widget_id)
        if placed is None:
            raise WidgetMissing(_GONE)
        tenant_id, now = placed[0], self._clock.now_ms()
        before = await self._renewable(widget_id, token or "", now)
        secret = token_of(PREFIX, self._random.token(TOKEN_BYTES))
        visitor_id = self._ids.new("visitor") if before is None else before.visitor_id
        begun_ms = now if before is None else before.begun_ms
        known = await self._caller(tenant_id, visitor_id, widget_id)
        await self._store.add(tenant_id, VisitRow(hashed(secret), widget_id, visitor_id, begun_ms, now))
        become(known)
        note_target(visitor_id)
        return Visit(visitor_id=visitor_id, token=secret, ends_ms=now + LASTS_MS)

    def takes(self, secret: str) -> bool:
        """Say whether a secret has the form of a visitor's token."""
        return is_token(PREFIX, secret)

    async def recognise(self, secret: str) -> Caller:
        """Give the visitor who comes with a token; raises CredentialsUnknown and TenantSuspended."""
        found = await self._store.visit(hashed(secret))
        if found is None or self._clock.now_ms() >= found[1].issued_ms + LASTS_MS:
            raise CredentialsUnknown(_ENDED)
        tenant_id, row = found
        known = await self._caller(tenant_id, row.visitor_id, row.widget_id)
        return replace(known, secret=secret, ends_ms=row.issued_ms + LASTS_MS)

    async def any_over(self) -> bool:
        """Say whether there are tokens that cannot even be renewed."""
        return await self._store.any_before(self._clock.now_ms() - RENEWED_MS)

    async def forget_over(self) -> None:
        """Forget tokens that cannot even be renewed."""
        await self._store.forget_before(self._clock.now_ms() - RENEWED_MS)

    async def _renewable(self, widget_id: str, token: str, now_ms: int) -> VisitRow | None:
        found = await self._store.visit(hashed(token)) if self.takes(token) else None
        if found is None or found[1].widget_id != widget_id:
            return None
        row = found[1]
        lasts = now_ms < row.issued_ms + RENEWED_MS and now_ms < row.begun_ms + LONGEST_MS
        return row if lasts else None

    async def _caller(self, tenant_id: str, visitor_id: str, widget_id: str) -> Caller:
        known = await self._standing.caller_of(tenant_id, visitor_id, role="", limit_per_minute=VISITOR_LIMIT)
        return replace(
            known, permissions=frozenset({VISITS}), only=ALLOWED, guest_of=widget_id, operator=False
        )
