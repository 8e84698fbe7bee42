"""Which stored files were attached to which vector stores, and how far they have come, in rows."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from mainstay.ports.database import Condition, Row, Rows, Scalar
from mainstay.services.knowledge.paging import Page, Place
from mainstay.services.knowledge.passage_store import buckets
from mainstay.services.knowledge.vector_store_limits import FileState
from mainstay.services.knowledge.vector_store_records import FileCounts

WAITING = "waiting"
"""Not read yet; a document that is there already stays as it is until then."""
STORED = "stored"
"""Its document is there; whether that is searchable, the document says."""

_SEARCHABLE = "CASE WHEN d.indexed_version = d.version THEN 'completed' ELSE 'in_progress' END"
_ATTACHED = (
    "SELECT f.collection, f.file_id, f.doc_id, f.batch_id, f.job_id, f.name, f.bytes, f.attributes,"
    " f.created_ms, f.problem_code, f.problem, f.state AS step,"
    " CASE WHEN d.doc_id IS NULL THEN f.groups ELSE d.groups END AS groups,"
    f" CASE f.state WHEN '{STORED}' THEN {_SEARCHABLE} WHEN '{WAITING}' THEN 'in_progress'"
    " ELSE f.state END AS state"
    " FROM attached_files f LEFT JOIN documents d ON d.doc_id = f.doc_id"
)
_PLAIN = (
    "SELECT d.collection, d.doc_id AS file_id, d.doc_id, '' AS batch_id, d.job_id, d.title AS name,"
    " 0 AS bytes, d.metadata AS attributes, d.created_ms, NULL AS problem_code, NULL AS problem,"
    f" 'plain' AS step, d.groups, {_SEARCHABLE} AS state FROM documents d"
    " WHERE NOT EXISTS (SELECT 1 FROM attached_files a WHERE a.doc_id = d.doc_id)"
)
_BOTH = f"SELECT * FROM ({_ATTACHED} UNION ALL {_PLAIN}) files WHERE collection = :collection"
_ATTRIBUTES_MAX = 16
_TEXT_LENGTH_MAX = 512


@dataclass(frozen=True)
class AttachedRow:
    """A file of a vector store, or a document that was not made of one (`step` is then `plain`)."""

    collection: str
    file_id: str
    doc_id: str
    batch_id: str
    job_id: str
    name: str
    bytes: int
    attributes: Mapping[str, Any]
    groups: tuple[str, ...] | None
    state: FileState
    step: str
    created_ms: int
    problem_code: str | None = None
    problem: str | None = None

    @property
    def place(self) -> Place:
        """Say where it stands in lists."""
        return Place(self.created_ms, self.file_id)


@dataclass
class Tally:
    """How many files of a vector store are in which state, and how many bytes they have."""

    counts: dict[str, int] = field(default_factory=dict)
    bytes: int = 0

    @property
    def files(self) -> FileCounts:
        """Give the counts."""
        return FileCounts(**self.counts)


def plain_attributes(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the facts that attributes can hold; a document's metadata may have others."""
    plain = {
        name: value
        for name, value in found.items()
        if isinstance(value, bool | int | float)
        or (isinstance(value, str) and len(value) <= _TEXT_LENGTH_MAX)
    }
    return dict(list(plain.items())[:_ATTRIBUTES_MAX])


def _groups(value: Scalar) -> tuple[str, ...] | None:
    return None if value is None else tuple(json.loads(str(value)))


def _text(value: Scalar) -> str | None:
    return None if value is None else str(value)


def _attached(row: Row) -> AttachedRow:
    return AttachedRow(
        collection=str(row["collection"]),
        file_id=str(row["file_id"]),
        doc_id=str(row["doc_id"]),
        batch_id=str(row["batch_id"]),
        job_id=str(row["job_id"]),
        name=str(row["name"]),
        bytes=int(row["bytes"] or 0),
        attributes=plain_attributes(json.loads(str(row["attributes"]))),
        groups=_groups(row["groups"]),
        state=cast("FileState", str(row["state"])),
        step=str(row["step"]),
        created_ms=int(row["created_ms"] or 0),
        problem_code=_text(row["problem_code"]),
        problem=_text(row["problem"]),
    )


