"""The life of a key: it is made, used, rotated, expires, and is revoked."""

import asyncio
import re
import subprocess
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mainstay.app import spec
from mainstay.app.house import House
from mainstay.kernel.guard import CredentialsUnknown, PermissionMissing
from mainstay.services.identity import keys
from mainstay.services.identity.failures import (
    ExpiryInvalid,
    KeyChanged,
    KeyExpired,
    KeyIsLocal,
    KeyMissing,
    KeyRightsUnclear,
    PermissionUnknown,
)
from mainstay.services.identity.keyring import LOCAL_KEY
from makers import ADMIN_KEY, Client, FrozenClock, client, opened_house, spoiled, tenant_client

DAY_S = 24 * 3600


def moment(clock: FrozenClock, ahead_s: float) -> str:
    return datetime.fromtimestamp(clock.now_ms() / 1000 + ahead_s, UTC).isoformat()


async def works(house: House, key: str) -> bool:
    try:
        await client(house, key).call("identity.whoami")
    except CredentialsUnknown:
        return False
    return True


async def test_a_secret_can_be_told_by_its_form_and_checksum(admin: Client) -> None:
    for _ in range(20):
        made = await admin.call("identity.create_key", name="site")
        assert re.fullmatch(keys.FORM, made.key)
        body, checksum = made.key[3:46], made.key[46:]
        number = 0
        for digit in checksum:
            number = number * 62 + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".index(
                digit
            )
        assert number == zlib.crc32(body.encode())


def test_the_handbook_tells_the_form_and_how_to_check_it() -> None:
    page = (spec.ROOT / "src" / "mainstay" / "handbook" / "runbook-key-leaked.md").read_text(encoding="utf-8")
    assert f"`{keys.FORM}`" in page
    found = re.search(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert found is not None
    secret = keys.form(bytes(range(32)))
    for text, expected in (
        (secret, True),
        (spoiled(secret), False),
        ("mk_" + "ab" * 32, False),
    ):
        code = f"{found[1]}\nprint(is_key({text!r}))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - the handbook's own lines
        assert done.stdout == f"{expected}\n"


async def test_secrets_of_the_earlier_form_go_on_working(tmp_path: Path) -> None:
    early = "mk_" + "0123456789abcdef" * 4
    async with opened_house(tmp_path / "data", admin_key=early) as house:
        assert await works(house, early)


async def test_a_key_ends_and_only_its_owner_is_told_so(
    house: House, admin: Client, clock: FrozenClock
) -> None:
    made = await admin.call("identity.create_key", name="short", expires_at=moment(clock, 60))
    assert (made.state, made.expires_at) == ("active", "2026-09-21T14:14:20.000Z")
    clock.move(59.999)
    assert await works(house, made.key)
    clock.move(0.001)
    told = []
    for key in (made.key, made.key[:-1] + "!"):
        with pytest.raises(CredentialsUnknown) as caught:
            await client(house, key).call("identity.whoami")
        told.append((caught.value.code(), caught.value.detail, caught.value.problems))
    assert told[0] == told[1]
    assert (await admin.call("identity.get_key", key_id=made.key_id)).state == "expired"
    longer = await admin.call("identity.update_key", key_id=made.key_id, expires_at=None)
    assert (longer.state, longer.expires_at) == ("active", None)
    assert await works(house, made.key)


async def test_unknown_and_expired_keys_cost_the_same_looks(
    house: House, admin: Client, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired = (await admin.call("identity.create_key", name="a", expires_at=moment(clock, 1))).key
    gone = await admin.call("identity.create_key", name="b")
    await admin.call("identity.revoke_key", key_id=gone.key_id)
    before = await admin.call("identity.create_key", name="c")
    await admin.call("identity.rotate_key", key_id=before.key_id, overlap_s=1)
    clock.move(2)
    asked: list[str] = []
    fetch = house.engines.database.fetch

    async def counted(scope: Any, sql: str, values: Any = None) -> Any:
        asked.append(sql)
        return await fetch(scope, sql, values)

    monkeypatch.setattr(house.engines.database, "fetch", counted)
    looks = []
    for key in (expired, gone.key, before.key, keys.form(b"x" * 32)):
        asked.clear()
        assert not await works(house, key)
        looks.append(list(asked))
    assert len(looks[0]) == 2
    assert looks == [looks[0]] * 4


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-21T14:13:20Z",  # this very moment
        "2020-01-01T00:00:00Z",
        "2036-09-22T14:13:21Z",
        "9999-12-31T23:59:59Z",
        "2027-02-30T00:00:00Z",
        "2027-01-01T25:00:00Z",
        "2027-01-01T00:00:00+99:00",
        "0000-01-01T00:00:00Z",
    ],
)
async def test_a_moment_that_cannot_be_is_refused(admin: Client, text: str) -> None:
    with pytest.raises(ExpiryInvalid) as caught:
        await admin.call("identity.create_key", name="x", expires_at=text)
    assert caught.value.problems[0]["field"] == "expires_at"
    assert await admin.call("identity.list_keys", after=LOCAL_KEY) == []


