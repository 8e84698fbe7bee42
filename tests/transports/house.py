"""A small real house for the doors' tests: the road on SQLite, identity, jobs, and a service of notes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from mainstay.engines.bus.memory import MemoryBus
from mainstay.engines.cache.memory import MemoryCache
from mainstay.engines.ciphers.aesgcm import AesGcmCipher
from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.kernel import tables as kernel_tables
from mainstay.kernel.audit import Audit
from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.dispatch import Application, Parts
from mainstay.kernel.entrance import Entrance
from mainstay.kernel.guard import ANYBODY, CredentialsUnknown, Guard
from mainstay.kernel.idempotency import Idempotency
from mainstay.kernel.interface import InQuery, Interface, Record, Upload, reads, streams, writes
from mainstay.kernel.outbox import Outbox
from mainstay.kernel.quotas import Quotas
from mainstay.kernel.recording import Recording
from mainstay.kernel.tracing import Tracing
from mainstay.kernel.usage import DAY_MS, Usage
from mainstay.kernel.work import caller
from mainstay.kit.clock import SystemClock
from mainstay.kit.errors import Conflict, Invalid, NotFound, Unavailable
from mainstay.kit.ids import Ids
from mainstay.kit.random import SystemRandom

NoteId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="Any id."),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=30_000_000, pattern=r"^[^\x00]*$")]
Wait = Annotated[bool, Field(description="Answer when it is done."), InQuery()]


class NoteMissing(NotFound):
    """There is no such note."""

    title = "There is no such note"


class NoteTaken(Conflict):
    """A note with this id is there already."""

    title = "This note's id is taken"


class StreamBroken(Unavailable):
    """The stream broke on the way."""

    title = "The stream broke"


class WordRefused(Invalid):
    """The word is one that this service refuses."""

    title = "This word is refused"


class Note(Record):
    """A note, as it is kept."""

    note_id: str
    text: str
    tags: list[str]
    queued: bool = False

    def pending(self) -> bool:
        """Say whether it is still on its way."""
        return self.queued


class File(Record):
    """What was seen of a file."""

    name: str
    media_type: str | None
    size: int
    facts: dict[str, JsonValue]
    copies: int


class Piece(Record):
    """One word."""

    word: str


class Notes(Interface):
    """Notes, for tests."""

    @writes(
        "POST /notes",
        may="documents:write",
        status=201,
        pending=True,
        fails=(NoteTaken,),
        example={"text": "Buy oars.", "tags": ["boat"]},
    )
    async def add_note(
        self,
        text: Text,
        note_id: NoteId | None = None,
        tags: Annotated[list[Annotated[str, StringConstraints(max_length=20)]], Field(max_length=5)] = [],  # noqa: B006
        wait: Wait = False,
    ) -> Note:
        """Keep a note.

        With `wait=true` it is done before the answer.
        """

    @reads("GET /notes/{note_id}", may="documents:read", fails=(NoteMissing,), example={"note_id": "one"})
    async def get_note(self, note_id: NoteId) -> Note:
        """Give a note."""

    @reads(
        "GET /notes",
        also=("POST /notes/search",),
        may="documents:read",
        example={"words": "oars", "filters": {"year": 2024}},
    )
    async def find_notes(
        self,
        words: Annotated[str, StringConstraints(max_length=100)],
        top_k: Annotated[int, Field(ge=1, le=50)] = 10,
        filters: Annotated[dict[str, JsonValue], Field(max_length=5)] | None = None,
        exact: bool | None = None,
        weight: Annotated[float, Field(ge=0, le=1)] | None = None,
        order: Literal["new", "old"] = "new",
    ) -> list[Note]:
        """Find notes."""

    @writes("POST /notes/file", may="documents:write", status=201, example={"facts": {"year": 2024}})
    async def upload_note(
        self,
        file: Upload,
        facts: Annotated[dict[str, JsonValue], Field(max_length=5)] = {},  # noqa: B006
        label: Annotated[str, StringConstraints(max_length=20)] = "",
        copies: Annotated[int, Field(ge=1, le=9)] = 1,
        wait: Wait = False,
    ) -> File:
        """Look at a file."""

    @reads("POST /notes/tell", may="documents:read", example={"text": "one two"})
    async def tell(self, text: Annotated[str, StringConstraints(max_length=200)]) -> Piece:
        """Tell it whole."""

    @streams(
        "POST /notes/tell",
        may="documents:read",
        fails=(WordRefused, StreamBroken),
        example={"text": "one two"},
    )
    def stream_tell(self, text: Annotated[str, StringConstraints(max_length=200)]) -> AsyncIterator[Piece]:
        """Tell it word by word (`Accept: text/event-stream`)."""

    @reads("GET /notes/me", may=ANYBODY, secret=True)
    async def whose(self) -> Piece:
        """Tell whose notes these are."""

    @reads("GET /notes/broken", may="documents:read")
    async def broken(self) -> Piece:
        """Fail unexpectedly."""


class NotesService(Notes):
    """Notes that are forgotten with the process."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.notes: dict[tuple[str, str], Note] = {}
        self.closed = asyncio.Event()

    async def add_note(
        self, text: str, note_id: str | None = None, tags: list[str] | None = None, wait: bool = False
    ) -> Note:
        """Keep a note."""
        key = (caller().tenant_id, note_id or f"note_{len(self.notes)}")
        if key in self.notes:
            raise NoteTaken("Choose another id.")
        self.notes[key] = Note(note_id=key[1], text=text, tags=tags or [], queued=not wait)
        return self.notes[key]

    async def get_note(self, note_id: str) -> Note:
        """Give a note."""
        note = self.notes.get((caller().tenant_id, note_id))
        if note is None:
            raise NoteMissing("Check the id.")
        return note

    async def find_notes(
        self,
        words: str,
        top_k: int = 10,
        filters: Mapping[str, JsonValue] | None = None,
        exact: bool | None = None,
        weight: float | None = None,
        order: str = "new",
    ) -> list[Note]:
        """Find notes; what was asked comes back as tags."""
        tags = [
            f"{name}={value!r}"
            for name, value in {"filters": filters, "exact": exact, "weight": weight, "order": order}.items()
        ]
        mine = [note for (tenant, _), note in self.notes.items() if tenant == caller().tenant_id]
        return [note.model_copy(update={"tags": tags}) for note in mine if words in note.text][:top_k]

    async def upload_note(
        self,
        file: Upload,
        facts: dict[str, JsonValue] | None = None,
        label: str = "",
        copies: int = 1,
        wait: bool = False,
    ) -> File:
        """Look at a file."""
        return File(
            name=file.name,
            media_type=file.media_type,
            size=len(file.content),
            facts=facts or {},
            copies=copies,
        )

    async def tell(self, text: str) -> Piece:
        """Tell it whole; `wait` never ends."""
        try:
            if text == "wait":
                await asyncio.Event().wait()
            return Piece(word=text)
        finally:
            self.closed.set()

    async def stream_tell(self, text: str) -> AsyncIterator[Piece]:
        """Tell it word by word; some words have effects."""
        try:
            for word in text.split():
                if word == "refuse":
                    raise WordRefused("Say something else.")
                if word == "break":
                    raise StreamBroken("It broke.", retry_after_s=3)
                if word == "bug":
                    raise ZeroDivisionError("secret")
                if word == "wait":
                    await asyncio.Event().wait()
                yield Piece(word=word)
        finally:
            self.closed.set()

    async def whose(self) -> Piece:
        """Tell whose notes these are."""
        return Piece(word=caller().tenant_id)

    async def broken(self) -> Piece:
        """Fail unexpectedly."""
        raise ZeroDivisionError("a secret that must not leak")


