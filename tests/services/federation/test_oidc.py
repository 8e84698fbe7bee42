"""Signing in by an OpenID Connect provider, and what an attacker would try (RFC 9700, Core 3.1.3.7)."""

import base64
import hmac
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jws

from mainstay.kernel.gathering import ROWS_EACH
from mainstay.kernel.guard import NOBODYS
from mainstay.kit.errors import Failure
from mainstay.ports.database import SYSTEM
from mainstay.ports.id_tokens import IdTokenKeyUnknown, IdTokenRefused
from mainstay.services.federation.failures import (
    AttemptEnded,
    ConnectionMissing,
    NobodyMapped,
    ProviderUnusable,
    SignInRefused,
)
from mainstay.services.federation.providers import ASK_AGAIN_S, FETCHES_PER_MINUTE
from oidc_provider import CLIENT, ISSUER, in_base64, key_named
from services.federation.conftest import PUBLIC, Site


async def signed_in(site: Site, connection_id: str, **changes: Any) -> Any:
    started = await site.ask("start_sign_in", connection_id=connection_id)
    answer = site.oidc.authorize(started.url)
    values = {"connection_id": connection_id, "attempt": started.attempt, **answer, **changes}
    return await site.ask(
        "finish_oidc", **{name: value for name, value in values.items() if value is not None}
    )


async def test_somebody_signs_in(site: Site) -> None:
    made = await site.connect_oidc()
    assert made.redirect_uri == f"{PUBLIC}/sso/{made.connection_id}/callback"
    arrival = await signed_in(site, made.connection_id)
    assert (arrival.subject, arrival.email, arrival.name) == ("user-4711", "ada@harbour.example", "Ada")
    assert (arrival.role, arrival.groups) == ("admin", ["board", "staff"])
    assert (arrival.session, arrival.email_proven, arrival.return_to) == (None, False, "/")


async def test_the_request_has_what_it_needs_and_is_another_each_time(site: Site) -> None:
    made = await site.connect_oidc()
    asked = []
    for _ in range(2):
        started = await site.ask("start_sign_in", connection_id=made.connection_id)
        fields = parse_qs(urlsplit(started.url).query)
        assert fields["redirect_uri"] == [made.redirect_uri]
        assert fields["client_id"] == [CLIENT]
        asked.append([fields[name][0] for name in ("state", "nonce", "code_challenge")])
    assert all(len(each) >= 43 for fields in asked for each in fields)
    assert not set(asked[0]) & set(asked[1])
    assert len({each for fields in asked for each in fields}) == 6


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ({"iss": "https://evil.example"}, "another provider"),
        ({"iss": None}, "another provider"),
        ({"iss": f"{ISSUER}/"}, "another provider"),
        ({"aud": "another client"}, "for somebody else"),
        ({"aud": None}, "for somebody else"),
        ({"aud": ["other"]}, "for somebody else"),
        ({"aud": [CLIENT, "other"]}, "given to somebody else"),
        ({"aud": [CLIENT, "other"], "azp": "other"}, "given to somebody else"),
        ({"azp": "other"}, "given to somebody else"),
        ({"exp": None}, "exp is no time"),
        ({"exp": "tomorrow"}, "exp is no time"),
        ({"exp": True}, "exp is no time"),
        ({"exp": 1_790_000_000 - 60}, "has expired"),
        ({"iat": None}, "iat is no time"),
        ({"iat": 1_790_000_000 + 61}, "not made now"),
        ({"iat": 1_790_000_000 - 661}, "not made now"),
        ({"nbf": 1_790_000_000 + 61}, "not valid yet"),
        ({"nonce": None}, "another sign-in"),
        ({"nonce": "of somebody else"}, "another sign-in"),
        ({"nonce": 5}, "another sign-in"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "another access token"),
        ({"sub": None}, "names nobody"),
        ({"sub": ""}, "names nobody"),
        ({"sub": 7}, "names nobody"),
        ({"sub": "x" * 256}, "names nobody"),
    ],
)
async def test_a_token_that_says_something_else_is_refused(
    site: Site, says: dict[str, Any], told: str
) -> None:
    made = await site.connect_oidc()
    site.oidc.says = says
    with pytest.raises(IdTokenRefused, match=told):
        await signed_in(site, made.connection_id)


