"""A house on each database with a mailbox, and a clock that the tests own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mainstay.app.house import House
from makers import FrozenClock, Mailbox, opened_house


@pytest.fixture
def mails() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def house(
    tmp_path: Path, where: dict[str, str], clock: FrozenClock, mails: Mailbox
) -> AsyncIterator[House]:
    settings = {"public_url": "https://ai.example.com/", **where}
    async with opened_house(
        tmp_path / "data", clock=clock, mailer=mails, rate_limit_strangers_per_minute=100_000, **settings
    ) as opened:
        yield opened
