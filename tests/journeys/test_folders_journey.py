"""A team's folder, sent again and again by the command line while its files come and go."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from app.shell import typed
from mainstay.kernel.interface import Upload
from mainstay.kit.clock import SystemClock
from makers import ADMIN_KEY, Client, client, opened_house
from served import served


@pytest.fixture
async def admin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    async with opened_house(tmp_path / "data", clock=SystemClock()) as house, served(house) as url:
        monkeypatch.setenv("MAINSTAY_URL", url)
        monkeypatch.setenv("MAINSTAY_API_KEY", ADMIN_KEY)
        yield client(house, ADMIN_KEY)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    return write(tmp_path / "shelf", "one.md", "two.md", "sub/three.md")


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n\nThe text of {name} in {folder.name}.")
    return folder


async def ingest(*words: str | Path, stdin: str | None = None) -> Result:
    return await asyncio.to_thread(typed, "ingest", *map(str, words), stdin=stdin)


async def ingested(*words: str | Path) -> dict[str, Any]:
    result = await ingest(*words, "--json")
    told: dict[str, Any] = json.loads(result.stdout)
    return told


async def ids(admin: Client, collection: str) -> list[str]:
    page = await admin.call("knowledge.list_documents", collection=collection, limit=500)
    return [document.doc_id for document in page.documents]


async def test_what_is_gone_is_told_and_deleted_when_that_is_asked_for(admin: Client, shelf: Path) -> None:
    assert (await ingested(shelf, "-c", "c"))["new"] == 3
    await admin.call("knowledge.add_document", collection="c", doc_id="c/by-hand.md", text="By hand.")
    (shelf / "two.md").unlink()
    told = (await ingest(shelf, "-c", "c", "--exclude", "sub/")).stdout
    assert "1 from files that are not in the folder (c/two.md): --prune deletes them." in told
    assert (await ingest(shelf, "-c", "c", "--prune")).exit_code == 2, "nobody can answer here"
    assert "c/two.md" in await ids(admin, "c")
    pruned = await ingested(shelf, "-c", "c", "--exclude", "sub/", "--prune", "--yes")
    assert (pruned["gone"], pruned["deleted"]) == (["c/two.md"], 1)
    assert await ids(admin, "c") == ["c/by-hand.md", "c/one.md", "c/sub/three.md"]


@pytest.mark.parametrize(("answer", "left"), [("n\n", 2), ("y\n", 1)])
async def test_a_person_is_asked_before(
    admin: Client, shelf: Path, monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    monkeypatch.setattr("mainstay.app.commands.ingest._answers", lambda: True)
    (shelf / "sub" / "three.md").unlink()
    await ingested(shelf, "-c", "c")
    (shelf / "two.md").unlink()
    result = await ingest(shelf, "-c", "c", "--prune", stdin=answer)
    assert "Delete 1 of 2 documents, whose files are not there (c/two.md)? [y/N]" in result.stderr
    assert len(await ids(admin, "c")) == left


async def test_nothing_is_deleted_when_something_failed(admin: Client, shelf: Path) -> None:
    await ingested(shelf, "-c", "c")
    (shelf / "two.md").rename(shelf / "two.pdf")
    result = await ingest(shelf, "-c", "c", "--prune", "--yes")
    assert result.exit_code == 1
    assert (
        "1 from files that are not in the folder (c/two.md): kept, because some files failed."
        in result.stdout
    )
    assert "c/two.md" in await ids(admin, "c")


async def test_a_disk_that_does_not_answer_has_not_said_that_a_file_is_gone(
    admin: Client, shelf: Path, tmp_path: Path
) -> None:
    await ingested(shelf, "-c", "c")
    name = "ü" * 200 + ".md"  # no file system here may look for so long a name
    file = Upload(name, "text/markdown", b"# From elsewhere")
    await admin.call("knowledge.upload_document", collection="c", doc_id=f"c/{name}", file=file)
    pruned = await ingested(shelf, "-c", "c", "--prune", "--yes")
    assert (pruned["gone"], pruned["deleted"]) == ([], 0)
    write(tmp_path / "mounted", "four.md")
    await ingested(shelf, tmp_path / "mounted", "-c", "both")
    (tmp_path / "mounted" / "four.md").unlink()
    assert (await ingest(shelf, tmp_path / "mounted", "-c", "both", "--prune", "--yes")).exit_code == 2
    assert "both/mounted/four.md" in await ids(admin, "both")


async def test_folders_of_one_name_do_not_delete_each_others(admin: Client, tmp_path: Path) -> None:
    folders = [write(tmp_path / "x" / "docs", "a.md", "gone.md"), write(tmp_path / "y" / "docs", "b.md")]
    await ingested(*folders, "-c", "c")
    (folders[0] / "gone.md").unlink()
    pruned = await ingested(*folders, "-c", "c", "--prune", "--yes")
    assert (pruned["gone"], pruned["deleted"]) == (["c/docs/gone.md"], 1)
    assert await ids(admin, "c") == ["c/docs/a.md", "c/docs/b.md"]


async def test_groups_stay_when_a_folder_is_sent_again(admin: Client, shelf: Path) -> None:
    await ingested(shelf, "-c", "c", "--group", "legal")
    (shelf / "one.md").write_text("# Changed")
    write(shelf, "new.md")
    result = await ingest(shelf, "-c", "c")
    assert "1 new, 1 changed, 2 unchanged" in result.stdout
    told = " ".join(result.stdout.split())
    assert "New ones are for everybody; others here are kept to groups (legal). --group names groups." in told
    page = await admin.call("knowledge.list_documents", collection="c")
    kept = {document.doc_id: document.groups for document in page.documents}
    restricted = ["legal"]
    assert kept == {
        "c/new.md": None,
        "c/one.md": restricted,
        "c/sub/three.md": restricted,
        "c/two.md": restricted,
    }
    assert (await ingested(shelf, "-c", "c", "--everybody"))["opened"] == 3
    assert (await admin.call("knowledge.get_document", doc_id="c/one.md")).groups is None
