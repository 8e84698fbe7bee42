"""A house on each database, and a clock that the tests own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engines.databases import house_postgres, postgres_url
from mainstay.app.house import House
from makers import FrozenClock, opened_house

__all__ = ["house", "house_postgres", "postgres_url", "where"]


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest) -> dict[str, str]:
    """Give the setting of each database."""
    return {"database": request.getfixturevalue("house_postgres")} if request.param == "postgres" else {}


@pytest.fixture
async def house(tmp_path: Path, where: dict[str, str], clock: FrozenClock) -> AsyncIterator[House]:
    async with opened_house(tmp_path / "data", clock=clock, **where) as opened:
        yield opened
