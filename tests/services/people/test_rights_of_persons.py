"""A member exported and erased; the person lives on while another tenant has her."""

import asyncio
from contextlib import suppress
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import CredentialsUnknown
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.ports.database import SYSTEM
from mainstay.services.privacy.failures import PersonMissing
from makers import Client, FrozenClock, Mailbox, client, opened_house, tenant_client
from services.people.joining import PHRASE, calm, joined

RESET = "Choose a new password"
EMAIL, NAME = "ada.marker@example.com", "Adelaide Marker"


async def done(house: House, clock: FrozenClock, by: Client, name: str, subject: str) -> Any:
    """Ask for something about a person, and give the report."""
    asked = await by.call(f"privacy.{name}", subject=subject)
    async with asyncio.timeout(30):
        while True:
            await house.audit.flush()
            report = await by.call("privacy.get_request", request_id=asked.request_id)
            if report.state == "done":
                return report
            clock.move(2)
            await asyncio.sleep(0.02)


def counts(report: Any) -> dict[str, int]:
    return {part.service: part.counts for part in report.parts}["people"]


async def rows(house: House, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table}")]


async def asked_for_a_password(house: House, email: str) -> None:
    await client(house, "").call("people.request_password_reset", email=email)
    await calm(house)


async def test_an_export_has_name_and_address(house: House, clock: FrozenClock, mails: Mailbox) -> None:
    admin = client(house)
    user, _ = await joined(house, admin, mails, EMAIL, name=NAME)
    report = await done(house, clock, admin, "export_person", user.id)
    assert counts(report) == {"members": 1, "sessions": 1}
    data = (await admin.call("privacy.read_export", request_id=report.request_id)).services["people"]
    assert (data["email"], data["name"]) == (EMAIL, NAME)


async def test_an_erased_person_is_gone_with_her_key(
    house: House, clock: FrozenClock, mails: Mailbox
) -> None:
    admin = client(house)
    user, her = await joined(house, admin, mails, EMAIL, name=NAME)
    [person] = await rows(house, "people")
    await her.call("people.change_email", email="lady@example.com", password=PHRASE)
    await calm(house)
    await client(house, "").call("people.confirm_email", code=mails.code("lady@example.com"))
    await calm(house)
    assert {mail.to for mail in mails.sent} == {EMAIL, "lady@example.com"}
    told = len(mails.sent)
    report = await done(house, clock, admin, "erase_person", user.id)
    assert counts(report) == {"members": 1, "sessions": 1, "mails": told}
    assert mails.sent == [], "to her address before neither"
    for table in ("people", "members", "sessions", "places", "codes"):
        assert await rows(house, table) == [], table
    with pytest.raises(CredentialsUnknown):
        await her.call("identity.whoami")
    with pytest.raises(KeyDestroyed):
        house.engines.cipher.open(person["email"], ("person", person["person_id"], "people.email"))
    assert person["person_id"] in {row["owner"] for row in await rows(house, "destroyed_keys")}
    again, _ = await joined(house, admin, mails, EMAIL, name=NAME)
    assert again.id != user.id, "she may come again, as somebody new"


async def test_a_member_of_two_tenants_stays_in_the_other(
    house: House, clock: FrozenClock, mails: Mailbox
) -> None:
    admin, other = client(house), await tenant_client(house, "other")
    user, _ = await joined(house, admin, mails, EMAIL, name=NAME)
    there, _ = await joined(house, other, mails, EMAIL, name=NAME)
    with pytest.raises(PersonMissing):
        await other.call("privacy.erase_person", subject=user.id)
    await asked_for_a_password(house, EMAIL)
    assert [mail.subject for mail in mails.sent] == [
        *("Invitation to operator", "Invitation to other"),
        RESET,
    ]
    assert counts(await done(house, clock, admin, "erase_person", user.id))["members"] == 1
    assert [mail.subject for mail in mails.sent] == ["Invitation to other", RESET], "which are of her there"
    assert [row["user_id"] for row in await rows(house, "members")] == [there.id]
    assert (await other.call("people.get_user", user_id=there.id)).email == EMAIL


async def test_mails_in_the_folder_go_with_whom_they_are_about(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str]
) -> None:
    folder = tmp_path / "data" / "mail"
    async with opened_house(tmp_path / "data", clock=clock, **where) as house:
        admin, other = client(house), await tenant_client(house, "other")
        ada = await admin.call("people.create_user", email=EMAIL, name=NAME)
        await admin.call("people.create_user", email="bob@example.com", name="Bob")
        await other.call("people.create_user", email="cyd@example.com", name="Cyd")
        await calm(house)
        assert to_whom(folder) == {EMAIL, "bob@example.com", "cyd@example.com"}
        assert counts(await done(house, clock, admin, "erase_person", ada.id))["mails"] == 1
        assert to_whom(folder) == {"bob@example.com", "cyd@example.com"}
        tenant_id = (await other.call("identity.whoami")).tenant_id
        await admin.call("identity.erase_tenant", tenant_id=tenant_id, name="other", grace_days=0)
        async with asyncio.timeout(30):
            while to_whom(folder) != {"bob@example.com"}:
                clock.move(2)
                await asyncio.sleep(0.02)


def to_whom(folder: Path) -> set[str]:
    found = set()
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # erased by the house since it was listed
            found.add(str(message_from_bytes(path.read_bytes())["To"]))
    return found
