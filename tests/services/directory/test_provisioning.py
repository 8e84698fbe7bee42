"""Users that an identity provider keeps: made, changed, ended; nobody is taken over or betrayed."""

from collections.abc import Mapping
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.admission import Vouched
from mainstay.kernel.caller import house as caller_of_house
from mainstay.kernel.guard import CredentialsUnknown, PermissionMissing
from mainstay.kernel.work import Work, entered
from mainstay.ports.database import SYSTEM
from mainstay.services.directory.failures import (
    AddressNeeded,
    RolesBeyondYours,
    UserNameTaken,
    VersionStale,
)
from mainstay.services.people.admission import MemberAdmission
from mainstay.services.people.failures import LastAdministrator, RoleUnknown, UserExists, UserMissing
from makers import Client, Mailbox, client, tenant_client
from services.people.joining import PHRASE, calm, from_address, joined

ADA: dict[str, Any] = {
    "user_name": "ada@example.com",
    "external_id": "00u1",
    "name": {"given_name": "Ada", "family_name": "Lovelace"},
    "emails": [{"value": "ada@example.com", "primary": True}],
    "work": {"department": "Engines"},
}


async def rows(house: House, sql: str) -> list[Mapping[str, Any]]:
    return list(await house.engines.database.fetch(SYSTEM, sql))


async def approve(house: House, tenant: Client, domain: str) -> None:
    """Let a domain be as if the operator had approved it for an active connection of a tenant."""
    tenant_id = (await tenant.call("identity.whoami")).tenant_id
    connection = {
        **dict.fromkeys(("name", "issuer", "client_id", "sign_in_url", "created_by"), "x"),
        "connection_id": f"sso_{tenant_id}",
        "kind": "oidc",
        "state": "active",
        "certificates": "[]",
        "mapping": "{}",
        "create_members": 0,
        "created_ms": 1,
        "tenant_id": tenant_id,
    }
    async with house.engines.database.unit(SYSTEM) as unit:
        await unit.insert("sso_connections", [connection])
        domains = {"tenant_id": tenant_id, "domain": domain, "connection_id": f"sso_{tenant_id}"}
        await unit.insert("sso_domains", [domains])


async def test_a_user_is_invited_found_and_joins(
    house: House, admin: Client, provider: Client, mails: Mailbox
) -> None:
    made = await provider.call("directory.provision_user", profile=ADA)
    assert (made.active, made.role, made.groups, made.provisioned) == (True, "user", [], True)
    assert made.profile.work.department == "Engines"
    user = await admin.call("people.get_user", user_id=made.user_id)
    assert (user.name, user.email, user.state) == ("Ada Lovelace", "ada@example.com", "invited")
    for sought in ({"user_name": "ADA@example.com"}, {"external_id": "00u1"}):
        page = await provider.call("directory.list_provisioned_users", **sought)
        assert (page.total, page.users) == (1, [made])
    assert (await provider.call("directory.list_provisioned_users", external_id="00U1")).total == 0
    await calm(house)
    code = mails.code("ada@example.com")
    await from_address(house, "192.0.2.1", "people.accept_invitation", code=code, password=PHRASE)
    assert (await admin.call("people.get_user", user_id=made.user_id)).state == "active"


async def test_nothing_personal_is_stored_in_the_clear(house: House, provider: Client) -> None:
    await provider.call("directory.provision_user", profile=ADA)
    tables = ("people", "members", "provisioned_users", "audit", "outbox")
    stored = repr([dict(row) for table in tables for row in await rows(house, f"SELECT * FROM {table}")])
    for marker in ("ada@", "Lovelace", "00u1", "Engines"):
        assert marker not in stored


async def test_who_comes_by_an_approved_domain_is_sent_no_mail(
    house: House, admin: Client, provider: Client, mails: Mailbox
) -> None:
    await approve(house, admin, "example.com")
    made = await provider.call("directory.provision_user", profile=ADA)
    await provider.call("directory.provision_user", profile={"user_name": "bob@other.example"})
    await calm(house)
    assert [mail.to for mail in mails.sent] == ["bob@other.example"]
    assert (await admin.call("people.get_user", user_id=made.user_id)).state == "invited"


