"""Taking documents in: checked, read, hashed, stored with the event that makes them searchable."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from mainstay.kernel.caller import Caller
from mainstay.kernel.interface import Upload
from mainstay.kernel.room import Room
from mainstay.kernel.work import caller, emit, note_change
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.kit.visible import visible
from mainstay.ports.database import UniqueViolated
from mainstay.ports.parsers import FileUnreadable, Parser
from mainstay.services.knowledge.facts import FILE_NAME, problems_of, with_facts
from mainstay.services.knowledge.failures import DocumentBusy, DocumentIdTaken, DocumentInvalid
from mainstay.services.knowledge.happenings import DocumentStored, FilesReplaced
from mainstay.services.knowledge.large import beside
from mainstay.services.knowledge.limits import TEXT_LENGTH_MAX
from mainstay.services.knowledge.originals import Originals
from mainstay.services.knowledge.permissions import may_see, readers
from mainstay.services.knowledge.records import Receipt
from mainstay.services.knowledge.store import CollectionRow, DocumentRow, KnowledgeStore
from mainstay.services.knowledge.titles import first_line, heading_of, name_of

VERSIONS_KEPT = 3


@dataclass(frozen=True)
class Draft:
    """A document that is to be stored; without `groups`, for those who could see the version it replaces."""

    collection: str
    text: str
    doc_id: str | None = None
    title: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    groups: Sequence[str] | None = None
    media_type: str = "text/plain"
    source: str | None = None
    original: bytes | None = None
    blob: str | None = None
    file_bytes: int = 0

    @cached_property
    def content_hash(self) -> str:
        """Give the hash of everything that search depends on."""
        facts = [self.collection, self.title, dict(self.metadata), readers(self.groups), len(self.text)]
        hashed = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
        hashed.update(self.text.encode("utf-8", "surrogatepass"))
        return hashed.hexdigest()

    def after(self, before: DocumentRow | None) -> "Draft":
        """Give the draft with the groups of the version before, where it names none."""
        if self.groups is not None or before is None or before.groups is None:
            return self
        return replace(self, groups=before.groups)


def check(draft: Draft, collection: CollectionRow) -> None:
    """Check a draft against its collection; raises DocumentInvalid naming each field."""
    problems: list[dict[str, str]] = []
    if not draft.text or draft.text.isspace():
        problems.append({"field": "text", "problem": "The text has no words."})
    if len(draft.text) > TEXT_LENGTH_MAX:
        problems.append({"field": "text", "problem": f"At most {TEXT_LENGTH_MAX:,} characters."})
    problems += problems_of(draft.metadata, collection.metadata_schema)
    if problems:
        told = "; ".join(f"{problem['field']}: {problem['problem']}" for problem in problems)
        raise DocumentInvalid(told, problems=problems)


class Intake:
    """Takes documents in."""

    def __init__(
        self,
        store: KnowledgeStore,
        parser: Parser,
        originals: Originals,
        room: Room,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._parser = parser
        self._originals = originals
        self._room = room
        self._clock = clock
        self._ids = ids

    async def read(self, file: Upload, draft: Draft) -> Draft:
        """Read a file into a draft; raises what the parser raises, and DocumentInvalid."""
        parsed = await self._parser.parse(file.content, file.name, file.media_type)
        if not visible(parsed.text):
            raise FileUnreadable("No text was found in this file; a scan needs OCR (`mainstay[ocr]`).")
        said = {key: fact for key, fact in parsed.metadata.items() if fact not in ("", [])}
        facts = {**said, FILE_NAME: file.name}
        schema = (await self.collection(draft.collection)).metadata_schema
        text = parsed.text.replace("\0", "")
        name = name_of(file.name) if draft.source is None else file.name
        heading = await asyncio.to_thread(heading_of, text, parsed.media_type)
        return Draft(
            collection=draft.collection,
            text=text,
            doc_id=draft.doc_id,
            title=draft.title or parsed.title or heading or name,
            metadata=with_facts(draft.metadata, facts, schema),
            groups=draft.groups,
            media_type=parsed.media_type,
            source=draft.source,
            original=file.content,
        )

    async def collection(self, name: str) -> CollectionRow:
        """Give the collection that documents are sent to, or the one that is to be made for them."""
        found = await self._store.collection(name)
        return found or CollectionRow(name=name, created_ms=self._clock.now_ms())

    async def store(self, collection: str, drafts: Sequence[Draft | Failure]) -> list[Receipt | Failure]:
        """Store what can be stored, and say of each what became of it."""
        await _hash([draft for draft in drafts if isinstance(draft, Draft)])
        row = await self.collection(collection)
        checked = _once([_checked(draft, row) for draft in drafts])
        await self._take_room([draft for draft in checked if isinstance(draft, Draft)])
        outcomes = [await self._filed(draft) for draft in checked]
        kept = [draft for draft in outcomes if isinstance(draft, Draft)]
        if not kept:
            return [outcome for outcome in outcomes if isinstance(outcome, Failure)]
        if not await self._store.hold_collection(row.name):
            try:
                await self._store.add_collection(row)
            except UniqueViolated:
                raise DocumentBusy("The collection was made this moment; try again.") from None
        stored = await self._save(kept, self._ids.new("job"))
        return [outcome if isinstance(outcome, Failure) else stored[id(outcome)] for outcome in outcomes]

    async def _take_room(self, drafts: Sequence[Draft]) -> None:
        """Refuse what would go beyond what the tenant may store; raises QuotaFull."""
        if not await self._room.limited():
            return
        known = await self._store.documents_by_id([draft.doc_id for draft in drafts if draft.doc_id])
        sent = [draft.after(known.get(draft.doc_id or "")) for draft in drafts]
        await _hash(sent)
        more = [
            draft
            for draft in sent
            if self._without_change(draft, known.get(draft.doc_id or ""), caller()) is None
        ]
        size = sum(len(draft.text.encode("utf-8", "surrogatepass")) for draft in more)
        size += sum(len(draft.original or b"") for draft in more)
        await self._room.take(sum(draft.doc_id not in known for draft in more), size)

    async def _filed(self, draft: Draft | Failure) -> Draft | Failure:
        """Keep the file that a draft was read from, unless the document is there already."""
        if isinstance(draft, Failure) or draft.original is None:
            return draft
        before = await self._store.document(draft.doc_id) if draft.doc_id is not None else None
        sent = draft.after(before)
        await _hash([sent])
        if self._without_change(sent, before, caller()) is not None:
            return draft
        blob = await self._originals.keep(draft.original)
        return replace(draft, blob=blob, original=None, file_bytes=len(draft.original))

    async def _save(self, drafts: Sequence[Draft], job_id: str) -> dict[int, Receipt | Failure]:
        now = self._clock.now_ms()
        named = [draft.doc_id for draft in drafts if draft.doc_id is not None]
        if named:
            await self._store.lock(named, now)
        known = await self._store.documents_by_id(named)
        me = caller()
        receipts: dict[int, Receipt | Failure] = {}
        rows: list[tuple[DocumentRow, str]] = []
        replaced: dict[str, str] = {}
        sent = [draft.after(known.get(draft.doc_id or "")) for draft in drafts]
        await _hash(sent)
        for given, draft in zip(drafts, sent, strict=True):
            before = known.get(draft.doc_id or "")
            receipt = self._without_change(draft, before, me)
            if receipt is None:
                row = self._row(draft, before, job_id, now)
                rows.append((row, draft.text))
                note_change(None if before is None else vars(before), vars(row))
                if before is not None and before.blob and before.blob != row.blob:
                    replaced[row.doc_id] = before.blob
                if before is not None and before.groups != row.groups:
                    # Earlier versions were for others: their texts must not show to whom the new one is for.
                    await self._store.forget_versions(row.doc_id, before.version)
                receipt = Receipt(
                    doc_id=row.doc_id,
                    collection=row.collection,
                    version=row.version,
                    state="queued",
                    job_id=job_id,
                    moved_from=_moved_from(before, row),
                    opened_from=_opened_from(before, row),
                )
            receipts[id(given)] = receipt
        if rows:
            await self._keep(rows, job_id)
        if replaced:
            # A job of its own: nobody waits for it to search, and it stays when the document's is cancelled.
            erasure_id = self._ids.new("job")
            for doc_id, blob in replaced.items():
                emit(FilesReplaced(blobs=[blob]), job_id=erasure_id, subject=doc_id, promised=True)
        return receipts

    async def _keep(self, rows: Sequence[tuple[DocumentRow, str]], job_id: str) -> None:
        """Store documents with their texts, and tell of it; raises DocumentBusy."""
        try:
            await self._store.save(rows)
        except UniqueViolated:
            raise DocumentBusy("Another request is storing this document right now; try again.") from None
        for row, _ in rows:
            if row.version > VERSIONS_KEPT:
                await self._store.forget_versions(row.doc_id, row.version - VERSIONS_KEPT)
            stored = DocumentStored.of(row, job_id)
            emit(stored, job_id=job_id, subject=row.doc_id, weight=row.characters)

    def _without_change(
        self, draft: Draft, before: DocumentRow | None, me: Caller
    ) -> Receipt | Failure | None:
        if before is None:
            return None
        if not may_see(me, before.groups):
            return DocumentIdTaken("Choose another doc_id.")
        if before.content_hash != draft.content_hash:
            return None
        if before.indexed_version == before.version:
            return Receipt(
                doc_id=before.doc_id, collection=before.collection, version=before.version, state="unchanged"
            )
        return None

    def _row(self, draft: Draft, before: DocumentRow | None, job_id: str, now: int) -> DocumentRow:
        groups = readers(draft.groups)
        return DocumentRow(
            doc_id=draft.doc_id or self._ids.new("doc"),
            collection=draft.collection,
            title=draft.title or first_line(draft.text),
            titled=bool(draft.title),
            metadata=dict(draft.metadata),
            groups=groups,
            language="und" if before is None else before.language,
            version=1 if before is None else before.version + 1,
            # Until the new version is encoded the one before is found, but never by others than it was for.
            indexed_version=before.indexed_version if before is not None and before.groups == groups else 0,
            media_type=draft.media_type,
            source=draft.source,
            blob=draft.blob,
            characters=len(draft.text),
            file_bytes=draft.file_bytes,
            content_hash=draft.content_hash,
            job_id=job_id,
            created_ms=now if before is None else before.created_ms,
            changed_ms=now,
        )


async def _hash(drafts: Sequence[Draft]) -> None:
    """Have every draft's hash at hand; those of long texts are made off the loop."""
    await beside(sum(len(draft.text) for draft in drafts), lambda: [draft.content_hash for draft in drafts])


def _moved_from(before: DocumentRow | None, row: DocumentRow) -> str | None:
    return before.collection if before is not None and before.collection != row.collection else None


def _opened_from(before: DocumentRow | None, row: DocumentRow) -> list[str] | None:
    kept_to = before.groups if before is not None else None
    return list(kept_to) if kept_to is not None and row.groups is None else None


def _checked(draft: Draft | Failure, collection: CollectionRow) -> Draft | Failure:
    if isinstance(draft, Failure):
        return draft
    try:
        check(draft, collection)
    except DocumentInvalid as failure:
        return failure
    return draft


def _once(outcomes: Sequence[Draft | Failure]) -> list[Draft | Failure]:
    """Refuse a second document with the same id: their order would decide which one stays."""
    seen: set[str] = set()
    result: list[Draft | Failure] = []
    for draft in outcomes:
        if isinstance(draft, Draft) and draft.doc_id is not None:
            if draft.doc_id in seen:
                result.append(DocumentInvalid("This doc_id stands twice in the batch."))
                continue
            seen.add(draft.doc_id)
        result.append(draft)
    return result
