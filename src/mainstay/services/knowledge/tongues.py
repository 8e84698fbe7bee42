"""In which languages a query's words are looked for: its own, and those of the documents it is asked of."""

from collections.abc import Sequence

from mainstay.kernel.work import caller
from mainstay.kit.clock import Clock
from mainstay.ports.languages import Languages
from mainstay.ports.vectors import Sparse
from mainstay.services.knowledge.lexical import query_weights
from mainstay.services.knowledge.ranking import MEANING_SHARE, MEANING_SHARE_FOREIGN
from mainstay.services.knowledge.store import KnowledgeStore

_LANGUAGES_MAX = 4
_FRESH_S = 5.0
_TENANTS_MAX = 10_000

Counts = dict[str, dict[str, int]]


class Tongues:
    """Knows the languages of a tenant's collections; counted anew every few seconds."""

    def __init__(self, store: KnowledgeStore, languages: Languages, clock: Clock) -> None:
        """Take where documents are counted, and who tells a query's language."""
        self._store = store
        self._languages = languages
        self._clock = clock
        self._known: dict[str, tuple[float, Counts]] = {}

    async def written(self, collections: Sequence[str]) -> list[str]:
        """Give the most frequent languages of some collections (of all, if none is named)."""
        total: dict[str, int] = {}
        for name, found in (await self._counts()).items():
            if not collections or name in collections:
                for language, documents in found.items():
                    total[language] = total.get(language, 0) + documents
        return sorted(total, key=lambda language: (-total[language], language))[:_LANGUAGES_MAX]

    async def terms(self, query: str, collections: Sequence[str]) -> Sparse:
        """Give the words of a query as the index holds them."""
        written = await self.written(collections)
        language = self._languages.detect(query)
        return Sparse(*query_weights(query, language, written))

    async def meaning_share(self, collections: Sequence[str]) -> float:
        """Give how much meaning counts beside words: less where the encoder does not know the language."""
        written = await self.written(collections)
        known = not written or written[0] in {"en", "und"}
        return MEANING_SHARE if known else MEANING_SHARE_FOREIGN

    async def _counts(self) -> Counts:
        tenant, now = caller().tenant_id, self._clock.monotonic_s()
        known = self._known.get(tenant)
        if known is not None and now - known[0] < _FRESH_S:
            return known[1]
        counts = await self._store.languages()
        if len(self._known) >= _TENANTS_MAX:
            self._known.clear()
        self._known[tenant] = (now, counts)
        return counts
