"""What is removed of files without being asked for each: by age, and with a tenant."""

from mainstay.kernel.clearing import Clearing
from mainstay.kernel.work import emit
from mainstay.ports.blobs import Blobs
from mainstay.services.files.contents import KIND
from mainstay.services.files.store import TABLES
from mainstay.services.files.vault import Vault
from mainstay.services.privacy.interface import RetentionDue, TenantErasureRequested

_SERVICE = "files"


class Leaving:
    """Removes files that are old, and all files of a tenant."""

    def __init__(self, vault: Vault, blobs: Blobs, clearing: Clearing) -> None:
        """Take the files, their bytes, and what removes rows."""
        self._vault = vault
        self._blobs = blobs
        self._clearing = clearing

    async def age(self, event: RetentionDue) -> None:
        """Remove some of what is old, and come again for the rest."""
        if event.kind == "files" and await self._vault.age(event.before_ms):
            emit(event, promised=True)

    async def erase(self, event: TenantErasureRequested) -> None:
        """Remove everything of a tenant."""
        keys = [key for key in await self._blobs.keys(event.tenant_id) if key.startswith(f"{KIND}_")]
        await self._clearing.note(event.erasure_id, _SERVICE, "contents", len(keys))
        for key in keys:
            await self._blobs.delete(event.tenant_id, key)
        await self._clearing.clear(event.erasure_id, _SERVICE, event.tenant_id, TABLES)
        event.answer(_SERVICE)
