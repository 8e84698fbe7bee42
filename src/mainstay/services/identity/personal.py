"""What identity stores about those who call: the names of their keys, and who made which key."""

from mainstay.ports.ciphers import Cipher
from mainstay.services.identity.key_store import ApiKeyStore
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
)

_SERVICE = "identity"
ERASED = "erased"
"""What a key is called when whoever it was named after was erased; it works on until it is revoked."""


class PersonalKeys:
    """Exports and erases what keys say about somebody."""

    def __init__(self, store: ApiKeyStore, cipher: Cipher) -> None:
        """Take where keys are, and the cipher of what is exported."""
        self._store = store
        self._cipher = cipher

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute the key that somebody is, and those that somebody made, to an export."""
        own, made = await self._store.about(event.subject)
        keys = [{"key_id": key.key_id, "name": key.name, "created_ms": key.created_ms} for key in own]
        counts = {"keys": len(own), "keys_made": len(made)}
        await event.answer(
            _SERVICE, {"keys": keys, "made": [key.key_id for key in made]}, counts, self._cipher.seal
        )

    async def erase(self, event: PersonErasureRequested) -> None:
        """Take the name from the key that somebody is, and its id from those that somebody made."""
        own, made = await self._store.about(event.subject)
        await self._store.forget_person(event.subject, ERASED)
        event.answer(_SERVICE, {"keys": len(own), "keys_made": len(made)})
