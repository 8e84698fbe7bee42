"""Every operation through every door: the same answer, the same failure."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from mainstay.app.cli import build
from mainstay.client import Mainstay
from mainstay.kernel.guard import ANYBODY, STRANGER
from mainstay.kernel.interface import Operation, Upload
from mainstay.kit.errors import Failure, NotFound
from makers import ADMIN_KEY
from transports.connections import sockets, tool_clients
from transports.real_house import Running, bearer, request_for, running, tool_call
from transports.samples import OPERATIONS, SAMPLES
from transports.worlds import World, furnished

NAMES = sorted(OPERATIONS)
Values = Mapping[str, Any]
Door = Callable[["House", Operation, Values, str], Any]


class House:
    """The doors' house with two keys."""

    def __init__(self, opened: Running, folder: Path) -> None:
        me = opened.call("identity.whoami")
        self.running = opened
        self.folder = folder
        self.world: World = furnished(opened, ADMIN_KEY, me["tenant_id"])
        self.user_key: str = self.world.call("identity.create_key", name="a user", role="user")["key"]
        self.http = httpx2.Client(base_url=opened.url, timeout=30)
        self.command = build()
        self.sockets = sockets(opened.url)
        self.tool_clients = tool_clients(opened.url)

    def close(self) -> None:
        """Close what is open."""
        self.sockets.close()
        self.tool_clients.close()
        self.http.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("doors")
    with running(folder / "data") as opened:
        made = House(opened, folder)
        yield made
        made.close()


def _problem(told: Mapping[str, Any]) -> dict[str, Any]:
    return {"code": told["code"], "detail": told["detail"], "errors": told.get("errors") or []}


def rest(house: House, operation: Operation, values: Values, key: str) -> Any:
    sent = request_for(operation, values)
    answer = house.http.request(
        sent.method, sent.target, content=sent.body, headers=[*sent.headers, bearer(key)]
    )
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        return _problem(answer.json())
    if operation.kind != "stream":
        return answer.json()
    events = [block.split("\n") for block in answer.text.strip().split("\n\n") if block[0] != ":"]
    return [json.loads(lines[1].removeprefix("data: ")) for lines in events if lines[0] == "event: piece"]


def sdk(house: House, operation: Operation, values: Values, key: str) -> Any:
    with Mainstay(house.running.url, key) as mainstay:
        method = getattr(getattr(mainstay, operation.interface.service), operation.name)
        try:
            answer = method(**values)
            if operation.kind == "stream":
                return [operation.adapter.dump_python(piece, mode="json") for piece in answer]
        except Failure as failure:
            return {"code": failure.code(), "detail": failure.detail, "errors": failure.problems}
        return operation.adapter.dump_python(answer, mode="json")


def _arguments(values: Values) -> Values:
    """Write files as the arguments of a tool have them."""
    return {
        name: {
            "name": value.name,
            "media_type": value.media_type,
            "content": base64.b64encode(value.content).decode(),
        }
        if isinstance(value, Upload)
        else value
        for name, value in values.items()
    }


def mcp(house: House, operation: Operation, values: Values, key: str) -> Any:
    result = house.tool_clients.of(key)(operation.full_name.replace(".", "_"), _arguments(values))
    return _of_a_tool(result.is_error, result.content[0].text, result.structured_content)


def _of_a_tool(failed: bool, text: str, structured: Any) -> Any:
    if failed:
        return _problem(structured)
    value = json.loads(text)
    assert value in (structured, structured.get("result"))
    return value


def mcp_message(house: House, operation: Operation, values: Values, key: str) -> Any:
    """Send a tool's call alone; the client of the protocol reads the list of all tools before each."""
    sent = tool_call(operation, _arguments(values))
    answer = house.http.request(
        sent.method, sent.target, content=sent.body, headers=[*sent.headers, bearer(key)]
    )
    result = answer.json()["result"]
    failed = result.get("isError", False)
    return _of_a_tool(failed, result["content"][0]["text"], result["structuredContent"])


