"""What we ask of a wrapper: keeps root keys unreadable for whoever has not its own key."""

from typing import Protocol


class Wrapper(Protocol):
    """Wraps the root keys of an installation: a file, a variable, a key management service."""

    @property
    def name(self) -> str:
        """Say which kind it is, with the id of its key: what another one wrapped is not tried."""
        ...

    async def wrap(self, key: bytes) -> bytes:
        """Encrypt and authenticate a root key; raises CipherUnavailable."""
        ...

    async def unwrap(self, wrapped: bytes) -> bytes:
        """Give the root key back; raises CipherUnavailable."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
