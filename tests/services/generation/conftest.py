"""Servers of generators, which say what they are told to."""

from collections.abc import AsyncIterator

import pytest

from chat_upstream import Upstream, chat_upstream


@pytest.fixture
async def small() -> AsyncIterator[Upstream]:
    async with chat_upstream() as upstream:
        yield upstream


@pytest.fixture
async def large() -> AsyncIterator[Upstream]:
    async with chat_upstream() as upstream:
        yield upstream
