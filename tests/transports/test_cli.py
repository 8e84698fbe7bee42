"""The generated command line: options, values, answers, failures, and where keys are found."""

import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from mainstay.kernel.remote import close, remote
from mainstay.kit.errors import Invalid
from mainstay.transports.cli.address import Address, find_address
from mainstay.transports.cli.commands import service_commands
from mainstay.transports.cli.door import Late, cli
from mainstay.transports.cli.failing import tell
from mainstay.transports.cli.printing import Output
from wire_server import Notes, WireServer, answer, problem, told

KEY = "mk_of_the_tests"


@asynccontextmanager
async def connect(interface: Any, address: Address) -> AsyncIterator[Any]:
    stand_in = remote(interface, address.url, credential=address.key)
    try:
        yield stand_in
    finally:
        await close(stand_in)


@pytest.fixture(scope="module")
def running() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


@pytest.fixture
def server(running: WireServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> WireServer:
    for name in ("MAINSTAY_URL", "MAINSTAY_API_KEY", "MAINSTAY_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MAINSTAY_URL", running.url)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    running.answers.clear()
    running.seen.clear()
    return running


def _notes() -> Any:
    return service_commands(Notes, connect)


def typed(*words: str, stdin: str | bytes | None = None) -> Result:
    app = cli([Late("notes", "Small notes.", _notes)])
    return CliRunner().invoke(app, list(words), input=stdin, prog_name="mainstay")


def test_the_root_lists_late_commands_without_loading_them() -> None:
    def never() -> Any:
        raise AssertionError

    result = CliRunner().invoke(cli([Late("late", "Comes late.", never)], summary="All of it."), ["--help"])
    assert result.exit_code == 0
    assert "Comes late." in result.output
    assert "All of it." in result.output


def test_help_has_what_the_interface_says(server: WireServer) -> None:
    listed = typed("notes", "--help").output
    for name in ("get-note", "find-notes", "add-note", "upload-note", "tell"):
        assert name in listed
    told_help = " ".join(typed("notes", "find-notes", "--help").output.split())
    for words in (
        "What to find. (1 to 9,000 characters)",
        "(1 to 50; default 10)",
        "--no-recent",
        "[required]",
    ):
        assert words in told_help
    assert "mainstay notes find-notes --query 'red fox'" in told_help
    assert "mainstay notes add-note --title 'A [b]' --text c" in typed("notes", "add-note", "-h").output
    assert server.seen == []


def test_values_have_their_kinds(server: WireServer) -> None:
    server.default = answer([])
    words = ["--query", "5", "--limit", "7", "--tags", "a", "--tags", "b", "--tags"]
    assert typed("notes", "find-notes", *words, '["c", "d"]', "--no-recent").exit_code == 0
    assert server.seen[0].target == (
        "/v1/notes?query=5&tags=%5B%22a%22%2C%20%22b%22%2C%20%22c%22%2C%20%22d%22%5D&limit=7&recent=false"
    )
    server.default = answer({"note_id": "n"})
    typed("notes", "add-note", "--title", "5", "--options", '{"pinned": true}', "--wait")
    assert server.seen[1].target == "/v1/notes?wait=true"
    assert server.seen[1].json == {"title": "5", "options": {"pinned": True}}


def test_what_is_not_given_is_not_sent(server: WireServer) -> None:
    server.default = answer({"note_id": "n"})
    typed("notes", "add-note", "--title", "t")
    assert server.seen[0].json == {"title": "t"}


def test_what_cannot_be_undone_asks_before(server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.default = answer({"note_id": "n"})
    shred = ("notes", "shred-note", "--note-id", "n")
    assert "add --yes" in (unasked := typed(*shred)).output, "nobody is there"
    monkeypatch.setattr("mainstay.transports.cli.commands._somebody_there", lambda: True)
    refused = typed(*shred, stdin="n\n")
    assert "cannot be undone" in refused.output
    assert (unasked.exit_code, refused.exit_code, server.seen) == (2, 1, [])
    assert typed(*shred, stdin="y\n").exit_code == typed(*shred, "--yes").exit_code == 0
    assert [each.method for each in server.seen] == ["DELETE"] * 2
    assert "shred-note --note-id a --yes" in typed("notes", "shred-note", "-h").output


def test_long_values_come_from_files_and_standard_input(server: WireServer, tmp_path: Path) -> None:
    server.default = answer({"note_id": "n"})
    (tmp_path / "text").write_text("from a file")
    typed("notes", "add-note", "--title", "@text", "--text", "-", stdin="piped\n")
    typed("notes", "add-note", "--title", "@@home")
    assert server.seen[0].json == {"title": "from a file", "text": "piped"}
    assert server.seen[1].json == {"title": "@home"}
    missing = typed("notes", "add-note", "--title", "@none")
    assert missing.exit_code == 2
    assert "none" in missing.output


def test_files_are_paths(server: WireServer, tmp_path: Path) -> None:
    server.default = answer({"note_id": "n"})
    (tmp_path / "a.pdf").write_bytes(b"%PDF-\xff")
    typed("notes", "upload-note", "--file", "a.pdf", "--title", "t", "--meta", '{"a": 1}')
    assert b"%PDF-\xff" in server.seen[0].body
    assert b'filename="a.pdf"' in server.seen[0].body
    typed("notes", "upload-note", "--file", "-", "--title", "t", stdin=b"raw\xff")
    assert b"raw\xff" in server.seen[1].body
    assert typed("notes", "upload-note", "--file", "none", "--title", "t").exit_code == 2


def test_bad_json_is_refused_here(server: WireServer) -> None:
    result = typed("notes", "add-note", "--title", "t", "--options", "{pinned}")
    assert result.exit_code == 2
    assert "--options" in result.output
    assert server.seen == []


def test_limits_are_the_servers_to_check(server: WireServer) -> None:
    fields = [{"field": "limit", "problem": "Too many.", "got": "a whole number"}]
    server.answers.append(problem(422, "RequestInvalid", "Check these fields.", errors=fields))
    result = typed("notes", "find-notes", "--query", "x", "--limit", "51")
    assert result.exit_code == 2
    for words in ("Error: The request's fields are not valid", "--limit: Too many.\n", "req_7"):
        assert words in result.stderr
    server.answers.append(problem(422, "RequestInvalid"))
    typed("notes", "find-notes", "--query", "x", "--limit", "many")
    assert server.seen[-1].target.endswith("limit=many")


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (401, "CredentialsUnknown", 3),
        (403, "PermissionMissing", 3),
        (404, "Missing", 4),
        (409, "NoteTaken", 5),
        (429, "RateLimited", 6),
        (503, "Unavailable", 6),
        (500, "InternalError", 1),
    ],
)
def test_exit_codes(server: WireServer, status: int, code: str, exit_code: int) -> None:
    server.answers.extend([problem(status, code, "Because.", retry_after_s=99)] * 4)
    result = typed("notes", "add-note", "--title", "t", "--key", KEY)
    assert result.exit_code == exit_code
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert "req_7" in result.stderr
    assert KEY not in result.stderr


