"""What time it is; tests own the clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """A source of time."""

    def now_ms(self) -> int:
        """Give the wall-clock time in milliseconds since 1970-01-01 UTC."""
        ...

    def monotonic_s(self) -> float:
        """Give a time in seconds that never runs backwards."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Give the wall-clock time in milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Give a time in seconds that never runs backwards."""
        return time.monotonic()
