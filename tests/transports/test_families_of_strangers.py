"""What strangers may ask for, by which they become known: held to what the others get from credentials."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from mainstay.kernel.guard import STRANGER
from makers import ADMIN_KEY
from transports.permitted import STRANGERS
from transports.real_house import Answer, bearer, request_for, running
from transports.samples import OPERATIONS
from transports.worlds import PHRASE, World, furnished

BASES = ("/v1", "/api/v1")
UNKNOWN_CODE = "msc_" + "0" * 49
BOARDED = "boarded@example.com"
NOBODYS = "nobody@example.com"
BACK = "https://app.example.com/back"
_PROOF = {"client_id": "client_one", "client_secret": UNKNOWN_CODE}
TOLD = {"authorization.get_keys"}
"""What is public: everybody is told the same."""
NO_CONNECTION = {"connection_id": "sso_00000000000000000000000000"}
NEITHER = {"connection_id": "nothing_like_this"}
NO_WIDGET, NO_SUCH_WIDGET = {"widget_id": "widget_00000000000000000000000000"}, {"widget_id": "nothing"}
UNKNOWN_VISIT = "msv_" + "0" * 49
NO_ATTEMPT = {"attempt": "A" * 200}
GUESSES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "people.sign_in": (
        {"email": BOARDED, "password": "a guess of mine"},
        {"email": NOBODYS, "password": "a guess of mine"},
    ),
    "people.finish_sign_in": (
        {"pending_token": UNKNOWN_CODE, "code": "123456"},
        {"pending_token": "x", "code": "123456"},
    ),
    "people.ask_for_passkey": ({"pending_token": UNKNOWN_CODE}, {"pending_token": "x"}),
    "people.sign_in_with_passkey": (
        {"pending_token": UNKNOWN_CODE, "credential": {"rawId": "AAAA"}},
        {"pending_token": "x", "credential": {}},
    ),
    "people.request_password_reset": ({"email": BOARDED}, {"email": NOBODYS}),
    "people.accept_invitation": (
        {"code": UNKNOWN_CODE, "password": PHRASE},
        {"code": "x", "password": PHRASE},
    ),
    "people.look_at_code": (
        {"code": UNKNOWN_CODE, "purpose": "invitation"},
        {"code": "x", "purpose": "invitation"},
    ),
    "people.reset_password": (
        {"code": UNKNOWN_CODE, "password": PHRASE},
        {"code": "x", "password": PHRASE},
    ),
    "people.confirm_email": ({"code": UNKNOWN_CODE}, {"code": "x"}),
    "authorization.check_authorization": (
        {"client_id": "client_one", "redirect_uri": BACK},
        {"client_id": "client_two", "redirect_uri": BACK},
    ),
    "authorization.register_client": (
        {"redirect_uris": ["http://one.example.com/"]},
        {"redirect_uris": ["http://two.example.com/"]},
    ),
    "authorization.get_keys": ({}, {}),
    "authorization.grant_token": (_PROOF, {**_PROOF, "client_id": "client_two"}),
    "authorization.redeem_code": (
        {"client_id": "client_one", "code": UNKNOWN_CODE, "code_verifier": "v" * 43},
        {"client_id": "client_two", "code": "x", "code_verifier": "v" * 43},
    ),
    "authorization.refresh_token": ({"refresh_token": UNKNOWN_CODE}, {"refresh_token": "x"}),
    "authorization.revoke_token": ({**_PROOF, "token": "x"}, {**_PROOF, "token": "eyJ.x.y"}),
    "authorization.introspect_token": ({**_PROOF, "token": "x"}, {**_PROOF, "token": "eyJ.x.y"}),
    "authorization.end_session": ({"id_token_hint": "x"}, {"id_token_hint": "eyJ.x.y"}),
    "federation.find_connection": ({"email": BOARDED}, {"email": NOBODYS}),
    "federation.start_sign_in": (NO_CONNECTION, NEITHER),
    "federation.get_metadata": (NO_CONNECTION, NEITHER),
    "federation.finish_oidc": (
        {**NO_CONNECTION, **NO_ATTEMPT, "code": "x", "state": "x"},
        {**NEITHER, **NO_ATTEMPT, "code": "x", "state": "x"},
    ),
    "federation.finish_saml": (
        {**NO_CONNECTION, **NO_ATTEMPT, "saml_response": "QUJD"},
        {**NEITHER, **NO_ATTEMPT, "saml_response": "QUJD"},
    ),
    "widgets.look_at_widget": (NO_WIDGET, NO_SUCH_WIDGET),
    "widgets.visit_widget": ({**NO_WIDGET, "token": UNKNOWN_VISIT}, {**NO_SUCH_WIDGET, "token": "x"}),
}
"""What somebody tries who knows an address and no secret: about somebody, and about nobody."""
MAILED = {"people.request_password_reset": {"codes"}}
"""Where something is written when somebody has the address: later, after the answer."""


OF_A_THING = {
    *(f"federation.{name}" for name in ("start_sign_in", "get_metadata", "finish_oidc", "finish_saml")),
    *("widgets.look_at_widget", "widgets.visit_widget"),
}


def expected(name: str) -> set[int]:
    """Give the statuses with which a guess may be answered."""
    if name in OF_A_THING:
        return {404}
    return {200} if name in TOLD | {"federation.find_connection"} else {202, 401, 422}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("strangers") / "data") as opened:
        made = furnished(opened, ADMIN_KEY, opened.call("identity.whoami")["tenant_id"])
        made.joined(BOARDED)
        opened.calm()
        yield made


def ask(
    world: World, name: str, values: dict[str, Any], *headers: tuple[str, str], base: str = "/v1"
) -> Answer:
    made = request_for(OPERATIONS[name], values, base=base)
    return world.running.ask(made.method, made.target, [*made.headers, *headers], made.body)


def plain(answer: Answer) -> tuple[int, str]:
    """Take the request's id out of an answer."""
    return answer.status, re.sub(r"req_\w+", "<id>", answer.body.decode())


