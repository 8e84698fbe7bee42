"""When keys were used last: gathered in memory, written in the background, never on the way of an answer."""

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import islice

from mainstay.services.identity.store import IdentityStore

ROUND_S = 60.0
_AT_ONCE = 500
_MINUTE_MS = 60_000

Step = Callable[[], Awaitable[None]]


class Uses:
    """Notes which keys come; a crash loses at most what came since the last round."""

    def __init__(self, store: IdentityStore) -> None:
        """Take where they are written."""
        self._store = store
        self._waiting: dict[tuple[str, str], int] = {}

    def note(self, tenant_id: str, key_id: str, now_ms: int) -> None:
        """Remember that a key came; only keys that exist, so that there are never more than those."""
        self._waiting[tenant_id, key_id] = now_ms - now_ms % _MINUTE_MS

    def forget(self, tenant_id: str, key_id: str) -> None:
        """Forget a key that was revoked."""
        self._waiting.pop((tenant_id, key_id), None)

    async def write(self, as_the_house: Callable[[Step], Awaitable[None]]) -> None:
        """Write what was noted, one row for each key; `as_the_house` runs and commits a step."""
        while self._waiting:
            some = dict(islice(self._waiting.items(), _AT_ONCE))
            for key in some:
                del self._waiting[key]
            try:
                await as_the_house(partial(self._store.note_uses, some))
            except BaseException:
                self._waiting = {**some, **self._waiting}
                raise
