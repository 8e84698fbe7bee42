"""Collections as vector stores, in rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mainstay.ports.database import Row, Rows
from mainstay.services.knowledge.paging import Page
from mainstay.services.knowledge.records import Chunking

DAY_MS = 24 * 3600 * 1000
_STORE = (
    "SELECT c.name AS id, c.chunking, c.created_ms, v.title, v.metadata, v.expires_days, v.used_ms"
    " FROM collections c LEFT JOIN vector_stores v ON v.collection = c.name WHERE 1 = 1"
)


@dataclass(frozen=True)
class StoreRow:
    """A collection as a vector store."""

    id: str
    chunking: Mapping[str, Any]
    created_ms: int
    title: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    expires_days: int | None = None
    used_ms: int = 0

    @property
    def chunk_tokens_max(self) -> int:
        """Give the budget of its passages, in the encoder's tokens."""
        return Chunking(**self.chunking).tokens_max

    @property
    def expires_ms(self) -> int | None:
        """Give the moment at which it expires when nobody uses it until then."""
        return None if self.expires_days is None else self.used_ms + self.expires_days * DAY_MS

    def expired(self, now_ms: int) -> bool:
        """Say whether its time is over."""
        return self.expires_ms is not None and self.expires_ms <= now_ms


def _store(row: Row) -> StoreRow:
    expires = row["expires_days"]
    created = int(row["created_ms"] or 0)
    return StoreRow(
        id=str(row["id"]),
        chunking=json.loads(str(row["chunking"])),
        created_ms=created,
        title=str(row["id"] if row["title"] is None else row["title"]),
        metadata={} if row["metadata"] is None else json.loads(str(row["metadata"])),
        expires_days=None if expires is None else int(expires),
        used_ms=max(created, int(row["used_ms"] or 0)),
    )


class VectorStoreStore:
    """Reads and writes what a collection is as a vector store."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def store(self, store_id: str) -> StoreRow | None:
        """Find one; any collection is one."""
        rows = await self._rows.fetch(f"{_STORE} AND c.name = :name", {"name": store_id})
        return _store(rows[0]) if rows else None

    async def stores(self, page: Page, limit: int) -> Sequence[StoreRow]:
        """List them by the time when they were made."""
        sql = _STORE + page.where("c.created_ms", "c.name") + page.order("c.created_ms", "c.name")
        return [_store(row) for row in await self._rows.fetch(sql, page.values(limit))]

    async def keep(self, row: StoreRow) -> None:
        """Store what was said of one."""
        await self._rows.upsert(
            "vector_stores",
            [
                {
                    "collection": row.id,
                    "title": row.title,
                    "metadata": json.dumps(dict(row.metadata), ensure_ascii=False),
                    "expires_days": row.expires_days,
                    "used_ms": row.used_ms,
                }
            ],
        )

    async def used(self, row: StoreRow, now_ms: int) -> None:
        """Note that one was changed."""
        await self._rows.update("vector_stores", {"used_ms": now_ms}, {"collection": row.id})


def renamed(
    row: StoreRow, name: str | None, metadata: Mapping[str, str] | None, days: int | None
) -> StoreRow:
    """Give a store with what is to be changed of it; 0 days are no end."""
    return replace(
        row,
        title=row.title if name is None else name,
        metadata=row.metadata if metadata is None else metadata,
        expires_days=row.expires_days if days is None else days or None,
    )
