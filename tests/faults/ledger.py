"""What clients were promised: every document's history, and writers that add to it."""

import http.client
import random
import string
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from servers import Connection, Form, Told

COLLECTION = "promises"
_BATCH = 5
_LIVE_MAX = 24
_FILLER = (
    "Whoever works at the harbour signs the book before the first ship leaves, and again when the last "
    "rope is fast. The keeper of the book answers for it."
)


@dataclass(frozen=True)
class State:
    """What a document may be: a text with a word of its own, or gone."""

    word: str | None
    version: int


GONE = State(None, 0)


@dataclass
class History:
    """Everything that was asked of one document, in order; `kept` is the last that was acknowledged."""

    states: list[State] = field(default_factory=lambda: [GONE])
    kept: int = 0

    def next(self, word: str) -> State:
        last = self.states[-1]
        return State(word, last.version + 1)


def text_of(word: str) -> str:
    return f"The word of this note is {word}. {_FILLER}"


class Ledger:
    """The histories of all documents; safe to be used by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._histories: dict[str, History] = {}
        self.acknowledged = 0
        self.refusals: list[Told] = []

    def history(self, doc_id: str) -> History:
        with self._lock:
            return self._histories.setdefault(doc_id, History())

    def ask(self, changes: dict[str, State]) -> None:
        """Note what is about to be asked."""
        for doc_id, state in changes.items():
            self.history(doc_id).states.append(state)

    def keep(self, changes: dict[str, State]) -> None:
        """Note that it was acknowledged."""
        with self._lock:
            for doc_id in changes:
                history = self._histories[doc_id]
                history.kept = len(history.states) - 1
            self.acknowledged += 1

    def refuse(self, told: Told) -> None:
        """Note an answer that a healthy server must not give."""
        with self._lock:
            self.refusals.append(told)

    def promised(self) -> dict[str, list[State]]:
        """Give the states each document may be in from now on: the last acknowledged, or later ones."""
        with self._lock:
            return {doc_id: history.states[history.kept :] for doc_id, history in self._histories.items()}

    def words(self) -> dict[str, set[str]]:
        """Give all words that a document ever had."""
        with self._lock:
            return {
                doc_id: {state.word for state in history.states if state.word is not None}
                for doc_id, history in self._histories.items()
            }


@dataclass(frozen=True)
class Wish:
    """One request, and what it makes of documents when it is granted."""

    changes: dict[str, State]
    method: str
    path: str
    body: Callable[[], Any]
    query: dict[str, Any]
    key: str

    def send(self, connection: Connection) -> Told:
        return connection.ask(self.method, self.path, self.body(), key=self.key, **self.query)


class Writer:
    """A client with documents of its own: adds, replaces, deletes, sends batches and files."""

    def __init__(self, name: str, ledger: Ledger, seed: int) -> None:
        self._name = name
        self._ledger = ledger
        self._random = random.Random(seed)  # noqa: S311 - a seeded run can be repeated
        self._number = 0
        self._live: list[str] = []
        self.open: Wish | None = None
        """The request whose answer never came."""

    def run(self, port: int, stop: threading.Event) -> None:
        """Write until told to stop, or until the server is no more."""
        connection = Connection(port)
        try:
            while not stop.is_set():
                told = self.finish(connection)
                if not told.good or "idempotency-replayed" in told.headers:
                    self._ledger.refuse(told)
                    return
        except (OSError, http.client.HTTPException):
            return  # `open` knows what was not answered
        finally:
            connection.close()

    def finish(self, connection: Connection) -> Told:
        """Send the open request, or a new one; raises OSError or HTTPException without an answer."""
        if self.open is None:
            self.open = self._wish()
            self._ledger.ask(self.open.changes)
        told = self.open.send(connection)
        if not told.good:
            return told
        self._ledger.keep(self.open.changes)
        for doc_id, state in self.open.changes.items():
            if state == GONE:
                self._live.remove(doc_id)
            elif doc_id not in self._live:
                self._live.append(doc_id)
        self.open = None
        return told

    def forget(self) -> None:
        """Give up the open request, which had no effect."""
        if self.open is None:
            return
        for doc_id in self.open.changes:
            self._ledger.history(doc_id).states.pop()
        self.open = None

    def _wish(self) -> Wish:
        kinds = ["add", "replace", "delete", "batch", "upload"]
        weights = [5, 3, 2, 1, 2] if len(self._live) < _LIVE_MAX else [0, 4, 4, 0, 1]
        kind = self._random.choices(kinds, weights)[0]
        if kind == "delete" and self._live:
            doc_id = self._random.choice(self._live)
            return self._made({doc_id: GONE}, "DELETE", f"/v1/documents/{doc_id}", lambda: None)
        if kind == "batch":
            return self._batch()
        old = self._random.choice(self._live) if kind in {"replace", "upload"} and self._live else None
        doc_id = old or self._fresh()
        state = self._ledger.history(doc_id).next(self._word())
        if kind == "upload":
            fields = {"collection": COLLECTION, "doc_id": doc_id}
            form = Form("note.txt", text_of(str(state.word)), fields)
            return self._made({doc_id: state}, "POST", "/v1/documents/upload", lambda: form)
        body = {"collection": COLLECTION, "doc_id": doc_id, "text": text_of(str(state.word))}
        return self._made({doc_id: state}, "POST", "/v1/documents", lambda: body)

    def _batch(self) -> Wish:
        old = self._random.sample(self._live, min(2, len(self._live)))
        ids = [*old, *(self._fresh() for _ in range(_BATCH - len(old)))]
        changes = {doc_id: self._ledger.history(doc_id).next(self._word()) for doc_id in ids}
        documents = [
            {"doc_id": doc_id, "text": text_of(str(state.word))} for doc_id, state in changes.items()
        ]
        body = {"collection": COLLECTION, "documents": documents}
        return self._made(changes, "POST", "/v1/documents/batch", lambda: body)

    def _made(self, changes: dict[str, State], method: str, path: str, body: Callable[[], Any]) -> Wish:
        waits = method == "POST" and self._random.random() < 0.3
        query = {"wait": "true"} if waits else {}
        return Wish(changes, method, path, body, query, str(uuid.UUID(int=self._random.getrandbits(128))))

    def _fresh(self) -> str:
        self._number += 1
        return f"{self._name}-{self._number:05d}"

    def _word(self) -> str:
        return "x" + "".join(self._random.choices("bcdfghjklmnpqrtvwz", k=11))


class Writers:
    """Several writers at once."""

    def __init__(self, count: int, ledger: Ledger, seed: int) -> None:
        self._writers = [
            Writer(string.ascii_lowercase[number], ledger, seed * 100 + number) for number in range(count)
        ]
        self._threads: list[threading.Thread] = []
        self._stop = threading.Event()

    def start(self, port: int) -> None:
        self._stop.clear()
        self._threads = [
            threading.Thread(target=writer.run, args=(port, self._stop), daemon=True)
            for writer in self._writers
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each end its request; give up waiting never."""
        self._stop.set()
        self.join()

    def join(self) -> None:
        """Wait until all have ended, for the server is gone."""
        for thread in self._threads:
            thread.join(timeout=90)
            assert not thread.is_alive()

    def unanswered(self) -> list[Writer]:
        return [writer for writer in self._writers if writer.open is not None]
