"""A house on each database with a mailbox, and a clock that the tests own."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from makers import FrozenClock, Mailbox, opened_house


@pytest.fixture
def mails() -> Mailbox:
    return Mailbox()


@pytest.fixture
def engines(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Make the engines that are other than those of most tests."""
    return {name: make() for name, make in getattr(request, "param", {}).items()}


@pytest.fixture
async def house(
    tmp_path: Path, where: dict[str, str], clock: FrozenClock, mails: Mailbox, engines: dict[str, Any]
) -> AsyncIterator[House]:
    settings = {"public_url": "https://ai.example.com/", "rate_limit_strangers_per_minute": 100_000, **where}
    async with opened_house(tmp_path / "data", clock=clock, mailer=mails, **settings, **engines) as opened:
        yield opened
