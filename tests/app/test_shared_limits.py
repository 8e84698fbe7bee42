"""Two houses that count rate limits in one Redis, and what they say when it is away."""

import secrets
import shutil
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from engines.caches import redis_url
from mainstay.app import engines
from mainstay.app.placement import SettingsContradict
from mainstay.app.settings import Settings
from mainstay.kernel.guard import RateLimited
from mainstay.kit.clock import SystemClock
from mainstay.transports.rest.health import DEGRADED
from makers import ADMIN_KEY, client, opened_house


async def test_two_houses_share_the_limits_of_a_key(tmp_path: Path, house_postgres: str) -> None:
    given = {"cache": redis_url(), "database": house_postgres, "clock": SystemClock()}
    async with opened_house(tmp_path / "one", **given) as one, AsyncExitStack() as stack:
        (tmp_path / "two").mkdir()
        for name in ("secret.key", "audit.key"):  # processes of one installation have the same keys
            shutil.copy(tmp_path / "one" / name, tmp_path / "two" / name)
        two = await stack.enter_async_context(opened_house(tmp_path / "two", **given))
        made = await client(one).call("identity.create_key", name=secrets.token_hex(4), limit_per_minute=4)
        first, second = client(one, made.key), client(two, made.key)
        for caller, left in ((first, 3), (second, 2), (second, 1), (first, 0)):
            await caller.call("identity.whoami")
            assert f"r={left};" in caller.headers["RateLimit"]
        for caller in (first, second):
            with pytest.raises(RateLimited):
                await caller.call("identity.whoami")
        assert (await one.ready())["cache"] == "ok"


async def test_a_house_serves_without_its_redis_and_says_so(tmp_path: Path) -> None:
    async with opened_house(tmp_path, cache="redis://127.0.0.1:1/0", clock=SystemClock()) as house:
        caller = client(house, ADMIN_KEY)
        await caller.call("identity.whoami")
        assert "r=999;" in caller.headers["RateLimit"]
        state = (await house.ready())["cache"]
        assert state.startswith(DEGRADED)
        assert "127.0.0.1" not in state


@pytest.mark.parametrize("url", ["postgres://x", "redis:/x", "redis://", "memory2"])
def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="cache"):
        Settings(cache=url)


@pytest.mark.parametrize("url", ["redis://host:port/0", "redis://host:6379/x?socket_timeout=y"])
def test_an_address_that_cannot_be_read_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsContradict, match="MAINSTAY_CACHE"):
        engines.cache(Settings(cache=url), SystemClock())


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(module: str, name: str) -> Any:
        if module == "cache.redis":
            raise ModuleNotFoundError(name="redis")
        return lambda *_: None

    monkeypatch.setattr(engines, "pick", missing)
    with pytest.raises(SettingsContradict, match=r"'\.\[redis\]'"):
        engines.cache(Settings(cache="redis://host"), SystemClock())
