"""Starting a server by hand: what it says, the commands it names, and what it says when it cannot."""

import json
import logging
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.commands.serve import LINES
from mainstay.app.neighbours import neighbour, taken
from mainstay.app.settings import misspelt

_MAINSTAY = Path(sys.executable).with_name("mainstay")


def _environment() -> dict[str, str]:
    """Give the environment without what would name another server; an encoder that is named stays."""
    others = {"MAINSTAY_URL", "MAINSTAY_DATA", "MAINSTAY_API_KEY", "MAINSTAY_PORT", "MAINSTAY_HOST"}
    return {name: value for name, value in os.environ.items() if name not in others}


def _run(words: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - no shell, and the words are this test's own
        words, cwd=cwd, env=_environment(), capture_output=True, text=True, timeout=100, check=False
    )


def _serve(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - no shell, and the words are this test's own
        [str(_MAINSTAY), "serve", "--port", "0", *words],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[str]]]:
    """Serve with the sample on a folder elsewhere; give where it was started, and what it said."""
    here = tmp_path_factory.mktemp("here")
    process = _serve(here, "--data", "../my data", "--sample")
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line.rstrip())
        if "Ctrl-C" in line:
            break
    yield here, said
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def test_it_says_what_it_does_before_it_does_it(served: tuple[Path, list[str]]) -> None:
    here, said = served
    folder = (here / "../my data").resolve()
    assert said[0] == f"Starting on {folder} …"
    assert said[1].startswith("Loading the sample workspace")
    assert any(line.split(",")[0].endswith("%") and "confidence" in line for line in said)


def test_the_commands_it_names_reach_it(served: tuple[Path, list[str]]) -> None:
    here, said = served
    at = next(number for number, line in enumerate(said) if line.startswith("  Commands"))
    asked, sent, looked = (shlex.split(line) for line in said[at + 1 : at + 4])
    assert [each[1] for each in (asked, sent, looked)] == ["ask", "ingest", "status"]
    (here / "my-folder").mkdir()
    (here / "my-folder" / "garden.md").write_text("# Garden\n\nWater the tomatoes on Monday.")
    for words, told in ((asked, "free some space"), (sent, "1 new"), (looked, "my-docs")):
        done = _run([str(_MAINSTAY), *words[1:]], here)
        assert (done.returncode, told in done.stdout) == (0, True), done


def test_a_mail_is_found_by_what_the_server_says(tmp_path: Path) -> None:
    process = _serve(tmp_path)
    assert process.stdout is not None
    try:
        assert any("Ctrl-C" in line for line in process.stdout)
        done = _run([str(_MAINSTAY), "users", "invite", "ada@example.com", "--name", "Ada"], tmp_path)
        assert done.returncode == 0, done
        assert f"the mail with the link lies in {(tmp_path / 'data/mail').resolve()}." in done.stderr
        line = next(line for line in process.stdout if "A mail waits in" in line)
        mail = Path(line.split("A mail waits in ")[1].strip()).read_text()
        link = re.search(r"^http://127\.0\.0\.1:\d+/account/accept\?code=(msc_\w+)$", mail, re.MULTILINE)
        assert link is not None, mail
        assert link[1] not in line
        assert "ada@" not in line
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_a_second_server_on_the_folder_is_told_who_uses_it(served: tuple[Path, list[str]]) -> None:
    here, _ = served
    announced = json.loads((here / "../my data/server.json").read_text())
    port = announced["url"].rpartition(":")[2]
    for words in (["--port", "0"], ["--port", port]):
        done = _run([str(_MAINSTAY), "serve", "--data", "../my data", *words], here)
        assert done.returncode == 6
        for part in ("Another server", str(announced["pid"]), announced["url"], "--data", "kill"):
            assert part in done.stderr, done
    assert (here / "../my data/server.json").exists()


def test_a_port_that_something_else_has_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        done = _run([str(_MAINSTAY), "serve", "--port", str(other.getsockname()[1])], tmp_path)
    assert done.returncode == 2
    assert "--port" in done.stderr


@pytest.mark.parametrize(
    "note",
    [
        "",
        "[]",
        "{}",
        {"url": "http://127.0.0.1:1", "pid": 0},
        {"url": "http://127.0.0.1:1", "pid": 10**30},
        {"url": "http://127.0.0.1:1\x1b[31m", "pid": 1},
        {"url": "http://127.0.0.1:1", "pid": os.getpid()},
    ],
)
def test_a_note_that_names_no_server_is_passed_over(tmp_path: Path, note: Any) -> None:
    (tmp_path / "server.json").write_text(note if isinstance(note, str) else json.dumps(note))
    assert neighbour(tmp_path) is None
    assert "not known" in taken(tmp_path, None).detail


def test_a_line_of_the_log_has_its_time_with_the_offset_from_utc() -> None:
    record = logging.LogRecord("mainstay", logging.WARNING, __file__, 1, "Overloaded: %d", (3,), None)
    line = LINES.format(record)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} WARNING mainstay: Overloaded: 3", line)


def test_a_setting_that_is_nearly_one_is_told() -> None:
    environment = {
        "MAINSTAY_RATE_LIMIT_PER_MINUT": "5",
        "MAINSTAY_PORT": "80",
        "mainstay_data": "x",
        "MAINSTAY_PORT_8080_TCP": "of a container's neighbour",
        "MAINSTAY_API_KEY": "of the command line",
        "MAINSTAY_URL": "of the command line",
    }
    (told,) = misspelt(environment)
    assert told.startswith("MAINSTAY_RATE_LIMIT_PER_MINUT is not a setting")
    assert told.endswith("Did you mean MAINSTAY_RATE_LIMIT_PER_MINUTE?")
