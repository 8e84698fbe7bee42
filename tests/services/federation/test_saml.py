"""Signing in by a SAML identity provider, and what an attacker would try."""

import base64
import zlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from mainstay.ports.assertions import AnswerUnreadable, AssertionEncrypted, SignatureRefused
from mainstay.services.federation.failures import AttemptEnded, ConnectionMissing, SignInRefused
from saml_provider import (
    EMAIL_FORMAT,
    PERSISTENT,
    SAML,
    SAMLP,
    SIGN_IN,
    WRAPPINGS,
    SamlProvider,
    moment,
    rsa_key,
)
from services.federation.conftest import PUBLIC, Site

NOW_MS = 1_790_000_000_000


async def begun(site: Site, connection_id: str) -> Any:
    """Begin; the provider learns the request's id, as it would from the browser."""
    started = await site.ask("start_sign_in", connection_id=connection_id)
    site.saml.request_id = request_of(started.url).get("ID", "")
    return started


def request_of(url: str) -> etree._Element:
    packed = base64.b64decode(parse_qs(urlsplit(url).query)["SAMLRequest"][0])
    return etree.fromstring(zlib.decompress(packed, wbits=-15))


async def finished(site: Site, connection_id: str, attempt: str, document: bytes) -> Any:
    text = base64.b64encode(document).decode()
    return await site.ask("finish_saml", connection_id=connection_id, attempt=attempt, saml_response=text)


async def signed_in(site: Site, made: Any, **said: str) -> Any:
    started = await begun(site, made.connection_id)
    return await finished(site, made.connection_id, started.attempt, site.saml.answer(**said))


async def test_somebody_signs_in(site: Site) -> None:
    made = await site.connect_saml()
    arrival = await signed_in(site, made)
    assert (arrival.subject, arrival.email) == ("ada@harbour.example", "ada@harbour.example")
    assert (arrival.role, arrival.groups, arrival.session) == ("admin", ["board", "staff"], None)


async def test_the_request_says_who_asks_and_where_to_answer(site: Site) -> None:
    made = await site.connect_saml()
    started = await begun(site, made.connection_id)
    assert started.url.startswith(f"{SIGN_IN}?SAMLRequest=")
    request = request_of(started.url)
    assert request.tag == f"{SAMLP}AuthnRequest"
    assert request.get("Destination") == SIGN_IN
    assert request.get("AssertionConsumerServiceURL") == f"{PUBLIC}/sso/{made.connection_id}/acs"
    assert request.findtext(f"{SAML}Issuer") == made.entity_id
    assert request.get("IssueInstant") == moment(NOW_MS)[:-5] + "Z"


async def test_the_metadata_says_the_same(site: Site) -> None:
    made = await site.connect_saml()
    told = await site.ask("get_metadata", connection_id=made.connection_id)
    root = etree.fromstring(told.xml)
    assert root.get("entityID") == made.entity_id
    assert root.find(".//{*}AssertionConsumerService").get("Location") == made.acs_url  # type: ignore[union-attr]
    oidc = await site.connect_oidc()
    with pytest.raises(ConnectionMissing):
        await site.ask("get_metadata", connection_id=oidc.connection_id)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"}, "says no \\(Responder\\)"),
        ({"status": ""}, "says no \\(no reason given\\)"),
        ({"destination": "https://other.example/acs"}, "sent to another address"),
        ({"recipient": "https://other.example/acs"}, "not confirmed"),
        ({"recipient": ""}, "not confirmed"),
        ({"audience": "https://other.example"}, "for another service"),
        ({"audience": ""}, "for another service"),
        ({"in_response_to": "s-another"}, "not to the request"),
        ({"in_response_to": ""}, "not to the request"),
        ({"confirmed_for": "s-another"}, "not confirmed"),
        ({"confirmed_for": ""}, "not confirmed"),
        ({"issuer": "https://evil.example"}, "another identity provider"),
        ({"until": moment(NOW_MS, -60)}, "not valid now"),
        ({"begins": moment(NOW_MS, 60.001)}, "not valid now"),
        ({"name": ""}, "names nobody"),
        ({"name": "x" * 256}, "names nobody"),
        (
            {"assertion_id": "_x", "name_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"},
            "each time",
        ),
    ],
)
async def test_an_answer_that_says_something_else_is_refused(
    site: Site, said: dict[str, str], told: str
) -> None:
    made = await site.connect_saml()
    with pytest.raises(SignInRefused, match=told):
        await signed_in(site, made, **said)


@pytest.mark.parametrize(
    "said",
    [
        {"until": moment(NOW_MS, -59.999)},
        {"begins": moment(NOW_MS, 60)},
        {"destination": ""},
        {"name": "a5f3", "name_format": PERSISTENT},
    ],
)
async def test_an_answer_at_the_edge_is_accepted(site: Site, said: dict[str, str]) -> None:
    made = await site.connect_saml()
    assert (await signed_in(site, made, **said)).email == "ada@harbour.example"


