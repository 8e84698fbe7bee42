"""What the metadata of collections is declared to hold, as filters need to know it."""

from collections.abc import Mapping, Sequence
from typing import Any

from mainstay.kernel.work import caller
from mainstay.kit.clock import Clock
from mainstay.services.knowledge.filter_fields import Kind
from mainstay.services.knowledge.store import KnowledgeStore

_KINDS: Mapping[str, Kind] = {
    "text": "text",
    "integer": "number",
    "float": "number",
    "bool": "truth",
    "datetime": "date",
}
"""A keyword may be a list of anything, which no value can be told not to fit."""

_FRESH_S = 5.0
_KEPT_MAX = 10_000

Kinds = dict[str, Kind]


class Declared:
    """Knows the declared fields of a tenant's collections; a schema is read anew every few seconds.

    A schema never changes while its collection is there; one that was deleted and made anew is known then.
    """

    def __init__(self, store: KnowledgeStore, clock: Clock) -> None:
        """Take where collections are kept."""
        self._store = store
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[float, Kinds]] = {}

    async def kinds(self, collections: Sequence[str]) -> Kinds:
        """Give what fields hold by all of these collections; nothing is known of any, if none is named."""
        found = [await self._of(name) for name in collections]
        if not found:
            return {}
        return {
            field: kind
            for field, kind in found[0].items()
            if all(other.get(field) == kind for other in found)
        }

    async def _of(self, name: str) -> Kinds:
        key, now = (caller().tenant_id, name), self._clock.monotonic_s()
        until, kinds = self._known.get(key, (0.0, {}))
        if now < until:
            return kinds
        row = await self._store.collection(name)
        kinds = {} if row is None else _kinds(row.metadata_schema)
        if len(self._known) >= _KEPT_MAX:
            self._known.clear()
        self._known[key] = (now + _FRESH_S, kinds)
        return kinds


def _kinds(schema: Mapping[str, Mapping[str, Any]]) -> Kinds:
    known = {field: _KINDS.get(str(declared["type"])) for field, declared in schema.items()}
    return {f"metadata.{field}": kind for field, kind in known.items() if kind is not None}
