"""What we ask of a blob store: bytes under a key, encrypted at rest, gone when deleted."""

from collections.abc import Sequence
from typing import Protocol

from mainstay.kit.errors import NotFound, Unavailable


class BlobMissing(NotFound):
    """There are no bytes under this key."""

    title = "The stored file is missing"


class BlobsUnavailable(Unavailable):
    """The blob store cannot be reached, or its disk is full."""

    title = "The file store cannot answer now"


class Blobs(Protocol):
    """A blob store; keys are ids of the house (letters, digits, `_`, `-`), never names a user chose."""

    async def put(self, tenant: str, key: str, content: bytes) -> None:
        """Store bytes durably and atomically, replacing what was there."""
        ...

    async def get(self, tenant: str, key: str) -> bytes:
        """Give the bytes; raises BlobMissing."""
        ...

    async def reseal(self, tenant: str, key: str) -> bool:
        """Seal a blob with the present key; say whether another had sealed it; raises BlobMissing.

        Keys of blobs are used once, so that nobody stores another content meanwhile.
        """
        ...

    async def delete(self, tenant: str, key: str) -> None:
        """Erase the bytes; harmless when there are none."""
        ...

    async def drop(self, tenant: str) -> None:
        """Erase all of a tenant's blobs."""
        ...

    async def keys(self, tenant: str) -> Sequence[str]:
        """List the keys of a tenant's blobs, in any order."""
        ...
