"""The full log of requests: off until it is turned on; without secrets or files; read by few; forgotten."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel import recording
from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.guard import PermissionMissing
from mainstay.kernel.interface import Upload
from mainstay.kernel.redacting import CUT, HIDDEN, Copying
from mainstay.kernel.tidying import DAY_MS
from mainstay.ports.database import SYSTEM
from mainstay.services.identity.failures import KeyMissing
from mainstay.services.observability.interface import LoggedOperationUnknown, RequestMissing
from makers import Client, FrozenClock, client, opened_house, tenant_client


@pytest.fixture
async def house(tmp_path: Path, where: dict[str, str], clock: FrozenClock) -> AsyncIterator[House]:
    async with opened_house(tmp_path / "data", clock=clock, **where) as opened:
        yield opened


@pytest.fixture
def admin(house: House) -> Client:
    return client(house)


async def turned_on(who: Client, **more: Any) -> None:
    await who.call("observability.set_request_settings", log_requests=True, **more)


async def logged(who: Client, **wanted: Any) -> list[Any]:
    await who.house.recording.flush()
    return (await who.call("observability.search_requests", **wanted)).requests


async def whole(who: Client, operation: str) -> Any:
    [one] = await logged(who, operation=operation)
    return await who.call("observability.get_request", number=one.number)


async def test_nothing_is_logged_until_a_tenant_turns_it_on_and_then_its_own_alone(
    house: House, admin: Client
) -> None:
    other = await tenant_client(house, "Harbour")
    assert (await admin.call("observability.get_request_settings")).changed_ms is None
    await admin.call("identity.whoami")
    assert await logged(admin) == []
    await turned_on(other)
    for who in (admin, other):
        await who.call("identity.whoami")
    assert await logged(admin) == []
    [mine] = await logged(other, operation="identity.whoami")
    assert (mine.outcome, mine.door, mine.request_id) == ("ok", "test", "req_test")
    with pytest.raises(RequestMissing):
        await admin.call("observability.get_request", number=mine.number)
    await other.call("observability.set_request_settings", log_requests=False)
    await other.call("identity.list_roles")
    assert await logged(other, operation="identity.list_roles") == []
    assert len(await logged(other)) > 0


async def test_an_entry_tells_what_was_asked_and_answered(house: House, admin: Client) -> None:
    await turned_on(admin)
    role = await admin.call("identity.create_role", name="crew", permissions=["jobs:read"])
    told = await whole(admin, "identity.create_role")
    assert told.request == {"name": "crew", "permissions": ["jobs:read"]}
    assert told.response == role.model_dump()
    assert told.cut is False
    with pytest.raises(KeyMissing):
        await admin.call("identity.get_key", key_id="key_nothing_like_this")
    failed = await whole(admin, "identity.get_key")
    assert (failed.outcome, failed.response["failure"]) == ("KeyMissing", "KeyMissing")
    with pytest.raises(RequestInvalid):
        await admin.call("knowledge.search", query="")
    assert (await whole(admin, "knowledge.search")).request == {"query": ""}
    await admin.call("knowledge.add_document", collection="c", text="Pumps are red.", wait=True)
    stream = await admin.answer("knowledge.stream_answer", question="Which pumps are red?")
    pieces = [piece async for piece in stream.value]
    assert len((await whole(admin, "knowledge.stream_answer")).response) == len(pieces)


async def test_secrets_and_files_are_never_kept(house: House, admin: Client) -> None:
    await turned_on(admin, hidden_fields=["Name"])
    made = await admin.call("identity.create_key", name="Kai Pier")
    upload = Upload("note.txt", "text/plain", b"The ferry leaves at nine.")
    await admin.call("knowledge.upload_document", collection="c", file=upload, title=f"A {made.key} there")
    await house.recording.flush()
    rows = await house.engines.database.fetch(SYSTEM, "SELECT told FROM request_log")
    assert all(b"ferry" not in row["told"] and b"identity" not in row["told"] for row in rows)  # type: ignore[operator]
    key = await whole(admin, "identity.create_key")
    assert key.response["key"] == key.response["name"] == key.request["name"] == HIDDEN
    file = await whole(admin, "knowledge.upload_document")
    assert file.request["file"] == {"file": "note.txt", "media_type": "text/plain", "bytes": 25}
    assert file.request["title"] == f"A {HIDDEN} there"
    for entry in (key, file):
        assert made.key not in entry.model_dump_json()
        assert "ferry" not in entry.model_dump_json()


SECRETS = """
    password newPassword new_password new-password NewPassword NEW_PASSWORD newpassword
    passwordAgain password2 user[password] user.newPassword passphrase db_passwd dbPwd clientSecret
    client_secret client-secret ClientSecret clientsecret secretValue apiKey api_key api-key APIKey
    API_KEY apikey X-API-Key privateKey keys accessToken access_token refreshToken oAuthToken
    idTokens bearerToken authToken2 totp otp loginOtp credential userCredentials sessionCookie
    Proxy-Authorization clientAssertion code codeVerifier code_verifier recoveryCodes recovery_code
    SAMLResponse samlResponse saml_response
"""
PLAIN = """
    keyId key_id keyboard monkey tokens_max tokensMax tokenType token_type codes postcode encoding passages
    passkey_id authorizations_url question cookies_max compass
