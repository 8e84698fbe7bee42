"""What we ask of a cache: values that may be forgotten at any time."""

from typing import Protocol


class Cache(Protocol):
    """A bounded store of values with an expiry, and the sliding counters of the rate limit."""

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when it is not (or no longer) there."""
        ...

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for a while."""
        ...

    async def delete(self, key: str) -> None:
        """Forget a value."""
        ...

    async def hit(self, key: str, limit: int, window_s: float) -> tuple[bool, int, float]:
        """Count one event against at most `limit` in any `window_s` seconds.

        Gives whether it is within the limit (only then it counts), how many are left, and in how many
        seconds the next one is (0 when some are left).
        """
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