@pytest.mark.parametrize(
    "says",
    [
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "other"], "azp": CLIENT},
        {"azp": CLIENT, "at_hash": None},
        {"exp": 1_790_000_000 - 59},
        {"iat": 1_790_000_000 + 60, "nbf": 1_790_000_000 + 60},
    ],
)
async def test_a_token_at_the_edge_is_accepted(site: Site, says: dict[str, Any]) -> None:
    made = await site.connect_oidc()
    site.oidc.says = says
    assert (await signed_in(site, made.connection_id)).subject == "user-4711"


def _unsigned(site: Site, nonce: str) -> str:
    parts = [{"alg": "none"}, site.oidc.claims(nonce)]
    return ".".join(in_base64(json.dumps(part).encode()) for part in parts) + "."


def _with_the_public_key(site: Site, nonce: str) -> str:
    parts = [{"alg": "HS256", "kid": "first"}, site.oidc.claims(nonce)]
    signed = ".".join(in_base64(json.dumps(part).encode()) for part in parts)
    secret = key_named("first").as_pem(private=False)
    return f"{signed}.{in_base64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _with_its_own_key(site: Site, nonce: str) -> str:
    own = key_named("evil")
    header = {"alg": "RS256", "kid": "first", "jwk": own.as_dict(private=False)}
    return jws.serialize_compact(header, json.dumps(site.oidc.claims(nonce)), own, ["RS256"])


def _changed(site: Site, nonce: str) -> str:
    header, _, signature = site.oidc.token(nonce).split(".")
    claims = {**site.oidc.claims(nonce), "sub": "root"}
    return f"{header}.{in_base64(json.dumps(claims).encode())}.{signature}"


def _of_another_type(site: Site, nonce: str) -> str:
    header = {"alg": "RS256", "kid": "first", "typ": "at+jwt"}
    return jws.serialize_compact(header, json.dumps(site.oidc.claims(nonce)), key_named("first"), ["RS256"])


def _twice_the_subject(site: Site, nonce: str) -> str:
    text = json.dumps(site.oidc.claims(nonce))[:-1] + ',"sub":"root"}'
    return jws.serialize_compact({"alg": "RS256", "kid": "first"}, text, key_named("first"), ["RS256"])


def _critical(site: Site, nonce: str) -> str:
    token = site.oidc.token(nonce)
    header = in_base64(json.dumps({"alg": "RS256", "kid": "first", "crit": ["x"], "x": 1}).encode())
    return ".".join([header, *token.split(".")[1:]])


FORGED = {
    "unsigned": _unsigned,
    "with the public key as a secret": _with_the_public_key,
    "with a key that it brings along": _with_its_own_key,
    "changed": _changed,
    "of another type": _of_another_type,
    "twice the subject": _twice_the_subject,
    "with a critical extension": _critical,
    "no token": lambda *_: "x.y",
    "no base 64": lambda *_: "ä.ö.ü",
    "five parts": lambda *_: "a.b.c.d.e",
    "too long": lambda *_: "a" * 40_000 + ".b.c",
    "no object": lambda *_: f"{in_base64(b'[]')}.b.c",
}


@pytest.mark.parametrize("name", list(FORGED))
async def test_a_forged_token_is_refused(site: Site, name: str) -> None:
    made = await site.connect_oidc()
    started = await site.ask("start_sign_in", connection_id=made.connection_id)
    answer = site.oidc.authorize(started.url)
    nonce = site.oidc.codes[answer["code"]]["nonce"]
    site.oidc.id_token = FORGED[name](site, nonce)
    with pytest.raises(IdTokenRefused):
        await site.ask("finish_oidc", connection_id=made.connection_id, attempt=started.attempt, **answer)


