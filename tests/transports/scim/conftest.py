"""A house on each database behind its doors, with an identity provider's key."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mainstay.app.house import House
from makers import FrozenClock, Mailbox, client, opened_house
from transports.scim.provisioner import Provisioner, provisioner


@pytest.fixture
def mails() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def house(
    tmp_path: Path, where: dict[str, str], clock: FrozenClock, mails: Mailbox
) -> AsyncIterator[House]:
    settings = {"public_url": "https://ai.example.com", **where}
    async with opened_house(
        tmp_path / "data", clock=clock, mailer=mails, rate_limit_per_minute=100_000, **settings
    ) as opened:
        yield opened


@pytest.fixture
async def scim(house: House) -> AsyncIterator[Provisioner]:
    made = await client(house).call("identity.create_key", name="Entra", role="provisioning")
    async with provisioner(house, made.key) as opened:
        yield opened
