"""Codes and refresh tokens are used once; one that comes again takes its whole family along."""

import asyncio
import json
import os
import sys
from pathlib import Path

import psycopg
import pytest

from engines.databases import where
from mainstay.app.house import House
from mainstay.ports.database import SYSTEM
from makers import Client, FrozenClock, client, opened_house
from services.authorization.approving import BACK, VERIFIER, app, challenge
from services.authorization.asking import Web

__all__ = ["where"]


async def revoked(house: House) -> list[bool]:
    rows = await house.engines.database.fetch(SYSTEM, "SELECT revoked_ms FROM token_families")
    return [row["revoked_ms"] is not None for row in rows]


async def test_tokens_are_refreshed_again_and_again(browser: Web, clock: FrozenClock) -> None:
    asking = await app(browser)
    told = await asking.tokens(scope="jobs:read documents:read")
    seen = {told["refresh_token"]}
    for _ in range(3):
        clock.move(3600)
        told = (await asking.refresh(told["refresh_token"])).json()
        seen.add(told["refresh_token"])
        assert (await browser.get("/v1/me", told["access_token"])).status_code == 200
    assert len(seen) == 4
    narrow = (await asking.refresh(told["refresh_token"], scope="jobs:read")).json()
    assert narrow["scope"] == "jobs:read"
    wide = (await asking.refresh(narrow["refresh_token"])).json()
    assert wide["scope"] == "jobs:read documents:read"
    more = await asking.refresh(wide["refresh_token"], scope="jobs:read keys:write")
    assert more.json()["error"] == "invalid_scope"
    assert (await asking.refresh(wide["refresh_token"])).status_code == 200