def test_what_the_options_can_do_about_it_is_said(server: WireServer) -> None:
    server.answers.append(problem(401, "CredentialsMissing", "Send a key."))
    shown = typed("notes", "get-note", "--note-id", "a").stderr
    for way in ("--key", "MAINSTAY_API_KEY", "--data", "MAINSTAY_DATA"):
        assert way in shown
    server.answers.append(problem(401, "CredentialsMissing", "Send a key."))
    told_json = json.loads(typed("notes", "get-note", "--note-id", "a", "--json").stderr)
    assert "--data" in told_json["hints"][0]


def test_a_folder_without_a_server_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAINSTAY_URL", raising=False)
    result = typed("notes", "get-note", "--note-id", "a", "--data", str(tmp_path / "my data"))
    assert result.exit_code == 6
    for way in (f"serve --data '{tmp_path}/my data'", "--url", "MAINSTAY_URL", "MAINSTAY_DATA"):
        assert way in result.stderr


def test_fields_are_named_as_they_are_typed(server: WireServer) -> None:
    told = "Say `options`, `title` or `another`."
    fields = [{"field": "options", "problem": told}, {"field": "note_id", "problem": "Write a text."}]
    server.answers.append(problem(422, "RequestInvalid", told, errors=fields))
    shown = typed("notes", "add-note", "--title", "t").stderr
    assert shown.count("Say") == 1  # what a field says is not said twice
    assert "  --options: Say `--options`, `--title` or `another`.\n" in shown


