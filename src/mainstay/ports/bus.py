"""What we ask of a bus: wake whoever waits for a topic; a hint, never a record."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Bus(Protocol):
    """Short notes to whoever listens now; a lost note costs time, never truth."""

    async def publish(self, topic: str, note: str = "") -> None:
        """Tell all present subscribers of a topic; never waits for them."""
        ...

    def subscribe(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Listen from now on; a slow listener loses the oldest notes, never blocks the sender."""
        ...

    async def close(self) -> None:
        """End all subscriptions."""
        ...
