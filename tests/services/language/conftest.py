"""One house for each module of this suite: nothing of these operations is stored."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from mainstay.app.house import House
from makers import Client, client, opened_house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with opened_house(tmp_path_factory.mktemp("language") / "data") as opened:
        yield opened


@pytest.fixture
def asker(house: House) -> Client:
    return client(house)
