"""Translates texts: by rules where their pair of languages is installed, else by the generator."""

import asyncio
from collections.abc import Sequence

from mainstay.ports.generator import Generator, GeneratorUnavailable
from mainstay.ports.translators import Translator
from mainstay.services.language.failures import TextUnclear, TranslationUnavailable
from mainstay.services.language.pieces import Piece, pieces_of, together
from mainstay.services.language.records import Translated, Translation
from mainstay.services.language.telling import Telling
from mainstay.services.language.tongues import UNKNOWN

_PIECES_MAX = 50
_TOKENS_LEAST = 200
"""So many tokens a translation may have, and one more for each character of its text."""


class Translating:
    """Translations of texts."""

    def __init__(self, translator: Translator, generator: Generator, telling: Telling) -> None:
        """Take the parts."""
        self._translator = translator
        self._generator = generator
        self._telling = telling

    async def translate(self, texts: Sequence[str], source: str | None, target: str) -> Translation:
        """Translate texts; raises TextUnclear and TranslationUnavailable."""
        sources = [source or await self._telling.language_of(text) for text in texts]
        pairs = [self._translator.pair(each, target) for each in sources]
        missing = [
            place
            for place, (pair, each) in enumerate(zip(pairs, sources, strict=True))
            if not pair and each != target
        ]
        if missing and self._generator.extractive:
            raise _unavailable(sources[missing[0]], target)
        cut = {place: await asyncio.to_thread(pieces_of, texts[place]) for place in missing}
        if sum(map(len, cut.values())) > _PIECES_MAX:
            told = f"the generator translates {_PIECES_MAX * 2_000:,} characters at a time at most"
            raise TextUnclear("Send less at a time.", problems=[{"field": "text", "problem": told}])
        done = []
        for place, text in enumerate(texts):
            if sources[place] == target:
                done.append(text)
            elif pairs[place]:
                done += await self._translator.translate([text], sources[place], target)
            else:
                done.append(await self._written(cut[place], target))
        names = dict.fromkeys(
            pair or self._generator.name for pair, each in zip(pairs, sources, strict=True) if each != target
        )
        told_texts = [Translated(text=text, source=each) for text, each in zip(done, sources, strict=True)]
        return Translation(target=target, translator=", ".join(names) or "none", results=told_texts)

    async def _written(self, pieces: Sequence[Piece], target: str) -> str:
        return together(pieces, [await self._piece(piece.text, target) for piece in pieces])

    async def _piece(self, text: str, target: str) -> str:
        task = (
            f"Translate the whole source into the language `{target}` (ISO 639). "
            f"Keep its line breaks, its lists and its code as they are."
        )
        written = (await self._generator.compose(task, text, _TOKENS_LEAST + len(text))).strip()
        if not written:
            raise GeneratorUnavailable("The generator wrote nothing: ask again, or set another generator.")
        return written


def _unavailable(source: str, target: str) -> TranslationUnavailable:
    if source == UNKNOWN:
        return TranslationUnavailable("The language of the text cannot be told: name it in `source`.")
    return TranslationUnavailable(
        f"To translate from `{source}` to `{target}`, install Apertium with this pair of languages (Debian's "
        f"packages `apertium` and `apertium-…`), or set MAINSTAY_GENERATOR to a generator that writes."
    )