@pytest.mark.parametrize(
    "text", ["2027-01-01t00:00:00.5z", "2026-09-21T16:13:21+02:00", "2036-09-20T00:00:00Z"]
)
async def test_moments_are_written_in_many_ways(admin: Client, text: str) -> None:
    made = await admin.call("identity.create_key", name="x", expires_at=text)
    assert datetime.fromisoformat(made.expires_at) == datetime.fromisoformat(text.upper())


async def test_both_secrets_work_while_they_overlap(house: House, admin: Client, clock: FrozenClock) -> None:
    made = await admin.call("identity.create_key", name="site", role="developer", groups=["g"])
    clock.move(5)
    turned = await admin.call("identity.rotate_key", key_id=made.key_id)
    assert (turned.key_id, turned.role, turned.groups) == (made.key_id, "developer", ["g"])
    assert turned.key != made.key
    assert turned.key.startswith(turned.start)
    assert turned.rotated_ms == clock.now_ms()
    assert turned.overlap_until_ms == clock.now_ms() + DAY_S * 1000
    clock.move(DAY_S - 0.001)
    for key in (made.key, turned.key):
        me = await client(house, key).call("identity.whoami")
        assert (me.subject, me.groups, me.roles) == (made.key_id, ["g"], ["developer"])
    clock.move(0.001)
    assert [await works(house, key) for key in (made.key, turned.key)] == [False, True]
    assert (await admin.call("identity.get_key", key_id=made.key_id)).overlap_until_ms is None


async def test_without_an_overlap_the_secret_before_ends_at_once(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="site")
    turned = await admin.call("identity.rotate_key", key_id=made.key_id, overlap_s=0)
    assert [await works(house, key) for key in (made.key, turned.key)] == [False, True]
    assert turned.overlap_until_ms is None


async def test_the_oldest_of_three_secrets_ends_at_once(house: House, admin: Client) -> None:
    first = await admin.call("identity.create_key", name="site")
    second = await admin.call("identity.rotate_key", key_id=first.key_id)
    third = await admin.call("identity.rotate_key", key_id=first.key_id)
    assert [await works(house, each.key) for each in (first, second, third)] == [False, True, True]


async def test_revoking_ends_both_secrets(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="site")
    turned = await admin.call("identity.rotate_key", key_id=made.key_id)
    await admin.call("identity.revoke_key", key_id=made.key_id)
    assert [await works(house, key) for key in (made.key, turned.key)] == [False, False]
    for operation in (
        "identity.get_key",
        "identity.rotate_key",
        "identity.update_key",
        "identity.revoke_key",
    ):
        with pytest.raises(KeyMissing):
            await admin.call(operation, key_id=made.key_id)


async def test_an_end_holds_for_both_secrets(house: House, admin: Client, clock: FrozenClock) -> None:
    made = await admin.call("identity.create_key", name="site", expires_at=moment(clock, 60))
    turned = await admin.call("identity.rotate_key", key_id=made.key_id)
    clock.move(60)
    assert [await works(house, key) for key in (made.key, turned.key)] == [False, False]
    with pytest.raises(KeyExpired):
        await admin.call("identity.rotate_key", key_id=made.key_id)


async def test_of_rotations_at_once_one_wins(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="site")
    walkers = [client(house) for _ in range(6)]
    calls = [each.call("identity.rotate_key", key_id=made.key_id) for each in walkers]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, BaseException)]
    assert {type(each) for each in refused} <= {KeyChanged}
    won = [each for each in outcomes if not isinstance(each, BaseException)]
    assert won
    # Those that came one after the other each won; the last of them and the one before it work.
    state = [await works(house, each.key) for each in won]
    assert state.count(True) == min(2, len(won))
    assert await works(house, made.key) == (len(won) == 1)


