"""A Redis that several processes share, and what happens when it does not answer."""

import asyncio
import json
import logging
import secrets
import sys
import time
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

import pytest

from engines.caches import Frozen, redis_url
from mainstay.engines.cache.enduring import RETRY_S, EnduringCache
from mainstay.engines.cache.memory import MemoryCache
from mainstay.engines.cache.redis import RedisCache
from mainstay.ports.cache import CacheUnavailable, Limit, Verdict

LIMIT = Limit("a", 3, 60)
_TAKER = """
import asyncio, json, sys, time
from mainstay.engines.cache.redis import RedisCache
from mainstay.ports.cache import Limit

async def main(url, key, count, window_s, seconds):
    cache, taken = RedisCache(url, wait_s=5), []
    sys.stdin.readline()
    end = time.monotonic() + seconds
    async def client():
        while time.monotonic() < end:
            before = time.time()
            told = await cache.take([Limit(key, count, window_s)])
            if told.allowed:
                taken.append((before, time.time()))
            else:
                await asyncio.sleep(0.004)
    await asyncio.gather(*(client() for _ in range(4)))
    await cache.close()
    print(json.dumps(taken))

url, key, count, window_s, seconds = sys.argv[1:]
asyncio.run(main(url, key, int(count), float(window_s), float(seconds)))
"""


@pytest.fixture
async def cache() -> AsyncIterator[RedisCache]:
    opened = RedisCache(redis_url(), wait_s=5)
    yield opened
    await opened.close()


async def test_two_processes_keep_one_limit_and_use_it_up() -> None:
    url, key, count, window_s, seconds = redis_url(), secrets.token_hex(8), 500, 1.5, 6.2
    arguments = [url, key, str(count), str(window_s), str(seconds)]
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _TAKER,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    told = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    each = [json.loads(out) for out, _ in told]
    assert all(len(part) > 100 for part in each)
    taken = sorted((tuple(pair) for part in each for pair in part), key=lambda pair: pair[1])
    # Redis decided at some moment between the two times: more than the limit, of which the last was answered
    # less than a window after the first was asked, would be too many for certain.
    for first in range(len(taken) - count):
        some = taken[first : first + count + 1]
        assert some[-1][1] - min(before for before, _ in some) >= window_s
    whole_windows = int(seconds / window_s)
    assert len(taken) >= 0.99 * count * whole_windows
    assert len(taken) <= count * (whole_windows + 1)


async def test_values_expire_by_themselves(cache: RedisCache) -> None:
    key = secrets.token_hex(8)
    await cache.set(key, b"\x00\xff", 0.05)
    assert await cache.get(key) == b"\x00\xff"
    async with asyncio.timeout(5):
        while await cache.get(key) is not None:
            await asyncio.sleep(0.01)


async def test_counters_stay_small_and_expire(cache: RedisCache) -> None:
    key = secrets.token_hex(8)
    for _ in range(1500):
        await cache.take([Limit(key, 1_000_000, 0.5)])
    name = f"mainstay:count:{key}"
    assert await cache._redis.strlen(name) <= 4 + 12 * 241
    assert 0 < await cache._redis.pttl(name) <= 1500


async def test_scripts_that_were_forgotten_are_sent_again(cache: RedisCache) -> None:
    first = await cache.take([Limit(secrets.token_hex(8), 5, 1)])
    cache._script += "\n-- another one, which no server knows"
    cache._sha = "f" * 40
    assert await cache.take([Limit(secrets.token_hex(8), 5, 1)]) == first


class Relay:
    """A way to the Redis of this machine that can be closed, or let nothing through."""

    def __init__(self, url: str) -> None:
        self._there = urlsplit(url)
        self.silent = False
        self._links: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}{self._there.path}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for link in list(self._links):
            link.close()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, out = await asyncio.open_connection(self._there.hostname, self._there.port or 6379)
        self._links |= {writer, out}
        await asyncio.gather(self._pass(reader, out), self._pass(there, writer), return_exceptions=True)
        writer.close()
        out.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not self.silent:
                writer.write(data)
                await writer.drain()
        writer.close()


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    opened = Relay(redis_url())
    await opened.open()
    yield opened
    await opened.close()


def enduring(relay: Relay, clock: Frozen) -> EnduringCache:
    return EnduringCache(RedisCache(relay.url), MemoryCache(clock), clock)


async def test_a_silent_redis_is_waited_for_shortly_then_each_process_limits_alone(
    relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    clock, key = Frozen(), secrets.token_hex(8)
    limit = Limit(key, 3, 60)
    cache = enduring(relay, clock)
    caplog.set_level(logging.INFO, "mainstay.cache")
    assert (await cache.take([limit])).left == 2
    assert await cache.state() == "ok"
    relay.silent = True
    began = time.monotonic()
    assert (await cache.take([limit])).left == 1  # a count of its own, which goes on
    waited_s = time.monotonic() - began
    assert 0.09 < waited_s < 0.5
    began = time.monotonic()
    told = [(await cache.take([limit])).allowed for _ in range(200)]
    assert time.monotonic() - began < 0.09
    assert told == [True, *[False] * 199]
    assert await cache.get(key) is None
    assert (await cache.state()).startswith("degraded: ")
    for _ in range(11):  # most of a minute, in which a call tries now and then
        clock.time += 5 * RETRY_S
        cache._shared._wait_s = 0.001  # type: ignore[attr-defined]  # eleven waits would take the test long
        await cache.take([limit])
    assert len(caplog.records) == 1
    clock.time += 6 * RETRY_S
    await cache.take([limit])
    assert len(caplog.records) == 2
    cache._shared._wait_s = 5  # type: ignore[attr-defined]  # see above
    relay.silent = False
    clock.time += RETRY_S
    assert (await cache.take([limit])).left <= 2
    assert await cache.state() == "ok"
    assert "answers again" in caplog.records[-1].message
    await cache.close()


async def test_a_redis_that_is_away_is_found_again(relay: Relay) -> None:
    clock, key = Frozen(), secrets.token_hex(8)
    cache = enduring(relay, clock)
    assert (await cache.take([Limit(key, 3, 60)])).left == 2
    await relay.close()
    assert (await cache.take([Limit(key, 3, 60)])).left == 1
    with pytest.raises(CacheUnavailable):
        await cache.set(key, b"1", 10)
    with pytest.raises(CacheUnavailable):
        await cache.delete(key)
    assert "redis://" not in await cache.state()
    await relay.open()
    assert (await cache.take([Limit(key, 3, 60)])).left == 0  # not yet tried again: its own count
    clock.time += RETRY_S
    assert (await cache.take([Limit(key, 3, 60)])).left == 1  # the second that Redis counts
    assert await cache.state() == "ok"
    await cache.close()


class _Away(MemoryCache):
    """A shared cache that goes away when it is told to."""

    away = False

    async def take(self, limits: Sequence[Limit]) -> Verdict:
        if self.away:
            raise CacheUnavailable
        return await super().take(limits)


async def test_a_minute_that_began_in_the_shared_cache_goes_on_here() -> None:
    clock = Frozen()
    shared = _Away(clock)
    cache = EnduringCache(shared, MemoryCache(clock), clock)
    for _ in range(2):
        assert (await cache.take([LIMIT])).allowed
    shared.away = True
    assert (await cache.take([LIMIT])).allowed
    assert not (await cache.take([LIMIT])).allowed
