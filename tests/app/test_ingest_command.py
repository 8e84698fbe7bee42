"""Bringing documents in by a command: which files it finds, what it sends, and what it makes of failures."""

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from app.shell import typed
from mainstay.app.commands.finding import ENDINGS, Choice, find
from wire_server import Seen, WireServer, problem


class Shelf:
    """Takes documents as the server does, and remembers which."""

    def __init__(self, server: WireServer) -> None:
        self.server = server
        self.documents: dict[str, bytes] = {}
        self.batches: list[int] = []
        self.elsewhere: dict[str, str] = {}
        self.kept_to: dict[str, list[str]] = {}
        self.sent_for: list[list[str] | None] = []
        server.default = self.handle

    def _file(self, seen: Seen) -> web.StreamResponse:
        doc_id = (
            seen.body.partition(b'name="doc_id"')[2].partition(b"\r\n\r\n")[2].partition(b"\r\n")[0].decode()
        )
        content = seen.body.partition(b'name="file"')[2].partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0]
        if not content:
            told_problem = {"code": "FileUnreadable", "status": 422, "detail": "It is empty."}
            return web.json_response(told_problem, status=422)
        before = self.documents.get(doc_id)
        self.documents[doc_id] = content
        state = "unchanged" if before == content else "queued"
        return web.json_response(self._receipt(doc_id, state, version=1 if before is None else 2))

    def _receipt(self, doc_id: str, state: str, **facts: Any) -> dict[str, Any]:
        job = f"job_{len(self.documents)}" if state == "queued" else None
        return {
            "doc_id": doc_id,
            "collection": "c",
            "version": 1,
            "state": state,
            "job_id": job,
            "moved_from": self.elsewhere.get(doc_id),
            "opened_from": self.kept_to.get(doc_id),
            **facts,
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        seen = self.server.seen[-1]
        if request.path == "/v1/documents/upload":
            body = await request.read()
            return self._file(next(each for each in self.server.seen if each.body == body))
        if request.path == "/v1/documents/batch":
            documents = seen.json["documents"]
            self.batches.append(len(documents))
            self.sent_for += [document.get("groups") for document in documents]
            receipts = [self._receipt(document["text"], "indexed") for document in documents]
            count = len(documents)
            told_batch = {"job_id": None, "state": "indexed", "stored": count, "failed": 0}
            return web.json_response({**told_batch, "documents": receipts})
        if request.path == "/v1/documents":
            return web.json_response({"documents": [], "next": None})
        job = {"job_id": "j", "state": "done", "total": 1, "done": 1, "progress": 1.0, "created_ms": 0}
        return web.json_response({**job, "failures": []})


def _tree(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    for name, text in {
        "a.md": "# A",
        "sub/b.txt": "B",
        "sub/deep/c.html": "<p>C",
        ".git/x.md": "x",
        "node_modules/y.md": "y",
        ".hidden.md": "h",
        "photo.png": "p",
        "none": "n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "link.md").symlink_to(folder / "a.md")
    (folder / "linked").symlink_to(folder / "sub")
    return folder


def test_finding_files(tmp_path: Path) -> None:
    folder = _tree(tmp_path)

    def ids(**choice: Any) -> list[str]:
        return sorted(found.name for found in find([folder], Choice(**choice)).files)

    assert ids() == ["a.md", "sub/b.txt", "sub/deep/c.html"]
    assert ids(recursive=False) == ["a.md"]
    assert ids(globs=["*.png"]) == ["photo.png"]
    assert ids(globs=["sub/*"]) == ["sub/b.txt", "sub/deep/c.html"]
    assert ids(excludes=["deep/", "*.md"]) == ["sub/b.txt"]
    assert dict(find([folder], Choice()).skipped) == {
        "hidden or junk folder": 2,
        "link": 2,
        "hidden": 1,
        ".png": 1,
        "no ending": 1,
    }
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.md").write_text("other")
    both = find([folder, tmp_path / "other"], Choice()).files
    assert {"docs/a.md", "other/a.md"} <= {found.name for found in both}
    assert {".pdf", ".docx", ".md", ".txt", ".html", ".csv", ".eml"} <= ENDINGS
    assert not {".png", ".zip", ".exe", ".jsonl"} & ENDINGS


def test_ingest_sends_what_changed(server: WireServer, tmp_path: Path) -> None:
    shelf = Shelf(server)
    folder = _tree(tmp_path)
    result = typed("ingest", str(folder), "--collection", "c")
    assert result.exit_code == 0, result.output
    assert "3 new, 0 changed, 0 unchanged, 0 failed, 7 skipped" in result.stdout
    assert shelf.documents == {"c/a.md": b"# A", "c/sub/b.txt": b"B", "c/sub/deep/c.html": b"<p>C"}
    assert any(seen.target.startswith("/v1/jobs/job_") for seen in server.seen)
    (folder / "a.md").write_text("# A2")
    again = json.loads(typed("ingest", str(folder), "-c", "c", "--json", "--no-wait").stdout)
    assert (again["new"], again["changed"], again["unchanged"], again["failed"]) == (0, 1, 2, 0)


def test_ingest_keeps_the_files_of_two_collections_apart(server: WireServer, tmp_path: Path) -> None:
    shelf = Shelf(server)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.md").write_text(f"# {name}")
        assert typed("ingest", str(tmp_path / name), "-c", name).exit_code == 0
    assert shelf.documents == {"one/README.md": b"# one", "two/README.md": b"# two"}


def test_ingest_does_not_let_one_file_replace_another(server: WireServer, tmp_path: Path) -> None:
    shelf = Shelf(server)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.md").write_text(f"# {name}")
    both = [str(tmp_path / name / "README.md") for name in ("one", "two")]
    refused = typed("ingest", *both, "-c", "c")
    assert refused.exit_code == 2
    assert "would have one id" in " ".join(refused.stderr.replace("│", " ").split())
    assert shelf.documents == {}
    assert typed("ingest", both[0], both[0], "-c", "c").exit_code == 0
    assert typed("ingest", str(tmp_path), "-c", "c").exit_code == 0
    assert set(shelf.documents) == {"c/README.md", "c/one/README.md", "c/two/README.md"}


def test_ingest_says_what_it_moved(server: WireServer, tmp_path: Path) -> None:
    shelf = Shelf(server)
    shelf.elsewhere["t1"] = "drafts"
    (tmp_path / "d.jsonl").write_text('{"text": "t1"}\n{"text": "t2"}')
    result = typed("ingest", str(tmp_path / "d.jsonl"), "-c", "c")
    assert "1 with ids of documents in “drafts”: they were moved from there." in result.stdout
    again = json.loads(typed("ingest", str(tmp_path / "d.jsonl"), "-c", "c", "--json").stdout)
    assert again["moved_from"] == {"drafts": 1}


def test_ingest_names_groups_and_says_what_it_opened(server: WireServer, tmp_path: Path) -> None:
    shelf = Shelf(server)
    shelf.kept_to["t2"] = ["board"]
    (tmp_path / "d.jsonl").write_text('{"text": "t1", "groups": ["x"]}\n{"text": "t2"}')
    (tmp_path / "d.md").write_text("# A file")
    paths = [str(tmp_path / name) for name in ("d.jsonl", "d.md")]
    result = typed("ingest", *paths, "-c", "c", "--group", "a", "--group", "b")
    assert shelf.sent_for == [["x"], ["a", "b"]]
    [upload] = [each.body for each in server.seen if b"# A file" in each.body]
    assert b'["a", "b"]' in upload
    assert "1 were kept to some groups, and are for everybody now." in result.stdout
    assert json.loads(typed("ingest", *paths, "-c", "c", "--json").stdout)["opened"] == 1
    assert shelf.sent_for[2:] == [["x"], None]
    assert typed("ingest", *paths, "-c", "c", "--everybody").exit_code == 0
    assert shelf.sent_for[4:] == [["x"], ["*"]]
    assert typed("ingest", *paths, "-c", "c", "--everybody", "--group", "a").exit_code == 2
    (tmp_path / "d.jsonl").write_text('{"text": "t1", "groups": null}')
    assert typed("ingest", paths[0], "-c", "c", "--group", "a").exit_code == 0
    assert shelf.sent_for[6:] == [["a"]]
    for alone in (["--prune"], ["--prune", "--yes"]):
        assert typed("ingest", paths[1], "-c", "c", *alone).exit_code == 2


def test_ingest_goes_on_after_failures(server: WireServer, tmp_path: Path) -> None:
    shelf = Shelf(server)
    folder = _tree(tmp_path)
    (folder / "empty.md").write_text("")
    result = typed("ingest", str(folder), "-c", "c")
    assert result.exit_code == 1
    assert "3 new, 0 changed, 0 unchanged, 1 failed" in result.stdout
    assert "empty.md\tIt is empty." in result.stdout + result.stderr
    assert len(shelf.documents) == 3


def test_ingest_outlives_a_fault_of_the_server(server: WireServer, tmp_path: Path) -> None:
    server.default = problem(500, "InternalError")
    result = typed("ingest", str(_tree(tmp_path)), "-c", "c", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failed"] == 3
    docs = str(tmp_path / "docs")
    pruned = json.loads(typed("ingest", docs, "-c", "c", "--prune", "--yes", "--json").stdout)
    assert [failure["file"] for failure in pruned["failures"]][3:] == ["--prune"]
    assert pruned["deleted"] == 0


def test_ingest_stops_when_nothing_can_succeed(server: WireServer, tmp_path: Path) -> None:
    server.default = problem(403, "PermissionMissing")
    assert typed("ingest", str(_tree(tmp_path)), "-c", "c", "--concurrency", "1").exit_code == 3
    assert len(server.seen) == 1
    assert typed("ingest", str(tmp_path / "none"), "-c", "c").exit_code == 2
    (tmp_path / "empty").mkdir()
    assert typed("ingest", str(tmp_path / "empty"), "-c", "c").exit_code == 2


@pytest.mark.parametrize("files", [1, 9])
def test_ingest_says_soon_that_there_is_no_server(server: WireServer, tmp_path: Path, files: int) -> None:
    for number in range(files):
        (tmp_path / f"{number}.md").write_text("# A")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        began = time.monotonic()
        result = typed("ingest", str(tmp_path), "-c", "c", "--url", url)
    assert time.monotonic() - began < 5
    assert result.exit_code == 6
    assert f"Cannot connect to {url}" in result.stderr
    for way in ("--url", "--data", "MAINSTAY_URL", "MAINSTAY_DATA"):
        assert way in result.stderr
    assert server.seen == []


def test_ingest_of_json_lines(server: WireServer, tmp_path: Path) -> None:
    shelf = Shelf(server)
    lines = [json.dumps({"text": f"t{number}"}) for number in range(250)]
    (tmp_path / "d.jsonl").write_text("\n".join([*lines, "{", '{"title": "no text"}', ""]))
    result = typed("ingest", str(tmp_path / "d.jsonl"), "-c", "c", "--json")
    assert result.exit_code == 1
    told_json = json.loads(result.stdout)
    assert (told_json["new"], told_json["failed"]) == (250, 2)
    assert sorted(shelf.batches) == [50, 200]
    assert [failure["file"] for failure in told_json["failures"]] == ["d.jsonl:251", "d.jsonl:252"]
