"""A house that is reached under a name, and a client of its doors."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mainstay.app.house import House
from makers import FrozenClock, Mailbox, opened_house
from services.authorization.asking import URL, Web, web
from services.people.conftest import mails

__all__ = ["mails"]


@pytest.fixture
def where() -> dict[str, str]:
    """Give the setting of the database; suites where it matters ask for each."""
    return {}


@pytest.fixture
async def house(
    tmp_path: Path, where: dict[str, str], clock: FrozenClock, mails: Mailbox
) -> AsyncIterator[House]:
    settings = {"public_url": URL, "rate_limit_strangers_per_minute": 10_000, **where}
    async with opened_house(tmp_path / "data", clock=clock, mailer=mails, **settings) as opened:
        yield opened


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Web]:
    made = web(house)
    async with made.http:
        yield made
