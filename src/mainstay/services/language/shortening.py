"""Makes texts shorter: by choosing among their sentences, or by letting the generator write."""

import asyncio
import re
from collections.abc import Sequence

import numpy as np

from mainstay.ports.encoder import Encoder
from mainstay.ports.generator import Generator
from mainstay.services.language.failures import LengthUnclear, WordsUnavailable
from mainstay.services.language.records import Summary, SummarySentence
from mainstay.services.language.summaries import (
    Figures,
    Length,
    Span,
    Vectors,
    by_words,
    central,
    chosen,
    cut,
    near_whole,
    sentences_of,
    support,
    telling,
)
from mainstay.services.language.telling import Telling

_SENTENCES = 3
_FEW = 8
_LOOKED_AT_MAX = 400
"""So many sentences of a long text are looked at closely: those that are best by their words and place."""

_NEVER = -1e6
_WHOLE_MAX = 2_000
"""So many characters have one vector; of a longer text it would be that of its beginning."""

_SHOWN_CHARACTERS = 12_000
_ANSWER_MAX = 20_000
_TOKENS_LEAST, _TOKENS_MOST = 600, 4_000
_TOKENS_OF_A_SENTENCE, _TOKENS_OF_A_WORD = 100, 4
_SPOKEN = re.compile(r"\s+")


class Shortening:
    """Summaries of texts."""

    def __init__(self, encoder: Encoder, generator: Generator, telling: Telling) -> None:
        """Take the parts."""
        self._encoder = encoder
        self._generator = generator
        self._telling = telling

    async def summarize(self, text: str, sentences: int | None, words: int | None, style: str) -> Summary:
        """Give a text in fewer words; raises LengthUnclear and WordsUnavailable."""
        if sentences is not None and words is not None:
            problem = {"field": "words", "problem": "give either `sentences` or `words`"}
            raise LengthUnclear(problems=[problem])
        if style == "abstractive" and self._generator.extractive:
            raise WordsUnavailable(
                "Ask for the style `extractive`, or set MAINSTAY_GENERATOR to a generator that writes."
            )
        length = Length(_SENTENCES if words is None and sentences is None else sentences, words)
        language = await self._telling.language_of(text)
        spans = await asyncio.to_thread(telling, text)
        texts = [text[start:end] for start, end in spans]
        if not texts:
            return self._summary(text, [], language, "extractive", 0)
        scores, vectors = await self._scored(text, texts, language)
        if style == "abstractive":
            return await self._written(text, spans, scores, length, language)
        numbers = await asyncio.to_thread(chosen, texts, scores, vectors, length)
        kept = [cut(text, spans[each], words) if words else spans[each] for each in numbers]
        told = [
            SummarySentence(text=text[start:end], start=start, end=end, support=1, supported=True)
            for start, end in kept
        ]
        return self._summary(text, told, language, "extractive", spans[-1][1])

    async def _scored(self, text: str, texts: Sequence[str], language: str) -> tuple[Figures, Vectors | None]:
        """Score sentences; those that were not looked at closely come last."""
        scores = await asyncio.to_thread(by_words, texts, language)
        looked_at = np.sort(np.argsort(-scores, kind="stable")[:_LOOKED_AT_MAX])
        best = [texts[each] for each in looked_at]
        close = scores[looked_at] + await asyncio.to_thread(central, best, language)
        vectors = None
        if self._encoder.knows(language):
            found = await self._encoder.embed(best, lane="query" if len(best) <= _FEW else "ingest")
            whole = found.mean(axis=0)
            if len(text) <= _WHOLE_MAX:
                [whole] = await self._encoder.embed([text])
            close += near_whole(found, whole)
            vectors = np.zeros((len(texts), found.shape[1]), np.float32)
            vectors[looked_at] = found
        full = np.full(len(texts), _NEVER)
        full[looked_at] = close
        return full, vectors

    async def _written(
        self, text: str, spans: Sequence[Span], scores: Figures, length: Length, language: str
    ) -> Summary:
        shown = _shown(spans, scores)
        source = [text[start:end] for start, end in shown]
        composed = await self._generator.compose(_task(length, language), "\n".join(source), _tokens(length))
        written = _SPOKEN.sub(" ", composed).strip()[:_ANSWER_MAX]
        told = [written[start:end] for start, end in sentences_of(written)]
        vectors = await self._encoder.embed([*told, *source], lane="ingest")
        ours, theirs = vectors[: len(told)], vectors[len(told) :]
        judged = await asyncio.to_thread(
            lambda: [
                support(each, row, source, theirs, language) for each, row in zip(told, ours, strict=True)
            ]
        )
        found = [
            SummarySentence(
                text=each,
                start=shown[proof.number][0] if proof.supported else None,
                end=shown[proof.number][1] if proof.supported else None,
                support=proof.share,
                supported=proof.supported,
            )
            for each, proof in zip(told, judged, strict=True)
        ]
        return self._summary(written, found, language, "abstractive", spans[-1][1])

    def _summary(
        self, text: str, told: list[SummarySentence], language: str, style: str, read_until: int
    ) -> Summary:
        abstractive = style == "abstractive"
        return Summary(
            summary=text if abstractive else " ".join(each.text for each in told),
            style="abstractive" if abstractive else "extractive",
            generator=self._generator.name if abstractive else "extractive",
            language=language,
            sentences=told,
            read_until=read_until,
        )


def _shown(spans: Sequence[Span], scores: Figures) -> list[Span]:
    """Give the best sentences that the generator can be shown, in the text's order."""
    room, kept = _SHOWN_CHARACTERS, []
    for each in np.argsort(-scores, kind="stable"):
        start, end = spans[each]
        if end - start <= room:
            kept.append((start, end))
            room -= end - start
    return sorted(kept)


def _task(length: Length, language: str) -> str:
    size = f"{length.sentences} sentences" if length.words is None else f"at most {length.words} words"
    spoken = "" if language == "und" else f" in the language `{language}` (ISO 639-1)"
    return f"Summarize the whole source in {size}{spoken}, with nothing that it does not say."


def _tokens(length: Length) -> int:
    """Give how many tokens a summary may have: far more than it should."""
    if length.words is not None:
        own = length.words * _TOKENS_OF_A_WORD
    else:
        own = (length.sentences or _SENTENCES) * _TOKENS_OF_A_SENTENCE
    return min(_TOKENS_LEAST + own, _TOKENS_MOST)
