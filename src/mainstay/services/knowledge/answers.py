"""Answers made from the documents: evidence, judgement, words, citations, and the honest refusal."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mainstay.kit.courtesies import has_word, to_the_point
from mainstay.kit.rendering import plain
from mainstay.ports.encoder import Encoder
from mainstay.ports.generator import Evidence, Generator
from mainstay.services.knowledge.answering import (
    CANDIDATES_MAX,
    NOTHING,
    Judgement,
    judge_by_tokens,
    judge_by_words,
)
from mainstay.services.knowledge.evidence import CLOSE_PASSAGES
from mainstay.services.knowledge.faqs import Faqs
from mainstay.services.knowledge.finding import Finding, Found, Wanted
from mainstay.services.knowledge.grounding import MARK, Grounding, Sentence
from mainstay.services.knowledge.passage_store import Shown
from mainstay.services.knowledge.records import AnswerPiece, Citation, FaqMatch, GroundedAnswer, Stretch

LEARNED_WITH = "all-MiniLM-L6-v2"
"""Whose token vectors the judgement was learned with; with other encoders it goes by the words alone."""

REFUSAL = "The documents do not answer this question."

_FAQ_SURE = 0.85
_EVIDENCE_MAX = 12
_NO_SOURCE = "(About whoever asks; no source.)"


@dataclass(frozen=True)
class Source:
    """A sentence, or a passage, that an answer may cite; `told` is how it reads, under a table's header."""

    shown: Shown
    start: int
    end: int
    text: str
    told: str
    score: float

    def citation(self, sentence: int) -> Citation:
        """Give the citation behind a sentence of the answer."""
        return Citation(
            doc_id=self.shown.doc_id,
            start=self.start,
            end=self.end,
            text=self.text,
            score=round(min(max(self.score, 0.0), 1.0), 4),
            title=self.shown.title,
            collection=self.shown.collection,
            version=self.shown.version,
            sentence=sentence,
        )


class Answers:
    """Answers questions."""

    def __init__(self, finding: Finding, faqs: Faqs, encoder: Encoder, generator: Generator) -> None:
        """Take the parts."""
        self._finding = finding
        self._faqs = faqs
        self._encoder = encoder
        self._generator = generator

    async def answer(
        self,
        question: str,
        collection: str | None,
        filters: Mapping[str, Any],
        top_k: int,
        background: Sequence[str] = (),
    ) -> GroundedAnswer:
        """Answer, or refuse."""
        result: GroundedAnswer | None = None
        async for piece in self.stream(question, collection, filters, top_k, background):
            result = piece.result
        if result is None:
            raise RuntimeError("A stream of an answer ends with the whole answer")
        return result

    async def stream(
        self,
        question: str,
        collection: str | None,
        filters: Mapping[str, Any],
        top_k: int,
        background: Sequence[str] = (),
    ) -> AsyncIterator[AnswerPiece]:
        """Answer piece by piece; the last piece is the whole answer."""
        # The judgement was learned with bare questions: a greeting's words are found in no source.
        asked = to_the_point(question)
        if not has_word(asked):
            yield AnswerPiece(text=REFUSAL)
            yield AnswerPiece(result=_refused(NOTHING))
            return
        found = await self._finding.find(
            Wanted(
                query=asked,
                top_k=max(top_k, CANDIDATES_MAX),
                collections=() if collection is None else (collection,),
                filters=filters,
                passages=True,
            )
        )
        faqs = [match for match in await self._faqs.matching(found) if match.score >= _FAQ_SURE]
        if faqs:
            answer = _from_faq(faqs[0])
            yield AnswerPiece(text=answer.answer)
            yield AnswerPiece(result=answer)
            return
        judgement = await self._judge(found.asked, found)
        if not judgement.answered:
            yield AnswerPiece(text=REFUSAL)
            yield AnswerPiece(result=_refused(judgement))
            return
        sources = _sources(judgement, found, top_k, extractive=self._generator.extractive)
        if self._generator.extractive:
            # Each piece is one quotation, which may hold brackets and full stops of its own.
            told = [_quoted(one) async for one in self._generator.write(question, _evidence(sources))]
            result = _composed(told, sources, judgement)
            yield AnswerPiece(text=result.answer)
            yield AnswerPiece(result=result)
            return
        async for piece in self._generated(question, sources, background, judgement):
            yield piece

    async def _generated(
        self, question: str, sources: Sequence[Source], background: Sequence[str], judgement: Judgement
    ) -> AsyncIterator[AnswerPiece]:
        """Let the generator answer; each sentence is given once its sources bear it out, others never."""
        grounding = Grounding([source.told for source in sources])
        # A bracketed number of a source's own would pass for one of ours.
        shown = [*_evidence(sources), *_background(background, len(sources))]
        evidence = [replace(one, text=MARK.sub(r"(\1)", one.text)) for one in shown]
        told: list[Sentence] = []
        async for words in self._generator.write(question, evidence):
            for sentence in grounding.add(words):
                yield AnswerPiece(text=f" {sentence.text}" if told else sentence.text)
                told.append(sentence)
        for sentence in grounding.rest():
            yield AnswerPiece(text=f" {sentence.text}" if told else sentence.text)
            told.append(sentence)
        result = _composed(told, sources, judgement, unsupported=grounding.unsupported)
        if not told:
            yield AnswerPiece(text=result.answer)
        yield AnswerPiece(result=result)

    async def _judge(self, question: str, found: Found) -> Judgement:
        texts = [shown.text for _, shown in found.ranked]
        above = [_above(shown) for _, shown in found.ranked[:CLOSE_PASSAGES]]
        language = found.ranked[0][1].language if found.ranked else "und"
        if language != "en" or not self._encoder.name.startswith(LEARNED_WITH):
            return await asyncio.to_thread(judge_by_words, question, texts, above=above, language=language)
        # One at a time: together, the short question is padded to the longest passage, for twice the time.
        read = [question, *texts[:CLOSE_PASSAGES]]
        tokens = [(await self._encoder.embed_tokens([text], role="query"))[0] for text in read]
        return await asyncio.to_thread(
            judge_by_tokens, question, texts, tokens, above=above, language=language
        )


