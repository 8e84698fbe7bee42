"""Who is let in by an identity provider, as whom, and whom it can never speak for."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mainstay.kernel.admission import NotAdmitted
from mainstay.kernel.guard import CredentialsUnknown, TenantSuspended
from mainstay.ports.database import SYSTEM
from mainstay.services.federation.failures import AttemptEnded, NobodyMapped
from mainstay.services.people.failures import SessionMissing
from makers import Client, FrozenClock, Mailbox, client, opened_house, tenant_client
from oidc_provider import CLIENT, ISSUER, SECRET, OidcProvider
from services.federation.conftest import MAPPING, PUBLIC, Site, site_of
from services.people.joining import joined


@pytest.fixture
async def site(tmp_path: Path, where: dict[str, str], clock: FrozenClock) -> AsyncIterator[Site]:
    """Give a house on each database, with an active connection whose word about one domain is taken."""
    given: dict[str, Any] = {"clock": clock, "fetcher": OidcProvider(clock.now_ms()), "mailer": Mailbox()}
    async with opened_house(tmp_path / "data", public_url=PUBLIC, **given, **where) as house:
        yield await site_of(house, clock, given["fetcher"])


async def connected(site: Site, as_admin: Client | None = None, **values: Any) -> str:
    """Connect the provider for a tenant, with the domain harbour.example."""
    admin = as_admin or site.admin
    wish = {
        "name": "Directory",
        "kind": "oidc",
        "issuer": ISSUER,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    given = {"mapping": MAPPING, "state": "active", "create_members": True, **values}
    made = await admin.call("federation.create_connection", **wish, **given)
    tenant_id = (await admin.call("identity.whoami")).tenant_id
    await site.admin.call(
        "federation.approve_domains",
        tenant_id=tenant_id,
        connection_id=made.connection_id,
        domains=["harbour.example"],
    )
    return str(made.connection_id)


async def comes(site: Site, connection_id: str, **says: Any) -> Any:
    site.oidc.says, site.oidc.now_ms = says, site.clock.now_ms()
    started = await site.ask("start_sign_in", connection_id=connection_id)
    answer = site.oidc.authorize(started.url)
    return await site.ask("finish_oidc", connection_id=connection_id, attempt=started.attempt, **answer)


async def users(admin: Client) -> list[tuple[str, str, str, list[str], str]]:
    found = await admin.call("people.list_users")
    return [(each.email, each.name, each.role, each.groups, each.state) for each in found]


async def test_somebody_joins_and_comes_again_as_the_same_user(site: Site) -> None:
    connection_id = await connected(site)
    first = await comes(site, connection_id)
    ada = client(site.house, first.session.secret)
    me = await ada.call("identity.whoami")
    assert (me.tenant_id, me.subject, me.roles) == (site.tenant_id, first.session.user_id, ["admin"])
    assert me.groups == ["board", "staff"]
    assert await users(site.admin) == [("ada@harbour.example", "Ada", "admin", ["board", "staff"], "active")]
    again = await comes(site, connection_id, groups=["staff"], email="ada.married@harbour.example")
    assert again.session.user_id == first.session.user_id
    me = await client(site.house, again.session.secret).call("identity.whoami")
    assert (me.roles, me.groups) == (["developer"], ["staff"])
    assert (await ada.call("identity.whoami")).roles == ["developer"]  # an older session gets no more
    assert await users(site.admin) == [("ada@harbour.example", "Ada", "developer", ["staff"], "active")]


async def test_no_key_of_a_provider_is_taken_from_the_shared_cache(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection_id = await connected(site)

    async def planted(*_: object) -> bytes:
        raise AssertionError

    for name in ("get", "set"):
        monkeypatch.setattr(type(site.house.engines.cache), name, planted)
    assert (await comes(site, connection_id)).session is not None


async def test_what_is_noted_of_who_came_does_not_tell_his_name(site: Site) -> None:
    await comes(site, await connected(site), sub="ada@harbour.example")
    rows = await site.house.engines.database.fetch(SYSTEM, "SELECT * FROM sso_links")
    assert len(rows) == 1
    assert "harbour" not in str(dict(rows[0]))


async def test_an_invited_user_accepts_by_coming(site: Site) -> None:
    connection_id = await connected(site, create_members=False)
    with pytest.raises(NotAdmitted, match="invite you"):
        await comes(site, connection_id)
    made = await site.admin.call("people.create_user", email="Ada@harbour.example", name="Ada L.")
    arrival = await comes(site, connection_id)
    assert arrival.session.user_id == made.id
    assert await users(site.admin) == [
        ("ada@harbour.example", "Ada L.", "admin", ["board", "staff"], "active")
    ]


async def test_a_deactivated_user_stays_out(site: Site) -> None:
    connection_id = await connected(site)
    arrival = await comes(site, connection_id)
    await site.admin.call("people.deactivate_user", user_id=arrival.session.user_id)
    with pytest.raises(CredentialsUnknown):
        await client(site.house, arrival.session.secret).call("identity.whoami")
    for says in ({}, {"sub": "another"}):  # nor as a new subject with the same address
        with pytest.raises(NotAdmitted, match="deactivated"):
            await comes(site, connection_id, **says)


@pytest.mark.parametrize(
    "says",
    [
        {"email": "ada@elsewhere.example"},
        {"email": "ada@sub.harbour.example"},
        {"email": "ada@harbour.example@elsewhere.example"},
        {"email": "ada@elsewhere.example@harbour.example"},
        {"email": "ada@elsewhere.example,x@harbour.example"},
        {"email": "ada\nBcc: x@harbour.example"},
        {"email": None},
        {"email": ""},
        {"email_verified": False},
    ],
)
async def test_an_address_that_is_not_vouched_for_makes_nobody_known(
    site: Site, says: dict[str, Any]
) -> None:
    connection_id = await connected(site)
    for email in ("ada@elsewhere.example", "ada@harbour.example"):
        await site.admin.call("people.create_user", email=email, name="Ada")
    before = await users(site.admin)
    with pytest.raises(NotAdmitted, match="vouches for"):
        await comes(site, connection_id, **says)
    assert await users(site.admin) == before


async def test_an_answer_that_was_refused_is_used_up(site: Site) -> None:
    connection_id = await connected(site, create_members=False)
    for groups, refused in (([], NobodyMapped), (["board"], NotAdmitted)):
        site.oidc.says = {"groups": groups}
        started = await site.ask("start_sign_in", connection_id=connection_id)
        answer = site.oidc.authorize(started.url)
        values = {"connection_id": connection_id, "attempt": started.attempt, **answer}
        asked = dict(site.oidc.codes)
        with pytest.raises(refused):
            await site.ask("finish_oidc", **values)
        site.oidc.codes.update(asked)
        with pytest.raises(AttemptEnded, match="presented before"):
            await site.ask("finish_oidc", **values)


async def test_a_person_of_another_tenant_is_never_taken_over(site: Site) -> None:
    other = await tenant_client(site.house, "Other")
    mails = site.house.engines.mailer
    assert isinstance(mails, Mailbox)
    _, hers = await joined(site.house, other, mails, "ada@harbour.example")
    connection_id = await connected(site)
    with pytest.raises(NotAdmitted, match="a member elsewhere"):
        await comes(site, connection_id)
    await site.admin.call("people.create_user", email="ada@harbour.example", name="Ours?")
    with pytest.raises(NotAdmitted, match="a member elsewhere"):
        await comes(site, connection_id)
    assert [each.tenant_id for each in await hers.call("people.list_sessions")] == [
        (await other.call("identity.whoami")).tenant_id
    ]
    assert (await users(other))[0][4] == "active"


async def test_who_comes_by_a_provider_reaches_nothing_of_the_person_in_other_tenants(site: Site) -> None:
    other = await tenant_client(site.house, "Other")
    mails = site.house.engines.mailer
    assert isinstance(mails, Mailbox)
    connection_id = await connected(site)
    await comes(site, connection_id)
    user, hers = await joined(site.house, other, mails, "ada@harbour.example")
    (elsewhere,) = [
        each for each in await hers.call("people.list_sessions") if each.tenant_id != site.tenant_id
    ]
    vouched = client(site.house, (await comes(site, connection_id)).session.secret)
    assert {each.tenant_id for each in await vouched.call("people.list_sessions")} == {site.tenant_id}
    assert [each.tenant_id for each in await vouched.call("people.list_memberships")] == [site.tenant_id]
    with pytest.raises(SessionMissing):
        await vouched.call("people.end_session", session_id=elsewhere.session_id)
    assert (await vouched.call("people.end_other_sessions")).ended == 1
    assert (await hers.call("identity.whoami")).subject == user.id
    assert len(await hers.call("people.list_memberships")) == 2
    assert len(await hers.call("people.list_sessions")) == 2


async def test_one_tenants_connection_lets_nobody_into_another(site: Site) -> None:
    other = await tenant_client(site.house, "Other")
    connection_id = await connected(site, other)
    arrival = await comes(site, connection_id)
    me = await client(site.house, arrival.session.secret).call("identity.whoami")
    assert (me.tenant_id, me.operator) == ((await other.call("identity.whoami")).tenant_id, False)
    assert await users(site.admin) == []


async def test_a_new_connection_does_not_know_who_came_by_the_old_one(site: Site) -> None:
    first = await connected(site)
    arrival = await comes(site, first)
    await site.admin.call("federation.delete_connection", connection_id=first)
    second = (await site.connect_oidc(state="active", create_members=True)).connection_id
    with pytest.raises(NotAdmitted, match="vouches for"):
        await comes(site, second)  # its word about addresses is not taken yet
    assert (await client(site.house, arrival.session.secret).call("identity.whoami")).roles == ["admin"]


async def test_a_role_that_there_is_not_lets_nobody_in(site: Site) -> None:
    connection_id = await connected(site, mapping={"default_role": "crew"})
    with pytest.raises(NotAdmitted, match="no role crew"):
        await comes(site, connection_id)


async def test_nobody_comes_into_a_suspended_tenant(site: Site) -> None:
    other = await tenant_client(site.house, "Other")
    tenant_id = (await other.call("identity.whoami")).tenant_id
    connection_id = await connected(site, other)
    await site.admin.call("identity.update_tenant", tenant_id=tenant_id, suspended=True)
    with pytest.raises(TenantSuspended):
        await comes(site, connection_id)
    await site.admin.call("identity.update_tenant", tenant_id=tenant_id, suspended=False)
    assert await users(other) == []
