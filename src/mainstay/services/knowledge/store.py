"""Collections and documents, in rows; texts are sealed."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Aged, Column, Index, Row, Rows, Scalar, Sealed, Table
from mainstay.services.knowledge.faq_store import TABLES as FAQ_TABLES
from mainstay.services.knowledge.large import beside
from mainstay.services.knowledge.passage_store import TABLES as PASSAGE_TABLES
from mainstay.services.knowledge.passage_store import buckets, opened
from mainstay.services.knowledge.vector_store_tables import TABLES as VECTOR_STORE_TABLES

COLLECTIONS = Table(
    name="collections",
    columns=(
        Column("name", "text"),
        Column("description", "text"),
        Column("languages", "text"),
        Column("chunking", "text"),
        Column("metadata_schema", "text"),
        Column("created_ms", "integer"),
    ),
    key=("name",),
    exported=("name", "description", "languages", "chunking", "metadata_schema", "created_ms"),
)

DOCUMENTS = Table(
    name="documents",
    columns=(
        Column("doc_id", "text"),
        Column("collection", "text"),
        Column("title", "text"),
        Column("titled", "integer"),
        Column("metadata", "text"),
        Column("groups", "text", nullable=True),
        Column("language", "text"),
        Column("version", "integer"),
        Column("indexed_version", "integer"),
        Column("media_type", "text"),
        Column("source", "text", nullable=True),
        Column("blob", "text", nullable=True),
        Column("characters", "integer"),
        Column("file_bytes", "integer"),
        Column("content_hash", "text"),
        Column("job_id", "text"),
        Column("created_ms", "integer"),
        Column("changed_ms", "integer"),
        Column("locked_ms", "integer", nullable=True),
    ),
    key=("doc_id",),
    indexes=(Index(("collection", "doc_id")), Index(("collection", "language"))),
    exported=(
        "doc_id",
        "collection",
        "title",
        "metadata",
        "groups",
        "language",
        "version",
        "media_type",
        "source",
        "blob",
        "characters",
        "file_bytes",
        "created_ms",
        "changed_ms",
    ),
    aged=Aged("documents", "changed_ms", least_days=30, by_service=True),
)


def _place(doc_id: str, version: int) -> tuple[str, ...]:
    """Give what a version's text is sealed to."""
    return "document_versions", doc_id, str(version)


VERSIONS = Table(
    name="document_versions",
    columns=(
        Column("doc_id", "text"),
        Column("version", "integer"),
        Column("title", "text"),
        Column("text", "bytes", sealed=Sealed(("doc_id", "version"), _place)),
        Column("created_ms", "integer"),
    ),
    key=("doc_id", "version"),
    exported=("doc_id", "version", "title", "text", "created_ms"),
)

TABLES = (COLLECTIONS, DOCUMENTS, VERSIONS, *PASSAGE_TABLES, *FAQ_TABLES, *VECTOR_STORE_TABLES)

_DOCUMENT = (
    "SELECT doc_id, collection, title, titled, metadata, groups, language, version, indexed_version,"
    " media_type, source, blob, characters, file_bytes, content_hash, job_id, created_ms, changed_ms"
    " FROM documents"
)


@dataclass(frozen=True)
class CollectionRow:
    """A collection as it is stored."""

    name: str
    description: str = ""
    languages: tuple[str, ...] = ()
    chunking: dict[str, Any] = field(default_factory=dict)
    metadata_schema: dict[str, Any] = field(default_factory=dict)
    created_ms: int = 0


@dataclass(frozen=True)
class DocumentRow:
    """A document as it is stored, without its text; `titled` says that its title was given by somebody."""

    doc_id: str
    collection: str
    title: str
    titled: bool
    metadata: dict[str, Any]
    groups: tuple[str, ...] | None
    language: str
    version: int
    indexed_version: int
    media_type: str
    source: str | None
    blob: str | None
    characters: int
    file_bytes: int
    content_hash: str
    job_id: str
    created_ms: int
    changed_ms: int

    @property
    def given_title(self) -> str:
        """Give the title for search; one that was made from the first words would only say them twice."""
        return self.title if self.titled else ""


def _size(versions: Sequence[Row]) -> int:
    return sum(len(row["text"]) for row in versions if isinstance(row["text"], bytes))


def _collection(row: Row) -> CollectionRow:
    return CollectionRow(
        name=str(row["name"]),
        description=str(row["description"]),
        languages=tuple(json.loads(str(row["languages"]))),
        chunking=json.loads(str(row["chunking"])),
        metadata_schema=json.loads(str(row["metadata_schema"])),
        created_ms=int(row["created_ms"] or 0),
    )


def _text(value: Scalar) -> str | None:
    return None if value is None else str(value)


def _groups(row: Row) -> tuple[str, ...] | None:
    groups = row["groups"]
    return None if groups is None else tuple(json.loads(str(groups)))


