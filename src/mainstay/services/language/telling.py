"""Tells languages: of a whole text, and of its parts where they differ."""

import asyncio
from collections.abc import Sequence

from mainstay.kit.sentences import sentences
from mainstay.ports.languages import Guess, Languages
from mainstay.services.language.parts import Piece, joined
from mainstay.services.language.records import Detection, LanguageGuess, LanguagePart
from mainstay.services.language.tongues import UNKNOWN

_LOOKED_AT = 20_000
_PIECES_MAX = 300


class Telling:
    """The languages of texts."""

    def __init__(self, languages: Languages) -> None:
        """Take the detector."""
        self._languages = languages

    async def detect(self, texts: Sequence[str], alternatives: int) -> list[Detection]:
        """Tell each text's language and its parts."""
        return await asyncio.to_thread(self._detect, texts, alternatives)

    async def language_of(self, text: str) -> str:
        """Tell a text's main language."""
        return await asyncio.to_thread(self._languages.detect, text)

    def _detect(self, texts: Sequence[str], alternatives: int) -> list[Detection]:
        told = self._languages.detect_many(texts, alternatives + 1)
        return [
            _detection(guesses, self._parts(text), alternatives)
            for text, guesses in zip(texts, told, strict=True)
        ]

    def _parts(self, text: str) -> list[LanguagePart]:
        spans = sentences(text[:_LOOKED_AT])[:_PIECES_MAX]
        if len(spans) < 2:  # noqa: PLR2004 - one sentence is one part
            return []
        told = self._languages.detect_many([text[start:end] for start, end in spans], 1)
        pieces = [
            Piece(start, end, guesses[0].language if guesses else UNKNOWN, _certain(guesses))
            for (start, end), guesses in zip(spans, told, strict=True)
        ]
        found = joined(pieces)
        return [
            LanguagePart(start=each.start, end=each.end, language=each.language, confidence=each.confidence)
            for each in (found if len(found) > 1 else ())
        ]


def _certain(guesses: Sequence[Guess]) -> float:
    return guesses[0].confidence if guesses else 0.0


def _detection(guesses: Sequence[Guess], parts: Sequence[LanguagePart], alternatives: int) -> Detection:
    known = [LanguageGuess(language=each.language, confidence=each.confidence) for each in guesses]
    best = known[0] if known else LanguageGuess(language=UNKNOWN, confidence=0)
    return Detection(
        language=best.language,
        confidence=best.confidence,
        alternatives=known[1 : alternatives + 1],
        parts=list(parts),
    )
