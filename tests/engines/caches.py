"""The engines that the cache suite runs through, each with a clock that tests move."""

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import redis

from engines.databases import missing
from mainstay.engines.cache.memory import MemoryCache
from mainstay.engines.cache.redis import RedisCache
from mainstay.ports.cache import Cache

ENGINES = ("memory", "redis")


class Frozen:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now_ms(self) -> int:
        return int(self.time * 1000)

    def monotonic_s(self) -> float:
        return self.time


class FrozenRedis(RedisCache):
    """The same script with a clock that stands in a key."""

    now_lua = "local now = tonumber(redis.call('GET', 'test:now'))\n"


def redis_url() -> str:
    """Give a Redis that answers; tests leave nothing in it that does not expire."""
    url = os.environ.get("MAINSTAY_TEST_REDIS", "redis://127.0.0.1:6379/9")
    try:
        with redis.Redis.from_url(url, socket_timeout=3) as link:
            link.ping()
    except redis.RedisError:
        missing("a Redis server (MAINSTAY_TEST_REDIS)")
    return url


@dataclass
class Timed:
    """A cache and its clock; keys of one test are its own."""

    cache: Cache
    clock: Frozen
    tell: Callable[[], Awaitable[None]]
    room: str

    async def move(self, seconds: float) -> None:
        """Let time pass, or run back."""
        self.clock.time += seconds
        await self.tell()


async def _nothing() -> None:
    return


@asynccontextmanager
async def timed(engine: str) -> AsyncIterator[Timed]:
    """Open an engine at a time that stands."""
    clock, room = Frozen(), secrets.token_hex(6)
    if engine == "memory":
        yield Timed(MemoryCache(clock), clock, _nothing, room)
        return
    cache = FrozenRedis(redis_url(), wait_s=5.0)
    name = f"test:{room}:now"
    cache._script = cache._script.replace("test:now", name)
    cache._sha = "0" * 40  # never loaded: each call takes the way of a Redis that was started again

    async def tell() -> None:
        await cache._redis.set(name, round(clock.time * 1_000_000), ex=600)

    await tell()
    try:
        yield Timed(cache, clock, tell, room)
    finally:
        await cache.close()


@pytest.fixture(params=ENGINES)
async def here(request: pytest.FixtureRequest) -> AsyncIterator[Timed]:
    """Give each engine in turn."""
    async with timed(request.param) as opened:
        yield opened