def test_a_shorter_option_is_known_by_its_field(capsys: pytest.CaptureFixture[str]) -> None:
    failure = Invalid("Check these fields.", problems=[{"field": "expires_at", "problem": "Too late."}])
    tell(failure, as_json=False, options=["--expires", "--ex", "--name"])
    assert "  --expires: Too late.\n" in capsys.readouterr().err


def test_failures_for_programs(server: WireServer) -> None:
    server.answers.append(problem(409, "NoteTaken", "Because."))
    told_json = json.loads(typed("notes", "add-note", "--title", "t", "--json").stderr)
    assert (told_json["code"], told_json["detail"]) == ("NoteTaken", "Because.")


def test_answers_in_a_pipe_and_for_programs(server: WireServer) -> None:
    rows = [{"note_id": "a", "title": "x\ty\nz", "score": 0.5}, {"note_id": "b" * 300}]
    server.default = answer(rows)
    lines = typed("notes", "find-notes", "--query", "x").stdout.splitlines()
    assert lines[0].split("\t") == ["note_id", "title", "score"]
    assert lines[1].split("\t") == ["a", "x y z", "0.5"]
    assert lines[2].split("\t")[0] == "b" * 300
    found = json.loads(typed("notes", "find-notes", "--query", "x", "--json").stdout)
    assert found[0] == {"note_id": "a", "title": "x\ty\nz", "score": 0.5}


def test_no_escape_sequence_reaches_the_terminal(server: WireServer) -> None:
    server.default = answer({"note_id": "n", "title": "\x1b[31mred\x1b]0;t\x07 \u202e [bold]"})
    shown = typed("notes", "get-note", "--note-id", "a").stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[bold]" in shown
    server.answers.append(problem(404, "Missing", "\x1b[31mred"))
    assert "\x1b" not in typed("notes", "get-note", "--note-id", "a").stderr


def test_streams_are_lines_of_json(server: WireServer) -> None:
    piece = b'event: piece\ndata: {"text": "a"}\n\n'
    server.answers.append(told(piece, piece, b"event: end\ndata: {}\n\n"))
    assert typed("notes", "tell", "--question", "?").stdout == '{"text": "a"}\n' * 2
    server.answers.append(told(piece, b'event: problem\ndata: {"status": 409, "code": "NoteTaken"}\n\n'))
    assert typed("notes", "tell", "--question", "?").exit_code == 5


def test_a_misspelt_command_is_guessed(server: WireServer) -> None:
    assert "Did you mean 'notes'" in typed("note").output
    assert "Did you mean 'get-note'" in typed("notes", "get-not").output
    assert typed("notes", "get-not").exit_code == 2
    assert server.seen == []


def test_completion() -> None:
    environment = {
        "_MAINSTAY_COMPLETE": "complete_bash",
        "COMP_WORDS": "mainstay notes find",
        "COMP_CWORD": "2",
        "_TYPER_COMPLETE_ARGS": "mainstay notes find",
    }
    app = cli([Late("notes", "Small notes.", _notes)])
    assert "find-notes" in CliRunner().invoke(app, [], env=environment, prog_name="mainstay").output


def _folder(tmp_path: Path, url: str, mode: int = 0o600) -> str:
    (tmp_path / "server.json").write_text(json.dumps({"url": url}))
    (tmp_path / "local.key").write_text(KEY + "\n")
    (tmp_path / "local.key").chmod(mode)
    return str(tmp_path)


def test_the_local_key_goes_to_the_local_server_alone(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "http://127.0.0.1:81")
    assert find_address(None, None, folder, {}) == Address("http://127.0.0.1:81", KEY, local=True)
    assert find_address("http://127.0.0.1:81/", None, folder, {}).key == KEY
    assert find_address("http://127.0.0.1:82", None, folder, {}).key is None
    assert find_address(None, None, folder, {"MAINSTAY_URL": "https://else.example"}).key is None
    assert KEY not in repr(find_address(None, None, folder, {}))


def test_where_mails_lie_is_told_of_the_local_server_alone(tmp_path: Path) -> None:
    folder = _folder(tmp_path, "http://127.0.0.1:81")
    assert find_address(None, None, folder, {}).mails is None
    for mails, known in (("/srv/data/mail", "/srv/data/mail"), (7, None)):
        note = {"url": "http://127.0.0.1:81", "mails": mails}
        (tmp_path / "server.json").write_text(json.dumps(note))
        assert find_address(None, "mk_other", folder, {}).mails == known
        assert find_address("http://127.0.0.1:82", None, folder, {}).mails is None


