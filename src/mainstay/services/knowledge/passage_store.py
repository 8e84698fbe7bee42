"""Passages with their vectors, and the changes that the index has to follow, in rows."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Column, Index, Row, Rows, Scalar, Sealed, Table
from mainstay.services.knowledge.naming import name_of


def _place(doc_id: str, version: int, ordinal: int) -> tuple[str, str]:
    """Give what a passage's text is sealed to: its place, so that no text passes for another's."""
    return "passages", name_of(doc_id, version, ordinal)


PASSAGES = Table(
    name="passages",
    columns=(
        Column("point_id", "integer"),
        Column("doc_id", "text"),
        Column("collection", "text"),
        Column("version", "integer"),
        Column("ordinal", "integer"),
        Column("starts", "integer"),
        Column("ends", "integer"),
        Column("headings", "text"),
        Column("kind", "text"),
        Column("content_hash", "text"),
        Column("text", "bytes", sealed=Sealed(("doc_id", "version", "ordinal"), _place)),
        Column("dense", "bytes"),
    ),
    key=("point_id",),
    indexes=(Index(("doc_id", "version")), Index(("collection",))),
)

CHANGES = Table(
    name="index_changes",
    columns=(
        Column("change", "integer"),
        Column("kind", "text"),
        Column("subject", "text"),
        Column("version", "integer"),
    ),
    key=("change",),
    sequence="change",
)

TABLES = (PASSAGES, CHANGES)

ChangeKind = Literal["document", "replaced", "deleted", "collection_deleted", "faq", "feedback", "rebuild"]

_PASSAGE = (
    "SELECT p.point_id, p.doc_id, p.collection, p.version, p.ordinal, p.starts, p.ends, p.headings, p.kind,"
    " p.content_hash, p.text, p.dense FROM passages p"
)
_VECTOR = "SELECT p.doc_id, p.version, p.content_hash, p.dense FROM passages p"
_SHOWN = (
    "SELECT p.point_id, p.doc_id, p.version, p.ordinal, p.starts, p.ends, p.headings, p.text, d.collection,"
    " d.title, d.metadata, d.groups, d.language FROM passages p"
    " JOIN documents d ON d.doc_id = p.doc_id AND d.indexed_version = p.version"
)
_ROWS_AT_ONCE = 200
_LEADING = (
    "SELECT p.doc_id, p.version, p.ordinal, p.text, p.headings, p.dense, d.title, d.titled, d.language"
    " FROM passages p JOIN documents d ON d.doc_id = p.doc_id"
)
_DOC_ID = "SELECT p.point_id, p.doc_id FROM passages p"
_IDS_AT_ONCE = (8, 32, 128)  # few sizes, so that the database knows the statements already


@dataclass(frozen=True)
class Passage:
    """A passage of one version of a document, with its vector."""

    point_id: int
    doc_id: str
    collection: str
    version: int
    ordinal: int
    start: int
    end: int
    headings: tuple[str, ...]
    kind: str
    content_hash: str
    text: str
    dense: NDArray[np.float32]


Stored = Mapping[str, Scalar]
"""A passage as it is stored."""


@dataclass(frozen=True)
class Shown:
    """A searchable passage as it is shown, with what its document says now.

    `text` is characters `start` to `end` of the document's text; a part of a table has the table's header
    before it.
    """

    point_id: int
    doc_id: str
    version: int
    start: int
    end: int
    headings: tuple[str, ...]
    text: str
    collection: str
    title: str
    metadata: dict[str, Any]
    groups: tuple[str, ...] | None
    language: str

    def place(self, character: int) -> int:
        """Give where a character of `text` stands in the document's text."""
        return self.end - len(self.text) + character

    def own(self) -> str:
        """Give the passage's text without a header that stands elsewhere."""
        return self.text[self.start - self.end :]


@dataclass(frozen=True)
class Leading:
    """A passage that came out first: its words, and its vector."""

    text: str
    headings: tuple[str, ...]
    title: str
    language: str
    dense: NDArray[np.float32]


@dataclass(frozen=True)
class Change:
    """Something that the index has to follow; `change` numbers them upwards."""

    change: int
    kind: ChangeKind
    subject: str
    version: int


def packed(vector: NDArray[np.float32]) -> bytes:
    """Give a unit vector in 16-bit floats: cosines move by less than 0.001."""
    return vector.astype(np.float16).tobytes()


def unpacked(value: Scalar) -> NDArray[np.float32]:
    """Give the vector back."""
    return np.frombuffer(_bytes(value), dtype=np.float16).astype(np.float32)


def _unpacked(rows: Sequence[Row]) -> list[NDArray[np.float32]]:
    return [unpacked(row["dense"]) for row in rows]


