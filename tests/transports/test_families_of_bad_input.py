"""Bad input to every field of every operation: a clear refusal, nothing written, nothing repeated."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from mainstay.kernel.interface import Operation
from makers import ADMIN_KEY
from transports.permitted import KNOWN
from transports.real_house import JSON, Answer, Request, Running, bearer, request_for, running, tool_call
from transports.samples import OPERATIONS, SAMPLES
from transports.worlds import COLLECTION, DOC, World, furnished
from transports.wrong_values import MARK, wrong

NAMES = sorted(OPERATIONS)
WITH_BODY = [name for name in NAMES if any(route.method == "POST" for route in OPERATIONS[name].routes)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("bad") / "data") as opened:
        yield furnished(opened, ADMIN_KEY, opened.call("identity.whoami")["tenant_id"])


def _good(world: World, name: str, mark: str) -> dict[str, Any]:
    values = SAMPLES[name].good(world, mark)
    world.running.calm()
    return values


def _ask(running: Running, made: Request) -> Answer:
    return running.ask(made.method, made.target, [*made.headers, bearer(ADMIN_KEY)], made.body)


def _refused(answer: Answer, field: str | None, label: str) -> None:
    """Check that an answer is a clear refusal which names the field and repeats nothing."""
    told = answer.told
    assert 400 <= answer.status < 500, (label, answer.status, answer.body[:300])
    assert answer.headers["content-type"] == "application/problem+json", label
    assert MARK not in answer.body.decode(), label
    assert told["status"] == answer.status
    assert told["request_id"]
    if field is not None and answer.status == 422:
        named = [each["field"].split(".")[0] for each in told["errors"]]
        assert field in named, (label, told)
        _worded(told, label)


def _worded(told: dict[str, Any], label: str) -> None:
    """Check that a problem speaks to people, not in the words of the validator."""
    for each in told["errors"]:
        assert not re.search("[Ii]nput|valid |Value error", each["problem"]), (label, each)
        assert each.get("got") not in {"str", "int", "float", "list", "dict", "NoneType", "bool"}, each


def _schema(operation: Operation, field: str) -> tuple[dict[str, Any], dict[str, Any]]:
    schema = operation.model.model_json_schema()
    return schema["properties"][field], schema.get("$defs", {})


def _cases(operation: Operation, field: str, route: int) -> Iterator[tuple[str, Any]]:
    """Give the wrong values that can travel where a field travels on a route."""
    parameter = next(each for each in operation.parameters if each.name == field)
    place = parameter.place(operation.routes[route])
    schema, definitions = _schema(operation, field)
    textual = operation.upload is not None or place in {"path", "query"}
    for label, value in wrong(schema, definitions):
        free = '"string"' in json.dumps(schema)
        list_or_text = isinstance(value, str) or '"array"' in json.dumps(schema)
        if textual and free and not list_or_text:
            continue  # every text is a text
        if textual and not free and value in (None, ""):
            continue  # neither has a way to be written
        if operation.upload is not None and label.endswith("in place of array|null"):
            continue  # in a form one text is a list of one
        if place == "path" and value == "":
            continue  # this is another path
        yield label, value


@pytest.mark.parametrize("name", NAMES)
def test_wrong_values_of_every_field(world: World, name: str) -> None:
    operation, running = OPERATIONS[name], world.running
    good = _good(world, name, "for a route")
    before, tried = running.state(), 0
    for parameter in operation.parameters:
        if parameter.upload:
            continue
        for route in range(len(operation.routes)):
            for label, value in _cases(operation, parameter.name, route):
                made = request_for(operation, {**good, parameter.name: value}, route)
                told = f"{made.method} {operation.routes[route].path} {parameter.name}: {label}"
                _refused(_ask(running, made), parameter.name, told)
                tried += 1
    assert tried or not operation.parameters
    assert running.state() == before


@pytest.mark.parametrize("name", [name for name in KNOWN if OPERATIONS[name].kind != "stream"])
def test_wrong_values_of_every_field_of_a_tool(world: World, name: str) -> None:
    operation, running = OPERATIONS[name], world.running
    good = {name: value for name, value in _good(world, name, "for a tool").items() if name != "file"}
    before = running.state()
    for parameter in operation.parameters:
        if parameter.upload:
            continue
        schema, definitions = _schema(operation, parameter.name)
        for label, value in wrong(schema, definitions):
            answer = _ask(running, tool_call(operation, {**good, parameter.name: value}))
            assert answer.status == 200, (parameter.name, label, answer.body)
            told = answer.told["result"]["structuredContent"]
            assert told["status"] in range(400, 500), (parameter.name, label, told)
            assert parameter.name in [each["field"].split(".")[0] for each in told["errors"]], (label, told)
            assert MARK not in answer.body.decode()
            _worded(told, label)
    assert running.state() == before


def _raw(name: str) -> list[tuple[str, bytes]]:
    deep = b"[" * 70 + b"]" * 70
    mark = MARK.encode()
    return [
        ("no JSON", b'{"' + mark),
        ("not an object", b'["' + mark + b'"]'),
        ("a lone surrogate", b'{"nope": "\\ud800' + mark + b'"}'),
        ("a surrogate in UTF-8", b'{"nope": "\xed\xa0\x80"}'),
        ("not UTF-8", b'{"nope": "\xff\xfe"}'),
        ("NaN", b'{"nope": NaN}'),
        ("Infinity", b'{"nope": -Infinity}'),
        ("beyond every machine", b'{"nope": 1e999}'),
        ("a number of 5,000 digits", b'{"nope": ' + b"9" * 5000 + b"}"),
        ("duplicate keys", b'{"' + mark + b'": 1, "' + mark + b'": 2}'),
        ("deep nesting", b'{"nope": ' + deep + b"}"),
        ("very deep nesting", b"[" * 200_000),
        ("an unknown field", b'{"nope": "' + mark + b'"}'),
        ("an unknown field named like Python's", b'{"__class__": "' + mark + b'", "self": 1}'),
        ("two values", b'{} {"' + mark + b'": 1}'),
        ("a byte order mark", b"\xef\xbb\xbf{}x"),
    ]


@pytest.mark.parametrize("name", WITH_BODY)
def test_bodies_that_are_no_good_json(world: World, name: str) -> None:
    operation, running = OPERATIONS[name], world.running
    before = running.state()
    for route, each in enumerate(operation.routes):
        if each.method != "POST" or operation.upload is not None:
            continue
        made = request_for(operation, dict.fromkeys(each.names, "some_id"), route)
        for label, body in _raw(name):
            answer = _ask(running, Request(made.method, made.target, made.headers, body))
            _refused(answer, None, f"{each.path}: {label}")
    assert running.state() == before


@pytest.mark.parametrize("name", NAMES)
def test_unknown_and_repeated_parameters(world: World, name: str) -> None:
    operation = OPERATIONS[name]
    ids = {name: "some_id" for route in operation.routes for name in route.names}
    for route in range(len(operation.routes)):
        made = request_for(operation, ids, route)
        for query in (
            f"nope={MARK}",
            f"nope={MARK}&nope={MARK}",
            "%ff=1",
            "&".join(f"p{n}=1" for n in range(200)),
        ):
            answer = _ask(
                world.running, Request(made.method, f"{made.target}?{query}", made.headers, made.body)
            )
            _refused(answer, None, f"{made.target}?{query[:40]}")


@pytest.mark.parametrize(
    "name", [name for name in NAMES if any(route.names for route in OPERATIONS[name].routes)]
)
def test_strange_paths(world: World, name: str) -> None:
    operation, running = OPERATIONS[name], world.running
    before = running.state()
    path = operation.route.path
    for text in (
        "%00",
        "%ff",
        "%ed%a0%80",
        "..",
        "%2e%2e%2fetc",
        "%0a",
        "x" * 5000,
        "%25",
        "a%2Fb",
        "'%20OR%201=1--",
    ):
        target = "/v1" + path
        for field in operation.route.names:
            target = target.replace(f"{{{field}}}", text)
        answer = running.ask(
            operation.route.method,
            target,
            [bearer(ADMIN_KEY), JSON],
            b"{}" if operation.route.method == "POST" else b"",
        )
        _refused(answer, None, target[:80])
    assert running.state() == before


def test_a_good_value_is_not_refused(world: World) -> None:
    answer = _ask(world.running, request_for(OPERATIONS["knowledge.get_document"], {"doc_id": DOC}))
    assert (answer.status, answer.told["collection"]) == (200, COLLECTION)
