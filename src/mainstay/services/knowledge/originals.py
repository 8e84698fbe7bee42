"""The files that documents were made of: kept sealed, erased with their documents."""

from collections.abc import Sequence

from mainstay.kernel.work import caller
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids, made_ms
from mainstay.ports.blobs import Blobs
from mainstay.services.knowledge.store import KnowledgeStore

_KIND = "blob"
_UNCLAIMED_MS = 3_600_000
"""How long a file may wait for its document: much longer than any request lasts."""


class Originals:
    """Keeps files as blobs of the caller's tenant.

    A file is stored before its document, so that no document names a file that is not there. What is left
    of a request that failed in between is swept away later.
    """

    def __init__(self, store: KnowledgeStore, blobs: Blobs, clock: Clock, ids: Ids) -> None:
        """Take who knows the documents, and where the files go."""
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._ids = ids

    async def keep(self, content: bytes) -> str:
        """Store a file and give its key."""
        key = self._ids.new(_KIND)
        await self._blobs.put(caller().tenant_id, key, content)
        return key

    async def erase(self, keys: Sequence[str]) -> None:
        """Erase files."""
        for key in keys:
            await self._blobs.delete(caller().tenant_id, key)

    async def sweep(self) -> int:
        """Erase files that no document names, but for those of requests under way; count them."""
        newest = self._clock.now_ms() - _UNCLAIMED_MS
        files = [key for key in await self._blobs.keys(caller().tenant_id) if key.startswith(_KIND)]
        old = [key for key in files if made_ms(key) < newest]
        named = await self._store.blobs() if old else set()
        left = [key for key in old if key not in named]
        await self.erase(left)
        return len(left)
