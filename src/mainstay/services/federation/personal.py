"""What single sign-on stores about persons: by which connections they came, and which they made."""

import base64
import json

from mainstay.kernel.work import caller, emit
from mainstay.ports.ciphers import Cipher
from mainstay.services.federation.store import FederationStore
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    PersonPartReady,
)

_SERVICE = "federation"


class PersonalLinks:
    """Exports and erases by which connections somebody came."""

    def __init__(self, store: FederationStore, cipher: Cipher) -> None:
        """Take where connections are, and the cipher of what is exported."""
        self._store = store
        self._cipher = cipher

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute by which connections somebody came, and which somebody made, to an export."""
        tenant_id = caller().tenant_id
        links = await self._store.links_of(tenant_id, event.subject)
        made = await self._store.made_by(tenant_id, event.subject)
        came = [{"connection_id": connection_id, "created_ms": since} for connection_id, since in links]
        content = json.dumps({"links": came, "connections_made": made}).encode()
        sealed = self._cipher.seal(
            content, PersonPartReady.place(event.request_id, _SERVICE), owner=event.request_id
        )
        ready = PersonPartReady(
            request_id=event.request_id,
            service=_SERVICE,
            counts={"links": len(links), "connections_made": len(made)},
            content=base64.b64encode(sealed).decode(),
        )
        emit(ready, job_id=event.job_id, subject=event.request_id)

    async def erase(self, event: PersonErasureRequested) -> None:
        """Erase by which connections somebody came, and that somebody made some."""
        tenant_id = caller().tenant_id
        links = await self._store.links_of(tenant_id, event.subject)
        made = await self._store.made_by(tenant_id, event.subject)
        await self._store.forget_person(tenant_id, event.subject)
        ready = PersonPartReady(
            request_id=event.request_id,
            service=_SERVICE,
            counts={"links": len(links), "connections_made": len(made)},
        )
        emit(ready, job_id=event.job_id, subject=event.request_id, promised=True)
