"""The five shapes of incident that recur in this field, tried on every operation and every door."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from mainstay.kernel.guard import STRANGER
from mainstay.kernel.interface import Operation
from makers import ADMIN_KEY
from transports.permitted import DEVELOPER, KEYS, KNOWN, MAY, NAMES, OPERATORS, STRANGERS
from transports.real_house import Answer, Request, Running, bearer, request_for, running, tool_call
from transports.samples import COLLECTION, DOC, OPERATIONS, ROLE, SAMPLES, World, furnished

BASES = ("/v1", "/api/v1")


@dataclass
class Home:
    """A house with a furnished tenant, and keys of each role in it that belong to no group."""

    running: Running
    world: World
    keys: Mapping[str, str]

    def attacker(self, mark: str) -> str:
        """Make another tenant; give its administrator's key."""
        call = self.running.call
        tenant = call("identity.create_tenant", name=f"stranger {mark}")
        made = call("identity.create_tenant_key", tenant_id=tenant["tenant_id"], name="admin", role="admin")
        return str(made["key"])

    def ask(self, request: Request, key: str = "", *more: tuple[str, str]) -> Answer:
        """Ask with a key."""
        given = [bearer(key)] if key else []
        return self.running.ask(
            request.method, request.target, [*request.headers, *given, *more], request.body
        )

    def engines(self) -> list[str]:
        """Give the calls of engines but the database, which the house itself reads at all times."""
        return [each for each in self.running.calls if not each.startswith("database.")]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with running(tmp_path_factory.mktemp("families") / "data") as opened:
        world = furnished(opened, ADMIN_KEY, opened.call("identity.whoami")["tenant_id"])
        keys = {role: world.call("identity.create_key", name=role, role=role)["key"] for role in KEYS}
        opened.calm()
        yield Home(opened, world, keys)


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

    before, engines = home.running.state(), len(home.engines())
    for made in forms(OPERATIONS[name], _ids(OPERATIONS[name])):
        for more in ([], [("X-API-Key", "unknown"), ("Content-Length", "1000000000000")]):
            answer = home.running.ask(made.method, made.target, [*made.headers, *more], endless)
            assert (answer.status, answer.received) == (401, 0), made.target
            assert answer.told["code"] in {"CredentialsMissing", "CredentialsUnknown"}
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert home.running.state() == before
    assert home.engines()[engines:] == []


def test_a_body_that_is_read_is_noticed(home: Home) -> None:
    made = request_for(OPERATIONS["knowledge.search"], {"query": "ferry"}, 1)
    before = len(home.engines())
    answer = home.ask(made, ADMIN_KEY)
    assert (answer.status, answer.received > 0) == (200, True)
    assert home.engines()[before:] != []
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
    shared = {"tenants", "codes"}  # codes are persons', who may be invited by several
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
    for name in (name for name in NAMES if "tenant" in name or name in OPERATORS):
        answer = home.ask(request_for(OPERATIONS[name], _foreign(home, name)), key)
        assert (answer.status, answer.told["code"]) == (403, "OperatorNeeded")


# 4. An open route.

PUBLIC = {
    "/": "names the version and these pages",
    "/healthz": "says that the process lives, and nothing else",
    "/readyz": "names each part and its state for whoever sends traffic here",
    "/openapi.json": "the document of the interfaces; it is the same for every installation",
    "/docs": "the same document for people",
    "/problems/{name}": "what each problem means",
}
FOR_CLIENTS = {
    "/.well-known/oauth-authorization-server": "describes how tokens are asked for",
    "/.well-known/openid-configuration": "the same",
    "/.well-known/jwks.json": "public keys",
    "/.well-known/oauth-protected-resource": "says where tokens are made",
    "/.well-known/oauth-protected-resource/mcp": "the same",
    "/.well-known/oauth-protected-resource/v1": "the same",
}
PROVEN = {
    f"{base}/auth/{name}": "a client says who it is in its form"
    for base in BASES
    for name in ("token", "refresh", "revoke", "introspect", "register")
}
BROWSED = {
    f"{base}/auth/{name}": "a browser is shown a page, or sent back to a client that is known"
    for base in BASES
    for name in ("authorize", "logout")
}
ADMITTED = {"/mcp": "its caller is recognised before anything is read"}
PAGES = {
    "/account/sign-in": "takes an address and a password",
    "/account/accept": "takes the code of an invitation",
    "/account/forgotten": "takes an address",
    "/account/reset": "takes the code of a reset",
    "/account/confirm": "takes the code of a new address",
    "/account/sessions": "sends strangers to sign in",
    "/account/password": "sends strangers to sign in",
    "/account/sign-out": "ends the session of the cookie",
}
"""For browsers, and alone in reading cookies; what they send is refused without the token of a form."""
SIGN_ON = {
    "/account/single-sign-on": "takes an address, of which the domain is looked at",
    "/sso/{connection_id}/start": "sends a browser to an identity provider",
    "/sso/{connection_id}/callback": "takes a provider's code, in the browser that began",
    "/sso/{connection_id}/acs": "takes what a provider has signed, in the browser that began",
    "/sso/{connection_id}/metadata": "says what an identity provider has to know of this server",
}


