"""Where chance comes from; tests own it."""

import secrets
from typing import Protocol


class Random(Protocol):
    """A source of random bytes."""

    def token(self, size: int) -> bytes:
        """Give `size` unpredictable bytes."""
        ...


class SystemRandom:
    """The operating system's generator."""

    def token(self, size: int) -> bytes:
        """Give `size` unpredictable bytes."""
        return secrets.token_bytes(size)
