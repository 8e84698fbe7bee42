"""The reader that is loaded when somebody first asks it something."""

import asyncio
from collections.abc import Callable, Sequence

from mainstay.ports.failures import EncoderUnavailable
from mainstay.ports.readers import Part, Reader, ReaderUnavailable, Reading


class LateReader:
    """Loads a reader in a thread at the first call; where it cannot be had, each call tries again."""

    def __init__(self, make: Callable[[], Reader]) -> None:
        """Take what loads it."""
        self._make = make
        self._reader: Reader | None = None
        self._loading = asyncio.Lock()

    async def read(
        self, texts: Sequence[str], languages: Sequence[str], parts: Sequence[Part]
    ) -> list[Reading]:
        """Give one reading a text; raises ReaderUnavailable."""
        return await (await self._ready()).read(texts, languages, parts)

    async def languages(self, parts: Sequence[Part]) -> frozenset[str]:
        """Give the languages in which it reads; raises ReaderUnavailable."""
        return await (await self._ready()).languages(parts)

    async def close(self) -> None:
        """Close what was loaded."""
        if self._reader is not None:
            await self._reader.close()

    async def _ready(self) -> Reader:
        if self._reader is None:
            async with self._loading:
                if self._reader is None:
                    self._reader = await self._loaded()
        return self._reader

    async def _loaded(self) -> Reader:
        try:
            return await asyncio.to_thread(self._make)
        except EncoderUnavailable as problem:
            raise ReaderUnavailable(problem.detail, retry_after_s=problem.retry_after_s) from problem