ADMIN, USER, STRANGER, BUSY = (f"mk_{name}_{'0' * 32}" for name in ("admin", "user", "stranger", "busy"))
_CALLERS = {
    ADMIN: Caller("tenant_a", "key_admin", ("admin",), frozenset({"*"}), limit_per_minute=10_000_000),
    USER: Caller("tenant_a", "key_user", ("user",), frozenset({"documents:read"})),
    STRANGER: Caller("tenant_b", "key_stranger", ("admin",), frozenset({"*"})),
    BUSY: Caller("tenant_a", "key_busy", ("admin",), frozenset({"*"}), limit_per_minute=1),
}


class FixedKeys:
    """Recognises the four keys above."""

    async def recognise(self, credential: Credential) -> Caller:
        """Give the caller of a key."""
        found = _CALLERS.get(credential.secret)
        if found is None:
            raise CredentialsUnknown("Ask an administrator for a key.")
        return found


@dataclass
class House:
    """A house whose service of notes can be looked at."""

    application: Application
    notes: NotesService
    ids: Ids
    parts: Parts


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """Open a house in a folder."""
    clock, random, bus = SystemClock(), SystemRandom(), MemoryBus()
    ids = Ids(clock, random)
    # A small house does without the indexes.
    tables = tuple(replace(table, indexes=()) for table in kernel_tables.TABLES)
    database = SqliteDatabase(folder / "house.db", tables, migrations=False)
    await database.open()
    audit = Audit(database, clock, random)
    usage = Usage(database, clock, ids, kept_ms=DAY_MS)
    guard = Guard(FixedKeys(), MemoryCache(clock))
    parts = Parts(
        guard=guard,
        entrance=Entrance(guard, Quotas(database, clock, usage, audit)),
        database=database,
        recording=Recording(database, AesGcmCipher(bytes(32), random), clock, random),
        audit=audit,
        outbox=Outbox(bus, clock, ids, {}),
        idempotency=Idempotency(database, AesGcmCipher(bytes(32), random), clock),
        tracing=Tracing(random),
        usage=usage,
        clock=clock,
    )
    notes = NotesService()
    try:
        yield House(Application(parts, {Notes: notes}), notes, ids, parts)
    finally:
        await parts.audit.flush()
        await database.close()
