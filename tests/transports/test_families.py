"""Shapes of incident that recur in this field, tried on every operation and every door."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from mainstay.kernel.guard import STRANGER
from mainstay.kernel.interface import Operation
from makers import ADMIN_KEY
from transports.homes import BASES, Home, home_in
from transports.people_samples import passkey_of
from transports.permitted import DEVELOPER, KNOWN, MAY, NAMES, OPERATORS
from transports.real_house import Answer, Request, bearer, request_for, tool_call
from transports.samples import OPERATIONS, SAMPLES
from transports.worlds import COLLECTION, DOC, ROLE, World


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_in(tmp_path_factory.mktemp("families") / "data") as made:
        yield made


def forms(operation: Operation, values: Mapping[str, Any]) -> list[Request]:
    """Give every way to ask for an operation: its routes under both bases, and its tool."""
    routes = range(len(operation.routes))
    found = [request_for(operation, values, route, base) for base in BASES for route in routes]
    if operation.kind != "stream" and operation.upload is None and operation.may != STRANGER:
        found.append(tool_call(operation, values))
    return found


def _ids(operation: Operation) -> dict[str, Any]:
    """Give what stands in an operation's paths."""
    return {name: "some_id" for route in operation.routes for name in route.names}


def _harmless(operation: Operation) -> list[Request]:
    """Give requests that a recognised caller gets 422 for: an unknown parameter, and nothing else."""
    found = []
    for base in BASES:
        for route in range(len(operation.routes)):
            made = request_for(operation, _ids(operation), route, base)
            mark = "&" if "?" in made.target else "?"
            found.append(Request(made.method, f"{made.target}{mark}nope=1", made.headers, made.body))
    return found


# 1. Work before authentication.


@pytest.mark.parametrize("name", KNOWN)
def test_without_credentials_nothing_happens(home: Home, name: str) -> None:
    async def endless() -> Any:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"x" * 1024, "more_body": True}

    before, engines = home.running.state(), len(home.running.calls)
    for made in forms(OPERATIONS[name], _ids(OPERATIONS[name])):
        for more in ([], [("X-API-Key", "unknown"), ("Content-Length", "1000000000000")]):
            answer = home.running.ask(made.method, made.target, [*made.headers, *more], endless)
            assert (answer.status, answer.received) == (401, 0), made.target
            assert answer.told["code"] in {"CredentialsMissing", "CredentialsUnknown"}
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert home.running.state() == before
    assert home.running.calls[engines:] == []


def test_a_body_that_is_read_is_noticed(home: Home) -> None:
    made = request_for(OPERATIONS["knowledge.search"], {"query": "ferry"}, 1)
    before = len(home.running.calls)
    answer = home.ask(made, ADMIN_KEY)
    assert (answer.status, answer.received > 0) == (200, True)
    assert home.running.calls[before:] != []
    state = home.running.state()
    home.world.call("knowledge.create_collection", name="noticed")
    assert home.running.state() != state


# 2. A second credential carrier.

_OTHER = "another-key-that-nobody-has"
CARRIERS: list[tuple[str, list[tuple[str, str]], str, int]] = [
    ("bearer", [bearer(ADMIN_KEY)], "", 422),
    ("bearer, spelt otherwise", [("Authorization", f"bEARER   {ADMIN_KEY} ")], "", 422),
    ("x-api-key", [("X-API-Key", ADMIN_KEY)], "", 422),
    ("both, the same", [bearer(ADMIN_KEY), ("X-API-Key", ADMIN_KEY)], "", 422),
    ("both, the second unknown", [bearer(ADMIN_KEY), ("X-API-Key", _OTHER)], "", 401),
    ("both, the first unknown", [bearer(_OTHER), ("X-API-Key", ADMIN_KEY)], "", 401),
    ("bearer twice", [bearer(ADMIN_KEY), bearer(ADMIN_KEY)], "", 401),
    ("x-api-key twice", [("X-API-Key", ADMIN_KEY), ("X-API-Key", _OTHER)], "", 401),
    ("empty beside a good one", [bearer(ADMIN_KEY), ("X-API-Key", "")], "", 401),
    ("basic", [("Authorization", "Basic YWRtaW46YWRtaW4=")], "", 401),
    ("bare", [("Authorization", ADMIN_KEY)], "", 401),
    ("cookie", [("Cookie", f"api_key={ADMIN_KEY}; X-API-Key={ADMIN_KEY}; token={ADMIN_KEY}")], "", 401),
    (
        "another header",
        [("X-Auth-Token", ADMIN_KEY), ("Api-Key", ADMIN_KEY), ("X_API_KEY", ADMIN_KEY)],
        "",
        401,
    ),
    (
        "proxy's header",
        [("Proxy-Authorization", f"Bearer {ADMIN_KEY}"), ("X-Forwarded-User", "admin")],
        "",
        401,
    ),
    *[
        (f"query {name}", [], f"{name}={ADMIN_KEY}", 401)
        for name in ("api_key", "key", "access_token", "token", "x-api-key", "authorization")
    ],
]