def test_every_route_is_known_and_guarded(home: Home) -> None:
    found = {
        (route.path, method) for route in home.running.app.router.routes for method in route.methods or {"*"}
    }
    operations = {
        (base + route.path, method)
        for base in BASES
        for operation in OPERATIONS.values()
        for route in operation.routes
        for method in (route.method, "OPTIONS", *(["HEAD"] if route.method == "GET" else []))
    }
    assert operations <= found
    rest = {path for path, method in found - operations}
    assert rest == {*PUBLIC, *FOR_CLIENTS, *PROVEN, *BROWSED, *PAGES, *SIGN_ON, *ADMITTED}
    for path in PUBLIC:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert home.running.ask(method, path.replace("{name}", "route-missing")).status == 405
    for path in PAGES:
        form = [("Content-Type", "application/x-www-form-urlencoded"), bearer(ADMIN_KEY)]
        assert home.running.ask("POST", path, form, b"email=a%40b.c&password=x").status == 403
    for path, method in sorted(found - operations):
        if path in ADMITTED:
            assert home.running.ask(method if method != "*" else "POST", path).status == 401
    open_to_all = {
        (base + OPERATIONS[name].route.path, method)
        for base in BASES
        for name in STRANGERS
        for method in {OPERATIONS[name].route.method, OPERATIONS[name].route.method.replace("GET", "HEAD")}
    }
    for path, method in sorted(operations):
        answer = home.running.ask(method, re.sub(r"{\w+}", "some_id", path))
        expected = {200, 404, 422} if (path, method) in open_to_all else {401}  # no credentials, no body
        assert answer.status in ({204} if method == "OPTIONS" else expected), (method, path)


def test_what_needs_no_key_answers_only_what_it_is_for(home: Home) -> None:
    for path in FOR_CLIENTS:
        assert home.running.ask("GET", path).status == 200
        assert home.running.ask("POST", path).status == 405
    for path in PROVEN:
        assert home.running.ask("GET", path).status == 405
        assert home.running.ask("POST", path, [("Content-Type", "text/plain")], b"x").status == 415
    for path in BROWSED:
        assert home.running.ask("GET", path).status == 400
        assert home.running.ask("POST", path, [("Content-Type", "text/plain")], b"x").status == 415


@pytest.mark.parametrize("path", SIGN_ON)
def test_the_pages_of_single_sign_on_know_nobody(home: Home, path: str) -> None:
    method = "POST" if path.endswith("/acs") else "GET"
    answer = home.running.ask(method, path.replace("{connection_id}", "some_id"), [bearer(ADMIN_KEY)])
    assert answer.status in ({200} if path.startswith("/account/") else {404, 415, 422})


def test_there_is_nothing_beside_the_routes(home: Home) -> None:
    for path in (
        "/metrics",
        "/admin",
        "/debug",
        "/v1",
        "/v1/",
        "/v2/me",
        "/api/me",
        "/.env",
        "/.git/config",
        "/docs/",
        "/static/",
        "/v1/../me",
    ):
        assert home.running.ask("GET", path, [bearer(ADMIN_KEY)]).status == 404, path
