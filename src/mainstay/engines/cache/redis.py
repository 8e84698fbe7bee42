"""A cache and the counters of rate limits in a Redis that several processes share."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from mainstay.engines.cache.redis_take import REDIS_TIME, take_script
from mainstay.engines.cache.sliding import verdict
from mainstay.ports.cache import SUB_WINDOWS, CacheUnavailable, Limit, Verdict

WAIT_S = 0.1
"""How long anything may take, the wait for a connection included."""

_CONNECTIONS_MAX = 16
_US = 1_000_000
_VALUES = "mainstay:value:"
_COUNTERS = "mainstay:count:"


class RedisCache:
    """Values with an expiry and sliding counters; whatever is not answered in time raises CacheUnavailable.

    A counter keeps 12 bytes for each entry, so less than 3 KB whatever its limit, and is gone a second after
    its window. A Redis that is set to evict keys (`maxmemory-policy`) may forget a counter early.
    """

    now_lua: ClassVar[str] = REDIS_TIME

    def __init__(self, url: str, *, wait_s: float = WAIT_S) -> None:
        """Take the address, `redis://…` or `rediss://…`; nothing is opened yet."""
        pool = BlockingConnectionPool.from_url(
            url, max_connections=_CONNECTIONS_MAX, timeout=None, retry=Retry(NoBackoff(), 0)
        )
        # The client's commands are typed for both of its forms at once, or not at all.
        self._redis: Any = Redis.from_pool(pool)
        self._wait_s = wait_s
        self._script = take_script(self.now_lua)
        self._sha = hashlib.sha1(self._script.encode(), usedforsecurity=False).hexdigest()

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when it is not (or no longer) there."""
        async with self._bounded():
            value: bytes | None = await self._redis.get(_VALUES + key)
        return value

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for a while."""
        if ttl_s <= 0:
            await self.delete(key)
            return
        async with self._bounded():
            await self._redis.set(_VALUES + key, value, px=max(1, round(ttl_s * 1000)))

    async def delete(self, key: str) -> None:
        """Forget a value."""
        async with self._bounded():
            await self._redis.delete(_VALUES + key)

    async def take(self, limits: Sequence[Limit]) -> Verdict:
        """Count one event under all limits, or under none of them: one script."""
        keys = [_COUNTERS + limit.key for limit in limits]
        numbers = [number for limit in limits for number in (limit.most, round(limit.window_s * _US))]
        async with self._bounded():
            told = await self._run(keys, [SUB_WINDOWS, *numbers])
        waits = [int(wait) / _US for wait in told[2::2]]
        return verdict(limits, [int(total) for total in told[1::2]], waits, allowed=bool(told[0]))

    async def state(self) -> str:
        """Say `ok` when it answers."""
        async with self._bounded():
            await self._redis.execute_command("PING")
        return "ok"

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _run(self, keys: list[str], numbers: list[int]) -> Any:
        try:
            return await self._redis.execute_command("EVALSHA", self._sha, len(keys), *keys, *numbers)
        except NoScriptError:  # Redis was started again, or its scripts were flushed
            return await self._redis.execute_command("EVAL", self._script, len(keys), *keys, *numbers)

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._wait_s):
                yield
        except TimeoutError:
            raise CacheUnavailable(f"Redis does not answer within {1000 * self._wait_s:.0f} ms.") from None
        except (RedisError, OSError) as error:
            raise CacheUnavailable(f"Redis cannot be used ({type(error).__name__}).") from error
