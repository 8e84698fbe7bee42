"""Looking after a data folder without a server."""

import asyncio
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from mainstay.app.commands import maintain
from mainstay.app.house import Engines, picked
from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors
from makers import ADMIN_KEY, Client, FrozenClock, engines_for, opened_house


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands pick the encoder of the tests."""

    def chosen(settings: object, *_: object) -> Engines:
        return engines_for(settings, clock=FrozenClock())  # type: ignore[arg-type]  # Settings

    monkeypatch.setattr(maintain, picked.__name__, chosen)
    monkeypatch.delenv("MAINSTAY_DATA", raising=False)


async def fill(data: Path) -> None:
    async with opened_house(data) as house:
        admin = Client(house, ADMIN_KEY, {})
        documents = [{"doc_id": f"d{n}", "text": f"Pump number {n} of the hall."} for n in range(20)]
        await admin.call("knowledge.add_documents", collection="c", documents=documents, wait=True)


def rebuilt(data: Path) -> Result:
    app = typer.Typer()
    app.command()(maintain.rebuild)
    return CliRunner().invoke(app, ["--data", str(data)])


@pytest.mark.usefixtures("words")
def test_rebuilding_without_a_server_fills_the_index_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    asyncio.run(fill(data))
    result = rebuilt(data)
    assert result.exit_code == 0, result.output
    assert "20 documents are searchable" in result.output


@pytest.mark.usefixtures("words")
def test_rebuilding_leaves_an_index_alone_that_somebody_uses(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "vectors").mkdir(parents=True)
    kept = data / "vectors" / "kept"
    kept.write_text("of the process that holds the lock")
    engine = QdrantEdgeVectors(data / "vectors")
    result = rebuilt(data)
    assert result.exit_code != 0
    assert "Another process uses the index" in result.output + result.stderr
    assert kept.exists()
    del engine
