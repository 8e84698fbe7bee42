"""What identity stores about those who call: the names of their keys, and who made which key."""

import base64
import json

from mainstay.kernel.work import caller, emit
from mainstay.ports.ciphers import Cipher
from mainstay.services.identity.store import IdentityStore
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    PersonPartReady,
)

_SERVICE = "identity"
ERASED = "erased"
"""What a key is called when whoever it was named after was erased; it works on until it is revoked."""


class PersonalKeys:
    """Exports and erases what keys say about somebody."""

    def __init__(self, store: IdentityStore, cipher: Cipher) -> None:
        """Take where keys are, and the cipher of what is exported."""
        self._store = store
        self._cipher = cipher

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute the key that somebody is, and those that somebody made, to an export."""
        own, made = await self._store.keys_about(caller().tenant_id, event.subject)
        keys = [{"key_id": key.key_id, "name": key.name, "created_ms": key.created_ms} for key in own]
        content = json.dumps({"keys": keys, "made": [key.key_id for key in made]}).encode()
        sealed = self._cipher.seal(
            content, PersonPartReady.place(event.request_id, _SERVICE), owner=event.request_id
        )
        ready = PersonPartReady(
            request_id=event.request_id,
            service=_SERVICE,
            counts={"keys": len(own), "keys_made": len(made)},
            content=base64.b64encode(sealed).decode(),
        )
        emit(ready, job_id=event.job_id, subject=event.request_id)

    async def erase(self, event: PersonErasureRequested) -> None:
        """Take the name from the key that somebody is, and its id from those that somebody made."""
        tenant_id = caller().tenant_id
        own, made = await self._store.keys_about(tenant_id, event.subject)
        await self._store.forget_person(tenant_id, event.subject, ERASED)
        ready = PersonPartReady(
            request_id=event.request_id,
            service=_SERVICE,
            counts={"keys": len(own), "keys_made": len(made)},
        )
        emit(ready, job_id=event.job_id, subject=event.request_id, promised=True)
