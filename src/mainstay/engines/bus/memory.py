"""A bus inside one process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Self


class MemoryBus:
    """Notes to the subscribers of this process and event loop; each keeps the newest `notes_max`."""

    def __init__(self, *, notes_max: int = 1000) -> None:
        """Take how many unread notes a listener may gather before it loses the oldest."""
        self._notes_max = notes_max
        self._listeners: dict[str, set[_Listener]] = {}
        self._closed = False

    async def publish(self, topic: str, note: str = "") -> None:
        """Tell all present subscribers of a topic; never waits for them."""
        for listener in self._listeners.get(topic, ()):
            listener.tell(note)

    def subscribe(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """Listen from the moment the context is entered until it is left or the bus closes."""
        return self._subscription(topic)

    async def close(self) -> None:
        """End all subscriptions; what was told before is still read."""
        self._closed = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()

    @asynccontextmanager
    async def _subscription(self, topic: str) -> AsyncIterator[AsyncIterator[str]]:
        listener = _Listener(self._notes_max)
        if self._closed:
            listener.end()
        self._listeners.setdefault(topic, set()).add(listener)
        try:
            yield listener
        finally:
            present = self._listeners[topic]
            present.remove(listener)
            if not present:
                del self._listeners[topic]


class _Listener:
    def __init__(self, notes_max: int) -> None:
        self._notes: deque[str] = deque(maxlen=notes_max)
        self._something = asyncio.Event()
        self._ended = False

    def tell(self, note: str) -> None:
        self._notes.append(note)
        self._something.set()

    def end(self) -> None:
        self._ended = True
        self._something.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        while not self._notes:
            if self._ended:
                raise StopAsyncIteration
            self._something.clear()
            await self._something.wait()
        return self._notes.popleft()