async def test_one_that_comes_again_revokes_its_family(browser: Web, house: House) -> None:
    asking = await app(browser)
    first, other = await asking.tokens(), await asking.tokens()
    second = (await asking.refresh(first["refresh_token"])).json()
    again = await asking.refresh(first["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert sorted(await revoked(house)) == [False, True]
    for access in (first["access_token"], second["access_token"]):
        assert (await browser.get("/v1/me", access)).status_code == 401
    assert (await asking.refresh(second["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await asking.refresh(other["refresh_token"])).status_code == 200
    await house.audit.flush()
    sql = "SELECT tenant_id, subject, outcome FROM audit WHERE outcome = 'GrantReused'"
    rows = await house.engines.database.fetch(SYSTEM, sql)
    assert [row["subject"] for row in rows] == [(await client(house).call("identity.whoami")).subject]


async def test_of_eight_at_once_one_wins(browser: Web, house: House) -> None:
    asking = await app(browser)
    told = await asking.tokens()
    answers = await asyncio.gather(*(asking.refresh(told["refresh_token"]) for _ in range(8)))
    assert sorted(each.status_code for each in answers) == [200, *[400] * 7]
    assert {each.json().get("error") for each in answers} == {None, "invalid_grant"}
    assert await revoked(house) == [True]
    winner = next(each for each in answers if each.status_code == 200).json()
    assert (await browser.get("/v1/me", winner["access_token"])).status_code == 401


async def test_a_code_that_comes_again_revokes_what_it_gave(browser: Web) -> None:
    asking = await app(browser)
    code = await asking.code()
    told = (await asking.redeem(code)).json()
    assert (await browser.get("/v1/me", told["access_token"])).status_code == 200
    assert (await asking.redeem(code, code_verifier="x" * 43)).json()["error"] == "invalid_grant"
    assert (await browser.get("/v1/me", told["access_token"])).status_code == 401
    assert (await asking.refresh(told["refresh_token"])).json()["error"] == "invalid_grant"


async def test_of_many_at_once_one_redeems_a_code(browser: Web) -> None:
    asking = await app(browser)
    code = await asking.code()
    answers = await asyncio.gather(*(asking.redeem(code) for _ in range(8)))
    assert sorted(each.status_code for each in answers) == [200, *[400] * 7]
    told = next(each for each in answers if each.status_code == 200).json()
    assert (await browser.get("/v1/me", told["access_token"])).status_code == 401


async def test_a_refresh_token_is_its_clients(browser: Web, house: House) -> None:
    asking, other = await app(browser), await app(browser)
    told = await asking.tokens()
    assert (await other.refresh(told["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await asking.refresh("mrt_unknown")).json()["error"] == "invalid_grant"
    assert (await browser.get("/v1/me", told["refresh_token"])).status_code == 401
    assert await revoked(house) == [False]
    short = await browser.http.post("/v1/auth/refresh", json={"refresh_token": told["refresh_token"]})
    assert short.status_code == 200
    confidential = await app(browser, confidential=True)
    kept = await confidential.tokens()
    unproven = await browser.http.post("/v1/auth/refresh", json={"refresh_token": kept["refresh_token"]})
    assert (unproven.status_code, unproven.json()["error"]) == (401, "invalid_client")
    assert (await confidential.refresh(kept["refresh_token"])).status_code == 200


async def test_a_family_ends(browser: Web, house: House, clock: FrozenClock) -> None:
    asking = await app(browser)
    told = await asking.tokens()
    clock.move(30 * 24 * 3600)
    assert (await asking.refresh(told["refresh_token"])).json()["error"] == "invalid_grant"
    clock.move(24 * 3600 + 1)
    for caretaker in house._caretakers:
        await house._go_round(caretaker)
    assert await revoked(house) == []


async def test_revoking_a_refresh_token_revokes_its_family(browser: Web) -> None:
    asking, other = await app(browser), await app(browser)
    told = await asking.tokens()
    for each, works in ((other, True), (asking, False)):
        form = {"token": told["refresh_token"], "client_id": each.client_id}
        assert (await browser.post("revoke", form)).status_code == 200
        assert ((await browser.get("/v1/me", told["access_token"])).status_code == 200) is works
    assert (await asking.refresh(told["refresh_token"])).json()["error"] == "invalid_grant"


_REFRESHING = """
import asyncio, json, sys
from pathlib import Path
from makers import client, opened_house

async def main(folder, where, token):
    async with opened_house(Path(folder), **json.loads(where)) as house:
        async def refresh():
            answer = await client(house).call("authorization.refresh_token", refresh_token=token)
            print(answer.refresh_token, flush=True)
        print("ready", flush=True)
        await asyncio.gather(*(refresh() for _ in range(8)), return_exceptions=True)
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("delay_ms", [0, 1, 3, 8, 20])
async def test_a_kill_leaves_a_family_whole(tmp_path: Path, where: dict[str, str], delay_ms: int) -> None:
    async with opened_house(tmp_path / "data", **where) as house:
        admin = client(house)
        made = await admin.call(
            "authorization.create_client", name="a", redirect_uris=[BACK], confidential=False
        )
        named = {"client_id": made.client_id, "redirect_uri": BACK}
        approval = await admin.call(
            "authorization.approve_authorization",
            **named,
            code_challenge=challenge(),
            code_challenge_method="S256",
        )
        told = await admin.call(
            "authorization.redeem_code", **named, code=approval.authorization_code, code_verifier=VERIFIER
        )
    command = [
        sys.executable,
        "-c",
        _REFRESHING,
        str(tmp_path / "data"),
        json.dumps(where),
        told.refresh_token,
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    assert child.stdout is not None
    assert await child.stdout.readline() == b"ready\n"
    await asyncio.sleep(delay_ms / 1000)
    child.kill()
    given = (await child.stdout.read()).decode().split()
    await child.wait()
    if where:
        await _nobody_left(where["database"])
    async with opened_house(tmp_path / "data", **where) as house:
        await _check_whole(house, client(house), told.refresh_token, given)


async def _nobody_left(database: str) -> None:
    """Wait until the server has ended, or finished, what a killed process had begun."""
    others = (  # of clients: the server's own cleaning of a new database takes as long as it likes
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    async with asyncio.timeout(10), await psycopg.AsyncConnection.connect(database) as link:
        while (await (await link.execute(others)).fetchone()) != (0,):
            await asyncio.sleep(0.01)


async def _check_whole(house: House, admin: Client, first: str, given: list[str]) -> None:
    """Make sure that a used token has one successor, and that what was answered was committed."""
    rows = await house.engines.database.fetch(SYSTEM, "SELECT used_ms FROM refresh_tokens")
    used = sum(row["used_ms"] is not None for row in rows)
    assert len(rows) == 1 + used
    assert len(given) <= used <= 1
    families = await revoked(house)
    if used:
        for token in (first, *given):
            with pytest.raises(Exception, match=r"used before|has ended"):
                await admin.call("authorization.refresh_token", refresh_token=token)
        assert await revoked(house) == [True]
    else:
        assert families == [False]
        await admin.call("authorization.refresh_token", refresh_token=first)