@pytest.mark.parametrize("name", KNOWN)
def test_every_carrier_has_the_same_verdict_everywhere(home: Home, name: str) -> None:
    for made in _harmless(OPERATIONS[name]):
        for label, headers, query, status in CARRIERS:
            target = f"{made.target}&{query}" if query else made.target
            answer = home.running.ask(made.method, target, [*made.headers, *headers], made.body)
            assert answer.status == status, (label, made.target, answer.body)
            assert ADMIN_KEY.encode() not in answer.body


@pytest.mark.parametrize(("label", "headers", "query", "status"), CARRIERS)
def test_the_mcp_door_judges_alike(
    home: Home, label: str, headers: list[tuple[str, str]], query: str, status: int
) -> None:
    made = tool_call(OPERATIONS["jobs.get_job"], {"job_id": "no id!"})
    answer = home.running.ask("POST", f"/mcp?{query}", [*made.headers, *headers], made.body)
    assert answer.status == (401 if status == 401 else 200), label
    if answer.status == 200:
        assert answer.told["result"]["structuredContent"]["code"] == "RequestInvalid"


# 3. A foreign id inside a body.

_SWAPS = {COLLECTION: "handbooq", DOC: "keyz", "private": "privatf", "other": "othes", ROLE: "crex"}
FOREIGN: dict[str, Callable[[World], dict[str, Any]]] = {
    "gateway.get_tenant_usage": lambda world: {"tenant_id": world.tenant_id},
    "gateway.get_tenant_quotas": lambda world: {"tenant_id": world.tenant_id},
    "gateway.set_tenant_tier": lambda world: {"tenant_id": world.tenant_id, "tier": "default"},
    "gateway.get_key_quotas": lambda world: {"key_id": world.key_id},
    "gateway.replace_key_quotas": lambda world: {"key_id": world.key_id, "requests_per_day": 1},
    "gateway.replace_tenant_quotas": lambda world: {"tenant_id": world.tenant_id, "documents": 1},
    "authorization.approve_authorization": lambda world: {
        "client_id": world.client_id,
        "redirect_uri": "https://app.example.com/back",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    },
    "authorization.revoke_authorization": lambda world: SAMPLES["authorization.revoke_authorization"].good(
        world, "foreign"
    ),
    "authorization.get_client": lambda world: {"client_id": world.client_id},
    "authorization.update_client": lambda world: {"client_id": world.client_id, "name": "mine"},
    "authorization.rotate_client": lambda world: {"client_id": world.client_id},
    "authorization.delete_client": lambda world: {"client_id": world.client_id},
    "federation.get_connection": lambda world: {"connection_id": world.connection_id},
    "federation.update_connection": lambda world: {"connection_id": world.connection_id, "name": "mine"},
    "federation.delete_connection": lambda world: {"connection_id": world.connection_id},
    "federation.approve_domains": lambda world: {
        "tenant_id": world.tenant_id,
        "connection_id": world.connection_id,
        "domains": ["ferry.example"],
    },
    "identity.revoke_key": lambda world: {"key_id": world.key_id},
    "identity.get_key": lambda world: {"key_id": world.key_id},
    "identity.update_key": lambda world: {"key_id": world.key_id, "name": "mine"},
    "identity.rotate_key": lambda world: {"key_id": world.key_id},
    "identity.list_keys": lambda world: {"after": world.key_id},
    "identity.get_role": lambda world: {"name": world.role},
    "identity.create_role": lambda world: {"name": world.role, "permissions": ["jobs:read"]},
    "identity.create_key": lambda world: {"name": "mine", "role": world.role},
    "identity.replace_role": lambda world: {"name": world.role, "permissions": ["jobs:read"]},
    "identity.delete_role": lambda world: {"name": world.role},
    "identity.get_tenant": lambda world: {"tenant_id": world.tenant_id},
    "identity.update_tenant": lambda world: {"tenant_id": world.tenant_id, "suspended": True},
    "identity.create_tenant_key": lambda world: {"tenant_id": world.tenant_id, "name": "mine"},
    "people.get_user": lambda world: {"user_id": world.user_id},
    "people.update_user": lambda world: {"user_id": world.user_id, "role": "admin"},
    "people.deactivate_user": lambda world: {"user_id": world.user_id},
    "people.list_users": lambda world: {"after": world.user_id},
    "people.invite_again": lambda world: {"user_id": world.user_id},
    "people.remove_user_factors": lambda world: {"user_id": world.user_id, "tenant_id": world.tenant_id},
    "people.end_user_sessions": lambda world: {"user_id": world.user_id},
    "people.rename_passkey": lambda world: {**passkey_of(world), "name": "mine"},
    "people.remove_passkey": passkey_of,
    "people.end_session": lambda world: {"session_id": world.joined()["session_id"]},
    "people.create_user": lambda _: {"email": "ferry@example.com", "name": "Mine"},
    "jobs.get_job": lambda world: {"job_id": world.job_id},
    "jobs.retry_job": lambda world: {"job_id": world.job_id},
    "jobs.cancel_job": lambda world: {"job_id": world.job_id},
    "knowledge.get_collection": lambda _: {"name": COLLECTION},
    "knowledge.delete_collection": lambda _: {"name": COLLECTION},
    "knowledge.get_document": lambda _: {"doc_id": DOC, "version": 1},
    "knowledge.delete_document": lambda _: {"doc_id": "other"},
    "knowledge.delete_faq": lambda world: {"faq_id": world.faq_id},
    "knowledge.list_documents": lambda _: {"after": "a"},
    "knowledge.add_documents": lambda _: {
        "collection": COLLECTION,
        "documents": [
            {"doc_id": DOC, "text": "Mine."},
            {"doc_id": "private", "text": "Mine.", "groups": ["board"]},
        ],
        "wait": True,
    },
    "knowledge.search": lambda _: {"query": "Ferry payroll", "filters": {"doc_id": [DOC, "private"]}},
    "knowledge.rebuild": lambda _: {},
    "knowledge.query": lambda _: {"query": "Ferry", "collections": [COLLECTION]},
    "knowledge.give_feedback": lambda _: {"query": "Ferry", "doc_id": DOC, "helpful": True},
    "knowledge.evaluate": lambda _: {"questions": [{"question": "Ferry?", "doc_ids": [DOC, "private"]}]},
}
"""Values that name things of another tenant; operations that are not here use their sample's."""