def _document(row: Row) -> DocumentRow:
    return DocumentRow(
        doc_id=str(row["doc_id"]),
        collection=str(row["collection"]),
        title=str(row["title"]),
        titled=bool(row["titled"]),
        metadata=json.loads(str(row["metadata"])),
        groups=_groups(row),
        language=str(row["language"]),
        version=int(row["version"] or 0),
        indexed_version=int(row["indexed_version"] or 0),
        media_type=str(row["media_type"]),
        source=_text(row["source"]),
        blob=_text(row["blob"]),
        characters=int(row["characters"] or 0),
        file_bytes=int(row["file_bytes"] or 0),
        content_hash=str(row["content_hash"]),
        job_id=str(row["job_id"]),
        created_ms=int(row["created_ms"] or 0),
        changed_ms=int(row["changed_ms"] or 0),
    )


class KnowledgeStore:
    """Reads and writes collections and documents."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of texts."""
        self._rows = rows
        self._cipher = cipher

    async def collections(self) -> list[CollectionRow]:
        """List the collections by name."""
        rows = await self._rows.fetch("SELECT * FROM collections ORDER BY name")
        return [_collection(row) for row in rows]

    async def collection(self, name: str) -> CollectionRow | None:
        """Find a collection."""
        rows = await self._rows.fetch("SELECT * FROM collections WHERE name = :name", {"name": name})
        return _collection(rows[0]) if rows else None

    async def add_collection(self, row: CollectionRow) -> None:
        """Store a new collection; raises UniqueViolated."""
        await self._rows.insert("collections", [self._collection_values(row)])

    async def hold_collection(self, name: str) -> bool:
        """Open the unit of work on a collection, which then stays as it is; say whether it is there."""
        return await self._rows.update("collections", {"name": name}, {"name": name}) > 0

    async def remove_collection(self, name: str) -> None:
        """Forget a collection."""
        await self._rows.delete("collections", {"name": name})
        await self._rows.delete("vector_stores", {"collection": name})
        await self._rows.delete("attached_files", {"collection": name})

    async def counts(self, collection: str | None = None) -> dict[str, tuple[int, int]]:
        """Count documents and searchable passages of each collection."""
        where = "" if collection is None else " WHERE collection = :collection"
        values: dict[str, Scalar] = {} if collection is None else {"collection": collection}
        rows = await self._rows.fetch(
            f"SELECT collection, count(*) AS documents FROM documents{where} GROUP BY collection", values
        )
        counts = {str(row["collection"]): (int(row["documents"] or 0), 0) for row in rows}
        passages = await self._rows.fetch(
            f"SELECT collection, count(*) AS passages FROM passages{where} GROUP BY collection", values
        )
        for row in passages:
            name = str(row["collection"])
            counts[name] = (counts.get(name, (0, 0))[0], int(row["passages"] or 0))
        return counts

    async def counts_of(
        self, sees: Callable[[Sequence[str] | None], bool], collection: str | None = None
    ) -> dict[str, tuple[int, int]]:
        """Count as `counts` does, but only documents of such groups."""
        where = "" if collection is None else " WHERE d.collection = :collection"
        values: dict[str, Scalar] = {} if collection is None else {"collection": collection}
        rows = await self._rows.fetch(
            "SELECT d.collection, d.groups, count(DISTINCT d.doc_id) AS documents,"
            " count(p.point_id) AS passages FROM documents d LEFT JOIN passages p ON p.doc_id = d.doc_id"
            f"{where} GROUP BY d.collection, d.groups",
            values,
        )
        counts: dict[str, tuple[int, int]] = {}
        for row in rows:
            if sees(_groups(row)):
                name = str(row["collection"])
                documents, passages = counts.get(name, (0, 0))
                counts[name] = documents + int(row["documents"] or 0), passages + int(row["passages"] or 0)
        return counts

    async def languages(self) -> dict[str, dict[str, int]]:
        """Count each collection's documents by language."""
        rows = await self._rows.fetch(
            "SELECT collection, language, count(*) AS documents FROM documents GROUP BY collection, language"
        )
        counts: dict[str, dict[str, int]] = {}
        for row in rows:
            found = counts.setdefault(str(row["collection"]), {})
            found[str(row["language"])] = int(row["documents"] or 0)
        return counts

    async def document(self, doc_id: str) -> DocumentRow | None:
        """Find a document."""
        rows = await self._rows.fetch(f"{_DOCUMENT} WHERE doc_id = :doc_id", {"doc_id": doc_id})
        return _document(rows[0]) if rows else None

    async def documents_by_id(self, doc_ids: Sequence[str]) -> dict[str, DocumentRow]:
        """Find documents."""
        found: dict[str, DocumentRow] = {}
        for names, values in buckets(doc_ids):
            for row in await self._rows.fetch(f"{_DOCUMENT} WHERE doc_id IN ({names})", values):
                found[str(row["doc_id"])] = _document(row)
        return found

    async def documents(self, collection: str | None, after: str, limit: int) -> list[DocumentRow]:
        """List documents by id, following an id."""
        where = "" if collection is None else " AND collection = :collection"
        values: dict[str, Scalar] = {"after": after, "limit": limit}
        if collection is not None:
            values["collection"] = collection
        rows = await self._rows.fetch(
            f"{_DOCUMENT} WHERE doc_id > :after{where} ORDER BY doc_id LIMIT :limit", values
        )
        return [_document(row) for row in rows]

    async def blobs(self) -> set[str]:
        """Give the keys of the files that documents name."""
        rows = await self._rows.fetch("SELECT blob FROM documents WHERE blob IS NOT NULL")
        return {str(row["blob"]) for row in rows}

    async def any_indexed(self) -> bool:
        """Say whether any document was ever searchable."""
        rows = await self._rows.fetch("SELECT 1 AS one FROM documents WHERE indexed_version > 0 LIMIT 1")
        return bool(rows)

    async def lock(self, doc_ids: Sequence[str], now_ms: int) -> None:
        """Open the unit of work on these documents, so that what is read next stays true until it ends."""
        await self._rows.update("documents", {"locked_ms": now_ms}, {"doc_id": list(doc_ids)})

    async def save(self, documents: Sequence[tuple[DocumentRow, str]]) -> None:
        """Store documents with the texts of their present versions."""
        size = sum(row.characters for row, _ in documents)
        versions = await beside(size, lambda: [self._version(row, text) for row, text in documents])
        await self._rows.upsert("documents", [self._document_values(row) for row, _ in documents])
        await self._rows.insert("document_versions", versions)

    async def text(self, doc_id: str, version: int) -> tuple[str, str] | None:
        """Give a version's title and text."""
        rows = await self._rows.fetch(
            "SELECT title, text FROM document_versions WHERE doc_id = :doc_id AND version = :version",
            {"doc_id": doc_id, "version": version},
        )
        if not rows:
            return None
        sealed, context = rows[0]["text"], _place(doc_id, version)
        text = await beside(_size(rows), lambda: opened(self._cipher, sealed, context))
        return str(rows[0]["title"]), text

    async def texts(self, versions: Mapping[str, int]) -> dict[str, str]:
        """Give the texts of a version of each of some documents, as far as they are kept."""
        found: dict[str, str] = {}
        for names, values in buckets(list(versions)):
            rows = await self._rows.fetch(
                f"SELECT doc_id, version, text FROM document_versions WHERE doc_id IN ({names})", values
            )
            kept = [row for row in rows if versions[str(row["doc_id"])] == row["version"]]
            found |= await beside(_size(kept), partial(self._texts, kept))
        return found

    async def forget_versions(self, doc_id: str, up_to: int) -> None:
        """Erase old versions."""
        await self._rows.delete("document_versions", {"doc_id": doc_id, "version": ("<=", up_to)})

    async def remove(self, doc_ids: Sequence[str]) -> None:
        """Erase documents and all of their versions."""
        await self._rows.delete("documents", {"doc_id": list(doc_ids)})
        await self._rows.delete("document_versions", {"doc_id": list(doc_ids)})
        await self._rows.delete("attached_files", {"doc_id": list(doc_ids)})

    def _version(self, row: DocumentRow, text: str) -> dict[str, Scalar]:
        return {
            "doc_id": row.doc_id,
            "version": row.version,
            "title": row.title,
            "text": self._cipher.seal(text.encode(), _place(row.doc_id, row.version)),
            "created_ms": row.changed_ms,
        }

    def _texts(self, rows: Sequence[Row]) -> dict[str, str]:
        return {
            str(row["doc_id"]): opened(
                self._cipher, row["text"], _place(str(row["doc_id"]), int(row["version"] or 0))
            )
            for row in rows
        }

    def _collection_values(self, row: CollectionRow) -> dict[str, Scalar]:
        return {
            "name": row.name,
            "description": row.description,
            "languages": json.dumps(row.languages),
            "chunking": json.dumps(row.chunking),
            "metadata_schema": json.dumps(row.metadata_schema),
            "created_ms": row.created_ms,
        }

    def _document_values(self, row: DocumentRow) -> dict[str, Scalar]:
        return {
            "doc_id": row.doc_id,
            "collection": row.collection,
            "title": row.title,
            "titled": int(row.titled),
            "metadata": json.dumps(row.metadata, ensure_ascii=False),
            "groups": None if row.groups is None else json.dumps(row.groups),
            "language": row.language,
            "version": row.version,
            "indexed_version": row.indexed_version,
            "media_type": row.media_type,
            "source": row.source,
            "blob": row.blob,
            "characters": row.characters,
            "file_bytes": row.file_bytes,
            "content_hash": row.content_hash,
            "job_id": row.job_id,
            "created_ms": row.created_ms,
            "changed_ms": row.changed_ms,
        }
