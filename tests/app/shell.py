"""The command line, typed into as people do, before a scripted server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mainstay.app.cli import build
from wire_server import WireServer


@pytest.fixture(scope="module")
def running() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


@pytest.fixture
def server(running: WireServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> WireServer:
    monkeypatch.setenv("MAINSTAY_URL", running.url)
    monkeypatch.setenv("MAINSTAY_API_KEY", "mk_of_the_tests")
    monkeypatch.delenv("MAINSTAY_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    running.answers.clear()
    running.seen.clear()
    running.lost.clear()
    return running


def typed(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(build(), list(words), input=stdin, prog_name="mainstay")
