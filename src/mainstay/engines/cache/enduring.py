"""A shared cache that may fail, with one of this process's own to go on with."""

import logging
from collections.abc import Sequence

from mainstay.kit.clock import Clock
from mainstay.ports.cache import Cache, CacheUnavailable, Limit, Verdict

logger = logging.getLogger("mainstay.cache")

RETRY_S = 1.0
_TOLD_AGAIN_S = 60.0


class EnduringCache:
    """Asks the shared cache; while that does not answer, limits hold for each process alone.

    Requests are let pass up to the limit of this process, not refused: a limiter that is away must not take
    the service with it. What the shared cache admits is counted here too, so that its minute goes on. After
    a failure one call a second tries the shared cache, and the others do not wait for it. Values are not
    found meanwhile; changing one raises CacheUnavailable, for an older one would come back.
    """

    def __init__(self, shared: Cache, own: Cache, clock: Clock) -> None:
        """Take both."""
        self._shared = shared
        self._own = own
        self._clock = clock
        self._wrong = ""
        self._again_s = 0.0
        self._told_s = 0.0

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when it is not there or cannot be asked for."""
        if self._stands_back():
            return None
        try:
            value = await self._shared.get(key)
        except CacheUnavailable as failure:
            self._failed(failure)
            return None
        self._answered()
        return value

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for a while; raises CacheUnavailable."""
        await self._shared.set(key, value, ttl_s)

    async def delete(self, key: str) -> None:
        """Forget a value; raises CacheUnavailable."""
        await self._shared.delete(key)

    async def take(self, limits: Sequence[Limit]) -> Verdict:
        """Count one event under all limits or none, here while the shared cache is away."""
        if self._stands_back():
            return await self._own.take(limits)
        try:
            verdict = await self._shared.take(limits)
        except CacheUnavailable as failure:
            self._failed(failure)
            return await self._own.take(limits)
        self._answered()
        await self._own.take(limits)  # so that a minute that began there does not begin anew here
        return verdict

    async def state(self) -> str:
        """Ask the shared cache, and say what is done while it is away."""
        try:
            state = await self._shared.state()
        except CacheUnavailable as failure:
            self._failed(failure)
            return f"degraded: {failure.detail} Rate limits hold for each process alone."
        self._answered()
        return state

    async def close(self) -> None:
        """Close both."""
        await self._shared.close()
        await self._own.close()

    def _stands_back(self) -> bool:
        """Say whether not to ask; whoever may ask is the only one for a while."""
        if not self._wrong:
            return False
        now = self._clock.monotonic_s()
        if now < self._again_s:
            return True
        self._again_s = now + RETRY_S
        return False

    def _failed(self, failure: CacheUnavailable) -> None:
        now = self._clock.monotonic_s()
        self._again_s = now + RETRY_S
        if not self._wrong or now >= self._told_s + _TOLD_AGAIN_S:
            self._told_s = now
            logger.warning("%s Until it answers, rate limits hold for each process alone.", failure.detail)
        self._wrong = failure.detail

    def _answered(self) -> None:
        if self._wrong:
            self._wrong = ""
            logger.warning("The shared cache answers again; rate limits hold for all processes together.")
