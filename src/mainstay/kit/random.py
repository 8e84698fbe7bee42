"""Where chance comes from; tests own it."""

import secrets
from collections import defaultdict
from typing import Protocol

_AT_ONCE = 256


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


class DrawnAhead:
    """Random bytes for identifiers, of which many are drawn at once; secrets are drawn as they are made.

    Each draw gives up the interpreter's lock, and in a busy house it is long until one has it back.
    """

    def __init__(self, random: Random) -> None:
        """Take where they come from."""
        self._random = random
        self._ready: defaultdict[int, list[bytes]] = defaultdict(list)

    def token(self, size: int) -> bytes:
        """Give `size` random bytes that nobody else has got."""
        ready = self._ready[size]
        while True:
            try:
                return ready.pop()
            except IndexError:
                drawn = self._random.token(size * _AT_ONCE)
                ready.extend(drawn[start : start + size] for start in range(0, len(drawn), size))
