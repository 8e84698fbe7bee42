"""Files and their parts, in rows; the bytes are blobs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from mainstay.ports.database import Aged, Column, Row, Rows, Scalar, Table
from mainstay.services.files.upload_tables import UPLOAD_PARTS, UPLOADS

FILES = Table(
    name="files",
    columns=(
        Column("file_id", "text"),
        Column("name", "text"),
        Column("purpose", "text"),
        Column("media_type", "text"),
        Column("bytes", "integer"),
        Column("sha256", "text"),
        Column("groups", "text", nullable=True),
        Column("created_ms", "integer"),
        Column("expires_ms", "integer", nullable=True),
    ),
    key=("file_id",),
    exported=(
        *("file_id", "name", "purpose", "media_type", "bytes", "sha256", "groups"),
        *("created_ms", "expires_ms"),
    ),
    aged=Aged("files", "created_ms", by_service=True),
)

FILE_PARTS = Table(
    name="file_parts",
    columns=(
        Column("file_id", "text"),
        Column("number", "integer"),
        Column("blob", "text"),
        Column("bytes", "integer"),
    ),
    key=("file_id", "number"),
    exported=("file_id", "number", "blob", "bytes"),
)

TABLES = (FILES, FILE_PARTS, UPLOADS, UPLOAD_PARTS)

_FILE = (
    "SELECT f.file_id, f.name, f.purpose, f.media_type, f.bytes, f.sha256, f.groups, f.created_ms,"
    " f.expires_ms, (SELECT count(*) FROM file_parts p WHERE p.file_id = f.file_id) AS parts"
    " FROM files f WHERE (f.expires_ms IS NULL OR f.expires_ms > :now)"
)


@dataclass(frozen=True)
class Kept:
    """A part of a file: where its bytes are, and how many."""

    blob: str
    bytes: int


@dataclass(frozen=True)
class FileRow:
    """A file as it is stored."""

    file_id: str
    name: str
    purpose: str
    media_type: str
    bytes: int
    sha256: str
    groups: tuple[str, ...] | None
    parts: int
    created_ms: int
    expires_ms: int | None


def _file(row: Row) -> FileRow:
    groups, expires_ms = row["groups"], row["expires_ms"]
    return FileRow(
        file_id=str(row["file_id"]),
        name=str(row["name"]),
        purpose=str(row["purpose"]),
        media_type=str(row["media_type"]),
        bytes=int(row["bytes"] or 0),
        sha256=str(row["sha256"]),
        groups=None if groups is None else tuple(json.loads(str(groups))),
        parts=int(row["parts"] or 0),
        created_ms=int(row["created_ms"] or 0),
        expires_ms=None if expires_ms is None else int(expires_ms),
    )


class FileStore:
    """Reads and writes files of the caller's tenant."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def add(self, row: FileRow, parts: Sequence[Kept]) -> None:
        """Store a file with its parts."""
        values: dict[str, Scalar] = {
            "file_id": row.file_id,
            "name": row.name,
            "purpose": row.purpose,
            "media_type": row.media_type,
            "bytes": row.bytes,
            "sha256": row.sha256,
            "groups": None if row.groups is None else json.dumps(row.groups),
            "created_ms": row.created_ms,
            "expires_ms": row.expires_ms,
        }
        await self._rows.insert("files", [values])
        await self._rows.insert(
            "file_parts",
            [
                {"file_id": row.file_id, "number": number, "blob": part.blob, "bytes": part.bytes}
                for number, part in enumerate(parts, 1)
            ],
        )

    async def file(self, file_id: str, now_ms: int) -> FileRow | None:
        """Find a file whose time is not over."""
        rows = await self._rows.fetch(
            f"{_FILE} AND f.file_id = :file_id", {"file_id": file_id, "now": now_ms}
        )
        return _file(rows[0]) if rows else None

    async def page(
        self, purpose: str | None, after: str | None, limit: int, now_ms: int, *, newest_first: bool
    ) -> list[FileRow]:
        """List files in the order of their ids, which is that of time."""
        values: dict[str, Scalar] = {"now": now_ms, "limit": limit}
        where = ""
        if purpose is not None:
            where, values["purpose"] = " AND f.purpose = :purpose", purpose
        if after is not None:
            where += f" AND f.file_id {'<' if newest_first else '>'} :after"
            values["after"] = after
        order = "DESC" if newest_first else "ASC"
        rows = await self._rows.fetch(f"{_FILE}{where} ORDER BY f.file_id {order} LIMIT :limit", values)
        return [_file(row) for row in rows]

    async def parts(self, file_id: str) -> list[Kept]:
        """Give a file's parts in order."""
        rows = await self._rows.fetch(
            "SELECT blob, bytes FROM file_parts WHERE file_id = :file_id ORDER BY number",
            {"file_id": file_id},
        )
        return [Kept(str(row["blob"]), int(row["bytes"] or 0)) for row in rows]

    async def remove(self, file_id: str) -> bool:
        """Forget a file with its parts; say whether it was there."""
        await self._rows.delete("file_parts", {"file_id": file_id})
        return await self._rows.delete("files", {"file_id": file_id}) > 0

    async def counted(self) -> tuple[int, int]:
        """Give the number of files, and of their bytes."""
        [row] = await self._rows.fetch(
            "SELECT count(*) AS files, CAST(coalesce(sum(bytes), 0) AS BIGINT) AS bytes FROM files"
        )
        return int(row["files"] or 0), int(row["bytes"] or 0)

    async def older(self, before_ms: int, limit: int) -> list[str]:
        """List ids of files that were stored before a moment."""
        rows = await self._rows.fetch(
            "SELECT file_id FROM files WHERE created_ms < :before ORDER BY file_id LIMIT :limit",
            {"before": before_ms, "limit": limit},
        )
        return [str(row["file_id"]) for row in rows]

    async def blobs(self) -> set[str]:
        """Give the keys of all parts."""
        return {str(row["blob"]) for row in await self._rows.fetch("SELECT blob FROM file_parts")}