async def test_a_new_key_is_looked_for_at_a_bounded_rate(site: Site) -> None:
    made = await site.connect_oidc()
    await signed_in(site, made.connection_id)
    site.oidc.key, site.oidc.published = "second", ["first", "second"]
    assert (await signed_in(site, made.connection_id)).subject == "user-4711"
    site.oidc.key = "never published"
    site.oidc.asked.clear()
    for _ in range(5):
        with pytest.raises(IdTokenKeyUnknown):
            await signed_in(site, made.connection_id)
    assert site.oidc.asked.count(f"{ISSUER}/keys") == 0  # asked within this minute already
    site.clock.move(ASK_AGAIN_S + 1)
    site.oidc.now_ms = site.clock.now_ms()
    for _ in range(5):
        with pytest.raises(IdTokenKeyUnknown):
            await signed_in(site, made.connection_id)
    assert site.oidc.asked.count(f"{ISSUER}/keys") == 1


async def test_a_withdrawn_key_is_not_accepted_for_ever(site: Site) -> None:
    made = await site.connect_oidc()
    await signed_in(site, made.connection_id)
    site.oidc.published = ["second"]
    site.clock.move(3601)
    site.oidc.now_ms = site.clock.now_ms()
    with pytest.raises(IdTokenKeyUnknown):
        await signed_in(site, made.connection_id)


# What the browser brings.


async def test_an_answer_works_once_and_in_the_browser_that_began(site: Site) -> None:
    made = await site.connect_oidc()
    started = await site.ask("start_sign_in", connection_id=made.connection_id)
    answer = site.oidc.authorize(started.url)
    other = await site.ask("start_sign_in", connection_id=made.connection_id)
    with pytest.raises(AttemptEnded):
        await site.ask("finish_oidc", connection_id=made.connection_id, attempt=other.attempt, **answer)
    assert site.oidc.codes  # the code was not given to the provider
    values = {"connection_id": made.connection_id, "attempt": started.attempt}
    await site.ask("finish_oidc", **values, **answer)
    again = {**answer, "code": "another"}
    site.oidc.codes["another"] = parse_first(started.url)
    with pytest.raises(AttemptEnded, match="presented before"):
        await site.ask("finish_oidc", **values, **again)


def parse_first(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def test_an_attempt_ends_by_itself(site: Site) -> None:
    made = await site.connect_oidc()
    started = await site.ask("start_sign_in", connection_id=made.connection_id)
    answer = site.oidc.authorize(started.url)
    site.clock.move(600)
    with pytest.raises(AttemptEnded):
        await site.ask("finish_oidc", connection_id=made.connection_id, attempt=started.attempt, **answer)


@pytest.mark.parametrize("place", [0, 20, 60, -1])
async def test_a_changed_attempt_is_refused(site: Site, place: int) -> None:
    made = await site.connect_oidc()
    started = await site.ask("start_sign_in", connection_id=made.connection_id)
    sealed = bytearray(base64.urlsafe_b64decode(started.attempt + "=" * (-len(started.attempt) % 4)))
    sealed[place] ^= 1
    with pytest.raises(AttemptEnded):
        await signed_in(site, made.connection_id, attempt=in_base64(bytes(sealed)))


async def test_an_attempt_belongs_to_its_connection(site: Site) -> None:
    made = await site.connect_oidc()
    other = await site.connect_oidc(name="Other")
    started = await site.ask("start_sign_in", connection_id=made.connection_id)
    answer = site.oidc.authorize(started.url)
    with pytest.raises(AttemptEnded):
        await site.ask("finish_oidc", connection_id=other.connection_id, attempt=started.attempt, **answer)


@pytest.mark.parametrize("iss", ["https://evil.example", f"{ISSUER}/", "", None])
async def test_another_providers_answer_is_not_mixed_up(site: Site, iss: str | None) -> None:
    made = await site.connect_oidc()
    with pytest.raises(SignInRefused, match="another identity provider's"):
        await signed_in(site, made.connection_id, iss=iss)
    assert len(site.oidc.codes) == 1  # the code went nowhere


async def test_answers_that_are_refused_are_counted_and_cost_the_tenant_nothing(site: Site) -> None:
    made = await site.connect_oidc()
    for _ in range(3 * ROWS_EACH):
        with pytest.raises(SignInRefused):
            await signed_in(site, made.connection_id, iss="https://evil.example")
    await site.house.counting.go()
    await site.house.audit.flush()
    found = {}
    for table in ("usage", "audit"):
        of = "WHERE operation = 'federation.finish_oidc'" + (" AND span = 'day'" if table == "usage" else "")
        rows = await site.house.engines.database.fetch(SYSTEM, f"SELECT tenant_id FROM {table} {of}")
        found[table] = [row["tenant_id"] for row in rows]
    assert found == {"usage": [NOBODYS], "audit": [site.tenant_id] * ROWS_EACH}


async def test_a_provider_that_does_not_name_itself_is_believed(site: Site) -> None:
    site.oidc.documents = {"authorization_response_iss_parameter_supported": False}
    made = await site.connect_oidc()
    assert (await signed_in(site, made.connection_id, iss=None)).subject == "user-4711"


# What the provider publishes.


@pytest.mark.parametrize(
    "documents",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://login.example/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": 5},
        {"jwks_uri": None},
    ],
)
async def test_a_discovery_document_that_lies_is_refused(site: Site, documents: dict[str, Any]) -> None:
    site.oidc.documents = documents
    with pytest.raises(ProviderUnusable):
        await site.connect_oidc()
    assert await site.admin.call("federation.list_connections") == []