async def test_the_name_is_the_address_only_where_the_provider_says_so(site: Site) -> None:
    made = await site.connect_saml(mapping={"default_role": "user", "email_claim": "mail"})
    assert (await signed_in(site, made, name_format=EMAIL_FORMAT)).email == "ada@harbour.example"
    later = {"assertion_id": "_2", "name_format": PERSISTENT}
    assert (await signed_in(site, made, **later)).email == ""


async def test_an_answer_works_once(site: Site) -> None:
    made = await site.connect_saml()
    started = await begun(site, made.connection_id)
    document = site.saml.answer()
    await finished(site, made.connection_id, started.attempt, document)
    with pytest.raises(AttemptEnded, match="presented before"):
        await finished(site, made.connection_id, started.attempt, document)


async def test_an_assertion_works_once_even_for_another_request(site: Site) -> None:
    made = await site.connect_saml()
    await signed_in(site, made)
    with pytest.raises(AttemptEnded, match="presented before"):  # the same ID, for a request of its own
        await signed_in(site, made)
    assert (await signed_in(site, made, assertion_id="_another")).role == "admin"


async def test_what_was_presented_is_forgotten_when_it_has_expired(site: Site) -> None:
    made = await site.connect_saml()
    await signed_in(site, made)
    site.clock.move(3600)
    site.saml.now_ms = site.clock.now_ms()
    await signed_in(site, made, assertion_id="_another")
    rows = await site.house.engines.database.fetch(site.tenant_id, "SELECT name FROM sso_used")
    assert len(rows) == 2


async def test_another_browsers_answer_is_refused(site: Site) -> None:
    made = await site.connect_saml()
    await begun(site, made.connection_id)
    document = site.saml.answer()
    other = await site.ask("start_sign_in", connection_id=made.connection_id)
    with pytest.raises(SignInRefused, match="not to the request"):
        await finished(site, made.connection_id, other.attempt, document)


async def test_nobody_comes_unasked(site: Site) -> None:
    made = await site.connect_saml()
    with pytest.raises(AttemptEnded):
        await finished(site, made.connection_id, "A" * 100, site.saml.answer())


@pytest.mark.parametrize("name", list(WRAPPINGS))
async def test_a_wrapped_assertion_signs_nobody_in(site: Site, name: str) -> None:
    made = await site.connect_saml()
    started = await begun(site, made.connection_id)
    with pytest.raises((AnswerUnreadable, SignatureRefused)):
        await finished(
            site, made.connection_id, started.attempt, WRAPPINGS[name](site.saml.answer(), "_evil")
        )


async def test_another_tenants_provider_vouches_for_nobody_here(site: Site) -> None:
    made = await site.connect_saml()
    evil = SamlProvider(site.clock.now_ms(), key=rsa_key("evil"))
    evil.acs_url, evil.audience = made.acs_url, made.entity_id
    started = await begun(site, made.connection_id)
    evil.request_id = site.saml.request_id
    with pytest.raises(SignatureRefused):
        await finished(site, made.connection_id, started.attempt, evil.answer())


async def test_an_encrypted_assertion_is_told_apart(site: Site) -> None:
    made = await site.connect_saml()
    started = await begun(site, made.connection_id)
    document = site.saml.written().replace(b"<saml:Assertion", b"<saml:EncryptedAssertion/><saml:Assertion")
    with pytest.raises(AssertionEncrypted, match="Turn the encryption"):
        await finished(site, made.connection_id, started.attempt, document)


@pytest.mark.parametrize("text", ["====", "QUJD", "A"])
async def test_what_is_no_response_is_refused(site: Site, text: str) -> None:
    made = await site.connect_saml()
    started = await begun(site, made.connection_id)
    with pytest.raises((AnswerUnreadable, SignInRefused)):
        await site.ask(
            "finish_saml", connection_id=made.connection_id, attempt=started.attempt, saml_response=text
        )


async def test_an_answer_of_the_other_kind_finds_no_connection(site: Site) -> None:
    oidc, saml = await site.connect_oidc(), await site.connect_saml()
    started = await begun(site, saml.connection_id)
    with pytest.raises(ConnectionMissing):
        await finished(site, oidc.connection_id, started.attempt, site.saml.answer())
    values = {"attempt": started.attempt, "code": "c", "state": site.saml.request_id}
    with pytest.raises(ConnectionMissing):
        await site.ask("finish_oidc", connection_id=saml.connection_id, **values)


async def test_new_keys_are_taken_from_new_metadata(site: Site) -> None:
    made = await site.connect_saml()
    site.saml.key = rsa_key("next")
    site.saml.__post_init__()
    with pytest.raises(SignatureRefused, match="updates the connection"):
        await signed_in(site, made)
    await site.admin.call(
        "federation.update_connection", connection_id=made.connection_id, metadata=site.saml.metadata()
    )
    assert (await signed_in(site, made)).role == "admin"