def command_line(house: House, operation: Operation, values: Values, key: str) -> Any:
    words = [operation.interface.service, operation.name.replace("_", "-")]
    for name, value in values.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif isinstance(value, Upload):
            (house.folder / value.name).write_bytes(value.content)
            words += [f"--{flag}", str(house.folder / value.name)]
        else:
            words += [f"--{flag}", value if isinstance(value, str) else json.dumps(value)]
    server = "--server-url" if "url" in values else "--url"
    words += ["--yes"] * operation.final
    words += [server, house.running.url, "--key", key, "--json"]
    result = CliRunner().invoke(house.command, words, prog_name="mainstay")
    if result.exit_code != 0:
        assert result.exit_code != 1, (result.output, result.exception)
        return _problem(json.loads(result.stderr))
    if operation.kind == "stream":
        return [json.loads(line) for line in result.stdout.splitlines()]
    return json.loads(result.stdout)


def websocket(house: House, operation: Operation, values: Values, key: str) -> Any:
    socket = house.sockets.of(key)
    asked = {"id": "1", "operation": operation.full_name, "values": _arguments(values)}
    socket.send(json.dumps(asked))
    items = []
    while "item" in (told := json.loads(socket.recv(timeout=30))):
        items.append(told["item"])
    assert told["id"] == "1"
    if "error" in told:
        return _problem(told["error"])
    return items if told.get("done") else told["result"]


DOORS: dict[str, Door] = {
    "rest": rest,
    "sdk": sdk,
    "mcp": mcp,
    "websocket": websocket,
    "command line": command_line,
}
_TOKENS = {
    *("authorization_code", "redirect_to", "refresh_token", "id_token", "client_id_issued_at"),
    *("client_secret", "access_token", "uri", "recovery_codes", "pending_token", "token"),
    *("challenge", "user"),
}
_MARK = re.compile(r"mark\d|\b\d+(?=\.\w+@example\.com)")  # in texts, and before the addresses of new people
_MADE = re.compile(r"\b[a-z]+_[0-9a-z]{26}\b")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")


def normal(value: Any) -> Any:
    """Take out what differs by itself: ids, times, secrets, each call's mark, rows not sealed yet."""
    if isinstance(value, dict):
        shown = {"start", "took_ms", "waiting", "url", "attempt", "state", "versions"}
        shown |= {"bytes", "counts"}  # what was used meanwhile is in an export too
        shown |= {"number"} if "given" in value else set()  # consents are numbered as they come
        hidden = {"key", "secret", "keys", *shown, *_TOKENS}
        return {
            name: "…" if name in hidden or name.endswith("_ms") else normal(each)
            for name, each in value.items()
        }
    if isinstance(value, list):
        return [normal(each) for each in value]
    if isinstance(value, str):
        return _MARK.sub("<mark>", _MADE.sub("<id>", _HASH.sub("<hash>", value)))
    return round(value, 6) if isinstance(value, float) else value


def doors_for(operation: Operation) -> dict[str, Door]:
    """Give the doors of an operation.

    A stream has no tool, for its whole form beside it has one; nor has what strangers may ask for, since an
    assistant is recognised before it can list tools.
    """
    tool = operation.kind != "stream" and operation.may != STRANGER
    return {name: door for name, door in DOORS.items() if tool or name != "mcp"}


def quick_doors_for(operation: Operation) -> dict[str, Door]:
    """Give the doors of an operation; a tool is called by its message."""
    return {door: mcp_message if door == "mcp" else call for door, call in doors_for(operation).items()}


def told(house: House, operation: Operation, values: Values, key: str) -> dict[str, Any]:
    """Give what each door tells of the same values."""
    return {name: door(house, operation, values, key) for name, door in quick_doors_for(operation).items()}


def same(answers: Mapping[str, Any]) -> Any:
    """Give the one answer; fails naming the doors that differ."""
    first = answers["rest"]
    assert {name: answer for name, answer in answers.items() if answer != first} == {}, first
    return first


