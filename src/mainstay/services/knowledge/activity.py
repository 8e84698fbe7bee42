"""When vector stores were searched last: gathered in memory, written in the background."""

from mainstay.ports.database import AllRows

ROUND_S = 60.0
_MINUTE_MS = 60_000
_KEPT_MAX = 10_000


class Activity:
    """Notes which vector stores are searched; a crash loses at most what came since the last round."""

    def __init__(self, rows: AllRows) -> None:
        """Take everybody's rows."""
        self._rows = rows
        self._waiting: dict[tuple[str, str], int] = {}

    def note(self, tenant_id: str, store_id: str, now_ms: int) -> None:
        """Remember that a vector store was searched; what does not fit any more is left out."""
        if len(self._waiting) < _KEPT_MAX or (tenant_id, store_id) in self._waiting:
            self._waiting[tenant_id, store_id] = now_ms - now_ms % _MINUTE_MS

    def last(self, tenant_id: str, store_id: str) -> int:
        """Give when a vector store was searched, as far as that is not written yet; else 0."""
        return self._waiting.get((tenant_id, store_id), 0)

    async def write(self) -> None:
        """Write what was noted, in the present transaction."""
        some = dict(self._waiting)
        for (tenant_id, store_id), at_ms in some.items():
            values = {"used_ms": at_ms}
            rows = self._rows.of(tenant_id)
            await rows.update("vector_stores", values, {"collection": store_id, "used_ms": ("<", at_ms)})
        for key, at_ms in some.items():
            if self._waiting.get(key) == at_ms:
                del self._waiting[key]
