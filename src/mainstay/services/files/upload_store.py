"""Uploads in several parts, in rows; the bytes are blobs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from mainstay.ports.database import Row, Rows, Scalar
from mainstay.services.files.store import Kept

State = Literal["pending", "completed", "cancelled"]
_UPLOAD = (
    "SELECT upload_id, name, purpose, media_type, bytes, groups, expires_in_s, state, file_id, created_ms,"
    " expires_ms FROM uploads"
)


@dataclass(frozen=True)
class UploadRow:
    """An upload as it is stored; `bytes` is what was announced."""

    upload_id: str
    name: str
    purpose: str
    media_type: str
    bytes: int
    groups: tuple[str, ...] | None
    expires_in_s: int | None
    created_ms: int
    expires_ms: int
    state: State = "pending"
    file_id: str | None = None


def _upload(row: Row) -> UploadRow:
    groups, expires_in_s, file_id = row["groups"], row["expires_in_s"], row["file_id"]
    return UploadRow(
        upload_id=str(row["upload_id"]),
        name=str(row["name"]),
        purpose=str(row["purpose"]),
        media_type=str(row["media_type"]),
        bytes=int(row["bytes"] or 0),
        groups=None if groups is None else tuple(json.loads(str(groups))),
        expires_in_s=None if expires_in_s is None else int(expires_in_s),
        created_ms=int(row["created_ms"] or 0),
        expires_ms=int(row["expires_ms"] or 0),
        state=cast("State", str(row["state"])),
        file_id=None if file_id is None else str(file_id),
    )


class UploadStore:
    """Reads and writes uploads of the caller's tenant."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def add(self, row: UploadRow) -> None:
        """Store a new upload."""
        values: dict[str, Scalar] = {
            **{name: value for name, value in vars(row).items() if name != "groups"},
            "groups": None if row.groups is None else json.dumps(row.groups),
        }
        await self._rows.insert("uploads", [values])

    async def upload(self, upload_id: str) -> UploadRow | None:
        """Find an upload."""
        rows = await self._rows.fetch(f"{_UPLOAD} WHERE upload_id = :id", {"id": upload_id})
        return _upload(rows[0]) if rows else None

    async def hold(self, upload_id: str) -> bool:
        """Open the unit of work on an upload that is going on; say whether it still is."""
        where = {"upload_id": upload_id, "state": "pending"}
        return await self._rows.update("uploads", {"state": "pending"}, where) > 0

    async def add_part(self, upload_id: str, part_id: str, kept: Sequence[Kept]) -> None:
        """Note a part, of one or more pieces."""
        await self._rows.insert(
            "upload_parts",
            [
                {
                    "part_id": part_id,
                    "number": number,
                    "upload_id": upload_id,
                    "blob": piece.blob,
                    "bytes": piece.bytes,
                }
                for number, piece in enumerate(kept, 1)
            ],
        )

    async def parts(self, upload_id: str) -> dict[str, list[Kept]]:
        """Give the pieces of an upload's parts, by the parts' ids."""
        rows = await self._rows.fetch(
            "SELECT part_id, blob, bytes FROM upload_parts WHERE upload_id = :id ORDER BY part_id, number",
            {"id": upload_id},
        )
        found: dict[str, list[Kept]] = {}
        for row in rows:
            piece = Kept(str(row["blob"]), int(row["bytes"] or 0))
            found.setdefault(str(row["part_id"]), []).append(piece)
        return found

    async def end(self, upload_id: str, state: State, file_id: str | None = None) -> list[str] | None:
        """End an upload that is going on, and forget its parts: give their keys, or None if it was ended.

        They are read once no more can be added: some came while what was there before was looked at.
        """
        where = {"upload_id": upload_id, "state": "pending"}
        if not await self._rows.update("uploads", {"state": state, "file_id": file_id}, where):
            return None
        forgotten = [piece.blob for kept in (await self.parts(upload_id)).values() for piece in kept]
        await self._rows.delete("upload_parts", {"upload_id": upload_id})
        return forgotten

    async def forget(self, upload_id: str) -> None:
        """Forget an upload that has ended."""
        await self._rows.delete("uploads", {"upload_id": upload_id})

    async def counted(self) -> int:
        """Give the bytes of all parts."""
        sql = "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) AS bytes FROM upload_parts"
        [row] = await self._rows.fetch(sql)
        return int(row["bytes"] or 0)

    async def blobs(self) -> set[str]:
        """Give the keys of all parts."""
        return {str(row["blob"]) for row in await self._rows.fetch("SELECT blob FROM upload_parts")}
