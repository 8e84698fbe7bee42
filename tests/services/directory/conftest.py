"""A house on each database with a mailbox."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mainstay.app.house import House
from makers import Client, FrozenClock, Mailbox, client, opened_house


@pytest.fixture
def mails() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def house(
    tmp_path: Path, where: dict[str, str], clock: FrozenClock, mails: Mailbox
) -> AsyncIterator[House]:
    settings = {"public_url": "https://ai.example.com", **where}
    async with opened_house(
        tmp_path / "data", clock=clock, mailer=mails, rate_limit_strangers_per_minute=100_000, **settings
    ) as opened:
        yield opened


@pytest.fixture
async def provider(house: House, admin: Client) -> Client:
    """Give a client that speaks with an identity provider's key."""
    made = await admin.call("identity.create_key", name="Entra", role="provisioning")
    return client(house, made.key)