class AttachmentStore:
    """Reads and writes attached files."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def add(self, rows: Sequence[AttachedRow]) -> None:
        """Store files that wait to be read; one that was attached before begins anew."""
        await self._rows.upsert(
            "attached_files",
            [
                {
                    "collection": row.collection,
                    "file_id": row.file_id,
                    "doc_id": row.doc_id,
                    "batch_id": row.batch_id,
                    "job_id": row.job_id,
                    "name": row.name,
                    "bytes": row.bytes,
                    "attributes": json.dumps(dict(row.attributes), ensure_ascii=False),
                    "groups": None if row.groups is None else json.dumps(row.groups),
                    "state": WAITING,
                    "problem_code": None,
                    "problem": None,
                    "created_ms": row.created_ms,
                }
                for row in rows
            ],
        )

    async def file(self, collection: str, file_id: str) -> AttachedRow | None:
        """Find a file, or a document that was not made of one."""
        rows = await self._rows.fetch(
            f"{_BOTH} AND file_id = :file_id", {"collection": collection, "file_id": file_id}
        )
        return _attached(rows[0]) if rows else None

    async def page(
        self, collection: str, page: Page, limit: int, batch_id: str | None, state: str | None
    ) -> list[AttachedRow]:
        """List files by the time when they were added."""
        sql, values = _BOTH, {"collection": collection, **page.values(limit)}
        for name, value in (("batch_id", batch_id), ("state", state)):
            if value is not None:
                sql, values = f"{sql} AND {name} = :{name}", {**values, name: value}
        sql += page.where("created_ms", "file_id") + page.order("created_ms", "file_id")
        return [_attached(row) for row in await self._rows.fetch(sql, values)]

    async def batch(self, collection: str, batch_id: str) -> list[AttachedRow]:
        """List the files that were attached together."""
        sql = f"{_ATTACHED} WHERE f.collection = :collection AND f.batch_id = :batch_id ORDER BY f.file_id"
        rows = await self._rows.fetch(sql, {"collection": collection, "batch_id": batch_id})
        return [_attached(row) for row in rows]

    async def of_file(self, file_id: str) -> list[AttachedRow]:
        """List in which vector stores a file is."""
        rows = await self._rows.fetch(f"{_ATTACHED} WHERE f.file_id = :file_id", {"file_id": file_id})
        return [_attached(row) for row in rows]

    async def of_documents(self, doc_ids: Sequence[str]) -> dict[str, AttachedRow]:
        """Give the files that documents were made of, by the documents' ids."""
        found: dict[str, AttachedRow] = {}
        for names, values in buckets(list(dict.fromkeys(doc_ids))):
            for row in await self._rows.fetch(f"{_ATTACHED} WHERE f.doc_id IN ({names})", values):
                found[str(row["doc_id"])] = _attached(row)
        return found

    async def tallies(
        self, sees: Callable[[Sequence[str] | None], bool], collection: str | None = None
    ) -> dict[str, Tally]:
        """Count the files of each vector store that somebody sees."""
        where = "" if collection is None else " WHERE collection = :collection"
        values: dict[str, Scalar] = {} if collection is None else {"collection": collection}
        rows = await self._rows.fetch(
            "SELECT collection, state, groups, count(*) AS files, CAST(sum(bytes) AS BIGINT) AS bytes"
            f" FROM ({_ATTACHED} UNION ALL {_PLAIN}) files{where} GROUP BY collection, state, groups",
            values,
        )
        found: dict[str, Tally] = {}
        for row in rows:
            if sees(_groups(row["groups"])):
                tally, state = found.setdefault(str(row["collection"]), Tally()), str(row["state"])
                tally.counts[state] = tally.counts.get(state, 0) + int(row["files"] or 0)
                tally.bytes += int(row["bytes"] or 0)
        return found

    async def waiting_groups(self, collection: str) -> list[tuple[str, ...] | None]:
        """Give to whom files are kept that wait to be stored; documents that are there say it themselves."""
        rows = await self._rows.fetch(
            f"SELECT DISTINCT groups FROM attached_files WHERE collection = :name AND state = '{WAITING}'",
            {"name": collection},
        )
        return [_groups(row["groups"]) for row in rows]

    async def take_up(self, row: AttachedRow) -> bool:
        """Open the unit of work on a file that waits to be stored; say whether it still does."""
        where: Condition = {
            "collection": row.collection,
            "file_id": row.file_id,
            "batch_id": row.batch_id,
            "state": WAITING,
        }
        return await self._rows.update("attached_files", {"state": STORED}, where) > 0

    async def fail(self, row: AttachedRow, code: str, why: str) -> None:
        """Note why a file was not stored, wherever it had come to."""
        where: Condition = {"collection": row.collection, "file_id": row.file_id, "batch_id": row.batch_id}
        values: dict[str, Scalar] = {"state": "failed", "problem_code": code, "problem": why}
        await self._rows.update("attached_files", values, where)

    async def cancel(self, collection: str, batch_id: str) -> int:
        """Leave out the files of a batch that still wait; count them."""
        where: Condition = {"collection": collection, "batch_id": batch_id, "state": WAITING}
        return await self._rows.update("attached_files", {"state": "cancelled"}, where)

    async def describe(self, row: AttachedRow, attributes: Mapping[str, Any]) -> None:
        """Replace a file's attributes."""
        where: Condition = {"collection": row.collection, "file_id": row.file_id}
        text = json.dumps(dict(attributes), ensure_ascii=False)
        await self._rows.update("attached_files", {"attributes": text}, where)

    async def forget(self, rows: Sequence[AttachedRow]) -> None:
        """Forget that files were attached."""
        for row in rows:
            await self._rows.delete("attached_files", {"collection": row.collection, "file_id": row.file_id})
