"""A peer that knows the RFCs tries the whole door: scim2-tester, over the wire."""

import asyncio
from pathlib import Path

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from makers import client, opened_house
from served import served


def _checked(url: str, key: str) -> list[str]:
    """Try everything; give what was tried, and with what end."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=url, headers=headers, timeout=30) as http:
        results = check_server(SyncSCIMClient(http))
    return [f"{each.status.name} {each.title} {each.resource_type or ''}: {each.reason}" for each in results]


async def test_a_peer_finds_nothing_that_the_rfcs_do_not_allow(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data", rate_limit_per_minute=100_000) as house:
        made = await client(house).call("identity.create_key", name="peer", role="provisioning")
        async with served(house) as url:
            house.address.listens(url)
            results = await asyncio.to_thread(_checked, f"{url}/scim/v2", made.key)
    fine = (Status.SUCCESS.name, Status.ACCEPTABLE.name, Status.SKIPPED.name)
    wrong = [each for each in results if not each.startswith(fine)]
    assert not wrong, "\n".join(wrong)
    assert sum(each.startswith(Status.SUCCESS.name) for each in results) > 90
