"""Frequently asked questions, which match before passages, and what users say of results."""

import asyncio
import re
from collections.abc import Sequence

from mainstay.kernel.work import caller, emit, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.kit.sentences import sentences
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.ports.encoder import Encoder
from mainstay.ports.vectors import AllOf, Leg, Vectors
from mainstay.services.knowledge.failures import FaqMissing, GiverErased
from mainstay.services.knowledge.faq_store import FaqRow, FaqStore, FeedbackRow
from mainstay.services.knowledge.finding import Found, within
from mainstay.services.knowledge.happenings import IndexChanged
from mainstay.services.knowledge.naming import opinion_id
from mainstay.services.knowledge.passage_store import ChangeKind, PassageStore
from mainstay.services.knowledge.permissions import may_see
from mainstay.services.knowledge.points import FAQ
from mainstay.services.knowledge.records import Faq, FaqMatch, FaqSuggestion, FeedbackGiven
from mainstay.services.knowledge.store import DocumentRow, KnowledgeStore

MATCH_MIN = 0.72
"""The least cosine between a query and an FAQ's question that counts as the same question."""

_MATCHES_MAX = 3
_DOCUMENTS_READ_MAX = 200
_CHARACTERS_READ_MAX = 5_000_000
_ANSWER_SENTENCES_MAX = 3
_QUESTION = re.compile(
    r"^(?:(?:Q|Question|Frage)\s*[:.)]\s*|#{1,6}\s+|\*\*|\d+[.)]\s+)?(?P<question>[^\n?？]{8,300}[?？])\s*\**\s*$"
)
_ANSWER_MARK = re.compile(r"^(?:A|Answer|Antwort)\s*[:.)]\s*")