def test_every_operation_has_a_sample(house: House) -> None:
    assert set(SAMPLES) == set(OPERATIONS)
    assert set(SAMPLES) == {each.full_name for each in house.running.house.application.operations}
    for name, sample in SAMPLES.items():
        limited = [
            each
            for each in OPERATIONS[name].parameters
            if each.annotation is not bool and each.name != "wait"
        ]
        assert (sample.wrong is not None) == bool(limited), f"{name} needs a wrong value"
        names = any(issubclass(failure, NotFound) for failure in OPERATIONS[name].fails)
        assert (sample.missing is not None) == names, f"{name} needs values that name what is not there"


@pytest.mark.parametrize("name", NAMES)
def test_the_same_answer(house: House, name: str) -> None:
    operation = OPERATIONS[name]
    if operation.interface.service == "observability":
        house.running.do(house.running.house.sealer.stop())  # or the chain grows between two doors
    answers = {}
    for number, (door, call) in enumerate(doors_for(operation).items()):
        mark = f"mark{number}"
        values = SAMPLES[name].good(house.world, mark)
        house.running.calm()
        key = SAMPLES[name].key(house.world, values)
        answers[door] = normal(call(house, operation, values, key))
    answer = same(answers)
    assert not (isinstance(answer, dict) and "code" in answer), answer


@pytest.mark.parametrize("name", [name for name in NAMES if SAMPLES[name].wrong is not None])
def test_the_same_failure_for_wrong_values(house: House, name: str) -> None:
    good = SAMPLES[name].good(house.world, "wrong")
    values = {**good, **(SAMPLES[name].wrong or {})}
    failure = same(told(house, OPERATIONS[name], values, ADMIN_KEY))
    assert failure["code"] == "RequestInvalid"
    fields = {each["field"].split(".")[0] for each in failure["errors"]}
    assert fields <= set(SAMPLES[name].wrong or {})
    assert fields


@pytest.mark.parametrize("name", [name for name in NAMES if SAMPLES[name].missing is not None])
def test_the_same_failure_for_what_is_not_there(house: House, name: str) -> None:
    values = {**SAMPLES[name].good(house.world, "missing"), **(SAMPLES[name].missing or {})}
    key = SAMPLES[name].key(house.world, values)
    failure = same(told(house, OPERATIONS[name], values, key))
    missing = {each.code() for each in OPERATIONS[name].fails if issubclass(each, NotFound)}
    assert failure["code"] in missing


@pytest.mark.parametrize("name", ["identity.create_key", "knowledge.get_document"])
def test_the_protocols_client_tells_the_same_failures(house: House, name: str) -> None:
    operation, sample = OPERATIONS[name], SAMPLES[name]
    for bad in (sample.wrong, sample.missing):
        values = {**sample.good(house.world, "client"), **(bad or {})}
        failures = {
            call.__name__: call(house, operation, values, ADMIN_KEY) for call in (rest, mcp, mcp_message)
        }
        assert failures["rest"]["code"] in {"RequestInvalid", "RoleMissing", "DocumentMissing"}
        assert same(failures) == failures["rest"]


def test_the_handbooks_example_of_the_socket_runs(house: House) -> None:
    told = files("mainstay.handbook").joinpath("socket.md").read_text(encoding="utf-8")
    code = told.split("```python\n")[1].split("```")[0]
    here = code.replace("127.0.0.1:8080", house.running.url.partition("//")[2]).replace("mk_…", ADMIN_KEY)
    asked = [sys.executable, "-c", here]
    shown = subprocess.run(asked, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own example
    assert shown.startswith("1 [{")
    assert "doc_id" in shown


@pytest.mark.parametrize("name", NAMES)
def test_the_same_failure_without_the_permission(house: House, name: str) -> None:
    operation = OPERATIONS[name]
    may = {"documents:read", "collections:read", "jobs:read", "feedback:write", ANYBODY, STRANGER}
    may |= {"generation:use", "language:use"}
    may |= {"assistants:use", "conversations:read", "conversations:write"}
    if operation.may in may:
        mine = {"identity.whoami", *(each for each in NAMES if OPERATIONS[each].may in may)}
        assert name in mine
        return
    values = SAMPLES[name].good(house.world, "forbidden")
    failure = same(told(house, operation, values, house.user_key))
    assert failure["code"] == "PermissionMissing"
    assert f"`{operation.may}`" in failure["detail"]