@pytest.mark.parametrize("approved", [True, False])
async def test_nothing_tells_whether_somebody_is_known_elsewhere(
    house: House, admin: Client, mails: Mailbox, approved: bool
) -> None:
    other = await tenant_client(house, "other")
    if approved:
        await approve(house, other, "example.com")
    user, her = await joined(house, admin, mails)
    mails.sent.clear()
    told = []
    for email in ("ada@example.com", "new@example.com"):
        made = await other.call("directory.provision_user", profile={"user_name": email})
        await calm(house)
        seen = await other.call("people.get_user", user_id=made.user_id)
        hidden = {"user_id", "profile", "version", "created_ms", "changed_ms"}
        told.append((made.model_dump(exclude=hidden), seen.state, len(mails.sent)))
        mails.sent.clear()
    assert told[0] == told[1]
    found = await other.call("directory.list_provisioned_users", user_name="ada@example.com")
    profile = {"user_name": "ada@example.com", "emails": [{"value": "evil@example.com"}]}
    await other.call("directory.replace_provisioned_user", user_id=found.users[0].user_id, profile=profile)
    await other.call("directory.deprovision_user", user_id=found.users[0].user_id)
    assert (await her.call("identity.whoami")).subject == user.id
    assert (await admin.call("people.get_user", user_id=user.id)).email == "ada@example.com"


async def test_sessions_end_with_deactivation_and_a_comeback_has_no_more_than_provisioning_gives(
    house: House, admin: Client, provider: Client, mails: Mailbox
) -> None:
    user, her = await joined(house, admin, mails, role="developer")
    profile = {"user_name": "ada@example.com"}
    seen = await provider.call("directory.get_provisioned_user", user_id=user.id)
    assert (seen.provisioned, seen.profile.user_name) == (False, "ada@example.com")
    kept = await provider.call("directory.replace_provisioned_user", user_id=user.id, profile=profile)
    assert (kept.role, kept.provisioned) == ("developer", True)
    off = {"user_id": user.id, "profile": profile, "active": False}
    assert not (await provider.call("directory.replace_provisioned_user", **off)).active
    with pytest.raises(CredentialsUnknown):
        await her.call("identity.whoami")
    back = await provider.call("directory.replace_provisioned_user", **{**off, "active": True})
    assert (back.active, back.role) == (True, "user")
    with pytest.raises(CredentialsUnknown):
        await her.call("identity.whoami")


async def test_an_ended_user_is_gone_for_provisioning_and_comes_back_as_the_same(
    house: House, admin: Client, provider: Client, mails: Mailbox
) -> None:
    user, her = await joined(house, admin, mails, groups=["board"])
    await provider.call("directory.deprovision_user", user_id=user.id)
    with pytest.raises(CredentialsUnknown):
        await her.call("identity.whoami")
    with pytest.raises(UserMissing):
        await provider.call("directory.get_provisioned_user", user_id=user.id)
    assert (await provider.call("directory.list_provisioned_users")).total == 0
    assert (await provider.call("directory.list_provisioned_users", user_name="ada@example.com")).total == 0
    listed = await admin.call("people.get_user", user_id=user.id)
    assert (listed.state, listed.groups) == ("deactivated", [])
    assert await rows(house, "SELECT * FROM provisioned_users") == []
    again = await provider.call("directory.provision_user", profile=ADA)
    assert (again.user_id, again.active) == (user.id, True)
    assert (await admin.call("people.get_user", user_id=user.id)).state == "active"