async def test_a_rotation_that_read_before_another_is_refused(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await admin.call("identity.create_key", name="site")
    fetch, inner = house.engines.database.fetch, []

    async def overtaken(scope: Any, sql: str, values: Any = None) -> Any:
        rows = await fetch(scope, sql, values)
        if "k.key_id = :key" in sql and not inner:
            inner.append(True)
            inner.append(await client(house).call("identity.rotate_key", key_id=made.key_id))
        return rows

    monkeypatch.setattr(house.engines.database, "fetch", overtaken)
    with pytest.raises(KeyChanged):
        await admin.call("identity.rotate_key", key_id=made.key_id)
    assert [await works(house, key) for key in (made.key, inner[1].key)] == [True, True]


async def test_a_repeated_rotation_gives_the_same_secret(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="site")
    answers = [
        await admin.answer("identity.rotate_key", key_id=made.key_id, idempotency_key="r") for _ in range(2)
    ]
    assert answers[0].value.key == answers[1].value.key
    assert await works(house, made.key)


async def test_what_is_left_out_stays_and_null_takes_away(admin: Client, clock: FrozenClock) -> None:
    end = moment(clock, 600)
    made = await admin.call("identity.create_key", name="a", groups=["g"], limit_per_minute=5, expires_at=end)
    key_id = made.key_id
    renamed = await admin.call("identity.update_key", key_id=key_id, name="b")
    assert (renamed.name, renamed.groups, renamed.limit_per_minute) == ("b", ["g"], 5)
    assert renamed.expires_at == made.expires_at
    bare = await admin.call(
        "identity.update_key", key_id=key_id, groups=[], limit_per_minute=None, expires_at=None
    )
    assert (bare.name, bare.groups, bare.limit_per_minute, bare.expires_at) == ("b", [], None, None)
    assert await admin.call("identity.update_key", key_id=key_id) == bare
    assert await admin.call("identity.get_key", key_id=key_id) == bare


async def test_keys_are_listed_page_by_page(admin: Client, clock: FrozenClock) -> None:
    made = []
    for number in range(5):
        clock.move(1)
        made.append((await admin.call("identity.create_key", name=f"k{number}")).key_id)
    first = (await admin.call("identity.list_keys", limit=1))[0].key_id  # the administrator's own
    found, after = [], first
    while page := await admin.call("identity.list_keys", limit=2, after=after):
        assert len(page) <= 2
        found += [each.key_id for each in page]
        after = found[-1]
    assert found == [*made, LOCAL_KEY]


async def test_a_key_has_a_role_or_scopes(house: House, admin: Client) -> None:
    with pytest.raises(KeyRightsUnclear):
        await admin.call("identity.create_key", name="x", role="user", scopes=["jobs:read"])
    with pytest.raises(PermissionUnknown):
        await admin.call("identity.create_key", name="x", scopes=["jobs:read", "jobs:fly"])
    made = await admin.call("identity.create_key", name="x", scopes=["jobs:read", "jobs:read"])
    assert (made.role, made.scopes) == (None, ["jobs:read"])
    me = await client(house, made.key).call("identity.whoami")
    assert (me.roles, me.permissions) == ([], ["jobs:read"])
    await client(house, made.key).call("jobs.list_jobs")
    assert (await admin.call("identity.create_key", name="y")).role == "user"


async def test_who_made_a_key_is_told(admin: Client) -> None:
    me = await admin.call("identity.whoami")
    assert (await admin.call("identity.create_key", name="x")).created_by == me.subject
    assert (await admin.call("identity.get_key", key_id=me.subject)).created_by == ""


async def test_the_machines_own_key_is_not_changed(house: House, admin: Client) -> None:
    for operation in ("identity.rotate_key", "identity.update_key"):
        with pytest.raises(KeyIsLocal):
            await admin.call(operation, key_id=LOCAL_KEY)
    await client(house, house.local_key).call("identity.whoami")


async def test_another_tenants_keys_are_out_of_reach(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="ours")
    other = await tenant_client(house, "other")
    for operation in ("identity.get_key", "identity.update_key", "identity.rotate_key"):
        with pytest.raises(KeyMissing):
            await other.call(operation, key_id=made.key_id)
    assert await works(house, made.key)


async def test_a_stream_ends_when_its_permission_does(
    house: House, admin: Client, clock: FrozenClock
) -> None:
    await admin.call("identity.create_role", name="auditor", permissions=["audit:read", "jobs:read"])
    made = await admin.call("identity.create_key", name="auditor", role="auditor")
    for left, goes_on in (("audit:read", True), ("jobs:read", False)):
        stream = await client(house, made.key).answer("observability.export_entries")
        await anext(stream.value)
        await admin.call("identity.replace_role", name="auditor", permissions=[left])
        clock.move(1)
        if goes_on:
            assert [piece async for piece in stream.value]
        else:
            with pytest.raises(PermissionMissing, match="audit:read"):
                await anext(stream.value)


async def test_a_stream_ends_when_its_key_does(house: House, admin: Client, clock: FrozenClock) -> None:
    await admin.call("knowledge.add_document", collection="c", doc_id="d", text="Pumps are red.", wait=True)
    for ends in (True, False):
        made = await admin.call("identity.create_key", name="reader", role="user")
        answer = await client(house, made.key).answer(
            "knowledge.stream_answer", question="Which pumps are red?"
        )
        if ends:
            await admin.call("identity.revoke_key", key_id=made.key_id)
        clock.move(1)
        if ends:
            with pytest.raises(CredentialsUnknown):
                await anext(answer.value)
        else:
            assert [piece async for piece in answer.value]


async def test_the_first_administrator_may_have_his_key_rotated(house: House) -> None:
    local = client(house, house.local_key)
    me = await client(house, ADMIN_KEY).call("identity.whoami")
    turned = await local.call("identity.rotate_key", key_id=me.subject, overlap_s=0)
    assert [await works(house, key) for key in (ADMIN_KEY, turned.key)] == [False, True]