"""


@pytest.mark.parametrize(("names", "kept"), [(SECRETS, HIDDEN), (PLAIN, "Kittiwake-7")])
def test_a_secret_is_told_by_the_name_of_its_field_however_that_is_spelled(names: str, kept: str) -> None:
    given = dict.fromkeys(names.split(), "Kittiwake-7")
    copied = Copying(frozenset(), 100_000).copy({"within": [given]})
    assert copied == {"within": [dict.fromkeys(given, kept)]}


async def test_what_stands_in_a_field_that_there_is_not_is_never_kept(admin: Client) -> None:
    await turned_on(admin)
    with pytest.raises(RequestInvalid):
        await admin.call("identity.create_key", name="Kai", pasword="Kittiwake-7")
    assert (await whole(admin, "identity.create_key")).request == {"name": "Kai", "pasword": HIDDEN}


async def test_an_answer_with_a_field_that_dictionaries_have_too_is_logged(admin: Client) -> None:
    await turned_on(admin)
    stream = await admin.answer("observability.export_entries")
    begin, *_ = [piece.begin async for piece in stream.value]
    told = (await whole(admin, "observability.export_entries")).response[0]["begin"]
    assert told == {**begin.model_dump(), "public_key": HIDDEN, "keys": HIDDEN}


async def test_long_ones_are_cut(house: House, admin: Client) -> None:
    await turned_on(admin, characters_max=256)
    await admin.call("knowledge.add_document", collection="c", doc_id="d", text="word " * 200_000)
    told = await whole(admin, "knowledge.add_document")
    assert told.cut
    assert len(told.model_dump_json()) < 2000


async def test_a_tenant_chooses_operations_and_a_sample(house: House, admin: Client) -> None:
    await turned_on(admin, operations=["identity.whoami"], sample=0.5)
    for _ in range(200):
        await admin.call("identity.whoami")
    await admin.call("identity.list_roles")
    found = await logged(admin, limit=500)
    assert {each.operation for each in found} == {"identity.whoami"}
    assert 50 < len(found) < 150
    with pytest.raises(LoggedOperationUnknown):
        await turned_on(admin, operations=["identity.fly"])
    assert (await admin.call("observability.get_request_settings")).operations == ["identity.whoami"]


async def test_turning_it_on_is_audited_with_what_it_was_before(house: House, admin: Client) -> None:
    await turned_on(admin)
    await turned_on(admin, kept_days=3)
    page = await admin.call("observability.search_entries", operation="observability.set_request_settings")
    second, first = page.entries
    assert first.before is None
    assert None not in {first.after, second.before, second.after}


async def test_who_reads_needs_both_permissions(house: House, admin: Client) -> None:
    await turned_on(admin)
    await admin.call("identity.whoami")
    [one] = await logged(admin)
    for scopes in (["requests:read"], ["audit:read"]):
        who = client(house, (await admin.call("identity.create_key", name="k", scopes=scopes)).key)
        with pytest.raises(PermissionMissing):
            await who.call("observability.search_requests")
        with pytest.raises(PermissionMissing):
            await who.call("observability.get_request", number=one.number)
        with pytest.raises(PermissionMissing):
            await who.call("observability.set_request_settings", log_requests=False)
    both = await admin.call("identity.create_key", name="k", scopes=["requests:read", "audit:read"])
    await client(house, both.key).call("observability.get_request", number=one.number)
    assert await logged(admin, operation="observability.get_request") == []


async def test_pages_follow_one_another(house: House, admin: Client, clock: FrozenClock) -> None:
    await turned_on(admin)
    for _ in range(5):
        clock.move(1)
        await admin.call("identity.whoami")
    await house.recording.flush()
    seen: list[int] = []
    before = ""
    while True:
        page = await admin.call(
            "observability.search_requests", operation="identity.whoami", limit=2, before=before
        )
        seen += [each.number for each in page.requests]
        before = page.next
        if not before:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5


async def test_old_entries_are_forgotten(house: House, admin: Client, clock: FrozenClock) -> None:
    await turned_on(admin, kept_days=2)
    await admin.call("identity.whoami")
    await house.recording.flush()
    clock.move(1.5 * DAY_MS / 1000)
    await admin.call("identity.list_roles")
    await house.recording.flush()
    clock.move(DAY_MS / 1000)
    assert await house.recording.forget() > 0
    assert await logged(admin, operation="identity.whoami") == []
    assert len(await logged(admin, operation="identity.list_roles")) == 1


async def test_a_flush_ends_when_what_another_took_is_written(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await turned_on(admin)
    await admin.call("identity.whoami")
    held, sealing, seal = threading.Event(), asyncio.Event(), house.recording._sealed
    loop = asyncio.get_running_loop()

    def slowly(some: Any) -> Any:
        loop.call_soon_threadsafe(sealing.set)
        held.wait(10)
        return seal(some)

    monkeypatch.setattr(house.recording, "_sealed", slowly)
    first = asyncio.create_task(house.recording.flush())
    await sealing.wait()
    second = asyncio.create_task(house.recording.flush())
    await asyncio.sleep(0)
    held.set()
    await second
    found = await admin.call("observability.search_requests", operation="identity.whoami")
    assert len(found.requests) == 1
    await first


async def test_what_does_not_fit_is_lost_and_said(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await turned_on(admin)
    await house.recording.flush()
    monkeypatch.setattr(recording, "WAITING_MAX", 2)
    for _ in range(5):
        house.recording.take({}, "x" * 10)
    house.recording._waiting.clear()
    await house.recording.flush()
    assert "3 requests could not be logged" in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [{"sample": 0}, {"sample": 1.1}, {"kept_days": 0}, {"characters_max": 70_000}, {"operations": ["x y"]}],
)
async def test_limits(admin: Client, wrong: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        await turned_on(admin, **wrong)


def test_what_is_cut_says_so() -> None:
    from_many = recording.Copying(frozenset(), 40)
    copied = from_many.copy({"a": [1] * 100, "b": {"c": "d"}})
    assert from_many.cut
    assert len(copied["a"]) < 10
    deep: Any = "x"
    for _ in range(30):
        deep = [deep]
    copying = recording.Copying(frozenset(), 10_000)
    assert CUT in str(copying.copy(deep))