class Faqs:
    """Keeps and matches FAQ entries and feedback."""

    def __init__(
        self,
        faqs: FaqStore,
        store: KnowledgeStore,
        passages: PassageStore,
        encoder: Encoder,
        vectors: Vectors,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._faqs = faqs
        self._store = store
        self._passages = passages
        self._encoder = encoder
        self._vectors = vectors
        self._clock = clock
        self._ids = ids

    async def add(self, collection: str, question: str, answer: str) -> Faq:
        """Store an entry."""
        faq_id = self._ids.new("faq")
        note_target(faq_id)
        row = FaqRow(
            faq_id=faq_id,
            point_id=opinion_id(faq_id),
            collection=collection,
            question=question,
            answer=answer,
            dense=(await self._encoder.embed([question], role="query"))[0],
            created_ms=self._clock.now_ms(),
        )
        await self._faqs.add_faq(row)
        note_change(None, _faq(row).model_dump())
        await self._changed("faq", faq_id)
        return _faq(row)

    async def entries(self, collection: str | None) -> list[Faq]:
        """List the entries."""
        return [_faq(row) for row in await self._faqs.faqs(collection)]

    async def remove(self, faq_id: str) -> Faq:
        """Erase an entry; raises FaqMissing."""
        row = await self._faqs.faq(faq_id)
        if row is None:
            raise FaqMissing("List the entries to see their ids.")
        await self._faqs.remove_faq(faq_id)
        note_change(_faq(row).model_dump(), None)
        await self._changed("faq", faq_id)
        return _faq(row)

    async def remove_all(self, collection: str) -> None:
        """Erase a collection's entries."""
        await self._faqs.remove_faqs_of(collection)

    async def matching(self, found: Found) -> list[FaqMatch]:
        """Give the entries that ask the same as a query, best first."""
        where = AllOf(tuple(within(found.wanted.collections, FAQ)))
        [matches] = await self._vectors.search(found.space, [Leg(found.vector, _MATCHES_MAX, where)])
        near = {match.id: match.score for match in matches if match.score >= MATCH_MIN}
        if not near:
            return []
        rows = await self._faqs.faqs(ids=list(near))
        told = [
            FaqMatch(
                faq_id=row.faq_id,
                question=row.question,
                answer=row.answer,
                score=round(min(1.0, near[row.point_id]), 6),
            )
            for row in rows
        ]
        return sorted(told, key=lambda match: (-match.score, match.faq_id))

    async def suggest(self, collection: str, limit: int) -> list[FaqSuggestion]:
        """Find questions in documents that are followed by their answers, and that have no entry yet."""
        known = {row.question.casefold() for row in await self._faqs.faqs(collection)}
        found: list[FaqSuggestion] = []
        me, read = caller(), 0
        for document in await self._store.documents(collection, "", _DOCUMENTS_READ_MAX):
            if not may_see(me, document.groups) or read + document.characters > _CHARACTERS_READ_MAX:
                continue
            stored = await self._store.text(document.doc_id, document.version)
            if stored is None:
                continue
            read += document.characters
            for suggestion in await asyncio.to_thread(suggestions, document.doc_id, stored[1]):
                if suggestion.question.casefold() not in known:
                    known.add(suggestion.question.casefold())
                    found.append(suggestion)
                    if len(found) >= limit:
                        return found
        return found

    async def judge(self, query: str, document: DocumentRow, comment: str, *, helpful: bool) -> FeedbackGiven:
        """Store a judgement, for the index to follow."""
        feedback_id = self._ids.new("feedback")
        row = FeedbackRow(
            feedback_id=feedback_id,
            point_id=opinion_id(feedback_id),
            doc_id=document.doc_id,
            collection=document.collection,
            helpful=helpful,
            query=query,
            comment=comment,
            dense=(await self._encoder.embed([query], role="query"))[0],
            subject=caller().subject,
            created_ms=self._clock.now_ms(),
        )
        try:
            await self._faqs.add_feedback(row)
        except KeyDestroyed:
            raise GiverErased("Come with another key, or as another user.") from None
        await self._changed("feedback", feedback_id)
        return FeedbackGiven(feedback_id=feedback_id)

    async def forget_feedback(self, doc_ids: Sequence[str]) -> None:
        """Erase the feedback about documents."""
        await self._faqs.remove_feedback(doc_ids)

    async def _changed(self, kind: ChangeKind, subject: str) -> None:
        change = await self._passages.note_change(kind, subject)
        job_id = self._ids.new("job")
        emit(
            IndexChanged(change=change, kind=kind, subject=subject, job_id=job_id),
            job_id=job_id,
            subject=subject,
            promised=True,
        )


def _faq(row: FaqRow) -> Faq:
    return Faq(
        faq_id=row.faq_id,
        collection=row.collection,
        question=row.question,
        answer=row.answer,
        created_ms=row.created_ms,
    )


def suggestions(doc_id: str, text: str) -> list[FaqSuggestion]:
    """Give the questions of a text that stand on a line of their own, with the sentences that follow them."""
    spans = sentences(text)
    found: list[FaqSuggestion] = []
    for place, (start, end) in enumerate(spans):
        asked = _QUESTION.match(text[start:end].strip())
        following = spans[place + 1 : place + 1 + _ANSWER_SENTENCES_MAX]
        if asked is None or not following:
            continue
        answer = _answer(text, following)
        if answer is not None:
            told, first, last = answer
            found.append(
                FaqSuggestion(
                    question=asked["question"].strip(" *#"), answer=told, doc_id=doc_id, start=first, end=last
                )
            )
    return found


def _answer(text: str, spans: Sequence[tuple[int, int]]) -> tuple[str, int, int] | None:
    first = last = spans[0][0]
    for start, end in spans:
        sentence = text[start:end]
        if sentence.lstrip().startswith("#") or _QUESTION.match(sentence.strip()):
            break
        if last != first and "\n\n" in text[last:start]:
            break
        last = end
    told = _ANSWER_MARK.sub("", text[first:last].strip())
    return (told, first, last) if told else None
