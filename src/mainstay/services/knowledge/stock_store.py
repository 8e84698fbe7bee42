"""How much a tenant has stored, in rows."""

from mainstay.ports.database import Rows

_DOCUMENTS = (
    "SELECT count(*) AS documents, CAST(coalesce(sum(file_bytes), 0) AS BIGINT) AS bytes FROM documents"
)
_TEXTS = "SELECT CAST(coalesce(sum(length(text)), 0) AS BIGINT) AS bytes FROM document_versions"


class StockStore:
    """Counts documents, and the bytes of their files and of every version of their texts that is kept."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def counted(self) -> tuple[int, int]:
        """Give the number of documents, and of bytes."""
        (documents,) = await self._rows.fetch(_DOCUMENTS)
        (texts,) = await self._rows.fetch(_TEXTS)
        return int(documents["documents"] or 0), int(documents["bytes"] or 0) + int(texts["bytes"] or 0)
