"""The commands for people, against a scripted server: what they send, show and answer to the shell."""

import json
import os
import pty
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from app.shell import typed
from mainstay.app.cli import _PEOPLE, late
from wire_server import WireServer, answer, told

HIT = {
    "doc_id": "keys",
    "score": 0.75,
    "snippet": "Make a new\x1b[31m key.",
    "metadata": {},
    "title": "API keys",
    "collection": "handbook",
    "start": 0,
    "end": 9,
    "headings": ["Keys"],
    "version": 1,
    "language": "en",
}
CITATION = {
    "doc_id": "keys",
    "start": 3,
    "end": 40,
    "text": "Revoke the old.",
    "score": 0.9,
    "title": "API keys",
    "collection": "handbook",
    "version": 1,
    "sentence": 0,
}
ANSWER = {
    "answered": True,
    "answer": "Revoke the old.",
    "confidence": 0.9,
    "citations": [CITATION],
    "unsupported": 0,
}
REFUSAL = {"answered": False, "answer": "", "confidence": 0.1, "citations": [], "unsupported": 0}


def _sent(event: str, value: Any) -> bytes:
    return f"event: {event}\ndata: {json.dumps(value)}\n\n".encode()


def test_summaries_are_those_of_the_commands() -> None:
    for _, summary, target in _PEOPLE:
        loaded = late(f"mainstay.app.commands.{target}")
        help_text = loaded.info.help if hasattr(loaded, "info") else loaded.__doc__
        assert help_text.splitlines()[0] == summary


def test_every_service_is_listed() -> None:
    listed = typed("--help").output
    for name in (
        "knowledge",
        "identity",
        "jobs",
        "search",
        "ask",
        "ingest",
        "eval",
        "status",
        "keys",
        "roles",
        "users",
    ):
        assert name in listed


def test_search(server: WireServer) -> None:
    server.default = answer([HIT])
    result = typed("search", "rotate keys", "-c", "handbook", "-k", "3", "--filter", "year=2026")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split("\t")[:4] == ["0.75", "keys", "handbook", "API keys"]
    assert "\x1b" not in result.stdout
    target = server.seen[0].target
    assert target.startswith("/v1/search/vector?query=rotate%20keys&top_k=3&collection=handbook")
    assert "filters=%7B%22year%22%3A%202026%7D" in target
    assert json.loads(typed("search", "x", "--json").stdout)[0]["doc_id"] == "keys"
    server.default = answer([])
    assert typed("search", "x").stdout == ""


def test_several_filters_must_all_hold(server: WireServer) -> None:
    server.default = answer([])
    typed("search", "x" * 3990, "--filter", "a=b", "--filter", '{"price": {"lt": 10}}')
    typed("search", "é" * 900, "--filter", "a=b", "--filter", '{"price": {"lt": 10}}')
    assert server.seen[1].method == "POST"
    assert server.seen[1].json["filters"] == {"and": [{"a": "b"}, {"price": {"lt": 10}}]}
    assert typed("search", "x", "--filter", "nonsense").exit_code == 2


def test_ask_streams_and_names_its_sources(server: WireServer) -> None:
    pieces = [{"text": "Revoke "}, {"text": "the old."}, {"result": ANSWER}]
    server.answers.append(told(*[_sent("piece", piece) for piece in pieces], _sent("end", {})))
    shown = typed("ask", "How?").stdout
    assert shown.startswith("Revoke the old.\n")
    assert "[1] API keys" in shown
    assert "keys, characters 3 to 40" in shown
    server.default = answer(ANSWER)
    assert json.loads(typed("ask", "How?", "--json").stdout)["answered"] is True


def test_ask_says_that_the_faq_has_answered(server: WireServer) -> None:
    found = {**ANSWER, "citations": [], "faq_id": "faq_1"}
    pieces = [_sent("piece", {"text": "Ruth."}), _sent("piece", {"result": found})]
    server.answers.append(told(*pieces, _sent("end", {})))
    assert "From the FAQ, entry faq_1" in typed("ask", "Who?").stdout


