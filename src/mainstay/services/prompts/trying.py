"""Tries one example of a test: renders the version, asks the generator, and looks at the answer."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from mainstay.kernel.room import QuotaFull, Room
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure
from mainstay.ports.encoder import Encoder
from mainstay.ports.schemas import Schemas
from mainstay.services.generation.interface import (
    AnswerFormat,
    CacheWish,
    ChatMessage,
    Completion,
    Generation,
    GivenDocument,
    PromptUsed,
)
from mainstay.services.prompts.book import Book
from mainstay.services.prompts.checking import rendered
from mainstay.services.prompts.checks import plainly
from mainstay.services.prompts.failures import PromptMissing, PromptVersionMissing
from mainstay.services.prompts.records import PromptVersion
from mainstay.services.prompts.testing_records import Example, Expectation
from mainstay.services.prompts.testing_store import ResultRow, TestRow, TestStore

_ASKED_ANEW = CacheWish(mode="off")
ANSWER_KEPT_MAX = 20_000
_REASONS_MAX = 1_000
_JUDGE = """You judge an answer by a rubric, and by nothing else. The answer is the document. Say in JSON
whether the answer meets the whole rubric (`passed`), and why in one sentence (`reason`).

Rubric: {rubric}"""
_VERDICT = {
    "type": "object",
    "required": ["passed", "reason"],
    "properties": {"passed": {"type": "boolean"}, "reason": {"type": "string"}},
    "additionalProperties": False,
}


@dataclass
class _Tried:
    """What is known of a try so far."""

    answer: str = ""
    trace_id: str = ""
    cost: float = 0.0
    reasons: list[str] = field(default_factory=list)


class Trying:
    """Tries examples, as the house."""

    def __init__(
        self,
        book: Book,
        store: TestStore,
        generation: Generation,
        encoder: Encoder,
        schemas: Schemas,
        room: Room,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._book = book
        self._store = store
        self._generation = generation
        self._encoder = encoder
        self._schemas = schemas
        self._room = room
        self._clock = clock

    async def run(self, test_id: str, number: int) -> None:
        """Try an example and keep what came of it, unless the test was deleted meanwhile.

        A generator that cannot answer was asked again already, and its fallbacks; so that is a result too.
        """
        row, examples = await self._store.test(test_id), await self._store.examples(test_id)
        if row is None or not examples:
            return
        tried, started_s = _Tried(), self._clock.monotonic_s()
        try:
            version = await self._book.version(row.name, row.version, "")
            await self._try(row, version, Example.model_validate(examples[number]), tried)
            outcome = "failed" if tried.reasons else "passed"
        except (PromptMissing, PromptVersionMissing):
            return
        except Failure as failure:
            outcome = "error"
            tried.reasons = [f"{failure.code()}: {failure}"]
        content: dict[str, Any] = {
            "answer": tried.answer[:ANSWER_KEPT_MAX],
            "trace_id": tried.trace_id,
            "reasons": [each[:_REASONS_MAX] for each in tried.reasons],
            "took_ms": round(1000 * (self._clock.monotonic_s() - started_s)),
        }
        try:
            await self._room.take(0, len(json.dumps(content)))
        except QuotaFull as full:
            content["answer"] = ""
            content["reasons"].append(f"The answer is not kept: {full}")
        await self._store.keep(ResultRow(test_id, number, outcome, tried.cost, content))

    async def _try(self, row: TestRow, version: PromptVersion, example: Example, tried: _Tried) -> None:
        messages = await asyncio.to_thread(rendered, version, example.variables)
        settings = version.settings.model_dump(exclude={"generator", "cache", "answer_format"})
        answer = await self._generation.complete(
            messages=[ChatMessage(role=each.role, content=each.content) for each in messages],
            generator=row.generator or version.settings.generator,
            answer_format=version.settings.answer_format,
            cache=_ASKED_ANEW,
            prompt=PromptUsed(prompt=row.name, version=row.version),
            **settings,
        )
        tried.answer, tried.trace_id = answer.text, answer.trace_id
        tried.cost += answer.usage.cost
        if answer.reason == "length":
            tried.reasons.append("The answer was cut off: raise `tokens_max`.")
        for expected in example.expect:
            reason = await self._missed(expected, answer, tried)
            if reason:
                tried.reasons.append(reason)

    async def _missed(self, expected: Expectation, answer: Completion, tried: _Tried) -> str:
        """Say what is not as it is expected; nothing where it is."""
        plain = await asyncio.to_thread(plainly, expected, answer.text)
        if plain is not None:
            return plain
        if expected.fits is not None:
            return await asyncio.to_thread(self._unfit, expected, answer.text)
        if expected.like is not None:
            one, other = await self._encoder.embed([answer.text, expected.like], lane="ingest")
            cosine = float(one @ other)
            least = expected.at_least
            return "" if cosine >= least else f"It is {cosine:.2f} like the reference; {least:.2f} is wanted."
        return await self._judged(expected, answer, tried)

    def _unfit(self, expected: Expectation, text: str) -> str:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return "It is no JSON."
        return "; ".join(self._schemas.misfits(expected.fits or {}, value))

    async def _judged(self, expected: Expectation, answer: Completion, tried: _Tried) -> str:
        verdict = await self._generation.complete(
            messages=[ChatMessage(role="user", content=_JUDGE.format(rubric=expected.rubric))],
            generator=expected.judge,
            documents=[GivenDocument(text=answer.text)],
            answer_format=AnswerFormat(json_schema=_VERDICT, name="verdict"),
            temperature=0.0,
            cache=_ASKED_ANEW,
        )
        tried.cost += verdict.usage.cost
        if verdict.reason != "stop":
            return f"The judge came to no verdict ({verdict.reason})."
        told = json.loads(verdict.text)
        return "" if told["passed"] else f"By the rubric: {told['reason']}"
