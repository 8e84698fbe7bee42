"""The disk is full: reads go on, writes are refused with what to do, and all goes on when there is room."""

import time
from pathlib import Path

import pytest
import truths
from images import made, mounted, run
from ledger import COLLECTION, State, text_of
from servers import Connection, Form, Told, needs_encoder, serving

_MEGABYTES = 700
_AGAIN_WITHIN_S = 5.0
_ATTEMPTS = 5  # a step that failed so often would wait for eight seconds, were there no end to it
_LONG = "Filling words stand in this book of the harbour. " * 4000


def add(connection: Connection, doc_id: str, text: str, **query: str) -> Told:
    body = {"collection": COLLECTION, "doc_id": doc_id, "text": text}
    return connection.ask("POST", "/v1/documents", body, **query)


def filled(place: Path) -> None:
    """Take all room there is."""
    size = 1 << 30
    while size >= 1 << 12:
        part = place / f"ballast-{size}"
        if run("fallocate", "-l", str(size), str(part)):
            part.rename(place / f"ballast-{time.monotonic_ns()}")
        else:
            part.unlink(missing_ok=True)
            size //= 2


def attempts(folder: Path) -> int:
    """Say how often the step that was tried most often has failed by now."""
    with truths.rows(folder) as found:
        return int(found.execute("SELECT coalesce(max(attempts), 0) FROM outbox").fetchone()[0])


def emptied(place: Path) -> None:
    for part in place.glob("ballast*"):
        part.unlink()


def refusal(connection: Connection) -> tuple[Told, list[str]]:
    """Write until the disk takes no more; give the answer, and what was taken before."""
    taken: list[str] = []
    for number in range(500):
        told = add(connection, f"filler-{number}", f"{number} {_LONG}")
        if not told.good:
            return told, taken
        taken.append(f"filler-{number}")
    raise AssertionError("the disk never filled up")


@pytest.mark.timeout(240)
def test_a_full_disk_stops_writes_only(tmp_path: Path) -> None:
    needs_encoder()
    image, place = tmp_path / "image", tmp_path / "place"
    made(image, _MEGABYTES)
    words = {"before": "xbqcdwrtkplz", "after": "xkgfmzvtrwqn"}
    with mounted(image, place), serving(place / "data") as server, server.connection() as connection:
        assert add(connection, "before", text_of(words["before"]), wait="true").good
        filled(place)
        told, taken = refusal(connection)
        assert told.status == 503, told
        assert told.headers["content-type"] == "application/problem+json"
        assert "full" in told.body["detail"]
        assert "retry-after" in told.headers
        assert connection.ask("GET", f"/v1/documents/filler-{len(taken)}").status == 404
        form = Form("note.txt", _LONG, {"collection": COLLECTION, "doc_id": "file"})
        upload = connection.ask("POST", "/v1/documents/upload", form)
        assert upload.status == 503, upload
        assert "full" in upload.body["detail"]
        # Reads stay up.
        assert connection.ask("GET", "/readyz").status == 200
        states = {"before": State(words["before"], 1)}
        assert truths.check_search(connection, states, {"before": {words["before"]}}) == 2
        assert connection.ask("GET", "/v1/documents/before").status == 200
        deleted = connection.ask("DELETE", "/v1/documents/before").status
        assert deleted in {200, 503}  # there may be room for it in the log
        assert connection.ask("GET", "/v1/documents/before").status == (404 if deleted == 200 else 200)

        emptied(place)
        started = time.perf_counter()
        while not add(connection, "after", text_of(words["after"])).good:
            assert time.perf_counter() - started < _AGAIN_WITHIN_S
        written = time.perf_counter() - started
        while not truths._hits(connection, words["after"], "lexical", "passage"):
            assert time.perf_counter() - started < 30
        found = time.perf_counter() - started
        truths.settle(server.folder)
        settled = time.perf_counter() - started
        truths.check_rows(server.folder)
        assert connection.ask("GET", "/v1/documents/file").status == 404
        assert server.stop() == 0
        truths.check_vectors(server.folder)
        assert truths.blobs_left(server.folder) == (0, 0)
    print(  # noqa: T201 - the figures of the campaign
        f"\nfull disk after {len(taken)} more documents: 503 ({told.body['detail']}), reads stay up;"
        f" with room again: written after {written:.2f} s, found after {found:.2f} s, all caught up after"
        f" {settled:.2f} s"
    )


@pytest.mark.timeout(240)
def test_documents_wait_for_room_in_the_index_and_go_in_soon_after(tmp_path: Path) -> None:
    needs_encoder()
    image, place = tmp_path / "image", tmp_path / "place"
    made(image, _MEGABYTES)
    word = "xkgfmzvtrwqn"
    with mounted(image, place), serving(place / "data") as server, server.connection() as connection:
        assert add(connection, "before", text_of("xbqcdwrtkplz"), wait="true").good
        assert run("fallocate", "-l", f"{_MEGABYTES - 200}M", str(place / "ballast"))
        told = add(connection, "waiting", text_of(word))
        assert told.status == 202
        until = time.perf_counter() + 60
        while attempts(server.folder) < _ATTEMPTS:
            assert time.perf_counter() < until
            time.sleep(0.05)
        job = connection.ask("GET", f"/v1/jobs/{told.body['job_id']}").body
        assert job["state"] in {"waiting", "running"}
        emptied(place)
        started = time.perf_counter()
        while not truths._hits(connection, word, "lexical", "passage"):
            assert time.perf_counter() - started < _AGAIN_WITHIN_S
            time.sleep(0.05)
        found = time.perf_counter() - started
        truths.settle(server.folder)
        assert server.stop() == 0
        assert truths.check_vectors(server.folder) == 2
    print(f"\ntoo little room for the index: found {found:.2f} s after there was room")  # noqa: T201