def test_ask_says_when_the_documents_do_not(server: WireServer) -> None:
    server.answers.append(told(_sent("piece", {"result": REFUSAL}), _sent("end", {})))
    result = typed("ask", "How?")
    assert "Your documents do not answer this." in result.stdout
    assert "10%" in result.stdout
    assert "Sources" not in result.stdout


def test_ask_says_what_a_generator_wrote_in_vain(server: WireServer) -> None:
    refusal = {**REFUSAL, "answer": "The documents do not answer this question.", "unsupported": 1}
    for result, words in (
        (refusal, "10%, but the generator wrote nothing that they support."),
        ({**ANSWER, "unsupported": 2}, "no source supports it: 2 of its sentences."),
    ):
        pieces = [_sent("piece", {"text": result["answer"]}), _sent("piece", {"result": result})]
        server.answers.append(told(*pieces, _sent("end", {})))
        assert words in typed("ask", "How?").stdout


def test_eval(server: WireServer, tmp_path: Path) -> None:
    measures = dict.fromkeys(("ndcg_at_10", "recall_at_10", "recall_at_100", "mrr", "answered"), 0.5)
    found = {"questions": 1, **measures, "answer_in_citation": None, "faithfulness": 1.0, "took_ms": 5}
    right = {"question": "What?", "doc_ids": ["a"], "place": 1, "first": "a", "answered": True}
    right["answer_in_citation"] = True
    wrong = {"question": "How?", "doc_ids": ["keys"], "place": None, "first": "shop", "answered": False}
    late = {
        "question": "Who?",
        "doc_ids": ["staff", "people"],
        "place": 11,
        "first": "shop",
        "answered": True,
    }
    found["results"] = [
        right,
        {**wrong, "answer_in_citation": None},
        {**late, "answer_in_citation": False},
        {**right, "question": "When?", "answer_in_citation": None},
    ]
    server.default = answer(found)
    (tmp_path / "q.jsonl").write_text('{"question": "How?", "doc_ids": ["keys"]}\n\n')
    result = typed("eval", "q.jsonl", "-c", "handbook")
    assert server.seen[0].json["questions"] == [{"question": "How?", "doc_ids": ["keys"]}]
    assert "ndcg_at_10\t0.5" in result.stdout
    assert "answer_in_citation" not in result.stdout
    assert "How?\tkeys not found; first is shop; not answered" in result.stdout
    assert (
        "Who?\tstaff or people at place 11 at best; first is shop; no citation has the known answer"
        in result.stdout
    )
    assert "What?" not in result.stdout
    assert "When?" not in result.stdout
    found["results"] = [right]
    assert "what is wrong" not in typed("eval", "q.jsonl").stdout
    (tmp_path / "q.jsonl").write_text('{"question": "How?"}\n{\n')
    broken = typed("eval", "q.jsonl")
    assert broken.exit_code == 2
    assert "line 2" in broken.output
    (tmp_path / "q.jsonl").write_text("")
    assert typed("eval", "q.jsonl").exit_code == 2


def test_keys(server: WireServer) -> None:
    made = {
        "key_id": "key_1",
        "name": "Web",
        "role": "developer",
        "groups": ["g"],
        "limit_per_minute": None,
        "created_ms": 0,
        "start": "mk_1",
        "key": "mk_1234",
    }
    server.default = answer(made)
    result = typed("keys", "create", "--role", "developer", "--name", "Web", "--group", "g")
    assert result.stdout == "mk_1234\n"
    assert server.seen[0].json == {"name": "Web", "role": "developer", "groups": ["g"]}
    assert "Revoked key_1 (Web)." in typed("keys", "revoke", "key_1").stdout
    assert server.seen[1].target == "/v1/api-keys/key_1"
    server.default = answer([{**made, "role": None, "scopes": ["a:b", "c:d"], "state": "expired"}])
    assert "key_1\tWeb\ta:b c:d\tg\texpired" in typed("keys", "list").stdout