async def test_names_and_addresses_are_taken_once(admin: Client, provider: Client) -> None:
    made = await provider.call("directory.provision_user", profile=ADA)
    other = await admin.call("people.create_user", email="bob@example.com", name="Bob")
    with pytest.raises(UserExists):
        await provider.call("directory.provision_user", profile={**ADA, "user_name": "other"})
    for taken in ("Ada@Example.com", "bob@example.com"):
        profile = {"user_name": taken, "emails": [{"value": "new@example.com"}]}
        with pytest.raises(UserNameTaken):
            await provider.call("directory.provision_user", profile=profile)
    with pytest.raises(UserNameTaken):
        await provider.call(
            "directory.replace_provisioned_user", user_id=other.id, profile={"user_name": "ada@example.com"}
        )
    with pytest.raises(AddressNeeded):
        await provider.call("directory.provision_user", profile={"user_name": "ada"})
    with pytest.raises(VersionStale):
        await provider.call("directory.deprovision_user", user_id=made.user_id, version="0" * 64)


async def test_roles_come_from_rules_within_what_whoever_sets_them_may(
    house: House, admin: Client, provider: Client
) -> None:
    rules = [{"by": "role", "value": "Engineer", "role": "developer"}]
    await admin.call("directory.set_provisioning", default_role="researcher", rules=rules)
    told = await admin.call("directory.get_provisioning")
    assert told.scim_url == "https://ai.example.com/scim/v2"
    said = {**ADA, "roles": [{"value": "Engineer"}]}
    made = await provider.call("directory.provision_user", profile=said)
    assert made.role == "developer"
    changed = await provider.call(
        "directory.replace_provisioned_user", user_id=made.user_id, profile=ADA, version=made.version
    )
    assert changed.role == "researcher"
    with pytest.raises(RoleUnknown):
        await admin.call("directory.set_provisioning", default_role="nobody")
    key = await admin.call(
        "identity.create_key", name="officer", scopes=["sso:read", "sso:write", "jobs:read"]
    )
    officer = client(house, key.key)
    with pytest.raises(RolesBeyondYours):
        await officer.call("directory.set_provisioning", default_role="admin")
    with pytest.raises(PermissionMissing):
        await provider.call("directory.set_provisioning", default_role="admin")


async def test_an_administrators_role_is_not_given_or_taken_unless_a_rule_says_so(
    house: House, provider: Client, mails: Mailbox
) -> None:
    tenant = await tenant_client(house, "other")
    user, her = await joined(house, tenant, mails, role="admin")
    kept = await tenant.call(
        "directory.replace_provisioned_user", user_id=user.id, profile={"user_name": "ada@example.com"}
    )
    assert kept.role == "admin"
    key = (await tenant.call("identity.whoami")).subject
    made = await her.call("identity.create_key", name="Okta", role="provisioning")
    await her.call("identity.revoke_key", key_id=key)
    theirs = client(house, made.key)
    with pytest.raises(LastAdministrator):
        await theirs.call("directory.deprovision_user", user_id=user.id)
    assert list((await her.call("identity.whoami")).roles) == ["admin"]


async def test_single_sign_on_leaves_role_and_groups_of_whom_provisioning_keeps(
    house: House, admin: Client, provider: Client
) -> None:
    await approve(house, admin, "example.com")
    made = await provider.call("directory.provision_user", profile=ADA)
    await provider.call("directory.create_group", display_name="board", members=[made.user_id])
    from_sso = {"role": "developer", "groups": frozenset({"guests"})}
    admitted = await _admitted(house, admin, **from_sso)
    assert admitted == made.user_id
    user = await admin.call("people.get_user", user_id=made.user_id)
    assert (user.state, user.role, user.groups) == ("active", "user", ["board"])


async def _admitted(house: House, admin: Client, role: str, groups: frozenset[str]) -> str:
    """Let her come by single sign-on; give as which user."""
    tenant_id = (await admin.call("identity.whoami")).tenant_id
    vouched = Vouched("", "ada@example.com", "Ada", role, groups, joins=False)
    work = Work(caller_of_house(tenant_id, "federation"), house.engines.database, "test")
    with entered(work):
        admitted = await house._wiring.make(MemberAdmission).admit(tenant_id, vouched)
        await work.commit()
    return admitted.user_id
