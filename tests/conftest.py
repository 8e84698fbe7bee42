"""What every test stands on: a house in a folder of its own, a clock that stands still, no network."""

import ipaddress
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engines.databases import empty_postgres, house_postgres, migrated_postgres, postgres_url, where
from mainstay.app.house import House
from makers import Client, FrozenClock, client, opened_house

__all__ = ["empty_postgres", "house_postgres", "migrated_postgres", "postgres_url", "where"]

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder that pytest makes in it belongs to this user alone
_ROOM = 4 * 2**30


def pytest_configure() -> None:
    """Keep the tests' folders in memory where it has room: they sync thousands of files for nobody.

    Full counts stay on the disk, where they are to be seen. What it keeps when the power goes is looked at by
    images of its files (tests/faults).
    """
    if os.environ.get("MAINSTAY_FULL_COUNT") == "1":
        return
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
                raise AssertionError(f"a test wanted to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened_house(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def admin(house: House) -> Client:
    return client(house)
