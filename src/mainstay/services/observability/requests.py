"""The full log of requests and answers: set, searched, read."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mainstay.kernel.guard import PermissionMissing
from mainstay.kernel.permissions import Permissions
from mainstay.kernel.recording import Recording
from mainstay.kernel.tables import logged_place
from mainstay.kernel.work import caller, follow_up, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Row
from mainstay.services.observability.interface import LoggedOperationUnknown, RequestMissing
from mainstay.services.observability.logged import (
    LoggedRequest,
    LoggedRequests,
    RequestSettings,
    WholeRequest,
)
from mainstay.services.observability.moments import cursor
from mainstay.services.observability.store import RequestStore, Wanted

_UNSET = RequestSettings(
    log_requests=False,
    sample=1.0,
    operations=[],
    hidden_fields=[],
    characters_max=4096,
    kept_days=7,
    changed_ms=None,
)


def _settings(row: Row | None) -> RequestSettings:
    if row is None:
        return _UNSET
    return RequestSettings(
        log_requests=bool(row["log_requests"]),
        sample=float(row["sample"] or 0),
        operations=json.loads(str(row["operations"])),
        hidden_fields=json.loads(str(row["hidden_fields"])),
        characters_max=int(row["characters_max"] or 0),
        kept_days=int(row["kept_days"] or 0),
        changed_ms=int(row["changed_ms"] or 0),
    )


def _facts(row: Row) -> dict[str, Any]:
    texts = ("request_id", "subject", "operation", "outcome", "door", "origin")
    facts: dict[str, Any] = {name: str(row[name]) for name in texts}
    return {**facts, "number": row["seq"], "at_ms": row["at_ms"], "took_ms": row["took_ms"]}


class Requests:
    """The log of one tenant's requests."""

    def __init__(
        self,
        store: RequestStore,
        cipher: Cipher,
        recording: Recording,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._cipher = cipher
        self._recording = recording
        self._permissions = permissions
        self._clock = clock

    async def settings(self) -> RequestSettings:
        """Tell how the log is set."""
        return _settings(await self._store.settings())

    async def set(self, wished: Mapping[str, Any]) -> RequestSettings:
        """Set the log; this process follows with its answer."""
        unknown = sorted(set(wished["operations"]) - self._permissions.operations)
        if unknown:
            raise LoggedOperationUnknown(
                f"There is no {', '.join(unknown)}; write names as the reference does: `knowledge.search`."
            )
        after = RequestSettings(**wished, changed_ms=self._clock.now_ms())
        lists = {name: json.dumps(wished[name]) for name in ("operations", "hidden_fields")}
        columns = {**after.model_dump(), "log_requests": int(after.log_requests), **lists}
        before = await self._store.settings()
        await self._store.set(columns)
        note_target("requests")
        note_change(None if before is None else _settings(before).model_dump(), after.model_dump())

        async def followed() -> RequestSettings:
            await self._recording.refresh()
            return after

        follow_up(followed)
        return after

    async def search(self, wanted: Wanted, limit: int) -> LoggedRequests:
        """Find requests, newest first; one more than asked for is read to see whether there are more."""
        _needs_audit()
        rows: Sequence[Row] = await self._store.search(wanted, limit + 1)
        found = [LoggedRequest(**_facts(row)) for row in rows[:limit]]
        more = len(rows) > limit
        return LoggedRequests(requests=found, next=cursor(found[-1].at_ms, found[-1].number) if more else "")

    async def give(self, number: int) -> WholeRequest:
        """Give a request with its answer; raises RequestMissing."""
        _needs_audit()
        note_target(str(number))
        row = await self._store.request(number)
        sealed = None if row is None else row["told"]
        if row is None or not isinstance(sealed, bytes):
            raise RequestMissing("Search the requests to see their numbers; old ones are removed.")
        facts = _facts(row)
        opened = self._cipher.open(sealed, logged_place(facts["request_id"], facts["at_ms"]))
        return WholeRequest(**facts, **json.loads(opened.decode("utf-8", "surrogatepass")))


def _needs_audit() -> None:
    if not caller().may("audit:read"):
        raise PermissionMissing("This needs the permission `audit:read` too. Ask an administrator.")
