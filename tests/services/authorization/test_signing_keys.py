"""The keys that sign tokens: published before they sign and after, turned by hand and by the clock."""

from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kit.errors import Failure
from mainstay.services.authorization.service import AuthorizationService
from makers import Client, FrozenClock, client, opened_house, tenant_client
from services.authorization.asking import URL, Web, bearer, web

DAY_S = 24 * 3600


async def states(admin: Client) -> list[str]:
    return [key.state for key in await admin.call("authorization.list_signing_keys")]


async def token_of(browser: Web, made: Any) -> str:
    answer = await browser.own(made)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def works(browser: Web, token: str) -> bool:
    return (await browser.get("/v1/me", token)).status_code == 200


async def tended(house: House) -> None:
    """Go the round that goes by itself once a minute."""
    await house._go_round(house._wiring.make(AuthorizationService))


async def test_two_keys_are_there_from_the_start(admin: Client) -> None:
    assert await states(admin) == ["active", "next"]


async def test_a_key_is_turned_without_any_token_being_refused(
    browser: Web, admin: Client, house: House, clock: FrozenClock
) -> None:
    made = await browser.make(name="Import", role="admin")
    before = await token_of(browser, made)
    with pytest.raises(Failure) as refused:
        await admin.call("authorization.rotate_signing_keys")
    assert (refused.value.code(), refused.value.retry_after_s) == ("SigningKeyTooNew", 600)
    clock.move(601)
    published = {each["kid"] for each in (await browser.get("/.well-known/jwks.json")).json()["keys"]}
    between = await token_of(browser, made)
    turned = await admin.call("authorization.rotate_signing_keys")
    assert [key.state for key in turned] == ["retired", "active", "next"]
    assert turned[1].key_id in published
    after = await token_of(browser, made)
    assert [await works(browser, each) for each in (before, between, after)] == [True, True, True]
    clock.move(1201)
    await tended(house)
    assert await states(admin) == ["active", "next"]
    assert not await works(browser, between)


async def test_a_key_that_has_leaked_is_discarded_at_once(browser: Web, admin: Client) -> None:
    made = await browser.make(name="Import", role="user")
    before = await token_of(browser, made)
    assert await works(browser, before)
    await admin.call("authorization.rotate_signing_keys", at_once=True, discard=True)
    assert not await works(browser, before)
    assert await works(browser, await token_of(browser, made))
    assert await states(admin) == ["active", "next"]


async def test_keys_turn_by_themselves(browser: Web, admin: Client, house: House, clock: FrozenClock) -> None:
    first = (await admin.call("authorization.list_signing_keys"))[0].key_id
    await tended(house)
    clock.move(30 * DAY_S - 1)
    await tended(house)
    assert await states(admin) == ["active", "next"]
    clock.move(1)
    await tended(house)
    await tended(house)
    keys = await admin.call("authorization.list_signing_keys")
    assert [key.state for key in keys] == ["retired", "active", "next"]
    assert keys[0].key_id == first


async def test_another_process_knows_the_keys(
    tmp_path: Path, house_postgres: str, clock: FrozenClock
) -> None:
    shared = {"public_url": URL, "database": house_postgres, "clock": clock}
    async with opened_house(tmp_path / "one", **shared) as one:
        (tmp_path / "two").mkdir(mode=0o700)
        for name in ("secret.key", "audit.key"):
            (tmp_path / "two" / name).write_bytes((tmp_path / "one" / name).read_bytes())
            (tmp_path / "two" / name).chmod(0o600)
        async with opened_house(tmp_path / "two", **shared) as two, web(one).http as http:
            browser, admin = Web(http), client(one)
            made = await browser.make(name="Import", role="user")
            for _ in range(2):
                there = client(two, await token_of(browser, made))
                assert (await there.call("identity.whoami")).subject == made["client_id"]
                await admin.call("authorization.rotate_signing_keys", at_once=True)
            assert await states(client(two)) == ["retired", "retired", "active", "next"]


@pytest.mark.parametrize("algorithm", ["Ed25519", "RS256"])
async def test_an_operator_chooses_how_tokens_are_signed(tmp_path: Path, algorithm: str) -> None:
    async with opened_house(tmp_path / "data", oauth_algorithm=algorithm) as house:
        made = await client(house).call("authorization.create_client", name="a", role="user")
        proof = {"client_id": made.client_id, "client_secret": made.client_secret}
        told = await client(house).call("authorization.grant_token", **proof)
        assert (await client(house, told.access_token).call("identity.whoami")).subject == made.client_id
        keys = (await client(house).call("authorization.get_keys")).keys
        assert {key["alg"] for key in keys} == {algorithm}


async def test_only_the_operator_sees_and_turns_keys(house: House, browser: Web) -> None:
    other = await tenant_client(house, "other")
    for name in ("list_signing_keys", "rotate_signing_keys"):
        with pytest.raises(Failure) as refused:
            await other.call(f"authorization.{name}")
        assert refused.value.code() == "OperatorNeeded"
    refused_there = await browser.http.get("/v1/oauth/signing-keys", headers=bearer(other.key))
    assert refused_there.status_code == 403