def opened(cipher: Cipher, value: Scalar, context: tuple[str, ...]) -> str:
    """Give a sealed text."""
    return cipher.open(_bytes(value), context).decode()


def _bytes(value: Scalar) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("This column holds bytes")
    return value


def _strings(value: Scalar) -> tuple[str, ...]:
    return () if value == "[]" else tuple(json.loads(str(value)))


def bucket(ids: Sequence[Scalar]) -> tuple[str, dict[str, Scalar]]:
    """Give the names and values of parameters for an IN list, padded to one of few lengths."""
    size = next((size for size in _IDS_AT_ONCE if size >= len(ids)), len(ids))
    padded = [*ids, *([ids[-1]] * (size - len(ids)))]
    names = ", ".join(f":id{number}" for number in range(size))
    return names, {f"id{number}": value for number, value in enumerate(padded)}


def buckets(ids: Sequence[Scalar]) -> Iterator[tuple[str, dict[str, Scalar]]]:
    """Give the names and values of parameters for as many IN lists as any number of ids needs."""
    for start in range(0, len(ids), _IDS_AT_ONCE[-1]):
        yield bucket(ids[start : start + _IDS_AT_ONCE[-1]])


class PassageStore:
    """Reads and writes passages and changes."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of texts."""
        self._rows = rows
        self._cipher = cipher

    async def vectors_of(self, versions: Mapping[str, int]) -> dict[str, dict[str, NDArray[np.float32]]]:
        """Give the vectors of a version of each of some documents, by the hashes of their passages."""
        found: dict[str, dict[str, NDArray[np.float32]]] = {doc_id: {} for doc_id in versions}
        for names, values in buckets(list(versions)):
            rows = await self._rows.fetch(f"{_VECTOR} WHERE p.doc_id IN ({names})", values)
            present = [row for row in rows if versions[str(row["doc_id"])] == row["version"]]
            for row, vector in zip(present, await asyncio.to_thread(_unpacked, present), strict=True):
                found[str(row["doc_id"])][str(row["content_hash"])] = vector
        return found

    async def passages_of(
        self, versions: Mapping[str, int], *, first: bool = False
    ) -> dict[str, list[Passage]]:
        """Give the passages, or only the first one, of a version of each of some documents, in order."""
        which = " AND p.ordinal = 0" if first else ""
        found: dict[str, list[Passage]] = {doc_id: [] for doc_id in versions}
        for names, values in buckets(list(versions)):
            rows = await self._rows.fetch(
                f"{_PASSAGE} WHERE p.doc_id IN ({names}){which} ORDER BY p.doc_id, p.ordinal", values
            )
            present = [row for row in rows if versions[str(row["doc_id"])] == row["version"]]
            for passage in await asyncio.to_thread(self._opened, present):
                found[passage.doc_id].append(passage)
        return found

    async def shown(self, point_ids: Sequence[int]) -> dict[int, Shown]:
        """Give those of the passages that are searchable now, by their ids."""
        found: dict[int, Shown] = {}
        for names, values in buckets(point_ids):
            for row in await self._rows.fetch(f"{_SHOWN} WHERE p.point_id IN ({names})", values):
                shown = self._shown(row)
                found[shown.point_id] = shown
        return found

    async def documents(self, point_ids: Sequence[int]) -> dict[int, str]:
        """Give the documents of passages."""
        found: dict[int, str] = {}
        for names, values in buckets(point_ids):
            rows = await self._rows.fetch(f"{_DOC_ID} WHERE p.point_id IN ({names})", values)
            found |= {int(row["point_id"] or 0): str(row["doc_id"]) for row in rows}
        return found

    async def leading(self, point_ids: Sequence[int]) -> list[Leading]:
        """Give what feedback learns from those of the passages that are stored, in no particular order."""
        if not point_ids:
            return []
        names, values = bucket(point_ids)
        return [
            Leading(
                text=self._text(row),
                headings=_strings(row["headings"]),
                title=str(row["title"]) if row["titled"] else "",
                language=str(row["language"]),
                dense=unpacked(row["dense"]),
            )
            for row in await self._rows.fetch(f"{_LEADING} WHERE p.point_id IN ({names})", values)
        ]

    async def sealed(self, documents: Sequence[Iterable[Passage]]) -> list[list[Stored]]:
        """Give the passages of each document as they are stored; what makes them is run beside the loop."""
        return await asyncio.to_thread(
            lambda: [[self._values(passage) for passage in passages] for passages in documents]
        )

    async def save(self, versions: Sequence[tuple[str, int]], rows: Sequence[Stored]) -> None:
        """Store the sealed passages of documents' versions, instead of those that an interrupted try left."""
        alike: dict[int, list[str]] = {}
        for doc_id, version in versions:
            alike.setdefault(version, []).append(doc_id)
        for version, doc_ids in alike.items():
            await self._rows.delete("passages", {"doc_id": doc_ids, "version": version})
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            await self._rows.insert("passages", rows[start : start + _ROWS_AT_ONCE])

    async def forget_before(self, doc_id: str, version: int) -> None:
        """Erase the passages of earlier versions."""
        await self._rows.delete("passages", {"doc_id": doc_id, "version": ("<", version)})

    async def remove(self, doc_ids: Sequence[str]) -> None:
        """Erase the passages of documents."""
        await self._rows.delete("passages", {"doc_id": list(doc_ids)})

    async def note_change(self, kind: ChangeKind, subject: str, version: int = 0) -> int:
        """Give a number to a change that the index has to follow."""
        return (await self.note_changes(kind, [(subject, version)]))[0]

    async def note_changes(self, kind: ChangeKind, subjects: Sequence[tuple[str, int]]) -> list[int]:
        """Give a number to each change, of a subject and a version, that the index has to follow."""
        rows: list[dict[str, Scalar]] = [
            {"kind": kind, "subject": subject, "version": version} for subject, version in subjects
        ]
        return await self._rows.insert("index_changes", rows)

    async def changes_after(self, change: int, limit: int) -> list[Change]:
        """List the changes that follow a number."""
        rows = await self._rows.fetch(
            "SELECT change, kind, subject, version FROM index_changes"
            " WHERE change > :change ORDER BY change LIMIT :limit",
            {"change": change, "limit": limit},
        )
        return [
            Change(
                int(row["change"] or 0),
                change_kind(str(row["kind"])),
                str(row["subject"]),
                int(row["version"] or 0),
            )
            for row in rows
        ]

    async def newest_change(self) -> int:
        """Give the number of the last change; 0 when there never was one."""
        [row] = await self._rows.fetch("SELECT max(change) AS newest FROM index_changes")
        return int(row["newest"] or 0)

    async def forget_changes(self, before: int) -> None:
        """Forget the changes before one that the index has durably followed; that one stays as a mark."""
        await self._rows.delete("index_changes", {"change": ("<", before)})

    def _text(self, row: Row) -> str:
        place = _place(str(row["doc_id"]), int(row["version"] or 0), int(row["ordinal"] or 0))
        return opened(self._cipher, row["text"], place)

    def _opened(self, rows: Sequence[Row]) -> list[Passage]:
        return [self._passage(row) for row in rows]

    def _passage(self, row: Row) -> Passage:
        return Passage(
            point_id=int(row["point_id"] or 0),
            doc_id=str(row["doc_id"]),
            collection=str(row["collection"]),
            version=int(row["version"] or 0),
            ordinal=int(row["ordinal"] or 0),
            start=int(row["starts"] or 0),
            end=int(row["ends"] or 0),
            headings=_strings(row["headings"]),
            kind=str(row["kind"]),
            content_hash=str(row["content_hash"]),
            text=self._text(row),
            dense=unpacked(row["dense"]),
        )

    def _shown(self, row: Row) -> Shown:
        groups = row["groups"]
        return Shown(
            point_id=int(row["point_id"] or 0),
            doc_id=str(row["doc_id"]),
            version=int(row["version"] or 0),
            start=int(row["starts"] or 0),
            end=int(row["ends"] or 0),
            headings=_strings(row["headings"]),
            text=self._text(row),
            collection=str(row["collection"]),
            title=str(row["title"]),
            metadata={} if row["metadata"] == "{}" else json.loads(str(row["metadata"])),
            groups=None if groups is None else _strings(groups),
            language=str(row["language"]),
        )

    def _values(self, passage: Passage) -> Stored:
        return {
            "point_id": passage.point_id,
            "doc_id": passage.doc_id,
            "collection": passage.collection,
            "version": passage.version,
            "ordinal": passage.ordinal,
            "starts": passage.start,
            "ends": passage.end,
            "headings": json.dumps(passage.headings, ensure_ascii=False),
            "kind": passage.kind,
            "content_hash": passage.content_hash,
            "text": self._cipher.seal(
                passage.text.encode(), _place(passage.doc_id, passage.version, passage.ordinal)
            ),
            "dense": packed(passage.dense),
        }


def change_kind(text: str) -> ChangeKind:
    """Give the kind of a change by its name."""
    kinds: tuple[ChangeKind, ...] = get_args(ChangeKind)
    for kind in kinds:
        if kind == text:
            return kind
    raise ValueError(f"The database names a kind of change that does not exist: {text}")
