"""Consents are given to words, taken back, checked, and exported and erased with their person."""

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import PermissionMissing
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.services.privacy.failures import (
    ConsentMissing,
    ConsentPurposeMissing,
    ConsentVersionMissing,
)
from makers import Client, FrozenClock, client, tenant_client
from services.houses import house
from services.privacy.test_persons import calm

__all__ = ["house"]

ADA = {"subject": "user_ada", "purpose": "news"}


async def defined(by: Client, text: str = "You may write to me.") -> int:
    return int((await by.call("privacy.define_consent", purpose="news", text=text)).version)


async def test_it_is_given_checked_and_taken_back(house: House, clock: FrozenClock) -> None:
    admin = client(house)
    assert await defined(admin) == await defined(admin) == 1, "the same words are the same version"
    assert not (await admin.call("privacy.check_consent", **ADA)).given
    given = await admin.call("privacy.give_consent", **ADA, version=1, evidence="A box was ticked – ü.")
    clock.move(1)
    assert await defined(admin, "You may write to me daily.") == 2
    state = await admin.call("privacy.check_consent", **ADA)
    assert (state.given, state.version, state.newest, state.at_ms) == (True, 1, 2, given.at_ms)
    taken = await admin.call("privacy.withdraw_consent", **ADA)
    assert not (await admin.call("privacy.check_consent", **ADA)).given
    with pytest.raises(ConsentMissing):
        await admin.call("privacy.withdraw_consent", **ADA)
    history = await admin.call("privacy.list_consents", subject="user_ada")
    assert history == [taken, given], "both are kept"
    assert history[1].evidence == "A box was ticked – ü."
    older = await admin.call("privacy.list_consents", subject="user_ada", limit=1, before=taken.number)
    assert older == [given]
    assert [each.version for each in await admin.call("privacy.list_consent_purposes")] == [2]


async def test_only_words_that_there_are_can_be_agreed_to(house: House) -> None:
    admin, other = client(house), await tenant_client(house, "other")
    for operation in ("check_consent", "withdraw_consent"):
        with pytest.raises(ConsentPurposeMissing):
            await admin.call(f"privacy.{operation}", **ADA)
    await defined(other)
    await other.call("privacy.give_consent", **ADA, version=1)
    with pytest.raises(ConsentPurposeMissing):
        await admin.call("privacy.give_consent", **ADA, version=1)
    await defined(admin)
    with pytest.raises(ConsentVersionMissing, match="newest version"):
        await admin.call("privacy.give_consent", **ADA, version=2)
    assert not (await admin.call("privacy.check_consent", **ADA)).given, "another tenant's is another's"
    key = await admin.call("identity.create_key", name="form", scopes=["consents:write"])
    form = client(house, key.key)
    assert (await form.call("privacy.give_consent", **ADA, version=1)).recorded_by == key.key_id
    with pytest.raises(PermissionMissing):
        await form.call("privacy.check_consent", **ADA)


async def test_it_is_exported_and_erased_with_its_person(house: House) -> None:
    admin = client(house)
    await defined(admin)
    await admin.call("privacy.give_consent", **ADA, version=1, evidence="A box.")
    asked = await admin.call("privacy.export_person", subject="user_ada")
    await calm(house, admin)
    data = await admin.call("privacy.read_export", request_id=asked.request_id)
    [told] = data.services["privacy"]["consents"]
    assert (told["purpose"], told["given"], told["evidence"]) == ("news", True, "A box.")
    erased = await admin.call("privacy.erase_person", subject="user_ada")
    await calm(house, admin)
    report = await admin.call("privacy.get_request", request_id=erased.request_id)
    assert {part.service: part.counts for part in report.parts}["privacy"]["consents"] == 1
    assert await admin.call("privacy.list_consents", subject="user_ada") == []
    assert not (await admin.call("privacy.check_consent", **ADA)).given
    with pytest.raises(KeyDestroyed):
        await admin.call("privacy.give_consent", **ADA, version=1)


async def test_somebody_who_is_being_erased_has_said_nothing(house: House) -> None:
    admin = client(house)
    await defined(admin)
    await admin.call("privacy.give_consent", **ADA, version=1, evidence="A box.")
    tenant_id = (await admin.call("identity.whoami")).tenant_id
    assert house.engines.keys.destroy(f"{tenant_id}/user_ada")  # the rows go a moment later
    assert await admin.call("privacy.list_consents", subject="user_ada") == []
    assert not (await admin.call("privacy.check_consent", **ADA)).given
