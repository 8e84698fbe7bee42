"""Connections: who may make them, what they may give, and whose word about addresses is taken."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.guard import PermissionMissing
from mainstay.kernel.operating import OperatorNeeded
from mainstay.ports.assertions import MetadataUnreadable
from mainstay.ports.database import SYSTEM
from mainstay.services.federation.failures import (
    ConnectionIncomplete,
    ConnectionMissing,
    ConnectionsTooMany,
    DomainTaken,
    MappingMayTooMuch,
    ProviderChanged,
    ProviderUnusable,
)
from mainstay.services.identity.failures import RoleInUse
from mainstay.services.identity.roles import PERMISSIONS
from makers import Client, FrozenClock, client, opened_house, tenant_client
from oidc_provider import CLIENT, ISSUER, SECRET, OidcProvider
from saml_provider import ENTITY
from services.federation.conftest import PUBLIC, Site, site_of


@pytest.fixture
async def site(tmp_path: Path, where: dict[str, str], clock: FrozenClock) -> AsyncIterator[Site]:
    """Give a house on each database."""
    given: dict[str, Any] = {"clock": clock, "fetcher": OidcProvider(clock.now_ms()), "public_url": PUBLIC}
    async with opened_house(tmp_path / "data", **given, **where) as house:
        yield await site_of(house, clock, given["fetcher"])


def restrained(site: Site, *permissions: str) -> Any:
    """Make a key that may some things only, and is in one group."""

    async def make() -> Client:
        made = await site.admin.call(
            "identity.create_key", name="some", scopes=list(permissions), groups=["staff"]
        )
        return client(site.house, made.key)

    return make()


async def test_a_connection_is_made_read_changed_and_deleted(site: Site) -> None:
    made = await site.connect_saml()
    assert (made.kind, made.state, made.issuer, len(made.certificates)) == ("saml", "test", ENTITY, 1)
    assert made.acs_url == f"{PUBLIC}/sso/{made.connection_id}/acs"
    call = site.admin.call
    assert await call("federation.get_connection", connection_id=made.connection_id) == made
    changed = await call(
        "federation.update_connection",
        connection_id=made.connection_id,
        name="Port",
        state="active",
        create_members=True,
        mapping={"default_role": "user"},
    )
    assert (changed.name, changed.state, changed.create_members) == ("Port", "active", True)
    assert await call("federation.list_connections") == [changed]
    assert await call("federation.update_connection", connection_id=made.connection_id) == changed
    assert await call("federation.delete_connection", connection_id=made.connection_id) == changed
    assert await call("federation.list_connections") == []
    with pytest.raises(ConnectionMissing):
        await call("federation.get_connection", connection_id=made.connection_id)


async def test_metadata_is_fetched_where_it_is(site: Site) -> None:
    with pytest.raises(MetadataUnreadable):
        await site.connect_saml(metadata=None, metadata_url=f"{ISSUER}/keys")
    with pytest.raises(ProviderUnusable):
        await site.connect_saml(metadata=None, metadata_url=f"{ISSUER}/nothing")
    site.oidc.documents = {"metadata": site.saml.metadata()}
    made = await site.connect_saml(metadata=None, metadata_url=f"{ISSUER}/metadata")
    assert made.issuer == ENTITY


async def test_a_secret_is_sealed_and_never_shown(site: Site) -> None:
    made = await site.connect_oidc()
    assert SECRET not in made.model_dump_json()
    rows = await site.house.engines.database.fetch(SYSTEM, "SELECT client_secret FROM sso_connections")
    assert SECRET.encode() not in bytes(rows[0]["client_secret"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "oidc"},
        {"kind": "oidc", "issuer": ISSUER},
        {"kind": "oidc", "client_id": CLIENT},
        {"kind": "oidc", "issuer": ISSUER, "client_id": CLIENT, "metadata": "<a/>"},
        {"kind": "saml"},
        {"kind": "saml", "metadata": "<a/>", "metadata_url": "https://directory.example/metadata"},
        {"kind": "saml", "metadata": "<a/>", "client_secret": "x"},
        {"kind": "saml", "metadata": "<a/>", "issuer": ISSUER},
    ],
)
async def test_fields_that_do_not_go_together_are_refused(site: Site, values: dict[str, str]) -> None:
    with pytest.raises(ConnectionIncomplete):
        await site.admin.call("federation.create_connection", name="x", **values)
    assert site.oidc.asked == []


@pytest.mark.parametrize(
    "issuer",
    ["http://login.example", "ftp://login.example", "https://a b", "https://login.example?x", "login"],
)
async def test_an_issuer_is_an_https_address(site: Site, issuer: str) -> None:
    with pytest.raises(RequestInvalid):
        await site.connect_oidc(issuer=issuer)


async def test_connections_are_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mainstay.services.federation.connections.CONNECTIONS_MAX", 2)
    for _ in range(2):
        await site.connect_saml()
    with pytest.raises(ConnectionsTooMany, match="at most 2"):
        await site.connect_saml()


async def test_another_provider_needs_another_connection(site: Site) -> None:
    made = await site.connect_saml()
    other = site.saml.metadata().replace(ENTITY, "https://evil.example/saml")
    with pytest.raises(ProviderChanged):
        await site.admin.call(
            "federation.update_connection", connection_id=made.connection_id, metadata=other
        )
    with pytest.raises(ConnectionIncomplete):
        await site.admin.call(
            "federation.update_connection", connection_id=made.connection_id, client_secret="x"
        )


@pytest.mark.parametrize(
    "mapping",
    [
        {"default_role": "admin"},
        {"rules": [{"claim": "a", "value": "b", "role": "developer"}]},
        {"rules": [{"claim": "a", "value": "b", "groups": ["board"]}]},
    ],
)
async def test_a_mapping_gives_at_most_what_its_writer_may(site: Site, mapping: dict[str, Any]) -> None:
    some = await restrained(site, "sso:write", "sso:read", "roles:read", *PERMISSIONS["user"])
    wish = {"name": "x", "kind": "saml", "metadata": site.saml.metadata()}
    with pytest.raises(MappingMayTooMuch):
        await some.call("federation.create_connection", **wish, mapping=mapping)
    within = {"default_role": "user", "rules": [{"claim": "a", "value": "b", "groups": ["staff"]}]}
    made = await some.call("federation.create_connection", **wish, mapping=within)
    with pytest.raises(MappingMayTooMuch):
        await some.call("federation.update_connection", connection_id=made.connection_id, mapping=mapping)
    powerful = await site.connect_saml()
    for change in ({"create_members": True}, {"state": "active"}, {"metadata": site.saml.metadata()}):
        with pytest.raises(MappingMayTooMuch):
            await some.call("federation.update_connection", connection_id=powerful.connection_id, **change)
    with pytest.raises(PermissionMissing):
        await (await restrained(site, "sso:read")).call("federation.create_connection", **wish)


async def test_only_the_operator_says_whose_word_about_addresses_is_taken(site: Site) -> None:
    made = await site.connect_saml(state="active")
    values = {"tenant_id": site.tenant_id, "connection_id": made.connection_id}
    assert await site.ask("find_connection", email="ada@harbour.example") == []
    approved = await site.admin.call("federation.approve_domains", **values, domains=["harbour.example"])
    assert approved.domains == ["harbour.example"]
    found = await site.ask("find_connection", email="Nobody.Known@HARBOUR.example")
    assert [(each.connection_id, each.name) for each in found] == [(made.connection_id, made.name)]
    for address in ("ada@sub.harbour.example", "harbour.example@evil.example"):
        assert await site.ask("find_connection", email=address) == []
    await site.admin.call("federation.update_connection", connection_id=made.connection_id, state="test")
    assert await site.ask("find_connection", email="ada@harbour.example") == []
    gone = await site.admin.call("federation.approve_domains", **values, domains=[])
    assert gone.domains == []


async def test_a_domain_belongs_to_one_connection_of_all_tenants(site: Site) -> None:
    other = await tenant_client(site.house, "Other")
    tenant_id = (await other.call("identity.whoami")).tenant_id
    wish = {"name": "x", "kind": "saml", "metadata": site.saml.metadata()}
    theirs = await other.call("federation.create_connection", **wish)
    values = {"tenant_id": tenant_id, "connection_id": theirs.connection_id, "domains": ["harbour.example"]}
    with pytest.raises(OperatorNeeded):
        await other.call("federation.approve_domains", **values)
    await site.admin.call("federation.approve_domains", **values)
    assert (await other.call("federation.get_connection", connection_id=theirs.connection_id)).domains == [
        "harbour.example"
    ]
    own = await site.connect_saml()
    mine = {"tenant_id": site.tenant_id, "connection_id": own.connection_id}
    with pytest.raises(DomainTaken):
        await site.admin.call("federation.approve_domains", **mine, domains=["a.example", "harbour.example"])
    with pytest.raises(ConnectionMissing):
        await site.admin.call("federation.approve_domains", **{**values, "tenant_id": site.tenant_id})
    await other.call("federation.delete_connection", connection_id=theirs.connection_id)
    await site.admin.call("federation.approve_domains", **mine, domains=["harbour.example"])


async def test_another_tenants_connection_is_as_if_it_did_not_exist(site: Site) -> None:
    made = await site.connect_saml()
    other = await tenant_client(site.house, "Other")
    for name in ("get_connection", "update_connection", "delete_connection"):
        with pytest.raises(ConnectionMissing):
            await other.call(f"federation.{name}", connection_id=made.connection_id)
    assert await other.call("federation.list_connections") == []


async def test_a_role_that_a_connection_gives_is_not_deleted(site: Site) -> None:
    rule = {"claim": "groups", "value": "staff", "role": "crew"}
    for mapping in ({"default_role": "crew", "rules": []}, {"rules": [rule]}):
        await site.admin.call("identity.create_role", name="crew", permissions=["jobs:read"])
        made = await site.connect_saml(mapping=mapping)
        with pytest.raises(RoleInUse, match=r"single sign-on connections \(1\)"):
            await site.admin.call("identity.delete_role", name="crew")
        await site.admin.call(
            "federation.update_connection", connection_id=made.connection_id, mapping={"rules": []}
        )
        await site.admin.call("identity.delete_role", name="crew")
