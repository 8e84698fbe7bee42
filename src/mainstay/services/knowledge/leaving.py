"""What knowledge removes of a tenant that is erased: its index, its files, its rows."""

from mainstay.kernel.clearing import Clearing
from mainstay.ports.blobs import Blobs
from mainstay.ports.vectors import Vectors
from mainstay.services.knowledge.store import TABLES
from mainstay.services.privacy.interface import TenantErasureRequested

_SERVICE = "knowledge"
_OF_FILES = "part_"
"""What the files service counts itself, though it goes with the rest."""


class Leaving:
    """Removes everything that knowledge has of a tenant."""

    def __init__(self, vectors: Vectors, blobs: Blobs, clearing: Clearing) -> None:
        """Take the index, the files, and what removes rows."""
        self._vectors = vectors
        self._blobs = blobs
        self._clearing = clearing

    async def erase(self, event: TenantErasureRequested) -> None:
        """Remove it; what is gone first is what can be found."""
        clearance, tenant_id = event.erasure_id, event.tenant_id
        await self._vectors.forget(tenant_id)
        own = [key for key in await self._blobs.keys(tenant_id) if not key.startswith(_OF_FILES)]
        await self._clearing.note(clearance, _SERVICE, "files", len(own))
        await self._blobs.drop(tenant_id)
        await self._clearing.clear(clearance, _SERVICE, tenant_id, TABLES)
        event.answer(_SERVICE)
