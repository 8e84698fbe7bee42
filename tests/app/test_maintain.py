"""Looking after a data folder without a server."""

import asyncio
import shutil
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from engines.pgvector_server import postgres
from mainstay.app.backups import backup
from mainstay.app.commands import maintain
from mainstay.app.foundations import Engines, picked
from mainstay.app.settings import Settings
from mainstay.engines.database import migrate
from mainstay.engines.vectors.pgvector import PgvectorVectors
from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors
from mainstay.kit.errors import Conflict
from mainstay.ports.vectors import Point, Space
from makers import ADMIN_KEY, Client, FrozenClock, WordEncoder, engines_for, opened_house

__all__ = ["postgres"]


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands pick the encoder of the tests."""

    def chosen(settings: object, *_: object) -> Engines:
        return engines_for(settings, clock=FrozenClock())  # type: ignore[arg-type]  # Settings

    monkeypatch.setattr(maintain, picked.__name__, chosen)
    monkeypatch.delenv("MAINSTAY_DATA", raising=False)


async def fill(data: Path, **where: str) -> None:
    async with opened_house(data, **where) as house:
        admin = Client(house, ADMIN_KEY, {})
        documents = [{"doc_id": f"d{n}", "text": f"Pump number {n} of the hall."} for n in range(20)]
        await admin.call("knowledge.add_documents", collection="c", documents=documents, wait=True)
        await admin.call("knowledge.add_faq", collection="c", question="Which pumps?", answer="All of them.")


def rebuilt(data: Path) -> Result:
    app = typer.Typer()
    app.command()(maintain.rebuild)
    return CliRunner().invoke(app, ["--data", str(data)])


def test_rebuilding_makes_nothing_where_nothing_is(tmp_path: Path) -> None:
    result = rebuilt(tmp_path / "typo")
    assert result.exit_code == 2
    assert "holds no data" in " ".join(result.output.split())  # a long path wraps the message
    assert not (tmp_path / "typo").exists()


@pytest.mark.usefixtures("words")
def test_rebuilding_without_a_server_fills_the_index_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    asyncio.run(fill(data))
    result = rebuilt(data)
    assert result.exit_code == 0, result.output
    assert "20 documents are searchable" in result.output


@pytest.mark.usefixtures("words")
def test_rebuilding_without_a_server_fills_the_index_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    asyncio.run(fill(data))
    with closing(sqlite3.connect(data / "mainstay.db")) as connection, connection:
        # An event that a stop left over is taken up at the start.
        left = connection.execute("UPDATE outbox SET state = 'waiting' WHERE subject LIKE 'faq_%'")
        assert left.rowcount == 1
    put, encoded, optimized = Counter[int](), Counter[str](), list[str]()
    upsert, optimize, embed = QdrantEdgeVectors.upsert, QdrantEdgeVectors.optimize, WordEncoder.embed

    async def counted(self: QdrantEdgeVectors, space: Space, points: Sequence[Point], change: int) -> None:
        put.update(point.id for point in points if point.payload["kind"] == "passage")
        await upsert(self, space, points, change)

    async def noted(self: QdrantEdgeVectors, space: Space) -> None:
        optimized.append(space.tenant)
        await optimize(self, space)

    async def embedded(self: WordEncoder, texts: Sequence[str], **more: Any) -> Any:
        encoded.update(texts)
        return await embed(self, texts, **more)

    monkeypatch.setattr(QdrantEdgeVectors, "upsert", counted)
    monkeypatch.setattr(QdrantEdgeVectors, "optimize", noted)
    monkeypatch.setattr(WordEncoder, "embed", embedded)
    result = rebuilt(data)
    assert result.exit_code == 0, result.output
    assert sorted(put.values()) == [1] * 20
    assert encoded == {"Which pumps?": 1}
    assert len(optimized) == 1


@pytest.mark.usefixtures("words")
def test_rebuilding_never_empties_an_index_that_another_machine_may_be_serving(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, seen, upsert = tmp_path / "data", list[int](), PgvectorVectors.upsert
    asyncio.run(fill(data, database=postgres, vectors="pgvector"))
    monkeypatch.setenv("MAINSTAY_DATABASE", postgres)
    monkeypatch.setenv("MAINSTAY_VECTORS", "pgvector")

    async def looked(self: PgvectorVectors, space: Space, points: Sequence[Point], change: int) -> None:
        seen.append(await self.count(space))
        await upsert(self, space, points, change)

    monkeypatch.setattr(PgvectorVectors, "upsert", looked)
    result = rebuilt(data)
    assert result.exit_code == 0, result.output
    assert "20 documents are searchable" in result.output
    assert min(seen) >= 20


@pytest.mark.usefixtures("words")
def test_rebuilding_after_a_change_of_encoder_does_not_ask_for_a_rebuild(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(fill(tmp_path / "data"))
    monkeypatch.setattr(WordEncoder, "name", "words-of-another")
    result = rebuilt(tmp_path / "data")
    assert result.exit_code == 0, result.output
    assert caplog.messages == []


@pytest.mark.usefixtures("words")
def test_rebuilding_says_that_it_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: QdrantEdgeVectors, space: Space) -> None:
        raise Conflict("The index is broken.")

    asyncio.run(fill(tmp_path / "data"))
    monkeypatch.setattr(QdrantEdgeVectors, "optimize", broken)
    result = rebuilt(tmp_path / "data")
    assert result.exit_code == 1
    assert "The index is broken." in result.output
    assert "searchable" not in result.output


@pytest.mark.usefixtures("words")
def test_rebuilding_leaves_an_index_alone_that_somebody_uses(tmp_path: Path) -> None:
    data = tmp_path / "data"
    asyncio.run(fill(data))
    kept = data / "vectors" / "kept"
    kept.write_text("of the process that holds the lock")
    engine = QdrantEdgeVectors(data / "vectors")
    result = rebuilt(data)
    assert result.exit_code != 0
    assert "Another server uses this data folder" in result.output + result.stderr
    assert kept.exists()
    del engine


def test_a_backup_leaves_a_database_of_an_earlier_version_as_it_is(tmp_path: Path) -> None:
    """Its server may still be at work: who installs a new version and then backs up must not migrate it."""
    data, versions = tmp_path / "data", tmp_path / "versions"
    data.mkdir()
    versions.mkdir()
    for file in migrate.version_files(migrate.VERSIONS)[:2]:
        shutil.copy(file, versions)
    migrate.upgrade_sqlite(data / "mainstay.db", versions)
    backup(Settings(data=data), tmp_path / "copy", with_key=False)
    for folder in (data, tmp_path / "copy"):
        with closing(sqlite3.connect(folder / "mainstay.db")) as connection:
            assert connection.execute(migrate.CURRENT).fetchall() == [("0002",)]
