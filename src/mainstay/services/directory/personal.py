"""What the directory stores about persons: what their identity provider told, and which groups they made."""

from mainstay.kernel.clearing import Clearing
from mainstay.ports.ciphers import Cipher
from mainstay.services.directory.profiles import SealedProfiles
from mainstay.services.directory.store import TABLES, DirectoryStore
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)

_SERVICE = "directory"


class PersonalProfiles:
    """Exports and erases what an identity provider told of somebody."""

    def __init__(
        self, store: DirectoryStore, profiles: SealedProfiles, cipher: Cipher, clearing: Clearing
    ) -> None:
        """Take where profiles are, who opens them, and the cipher of what is exported."""
        self._store = store
        self._profiles = profiles
        self._cipher = cipher
        self._clearing = clearing

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute a user's profile, and the groups that he made, to an export."""
        row = await self._store.user(event.subject)
        made = await self._store.groups_made_by(event.subject)
        profile = None if row is None else self._profiles.open(row).model_dump(exclude_none=True)
        counts = {"profiles": int(row is not None), "groups_made": len(made)}
        await event.answer(_SERVICE, {"profile": profile, "groups_made": made}, counts, self._cipher.seal)

    async def erase(self, event: PersonErasureRequested) -> None:
        """Erase a user's profile, and that he made groups."""
        made = await self._store.groups_made_by(event.subject)
        await self._store.forget_maker(event.subject)
        profiles = await self._store.forget_user(event.subject)
        event.answer(_SERVICE, {"profiles": profiles, "groups_made": len(made)})

    async def clear(self, event: TenantErasureRequested) -> None:
        """Remove what the directory has of a tenant."""
        await self._clearing.clear(event.erasure_id, _SERVICE, event.tenant_id, TABLES)
        event.answer(_SERVICE)
