"""A house on each database, and a clock that the tests own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mainstay.app.house import House
from makers import FrozenClock, opened_house


@pytest.fixture
async def house(tmp_path: Path, where: dict[str, str], clock: FrozenClock) -> AsyncIterator[House]:
    async with opened_house(tmp_path / "data", clock=clock, **where) as opened:
        yield opened