def _foreign(home: Home, name: str) -> dict[str, Any]:
    given = FOREIGN.get(name)
    return given(home.world) if given is not None else SAMPLES[name].good(home.world, "foreign")


def _swapped(value: Any) -> Any:
    """Replace what exists by what does not, in the same shape."""
    if isinstance(value, dict):
        return {name: _swapped(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_swapped(each) for each in value]
    if isinstance(value, str):
        made = re.fullmatch(r"([a-z]+_)[0-9a-z]{26}", value)
        return made[1] + "0" * 26 if made else _SWAPS.get(value, value)
    return value


def _plain(answer: Answer) -> tuple[int, str]:
    """Take out of an answer what may differ: ids, names that were sent, times, secrets, hashes."""
    text = re.sub(r"\b(?:[a-z]+_[0-9a-z]{26}|(?:mk|mcs)_[\w-]+)(?![\w-])", "<id>", answer.body.decode())
    text = re.sub(r"\b[0-9a-f]{64}\b", "<hash>", text)
    text = re.sub(r'(\\?")(\w+_ms|start|key|client_secret)\\?":(\\?"[^"]*"|\d+)', r"\1\2\1:0", text)
    for real, fake in _SWAPS.items():
        text = text.replace(f'"{real}"', "<name>").replace(f'"{fake}"', "<name>")
        text = text.replace(f'\\"{real}\\"', "<name>").replace(f'\\"{fake}\\"', "<name>")
    return answer.status, text


@pytest.mark.parametrize("name", KNOWN)
def test_another_tenants_ids_are_as_if_they_did_not_exist(home: Home, name: str) -> None:
    operation = OPERATIONS[name]
    real = _foreign(home, name)
    home.running.calm()
    before = home.running.state(home.world.tenant_id)
    attackers = {which: home.attacker(f"{name} {which}") for which in ("real", "fake")}
    names_something = real != _swapped(real)
    for number in range(len(forms(operation, real)) if names_something else 1):
        answers = []
        for which, values in (("real", real), ("fake", _swapped(real))):
            answer = home.ask(forms(operation, values)[number], attackers[which])
            assert answer.status < 500, answer.body
            assert b"Ferry keys" not in answer.body
            assert b"payroll." not in answer.body
            answers.append(_plain(answer))
        assert answers[0] == answers[1]
    home.running.calm()
    after = home.running.state(home.world.tenant_id)
    shared = {"tenants", "people", "codes"}  # persons, who may be invited by several, and their codes
    changed = {table for table in before if before[table] != after[table]} - shared
    assert changed == set(), changed


_TAKEN = {
    "knowledge.add_document",
    "knowledge.add_documents",
    "knowledge.upload_document",
    "knowledge.add_url",
}
"""Who stores a document under an id that is taken is told so, and nothing else; it is not stored."""


@pytest.mark.parametrize(
    "name", sorted(name for name in DEVELOPER if "doc_id" in str(OPERATIONS[name].model.model_json_schema()))
)
@pytest.mark.parametrize("role", ["developer", "user"])
def test_documents_of_other_groups_are_as_if_they_did_not_exist(home: Home, name: str, role: str) -> None:
    operation = OPERATIONS[name]
    if name not in MAY[role]:
        assert role == "user"
        return
    real = json.loads(json.dumps(_foreign(home, name), default=str).replace(f'"{DOC}"', '"private"'))
    if operation.upload is not None:
        real["file"] = b"Mine."
    if "doc_id" in real:
        real["doc_id"] = "private"
    if "doc_ids" in real:
        real["doc_ids"] = ["private"]
    fake = (
        {**real, "doc_id": "privatf"}
        if "doc_id" in real
        else json.loads(json.dumps(real).replace("private", "privatf"))
    )
    home.running.calm()
    before = home.running.state(home.world.tenant_id)
    answers = [home.ask(request_for(operation, values), home.keys[role]) for values in (real, fake)]
    if name in _TAKEN:
        assert b"DocumentIdTaken" in answers[0].body
        assert home.world.call("knowledge.get_document", doc_id="private")["version"] == 1
        home.world.call("knowledge.delete_document", doc_id="privatf")
        home.running.calm()
        return
    assert _plain(answers[0]) == _plain(answers[1])
    assert b"payroll." not in answers[0].body
    assert home.running.state(home.world.tenant_id)["documents"] == before["documents"]


@pytest.mark.parametrize("name", KNOWN)
def test_each_role_may_what_the_table_says(home: Home, name: str) -> None:
    for role, key in home.keys.items():
        for made in _harmless(OPERATIONS[name]):
            answer = home.ask(made, key)
            expected = (422, "RequestInvalid") if name in MAY[role] else (403, "PermissionMissing")
            assert (answer.status, answer.told["code"]) == expected, (role, made.target)
        if OPERATIONS[name].kind != "stream":
            told = home.ask(tool_call(OPERATIONS[name], {"nope": 1}), key).told["result"]["structuredContent"]
            assert told["code"] == ("RequestInvalid" if name in MAY[role] else "PermissionMissing")


def test_only_the_operator_makes_tenants(home: Home) -> None:
    key = home.attacker("operator")
    own = ("privacy.", "people.")  # of whoever asks: his tenant alone
    of_tenants = [name for name in NAMES if "tenant" in name and not name.startswith(own)]
    for name in {*of_tenants, *OPERATORS}:
        answer = home.ask(request_for(OPERATIONS[name], _foreign(home, name)), key)
        assert (answer.status, answer.told["code"]) == (403, "OperatorNeeded")
