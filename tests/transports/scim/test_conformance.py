"""A peer that knows the RFCs tries the whole door: scim2-tester, over the wire."""

import asyncio
import json
import sys
from pathlib import Path

from makers import client, opened_house
from served import served

_PEER = Path(__file__).with_name("peer.py")
_FINE = ("SUCCESS", "ACCEPTABLE", "SKIPPED")


async def test_a_peer_finds_nothing_that_the_rfcs_do_not_allow(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data", rate_limit_per_minute=100_000) as house:
        made = await client(house).call("identity.create_key", name="peer", role="provisioning")
        async with served(house) as url:
            house.address.listens(url)
            peer = await asyncio.create_subprocess_exec(
                *(sys.executable, _PEER, f"{url}/scim/v2", made.key), stdout=asyncio.subprocess.PIPE
            )
            told, _ = await peer.communicate()
    assert peer.returncode == 0
    results: list[str] = json.loads(told)
    wrong = [each for each in results if not each.startswith(_FINE)]
    assert not wrong, "\n".join(wrong)
    assert sum(each.startswith("SUCCESS") for each in results) > 90
