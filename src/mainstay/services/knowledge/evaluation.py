"""How good the search and the answers are on questions whose answers are known."""

import asyncio
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from mainstay.kit.clock import Clock
from mainstay.services.knowledge.answers import Answers
from mainstay.services.knowledge.failures import QuestionsInvalid
from mainstay.services.knowledge.finding import Finding, Wanted
from mainstay.services.knowledge.limits import Mode
from mainstay.services.knowledge.records import Evaluation, GroundedAnswer, Question, QuestionResult

_DEPTH = 100
_WORD = re.compile(r"\w+")


def ndcg(ranked: Sequence[str], relevant: Sequence[str], depth: int) -> float:
    """Give the normalised discounted cumulative gain (Järvelin and Kekäläinen 2002), every gain being 1."""
    wanted = set(relevant)
    gained = sum(1 / math.log2(place + 2) for place, doc in enumerate(ranked[:depth]) if doc in wanted)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(len(wanted), depth)))
    return gained / ideal if ideal else 0.0


def recall(ranked: Sequence[str], relevant: Sequence[str], depth: int) -> float:
    """Give the share of the relevant documents that are among the first ones."""
    wanted = set(relevant)
    return len(wanted.intersection(ranked[:depth])) / len(wanted) if wanted else 0.0


def reciprocal_rank(ranked: Sequence[str], relevant: Sequence[str]) -> float:
    """Give one divided by the place of the first relevant document, 0 when there is none."""
    wanted = set(relevant)
    return next((1 / (place + 1) for place, doc in enumerate(ranked) if doc in wanted), 0.0)


def contains(text: str, answer: str) -> bool:
    """Say whether a text holds an answer's words one after the other, whatever their case."""
    words, wanted = (" ".join(_WORD.findall(part.casefold())) for part in (text, answer))
    return f" {wanted} " in f" {words} "


@dataclass(frozen=True)
class Tried:
    """A question, the documents that search gave for it, and its answer."""

    question: Question
    ranked: Sequence[str]
    answer: GroundedAnswer

    def place(self) -> int | None:
        """Give where the first right document stands, from 1."""
        wanted = set(self.question.doc_ids)
        return next((place for place, doc in enumerate(self.ranked, 1) if doc in wanted), None)

    def cited(self) -> bool | None:
        """Say whether a citation contains the known answer; None where there is nothing to look at."""
        known = self.question.answer
        if not known or not self.answer.answered:
            return None
        return any(contains(citation.text, known) for citation in self.answer.citations)

    def result(self) -> QuestionResult:
        """Give what is told of it."""
        return QuestionResult(
            question=self.question.question,
            doc_ids=list(self.question.doc_ids),
            place=self.place(),
            first=next(iter(self.ranked), None),
            answered=self.answer.answered,
            answer_in_citation=self.cited(),
        )


class Evaluating:
    """Measures search and answers; the questions go the same way as any user's."""

    def __init__(self, finding: Finding, answers: Answers, clock: Clock) -> None:
        """Take the parts."""
        self._finding = finding
        self._answers = answers
        self._clock = clock

    async def evaluate(self, questions: Sequence[Question], collection: str | None, mode: Mode) -> Evaluation:
        """Measure; raises QuestionsInvalid when no question names the documents that answer it."""
        began = self._clock.monotonic_s()
        if not any(question.doc_ids for question in questions):
            raise QuestionsInvalid("Give `doc_ids`, the documents that answer a question, for at least one.")
        tried = []
        for question in questions:
            ranked = await self._ranked(question, collection, mode)
            answer = await self._answers.answer(question.question, collection, {}, 10)
            tried.append(Tried(question, ranked, answer))
            await asyncio.sleep(0)
        return _summary(tried, round(1000 * (self._clock.monotonic_s() - began)))

    async def _ranked(self, question: Question, collection: str | None, mode: Mode) -> list[str]:
        wanted = Wanted(
            query=question.question,
            top_k=_DEPTH,
            collections=() if collection is None else (collection,),
            mode=mode,
        )
        return [hit.doc_id for hit in (await self._finding.find(wanted)).hits()]


def _summary(tried: Sequence[Tried], took_ms: int) -> Evaluation:
    ranks = [(each.ranked, each.question.doc_ids) for each in tried if each.question.doc_ids]
    answers = [each.answer for each in tried if each.answer.answered]
    cited = [float(held) for each in tried if (held := each.cited()) is not None]
    return Evaluation(
        questions=len(tried),
        ndcg_at_10=_mean([ndcg(ranked, relevant, 10) for ranked, relevant in ranks]),
        recall_at_10=_mean([recall(ranked, relevant, 10) for ranked, relevant in ranks]),
        recall_at_100=_mean([recall(ranked, relevant, _DEPTH) for ranked, relevant in ranks]),
        mrr=_mean([reciprocal_rank(ranked, relevant) for ranked, relevant in ranks]),
        answered=len(answers) / len(tried),
        answer_in_citation=_mean(cited) if cited else None,
        faithfulness=_mean([_faithful(answer) for answer in answers]) if answers else None,
        results=[each.result() for each in tried],
        took_ms=took_ms,
    )


def _faithful(answer: GroundedAnswer) -> float:
    """Give the share of what was written that its sources support, told or left out."""
    supported = len({citation.sentence for citation in answer.citations})
    return supported / (supported + answer.unsupported) if supported else 0.0


def _mean(values: Sequence[float]) -> float:
    return round(fmean(values), 4) if values else 0.0
