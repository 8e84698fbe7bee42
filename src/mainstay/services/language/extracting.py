"""Gives the key phrases of texts."""

import asyncio
from collections.abc import Sequence

from mainstay.ports.languages import Languages
from mainstay.services.language.keywords import phrases
from mainstay.services.language.records import Keyword, Keywords
from mainstay.services.language.tongues import UNKNOWN


class Extracting:
    """Key phrases of texts."""

    def __init__(self, languages: Languages) -> None:
        """Take the detector."""
        self._languages = languages

    async def extract(self, texts: Sequence[str], top_k: int) -> list[Keywords]:
        """Give each text's best phrases."""
        return await asyncio.to_thread(self._extract, texts, top_k)

    def _extract(self, texts: Sequence[str], top_k: int) -> list[Keywords]:
        told = self._languages.detect_many(texts, 1)
        return [
            _keywords(text, guesses[0].language if guesses else UNKNOWN, top_k)
            for text, guesses in zip(texts, told, strict=True)
        ]


def _keywords(text: str, language: str, top_k: int) -> Keywords:
    found = [
        Keyword(
            text=text[each.start : each.end],
            score=each.score,
            count=each.count,
            start=each.start,
            end=each.end,
        )
        for each in phrases(text, language, top_k)
    ]
    return Keywords(language=language, keywords=found)
