"""The bytes of files: sealed blobs of a few megabytes each, so that no file is held in memory twice."""

from collections.abc import Sequence

from mainstay.kernel.tidying import DAY_MS
from mainstay.kernel.work import caller
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids, made_ms
from mainstay.ports.blobs import Blobs
from mainstay.services.files.limits import PART_BYTES
from mainstay.services.files.store import FileStore, Kept
from mainstay.services.files.upload_store import UploadStore

KIND = "part"
_UNCLAIMED_MS = 2 * 3_600_000
"""How long bytes may wait for their file: longer than any request or upload lasts."""


class Contents:
    """Keeps bytes as blobs of the caller's tenant.

    They are stored before their file, so that no file names bytes that are not there. What is left of a
    request that failed in between is swept away later.
    """

    def __init__(self, store: FileStore, uploads: UploadStore, blobs: Blobs, clock: Clock, ids: Ids) -> None:
        """Take who knows the files, and where the bytes go."""
        self._store = store
        self._uploads = uploads
        self._blobs = blobs
        self._clock = clock
        self._ids = ids
        self._swept_ms: dict[str, int] = {}

    async def keep(self, content: bytes) -> list[Kept]:
        """Store bytes durably, piece by piece."""
        kept: list[Kept] = []
        view = memoryview(content)
        for start in range(0, len(content), PART_BYTES):
            piece = bytes(view[start : start + PART_BYTES])
            key = self._ids.new(KIND)
            await self._blobs.put(caller().tenant_id, key, piece)
            kept.append(Kept(key, len(piece)))
        return kept

    async def give(self, part: Kept) -> bytes:
        """Give the bytes of a part; raises BlobMissing."""
        return await self._blobs.get(caller().tenant_id, part.blob)

    async def erase(self, blobs: Sequence[str]) -> None:
        """Erase bytes."""
        for blob in blobs:
            await self._blobs.delete(caller().tenant_id, blob)

    async def tidy(self) -> None:
        """Sweep once a day, for each tenant that stores something."""
        tenant_id, now = caller().tenant_id, self._clock.now_ms()
        if now - self._swept_ms.get(tenant_id, -DAY_MS) >= DAY_MS:
            self._swept_ms[tenant_id] = now
            await self.sweep()

    async def sweep(self) -> int:
        """Erase what no file names, but for what is on its way; count it."""
        newest = self._clock.now_ms() - _UNCLAIMED_MS
        keys = [key for key in await self._blobs.keys(caller().tenant_id) if key.startswith(f"{KIND}_")]
        old = [key for key in keys if made_ms(key) < newest]
        named = await self._store.blobs() | await self._uploads.blobs() if old else set()
        left = [key for key in old if key not in named]
        await self.erase(left)
        return len(left)
