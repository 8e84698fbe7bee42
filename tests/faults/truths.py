"""What must hold of a server and its folder, measured against what clients were promised."""

import asyncio
import json
import random
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from ledger import COLLECTION, GONE, State, text_of
from servers import Connection, Server

from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors
from mainstay.ports.vectors import Equals, Space

SETTLED_WITHIN_S = 30.0
_ORPHANS = {
    "documents without their version": "SELECT count(*) FROM documents d LEFT JOIN document_versions v"
    " ON v.tenant_id = d.tenant_id AND v.doc_id = d.doc_id AND v.version = d.version WHERE v.doc_id IS NULL",
    "versions of dead documents": "SELECT count(*) FROM document_versions v LEFT JOIN documents d"
    " ON v.tenant_id = d.tenant_id AND v.doc_id = d.doc_id WHERE d.doc_id IS NULL",
    "passages that nobody shows": "SELECT count(*) FROM passages p LEFT JOIN documents d"
    " ON p.tenant_id = d.tenant_id AND p.doc_id = d.doc_id AND p.version = d.indexed_version"
    " WHERE d.doc_id IS NULL",
    "documents behind": "SELECT count(*) FROM documents WHERE indexed_version <> version",
    "dead letters": "SELECT count(*) FROM outbox WHERE state = 'dead'",
    "events in two rows": "SELECT count(*) - count(DISTINCT event_id) FROM outbox",
}


@contextmanager
def rows(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{folder / 'mainstay.db'}?mode=ro", uri=True, timeout=10)) as found:
        yield found


def _number(folder: Path, sql: str) -> int:
    with rows(folder) as found:
        return int(found.execute(sql).fetchone()[0])


def settle(folder: Path) -> float:
    """Wait until no work is left; give the seconds."""
    started = time.perf_counter()
    open_rows = "SELECT count(*) FROM outbox WHERE state IN ('waiting', 'running')"
    while left := _number(folder, open_rows):
        if time.perf_counter() - started > SETTLED_WITHIN_S:
            with rows(folder) as found:
                stuck = found.execute(
                    "SELECT reaction, state, attempts, reason FROM outbox"
                    " WHERE state IN ('waiting', 'running') LIMIT 5"
                ).fetchall()
            raise AssertionError(f"{left} steps are still open: {stuck}")
        time.sleep(0.02)
    return time.perf_counter() - started


def check_rows(folder: Path) -> None:
    """See that nothing is left over in the database."""
    with rows(folder) as found:
        assert found.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        left = {name: found.execute(sql).fetchone()[0] for name, sql in _ORPHANS.items()}
    assert not any(left.values()), left


def blobs_left(folder: Path) -> tuple[int, int]:
    """Count files that a document names and that are missing, and files that none names."""
    with rows(folder) as found:
        named = {name for (name,) in found.execute("SELECT blob FROM documents WHERE blob IS NOT NULL")}
    there = {path.name for path in (folder / "blobs").rglob("*") if path.is_file()}
    return len(named - there), len(there - named)


def check_vectors(folder: Path) -> int:
    """See that the index of a stopped server holds the searchable passages and nothing else; count them."""
    shown = _number(folder, "SELECT count(*) FROM passages")

    async def counted() -> int:
        engine = QdrantEdgeVectors(folder / "vectors", optimize_points=0, disk_free_bytes_min=0)
        try:
            total = 0
            for path in (folder / "vectors").glob("*/state.json"):
                told = json.loads(path.read_text())
                space = Space(told["tenant"], told["encoder"], told["dimensions"])
                total += await engine.count(space, Equals("kind", "passage"))
            return total
        finally:
            await engine.close()

    found = asyncio.run(counted())
    assert found == shown, f"{found} points for {shown} passages"
    return found


def found_states(connection: Connection, promised: Mapping[str, Sequence[State]]) -> dict[str, State]:
    """Give what each document is now, having seen that it is what was promised."""
    states: dict[str, State] = {}
    lost: list[str] = []
    for doc_id, allowed in promised.items():
        told = connection.ask("GET", f"/v1/documents/{doc_id}")
        assert told.status in {200, 404}, told
        state = next(
            (
                each
                for each in allowed
                if (told.status == 404 and each == GONE)
                or (
                    told.status == 200
                    and each.word is not None
                    and told.body["version"] == each.version
                    and text_of(each.word) == told.body["text"].strip()
                )
            ),
            None,
        )
        if state is None:
            shown = told.body.get("version"), str(told.body.get("text"))[:60]
            lost.append(f"{doc_id}: {told.status} {shown}, promised {allowed}")
        else:
            states[doc_id] = state
    assert not lost, f"{len(lost)} acknowledged changes were lost: {lost[:5]}"
    return states


def _hits(connection: Connection, word: str, mode: str, group: str) -> list[tuple[str, bool]]:
    """Give the documents found, and of each whether its passage has the very word: others may begin alike."""
    told = connection.ask(
        "GET", "/v1/search/vector", query=word, mode=mode, group=group, collection=COLLECTION, top_k=5
    )
    assert told.status == 200, told
    return [(hit["doc_id"], word in hit["snippet"]) for hit in told.body]


def check_search(connection: Connection, states: Mapping[str, State], words: Mapping[str, set[str]]) -> int:
    """See that each word finds its document once, by words and by meaning, and what is gone finds nothing."""
    asked = 0
    for doc_id, state in states.items():
        for word in words[doc_id]:
            alive = word == state.word
            passages = _hits(connection, word, "lexical", "passage")
            found = [each for each, exactly in passages if exactly]
            assert found == ([doc_id] if alive else []), (doc_id, word, state, passages)
            asked += 1
            if alive:
                mixed = _hits(connection, word, "hybrid", "document")
                assert mixed[:1] == [(doc_id, True)], (doc_id, word, mixed)
                assert [each for each, _ in mixed].count(doc_id) == 1
                asked += 1
            if state == GONE:
                assert doc_id not in [each for each, _ in passages]
    return asked


def listed(connection: Connection) -> list[str]:
    """List every document's id, page by page."""
    ids: list[str] = []
    query = {"collection": COLLECTION, "limit": "500"}
    while True:
        told = connection.ask("GET", "/v1/documents", **query)
        assert told.status == 200, told
        ids += [each["doc_id"] for each in told.body["documents"]]
        if not told.body["next"]:
            return ids
        query["after"] = told.body["next"]


def check(
    server: Server,
    promised: Mapping[str, Sequence[State]],
    words: Mapping[str, set[str]],
    chosen: random.Random | None = None,
    sample: int = 40,
) -> dict[str, State]:
    """See that a server keeps what was promised; with `chosen`, searches ask for a sample of the words."""
    with server.connection() as connection:
        states = found_states(connection, promised)
        settle(server.folder)
        found_states(connection, {doc_id: [state] for doc_id, state in states.items()})
        check_rows(server.folder)
        alive = sorted(doc_id for doc_id, state in states.items() if state != GONE)
        assert sorted(listed(connection)) == alive
        asked = states
        if chosen is not None and len(states) > sample:
            asked = {doc_id: states[doc_id] for doc_id in chosen.sample(sorted(states), sample)}
        check_search(connection, asked, words)
    return states