def _above(shown: Shown) -> str:
    """Give what a passage stands beneath, and what is known of its document: a number may stand there."""
    return " ".join((shown.doc_id, shown.title, *shown.headings, json.dumps(shown.metadata)))


def _from_faq(match: FaqMatch) -> GroundedAnswer:
    return GroundedAnswer(
        answered=True,
        answer=plain(match.answer),
        confidence=match.score,
        citations=[],
        faq_id=match.faq_id,
    )


def _refused(judgement: Judgement, unsupported: int = 0) -> GroundedAnswer:
    return GroundedAnswer(
        answered=False,
        answer=REFUSAL,
        confidence=round(judgement.confidence, 4),
        citations=[],
        unsupported=unsupported,
    )


def _sources(judgement: Judgement, found: Found, top_k: int, *, extractive: bool) -> list[Source]:
    """Give the sentences that were chosen; for a generator, the best passages as well."""
    sources = []
    for chosen in judgement.chosen:
        shown = found.ranked[chosen.passage][1]
        start, end = shown.place(chosen.start), shown.place(chosen.end)
        sources.append(Source(shown, start, end, chosen.text, chosen.told, chosen.score))
    if extractive:
        return sources
    passages = found.ranked[: min(top_k, _EVIDENCE_MAX)]
    return [
        Source(shown, shown.start, shown.end, shown.own(), shown.text, score) for score, shown in passages
    ]


def _evidence(sources: Sequence[Source]) -> list[Evidence]:
    return [Evidence(number, source.told, source.score) for number, source in enumerate(sources, 1)]


def _background(background: Sequence[str], sources: int) -> list[Evidence]:
    """Give what is known of whoever asks, numbered behind the sources: no citation of it counts."""
    return [
        Evidence(number, f"{_NO_SOURCE} {text}", 0.0) for number, text in enumerate(background, sources + 1)
    ]


def _quoted(piece: str) -> Sentence:
    """Part a quotation from the number of its source, which stands last."""
    text, _, mark = piece.strip().rpartition(" [")
    return Sentence(plain(text), (int(mark.removesuffix("]")) - 1,))


def _composed(
    told: Sequence[Sentence], sources: Sequence[Source], judgement: Judgement, unsupported: int = 0
) -> GroundedAnswer:
    """Join sentences, each with its citations; without any, refuse."""
    if not told:
        return _refused(judgement, unsupported)
    return GroundedAnswer(
        answered=True,
        answer=" ".join(sentence.text for sentence in told),
        confidence=round(judgement.confidence, 4),
        citations=[
            sources[place].citation(number) for number, each in enumerate(told) for place in each.cited
        ],
        unsupported=unsupported,
        sentences=_places([sentence.text for sentence in told]),
    )


def _places(told: Sequence[str]) -> list[Stretch]:
    """Say where sentences stand that are joined by a space."""
    ends = list(itertools.accumulate(len(sentence) + 1 for sentence in told))
    return [Stretch(start=end - 1 - len(each), end=end - 1) for each, end in zip(told, ends, strict=True)]