def test_keys_end_rotate_and_change(server: WireServer) -> None:
    made = {"key_id": "key_1", "name": "Web", "role": "user", "groups": [], "limit_per_minute": None}
    made |= {"created_ms": 0, "start": "mk_1", "key": "mk_5678"}
    server.default = answer(made)
    typed("keys", "create", "--name", "Web", "--scope", "a:b", "--scope", "c:d", "--expires", "90d")
    sent = server.seen[0].json
    assert sent["scopes"] == ["a:b", "c:d"]
    ahead = datetime.fromisoformat(sent["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89) < ahead <= timedelta(days=90)
    assert typed("keys", "rotate", "key_1", "--overlap", "0").stdout == "mk_5678\n"
    typed("keys", "rotate", "key_1")
    typed("keys", "change", "key_1", "--expires", "never", "--no-groups")
    typed("keys", "change", "key_1", "--limit-per-minute", "5", "--expires", "2031-01-31T12:00:00Z")
    typed("keys", "change", "key_1", "--no-limit")
    told = [(each.target, each.json) for each in server.seen[1:]]
    assert told == [
        ("/v1/api-keys/key_1/rotate", {"overlap_s": 0}),
        ("/v1/api-keys/key_1/rotate", {"overlap_s": 86_400}),
        ("/v1/api-keys/key_1", {"groups": [], "expires_at": None}),
        ("/v1/api-keys/key_1", {"limit_per_minute": 5, "expires_at": "2031-01-31T12:00:00+00:00"}),
        ("/v1/api-keys/key_1", {"limit_per_minute": None}),
    ]
    for words in (
        ("create", "--name", "x", "--role", "user", "--scope", "a:b"),
        ("create", "--name", "x", "--expires", "soon"),
        ("rotate", "key_1", "--overlap", "a while"),
        ("change", "key_1", "--no-limit", "--limit-per-minute", "5"),
    ):
        assert typed("keys", *words).exit_code == 2, words


def test_roles(server: WireServer) -> None:
    made = {"name": "support", "description": "", "permissions": ["a:b"], "built_in": False, "changed_ms": 1}
    server.default = answer(made)
    typed("roles", "create", "--name", "support", "--permission", "a:b")
    typed("roles", "change", "support", "--permission", "a:b", "--description", "Help desk")
    assert "Deleted the role support." in typed("roles", "delete", "support").stdout
    assert [(each.method, each.target, each.json) for each in server.seen[:2]] == [
        ("POST", "/v1/roles", {"name": "support", "permissions": ["a:b"], "description": ""}),
        ("PUT", "/v1/roles/support", {"permissions": ["a:b"], "description": "Help desk"}),
    ]
    server.default = answer([made])
    assert "support\tno\ta:b" in typed("roles", "list").stdout
    server.default = answer([{"name": "a:b", "operations": ["x.y", "x.z"], "description": ""}])
    assert "a:b\tx.y x.z" in typed("roles", "permissions").stdout


def test_users(server: WireServer) -> None:
    made = {
        "id": "user_1",
        "email": "ada@example.com",
        "name": "Ada",
        "role": "user",
        "groups": ["staff"],
        "state": "invited",
        "created_ms": 1,
        "created_by": "key_1",
    }
    server.default = answer(made)
    invited = typed("users", "invite", "ada@example.com", "--name", "Ada", "--group", "staff")
    assert "MAINSTAY_MAIL" not in invited.output, "of a server elsewhere that is not known"
    typed("users", "change", "user_1", "--role", "admin", "--no-groups")
    typed("users", "change", "user_1", "--activate")
    assert typed("users", "deactivate", "user_1").stdout == "Deactivated ada@example.com.\n"
    invitation = {"email": "ada@example.com", "name": "Ada", "role": "user", "groups": ["staff"]}
    assert [(each.method, each.target, each.json) for each in server.seen[:3]] == [
        ("POST", "/v1/users", invitation),
        ("PATCH", "/v1/users/user_1", {"role": "admin", "groups": []}),
        ("PATCH", "/v1/users/user_1", {"state": "active"}),
    ]
    server.default = answer([made])
    listed = typed("users", "list", "ada", "--state", "invited")
    assert listed.stdout.splitlines()[1].split("\t")[:3] == ["user_1", "ada@example.com", "Ada"]
    assert server.seen[-1].target == "/v1/users?q=ada&state=invited&limit=100"


async def _well(request: web.Request) -> web.StreamResponse:
    told_by_path: dict[str, Any] = {
        "/readyz": {"status": "ready", "parts": {"database": "ok"}},
        "/openapi.json": {"info": {"version": "9.9"}},
        "/v1/me": {
            "tenant_id": "tenant_1",
            "subject": "k",
            "roles": ["admin"],
            "permissions": [],
            "groups": [],
            "limit_per_minute": 1,
            "operator": False,
        },
        "/v1/collections": [],
        "/v1/jobs": [],
    }
    return web.json_response(told_by_path[request.path])


def test_status(server: WireServer) -> None:
    server.default = _well
    shown = typed("status").stdout
    for words in ("version\t9.9", "status\tready", "tenant\ttenant_1", "No collections yet"):
        assert words in shown
    assert json.loads(typed("status", "--json").stdout)["parts"] == {"database": "ok"}


def test_status_lists_the_jobs_that_need_a_look(server: WireServer) -> None:
    states = ["done"] * 3 + ["running", "waiting", "failed", "cancelled"]
    failure = {"subject": "d", "step": "s", "code": "C", "detail": "No.", "attempts": 9}
    jobs = [
        {"job_id": f"job_{number}", "state": state, "total": 4, "done": 2, "progress": 0.5, "created_ms": 0,
         "failures": [failure] if state == "failed" else []}
        for number, state in enumerate(states)
    ]  # fmt: skip

    async def busy(request: web.Request) -> web.StreamResponse:
        return web.json_response(jobs) if request.path == "/v1/jobs" else await _well(request)

    server.default = busy
    shown = typed("status").stdout
    assert [word for word in shown.split() if word.startswith("job_")][1:] == ["job_3", "job_4", "job_5"]
    assert "4 finished jobs; --all lists them." in shown
    assert "retry-job" in shown
    assert all(f"job_{number}" in typed("status", "--all").stdout for number in range(7))
    assert len(json.loads(typed("status", "--json").stdout)["jobs"]) == 7
    del jobs[3:6]
    shown = typed("status").stdout
    assert "job_" not in shown
    assert "4 finished jobs" in shown


_MAIN = "from mainstay.app.cli import build; build()(prog_name='mainstay')"


def _process(*words: str, **settings: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _MAIN, *words]
    return subprocess.Popen(command, **settings)  # noqa: S603 - this very interpreter


def test_help_imports_nothing_heavy() -> None:
    text = f"import sys; sys.argv = ['mainstay', '--help']\ntry:\n    {_MAIN}\nexcept SystemExit: pass\n"
    text += (
        "print([name for name in ('pydantic', 'aiohttp', 'mainstay.kernel.interface', 'numpy', 'starlette',"
    )
    text += " 'onnxruntime', 'mainstay.services.knowledge.interface') if name in sys.modules])"
    text = text.replace("; build()", "\n    build()")
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_interrupt_is_clean(server: WireServer) -> None:
    server.answers.append(told(_sent("piece", {"text": "Revoke"}), hold=True))
    process = _process("ask", "How?", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read(6) == b"Revoke"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert server.lost.wait(10)


def test_a_broken_pipe_is_quiet(server: WireServer) -> None:
    server.default = answer([{**HIT, "snippet": "x" * 3000}] * 200)
    reading, writing = os.pipe()
    process = _process("search", "x", stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    os.read(reading, 10)
    os.close(reading)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert err == b""


@pytest.mark.parametrize("no_color", [False, True])
def test_a_terminal_gets_tables_and_colour(server: WireServer, no_color: bool) -> None:
    server.default = answer([HIT])
    main, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"} | (
        {"NO_COLOR": "1"} if no_color else {}
    )
    process = _process("search", "x", stdout=terminal, stderr=terminal, env=environment)
    process.wait(60)
    os.close(terminal)
    shown = os.read(main, 100_000).decode()
    os.close(main)
    assert " 1. " in shown
    assert "API keys" in shown
    assert "\x1b[31m key" not in shown
    assert ("\x1b[" in shown) is not no_color
