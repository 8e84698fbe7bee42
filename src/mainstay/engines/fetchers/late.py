"""A fetcher that is made with its first page: its HTTP client takes long to import, and many never fetch."""

import asyncio
from collections.abc import Callable, Mapping

from mainstay.ports.fetchers import Fetcher, Page


class LateFetcher:
    """Stands for a fetcher until it is needed."""

    def __init__(self, make: Callable[[], Fetcher]) -> None:
        """Take how the fetcher is made."""
        self._make = make
        self._turn = asyncio.Lock()
        self._made: list[Fetcher] = []

    async def fetch(self, url: str) -> Page:
        """Fetch a page; raises what the fetcher raises."""
        return await (await self._fetcher()).fetch(url)

    async def post(self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Page:
        """Send a form; raises what the fetcher raises."""
        return await (await self._fetcher()).post(url, fields, headers)

    async def _fetcher(self) -> Fetcher:
        async with self._turn:
            if not self._made:
                self._made.append(await asyncio.to_thread(self._make))
        return self._made[0]

    async def close(self) -> None:
        """Close the fetcher, if there is one."""
        for made in self._made:
            await made.close()
