"""Whether a process can serve: looked at when somebody asks, once a second at most."""

import asyncio
from collections.abc import Mapping

from mainstay.app.placement import NotHere
from mainstay.kit.clock import Clock
from mainstay.ports.cache import Cache
from mainstay.ports.database import SYSTEM, Database
from mainstay.ports.encoder import Encoder

_FRESH_S = 1.0
_WAIT_S = 5.0


class Readiness:
    """Looks at the parts without which nothing can be answered."""

    def __init__(self, database: Database, encoder: Encoder, cache: Cache, clock: Clock) -> None:
        """Take the parts."""
        self._database = database
        self._encoder = encoder
        self._cache = cache
        self._clock = clock
        self._looked: asyncio.Task[Mapping[str, str]] | None = None
        self._looked_until_s = 0.0

    async def told(self) -> Mapping[str, str]:
        """Say of each part whether it can serve, as it was within the last second; raises Unavailable.

        Anybody may ask, so that asking often must cost nothing.
        """
        if self._looked is None or (
            self._looked.done() and self._clock.monotonic_s() >= self._looked_until_s
        ):
            self._looked = asyncio.create_task(self._look(), name="ready")
        return await asyncio.shield(self._looked)

    def stop(self) -> None:
        """End a look that goes on."""
        if self._looked is not None:
            self._looked.cancel()

    async def _look(self) -> Mapping[str, str]:
        parts = {}
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._database.fetch(SYSTEM, "SELECT 1 AS one")
                parts["database"] = "ok"
                if not isinstance(self._encoder, NotHere):
                    await self._encoder.embed(["ready"], role="query")
                    parts["encoder"] = "ok"
                parts["cache"] = await self._cache.state()
        except TimeoutError:
            late = "encoder" if parts else "database"
            parts[late] = f"does not answer within {_WAIT_S:.0f} s"
        finally:
            self._looked_until_s = self._clock.monotonic_s() + _FRESH_S
        return parts