async def test_a_provider_that_is_down_is_told_and_asked_rarely(site: Site) -> None:
    made = await site.connect_oidc()
    await signed_in(site, made.connection_id)
    site.oidc.failing = True
    assert (await signed_in(site, made.connection_id)).subject == "user-4711"
    site.clock.move(3601)
    site.oidc.asked.clear()
    for _ in range(FETCHES_PER_MINUTE):
        with pytest.raises(ProviderUnusable, match="did not come"):
            await site.ask("start_sign_in", connection_id=made.connection_id)
    with pytest.raises(ProviderUnusable, match="Wait a minute"):
        await site.ask("start_sign_in", connection_id=made.connection_id)
    assert len(site.oidc.asked) == FETCHES_PER_MINUTE


async def test_a_secret_can_travel_in_the_body_where_the_provider_wants_it_so(site: Site) -> None:
    site.oidc.documents = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    made = await site.connect_oidc()
    assert (await signed_in(site, made.connection_id)).subject == "user-4711"


async def test_a_wrong_secret_is_told_without_the_secret(site: Site) -> None:
    made = await site.connect_oidc(client_secret="not the right one")
    with pytest.raises(ProviderUnusable, match="check the connection's client id and secret") as told:
        await signed_in(site, made.connection_id)
    assert "not the right one" not in str(told.value)


# What the mapping gives.


async def test_who_has_no_role_has_no_access(site: Site) -> None:
    made = await site.connect_oidc()
    site.oidc.says = {"groups": ["guests"]}
    with pytest.raises(NobodyMapped):
        await signed_in(site, made.connection_id)


async def test_an_email_address_that_the_provider_does_not_vouch_for_is_none(site: Site) -> None:
    made = await site.connect_oidc()
    for said, email in (
        (False, ""),
        ("false", ""),
        (True, "ada@harbour.example"),
        (None, "ada@harbour.example"),
    ):
        site.oidc.says = {"email_verified": said}
        assert (await signed_in(site, made.connection_id)).email == email


@pytest.mark.parametrize("state", ["disabled", "deleted"])
async def test_a_connection_that_is_not_open_is_as_if_it_did_not_exist(site: Site, state: str) -> None:
    made = await site.connect_oidc()
    started = await site.ask("start_sign_in", connection_id=made.connection_id)
    answer = site.oidc.authorize(started.url)
    if state == "deleted":
        await site.admin.call("federation.delete_connection", connection_id=made.connection_id)
    else:
        await site.admin.call("federation.update_connection", connection_id=made.connection_id, state=state)
    told: list[Failure] = []
    for connection_id in (made.connection_id, "sso_unknown"):
        with pytest.raises(ConnectionMissing) as failed:
            await site.ask("finish_oidc", connection_id=connection_id, attempt=started.attempt, **answer)
        told.append(failed.value)
        with pytest.raises(ConnectionMissing):
            await site.ask("start_sign_in", connection_id=connection_id)
    assert told[0].detail == told[1].detail
