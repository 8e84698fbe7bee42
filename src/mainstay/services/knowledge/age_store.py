"""What is old, in the rows of documents and judgements."""

from mainstay.ports.database import Rows


class AgeStore:
    """Finds what is older than a moment."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def documents(self, before_ms: int, limit: int) -> list[str]:
        """List the ids of documents that were last changed before a moment."""
        sql = "SELECT doc_id FROM documents WHERE changed_ms < :before ORDER BY doc_id LIMIT :limit"
        rows = await self._rows.fetch(sql, {"before": before_ms, "limit": limit})
        return [str(row["doc_id"]) for row in rows]

    async def judgements(self, before_ms: int, limit: int) -> list[str]:
        """List the ids of judgements that were given before a moment."""
        sql = "SELECT feedback_id FROM feedback WHERE created_ms < :before ORDER BY feedback_id LIMIT :limit"
        rows = await self._rows.fetch(sql, {"before": before_ms, "limit": limit})
        return [str(row["feedback_id"]) for row in rows]
