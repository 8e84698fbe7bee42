"""That the house is about to close: told to answers that would go on for as long as anybody listens."""

import asyncio
from collections.abc import AsyncIterator


class Closing:
    """Whether the house closes. Long answers wait here for what comes, and end when it does."""

    def __init__(self) -> None:
        """Begin with a house that stays open."""
        self._begun = asyncio.Event()

    @property
    def begun(self) -> bool:
        """Say whether the house closes."""
        return self._begun.is_set()

    def begin(self) -> None:
        """Tell everybody who waits."""
        self._begun.set()

    async def next_note(self, notes: AsyncIterator[str], seconds: float) -> None:
        """Wait for a note, for some seconds, or until the house closes, whichever comes first."""
        note = asyncio.ensure_future(anext(notes, ""))
        closes = asyncio.ensure_future(self._begun.wait())
        try:
            await asyncio.wait({note, closes}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            note.cancel()
            closes.cancel()
