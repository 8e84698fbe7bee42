"""What single sign-on stores about persons: by which connections they came, and which they made."""

from mainstay.kernel.clearing import Clearing
from mainstay.ports.ciphers import Cipher
from mainstay.services.federation.store import TABLES, FederationStore
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)

_SERVICE = "federation"


class PersonalLinks:
    """Exports and erases by which connections somebody came."""

    def __init__(self, store: FederationStore, cipher: Cipher, clearing: Clearing) -> None:
        """Take where connections are, and the cipher of what is exported."""
        self._store = store
        self._cipher = cipher
        self._clearing = clearing

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute by which connections somebody came, and which somebody made, to an export."""
        links = await self._store.links_of(event.subject)
        made = await self._store.made_by(event.subject)
        came = [{"connection_id": connection_id, "created_ms": since} for connection_id, since in links]
        counts = {"links": len(links), "connections_made": len(made)}
        await event.answer(_SERVICE, {"links": came, "connections_made": made}, counts, self._cipher.seal)

    async def erase(self, event: PersonErasureRequested) -> None:
        """Erase by which connections somebody came, and that somebody made some."""
        links = await self._store.links_of(event.subject)
        made = await self._store.made_by(event.subject)
        await self._store.forget_person(event.subject)
        event.answer(_SERVICE, {"links": len(links), "connections_made": len(made)})

    async def clear(self, event: TenantErasureRequested) -> None:
        """Remove what federation has of a tenant."""
        await self._clearing.clear(event.erasure_id, _SERVICE, event.tenant_id, TABLES)
        event.answer(_SERVICE)
