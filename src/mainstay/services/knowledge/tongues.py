"""In which languages a query's words are looked for: its own, and those of the documents it is asked of."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mainstay.kernel.work import caller
from mainstay.kit.clock import Clock
from mainstay.ports.encoder import Encoder
from mainstay.ports.glosses import Glosses
from mainstay.ports.languages import Languages
from mainstay.ports.vectors import Sparse
from mainstay.services.knowledge.lexical import query_weights
from mainstay.services.knowledge.ranking import MEANING_SHARE, MEANING_SHARE_FOREIGN
from mainstay.services.knowledge.store import KnowledgeStore

_LANGUAGES_MAX = 4
_WRITTEN_SHARE_MIN = 0.05
_FRESH_S = 5.0
_FRESH_PER_S = 100.0  # counting takes a hundredth of the time at most
_TENANTS_MAX = 10_000
_WRITTEN_TOO_SHARE = 0.1
_TRANSLATIONS = 2

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Asked:
    """A query as documents can be asked for it.

    `text` is what is encoded and compared: the query, or its gloss in the documents' language where the
    encoder does not know both languages; `terms` are the words of both.
    """

    text: str
    terms: Sparse


@dataclass
class _Known:
    """What was counted for a tenant, and until when that is fresh."""

    counts: Counts | None = None
    until_s: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Tongues:
    """Knows the languages of a tenant's collections; counted anew every few seconds."""

    def __init__(
        self,
        store: KnowledgeStore,
        encoder: Encoder,
        languages: Languages,
        glosses: Glosses,
        clock: Clock,
    ) -> None:
        """Take where documents are counted, who tells a query's language, and the dictionaries."""
        self._encoder = encoder
        self._store = store
        self._languages = languages
        self._glosses = glosses
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def written(self, collections: Sequence[str]) -> dict[str, int]:
        """Give the main languages of some collections (of all, if none is named), with their documents.

        Few documents of a language are more often mistakes of the detector; the stems of their languages
        would be rare in the index, and so weigh heavily in every query.
        """
        total: dict[str, int] = {}
        for name, found in (await self._counts()).items():
            if not collections or name in collections:
                for language, documents in found.items():
                    total[language] = total.get(language, 0) + documents
        enough = _WRITTEN_SHARE_MIN * sum(total.values())
        known = [language for language in total if language != "und" and total[language] >= enough]
        most = sorted(known, key=lambda language: (-total[language], language))[:_LANGUAGES_MAX]
        return {language: total[language] for language in most}

    async def all_in(self, collections: Sequence[str]) -> bool:
        """Say whether all of the caller's documents are in these collections, as far as was counted."""
        return set(await self._counts()) <= set(collections)

    async def asked(self, query: str, collections: Sequence[str]) -> Asked:
        """Give a query as the index can be asked: glossed, when the documents are in another language."""
        written = await self.written(collections)
        language = self._languages.detect(query)
        if language == "und":  # too short to tell: it is most likely in the documents' own
            language = next(iter(written), language)
        terms = Sparse(*query_weights(query, language, tuple(written)))
        target = _foreign_to(language, written)
        if not target:
            return Asked(query, terms)
        # The first query of a pair of languages reads its dictionary.
        gloss, wide = await asyncio.to_thread(self._glossed, query, language, target)
        if not gloss:
            return Asked(query, terms)
        text = query if self._encoder.knows(language) and self._encoder.knows(target) else gloss
        return Asked(text, _either(terms, Sparse(*query_weights(wide, target))))

    def _glossed(self, query: str, source: str, target: str) -> tuple[str, str]:
        gloss = self._glosses.gloss(query, source, target)
        return gloss, gloss and self._glosses.gloss(query, source, target, translations=_TRANSLATIONS)

    async def meaning_share(self, collections: Sequence[str]) -> float:
        """Give how much meaning counts beside words: less where the encoder does not know the language."""
        written = await self.written(collections)
        known = not written or self._encoder.knows(next(iter(written)))
        return MEANING_SHARE if known else MEANING_SHARE_FOREIGN

    async def _counts(self) -> Counts:
        """Give the counts of some seconds ago; while one caller counts anew, the others take the old ones."""
        tenant = caller().tenant_id
        known = self._known.get(tenant)
        if known is None:
            if len(self._known) >= _TENANTS_MAX:
                self._known.clear()
            known = self._known.setdefault(tenant, _Known())
        if known.counts is None or (self._clock.monotonic_s() >= known.until_s and not known.turn.locked()):
            async with known.turn:
                if known.counts is None or self._clock.monotonic_s() >= known.until_s:
                    began = self._clock.monotonic_s()
                    known.counts = await self._store.languages()
                    ended = self._clock.monotonic_s()
                    known.until_s = ended + max(_FRESH_S, _FRESH_PER_S * (ended - began))
        return known.counts


def _foreign_to(language: str, written: dict[str, int]) -> str:
    """Give the main language of the documents when a query's is another, and hardly any are in that one."""
    main = next(iter(written), "")
    enough = _WRITTEN_TOO_SHARE * sum(written.values())
    known = language not in {"", "und", main} and written.get(language, 0) <= enough
    return main if known else ""


def _either(one: Sparse, other: Sparse) -> Sparse:
    """Give the terms of both; one that is in both keeps its larger weight."""
    weights = dict(zip(one.indices.tolist(), one.weights.tolist(), strict=True))
    for index, weight in zip(other.indices.tolist(), other.weights.tolist(), strict=True):
        weights[index] = max(weight, weights.get(index, 0.0))
    return Sparse(np.array([*weights], np.uint32), np.array([*weights.values()], np.float32))
