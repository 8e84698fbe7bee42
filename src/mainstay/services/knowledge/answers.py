"""Answers made from the documents: evidence, judgement, words, citations, and the honest refusal."""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mainstay.kit.piecewise import Piecewise
from mainstay.kit.rendering import plain
from mainstay.kit.sentences import sentences
from mainstay.ports.encoder import Encoder
from mainstay.ports.generator import Evidence, Generator
from mainstay.services.knowledge.answering import (
    CANDIDATES_MAX,
    SUPPORT_LEAST,
    Judgement,
    judge_by_tokens,
    judge_by_words,
    support,
)
from mainstay.services.knowledge.evidence import CLOSE_PASSAGES
from mainstay.services.knowledge.faqs import Faqs
from mainstay.services.knowledge.finding import Finding, Found, Wanted
from mainstay.services.knowledge.passage_store import Shown
from mainstay.services.knowledge.records import AnswerPiece, Citation, FaqMatch, GroundedAnswer, Stretch

LEARNED_WITH = "all-MiniLM-L6-v2"
"""Whose token vectors the judgement was learned with; with other encoders it goes by the words alone."""

REFUSAL = "The documents do not answer this question."

_FAQ_SURE = 0.85
_EVIDENCE_MAX = 12
_NO_SOURCE = "(About whoever asks; no source.)"
_MARK = re.compile(r"\s*\[(\d{1,3})\]")


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
        found = await self._finding.find(
            Wanted(
                query=question,
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
            quotations = [one async for one in self._generator.write(question, _evidence(sources))]
            result = _composed(map(_quoted, quotations), sources, judgement, extractive=True)
            yield AnswerPiece(text=result.answer)
        else:
            text, pieces = "", Piecewise(_unmarked)
            # A bracketed number of a source's own would pass for one of ours.
            shown = [*_evidence(sources), *_background(background, len(sources))]
            evidence = [replace(one, text=_MARK.sub(r" (\1)", one.text)) for one in shown]
            async for words in self._generator.write(question, evidence):
                text += words
                if ready := pieces.add(words):
                    yield AnswerPiece(text=ready)
            if ready := pieces.rest():
                yield AnswerPiece(text=ready)
            result = _composed(_marked(text), sources, judgement, extractive=False)
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
        unsupported=[],
        faq_id=match.faq_id,
    )


def _refused(judgement: Judgement) -> GroundedAnswer:
    return GroundedAnswer(
        answered=False,
        answer=REFUSAL,
        confidence=round(judgement.confidence, 4),
        citations=[],
        unsupported=[],
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


def _quoted(piece: str) -> tuple[str, list[int]]:
    """Part a quotation from the number of its source, which stands last."""
    sentence, _, mark = piece.strip().rpartition(" [")
    return sentence, [int(mark.removesuffix("]"))]


def _unmarked(written: str) -> str:
    """Give what a reader sees of a generator's words, without the numbers of their sources."""
    return plain(_MARK.sub("", written))


def _composed(
    said: Iterable[tuple[str, list[int]]],
    sources: Sequence[Source],
    judgement: Judgement,
    *,
    extractive: bool,
) -> GroundedAnswer:
    """Join sentences, each with the numbers of its sources; mark those that no source supports."""
    told: list[str] = []
    citations: list[Citation] = []
    unsupported: list[int] = []
    for number, (sentence, marks) in enumerate(said):
        cited = [sources[mark - 1] for mark in dict.fromkeys(marks) if 0 < mark <= len(sources)]
        citations += [source.citation(number) for source in cited]
        backing = [source.told for source in cited]
        if not extractive and support(sentence, backing) < SUPPORT_LEAST:
            unsupported.append(number)
        told.append(plain(sentence))
    if not told or len(unsupported) == len(told):
        return _refused(judgement)
    return GroundedAnswer(
        answered=True,
        answer=" ".join(told),
        confidence=round(judgement.confidence, 4),
        citations=citations,
        unsupported=unsupported,
        sentences=_places(told),
    )


def _places(told: Sequence[str]) -> list[Stretch]:
    """Say where sentences stand that are joined by a space."""
    ends = list(itertools.accumulate(len(sentence) + 1 for sentence in told))
    return [Stretch(start=end - 1 - len(each), end=end - 1) for each, end in zip(told, ends, strict=True)]


def _marked(text: str) -> list[tuple[str, list[int]]]:
    """Part a text with marks such as `One. [1][2] Two. [3]` into sentences and the numbers behind them."""
    found: list[tuple[str, list[int]]] = []
    position = 0
    for run in re.finditer(r"(?:\s*\[\d{1,3}\])+", text):
        part = text[position : run.start()].strip()
        marks = [int(number) for number in re.findall(r"\d+", run[0])]
        position = run.end()
        spans = sentences(part)
        found += [(part[start:end], []) for start, end in spans[:-1]]
        if spans:
            start, end = spans[-1]
            found.append((part[start:end], marks))
    rest = _MARK.sub("", text[position:]).strip()
    found += [(rest[start:end], []) for start, end in sentences(rest)]
    return [(sentence, marks) for sentence, marks in found if any(sign.isalnum() for sign in sentence)]
