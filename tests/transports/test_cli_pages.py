"""What the command line shows of pages of a list, and how its help is asked for."""

from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from mainstay.transports.cli.door import Late, cli
from mainstay.transports.cli.printing import Output


def _ask(words: str) -> None:
    """Ask something."""
    typer.echo(words)


def _help(*words: str) -> str:
    app: Any = cli([Late("ask", "Ask something.", lambda: _ask)], summary="All of it.")
    result = CliRunner().invoke(app, ["help", *words], prog_name="mainstay")
    assert result.exit_code == 0
    return result.output


def test_help_is_a_command_too() -> None:
    assert "All of it." in _help()
    assert "Usage: mainstay ask" in _help("ask")


def test_a_page_is_a_row_for_each_of_its_things(capsys: pytest.CaptureFixture[str]) -> None:
    page = {"feedback": [{"id": "a", "state": "new"}, {"id": "b", "state": "old"}], "next": "b"}
    Output(as_json=False).value(page)
    told = capsys.readouterr()
    assert told.out.splitlines() == ["id\tstate", "a\tnew", "b\told"]
    assert "after b" in told.err


def test_an_empty_page_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).value({"feedback": [], "next": None})
    told = capsys.readouterr()
    assert told.out == ""
    assert "Nothing found." in told.err


def test_programs_get_the_page_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).value({"feedback": [], "next": None})
    assert '"next": null' in capsys.readouterr().out