def test_strangers_may_what_the_table_says() -> None:
    assert {name for name, operation in OPERATIONS.items() if operation.may == STRANGER} == STRANGERS
    assert set(GUESSES) == STRANGERS


@pytest.mark.parametrize("name", sorted(STRANGERS))
@pytest.mark.parametrize("base", BASES)
def test_credentials_are_not_looked_at(world: World, name: str, base: str) -> None:
    before = world.running.state()
    answers = {
        plain(ask(world, name, {"nope": 1}, *headers, base=base))
        for headers in ([], [bearer(ADMIN_KEY)], [bearer("unknown" * 6)], [("Cookie", f"token={ADMIN_KEY}")])
    }
    assert [status for status, _ in answers] == [422]
    assert world.running.state() == before


@pytest.mark.parametrize("name", sorted(STRANGERS))
def test_whoever_has_no_secret_changes_nothing_and_learns_nothing(world: World, name: str) -> None:
    world.running.calm()
    before = world.running.state(world.tenant_id)
    somebody, nobody = (plain(ask(world, name, values)) for values in GUESSES[name])
    assert somebody == nobody
    assert somebody[0] in expected(name)
    after = world.running.state(world.tenant_id)
    assert {table for table in before if before[table] != after[table]} <= MAILED.get(name, set())
    world.running.calm()


@pytest.mark.parametrize("name", sorted(STRANGERS))
def test_requests_are_counted_by_address(world: World, name: str) -> None:
    answer = ask(world, name, {"nope": 1})
    assert re.fullmatch(r'"minute";q=\d+;w=60', answer.headers["ratelimit-policy"])
    assert "idempotency-replayed" not in answer.headers


@pytest.mark.parametrize("name", sorted(STRANGERS))
def test_there_is_no_tool_for_strangers(world: World, name: str) -> None:
    made = request_for(OPERATIONS[name], GUESSES[name][1])
    got = world.running.ask("GET", made.target).status
    assert got in (expected(name) if made.method == "GET" else {401, 405})
    message = (
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "%s", "arguments": {}}}'
        % name.replace(".", "_").encode()
    )
    headers = [("Accept", "application/json, text/event-stream"), ("Content-Type", "application/json")]
    answer = world.running.ask("POST", "/mcp", [*headers, bearer(ADMIN_KEY)], message)
    assert "no such tool" in answer.told["error"]["message"]