def test_options_come_before_the_environment(tmp_path: Path) -> None:
    environment = {
        "MAINSTAY_DATA": _folder(tmp_path, "http://127.0.0.1:81"),
        "MAINSTAY_API_KEY": "mk_environment",
    }
    assert find_address(None, None, None, environment).key == "mk_environment"
    assert find_address(None, "mk_option", None, environment).key == "mk_option"
    assert find_address(None, None, None, {}).url == "http://127.0.0.1:8080"


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    assert find_address(None, None, _folder(tmp_path, "http://127.0.0.1:81", 0o640), {}).key is None


@pytest.mark.parametrize("url", ["http://else.example:81", "http://127.0.0.1.else.example", "x", 5, None])
def test_an_address_elsewhere_is_not_followed(tmp_path: Path, url: Any) -> None:
    found = find_address(None, None, _folder(tmp_path, url), {"MAINSTAY_API_KEY": KEY})
    assert found.url == "http://127.0.0.1:8080"


def test_a_server_that_listens_everywhere_is_called_here(tmp_path: Path) -> None:
    assert find_address(None, None, _folder(tmp_path, "http://0.0.0.0:81"), {}).url == "http://127.0.0.1:81"


def _on_a_terminal(width: int) -> tuple[Output, StringIO]:
    out = Output(as_json=False)
    shown = StringIO()
    out.console = Console(file=shown, force_terminal=True, width=width, color_system=None, highlight=False)
    return out, shown


def test_tables_on_a_terminal() -> None:
    out, shown = _on_a_terminal(90)
    row = {f"c{number}": number for number in range(9)} | {
        "doc_id": "d" * 40,
        "nested": {"a": 1},
        "empty": None,
    }
    out.value([row, row | {"c1": "[bold]x" * 30}])
    assert "[bold]x" in shown.getvalue()
    assert "Not shown: c7, c8, doc_id, nested (--json shows all)" in shown.getvalue()
    assert "empty" not in shown.getvalue()
    assert max(map(len, shown.getvalue().splitlines())) <= 90
    out, shown = _on_a_terminal(70)
    out.value([{"doc_id": "d" * 40, "title": "words " * 30, "created_ms": 0}])
    assert "d" * 40 in shown.getvalue()
    assert "1970-01-01" in shown.getvalue()


def test_times_are_those_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        for value in ([{"created_ms": 0}], {"changed_ms": 0}):
            out, shown = _on_a_terminal(70)
            out.value(value)
            assert "1970-01-01 01:00:00 CET" in shown.getvalue()
            assert "_ms" not in shown.getvalue()
        out, shown = _on_a_terminal(70)
        out.value({"created_ms": 10**30, "took_ms": 5})
        assert str(10**30) in shown.getvalue()
        assert "took_ms" in shown.getvalue()
    finally:
        monkeypatch.undo()
        time.tzset()


def test_records_on_a_terminal() -> None:
    out, shown = _on_a_terminal(90)
    out.value({"name": "x", "fine": True, "hits": [{"a": 1}, {"a": 2}], "groups": ["p", "q"]})
    lines = [line.split() for line in shown.getvalue().splitlines() if line.strip()]
    assert lines == [["name", "x"], ["fine", "yes"], ["groups", "p,", "q"], ["hits"], ["a"], ["1"], ["2"]]


def test_what_has_parts_is_written_out_for_people() -> None:
    row = {
        "id": "a",
        "counts": {"\x1b[2J_used_ms": 1796020453766, "none": None},
        "parts": [{"n": 1}, {"n": 2}],
    }
    for value in (row, [row]):
        out, shown = _on_a_terminal(120)
        out.value(value)
        assert "{" not in shown.getvalue()
        assert "_used 2026-11-30" in shown.getvalue()
        assert "\x1b[2J" not in shown.getvalue()  # names steer the terminal no more than values do
    assert "n 1; n 2" in shown.getvalue()


def test_no_colour_in_a_pipe(server: WireServer) -> None:
    server.default = answer({"note_id": "n"})
    assert "\x1b" not in typed("notes", "get-note", "--note-id", "a").output
    assert "\x1b" not in typed("notes", "--help").output
    assert os.environ.get("FORCE_COLOR") is None
