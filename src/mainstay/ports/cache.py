"""What we ask of a cache: values that may be forgotten at any time, and the counters of rate limits."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from mainstay.kit.errors import Unavailable

SUB_WINDOWS = 240
"""A counter keeps at most this many times beside the newest; up to as many events it is exact."""


class CacheUnavailable(Unavailable):
    """The shared cache does not answer."""

    title = "The cache does not answer"


class Limit(NamedTuple):
    """At most `most` events of `key` in any `window_s` seconds."""

    key: str
    most: int
    window_s: float


class Verdict(NamedTuple):
    """What was decided about one event under several limits.

    `tightest` is the place of the limit that has least left (of those that are used up: the one that lasts
    longest); `left` is what it has left, `wait_s` in how many seconds it admits the next (0 when some are
    left).
    """

    allowed: bool
    tightest: int
    left: int
    wait_s: float


class Cache(Protocol):
    """A bounded store of values with an expiry, and sliding counters.

    Processes that share an engine share both.
    """

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when it is not (or no longer) there."""
        ...

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for a while; raises CacheUnavailable when an older one may still be there."""
        ...

    async def delete(self, key: str) -> None:
        """Forget a value; raises CacheUnavailable when it may still be there."""
        ...

    async def take(self, limits: Sequence[Limit]) -> Verdict:
        """Count one event under all limits (at least one, of different keys), or under none of them.

        Never admits more than a limit in any of its windows. With more than SUB_WINDOWS events in a window
        an event may count for a SUB_WINDOWS-th of the window longer than that.
        """
        ...

    async def state(self) -> str:
        """Say `ok`, or in words what is wrong and what is done instead."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
