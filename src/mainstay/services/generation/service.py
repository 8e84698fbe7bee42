"""Lets generators answer, tells what they were asked, and keeps responses."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, cast

from mainstay.kernel.holdings import Holding
from mainstay.kernel.work import note_change
from mainstay.services.generation.answering import Answering, Wishes
from mainstay.services.generation.interface import Generation
from mainstay.services.generation.outcomes import Outcomes
from mainstay.services.generation.records import (
    AnswerFormat,
    CacheWish,
    CachingRules,
    ChatMessage,
    ChatTool,
    Completion,
    CompletionPiece,
    Generator,
    GivenDocument,
    KeptResponse,
    PromptUsed,
    ResponseDeleted,
    TraceOutcome,
    Traces,
    WholeTrace,
)
from mainstay.services.generation.responses import Responses
from mainstay.services.generation.store import RuleStore
from mainstay.services.generation.traces import TraceReading
from mainstay.services.generation.tracing import TraceLog
from mainstay.services.generation.wanted import Wanted

ROUND_S = 1.0


class GenerationService(Generation):
    """The generation service; writing traces is what it does again and again."""

    round_s = ROUND_S

    def __init__(
        self,
        answering: Answering,
        traces: TraceReading,
        outcomes: Outcomes,
        responses: Responses,
        rules: RuleStore,
        log: TraceLog,
    ) -> None:
        """Take the parts."""
        self._answering = answering
        self._traces = traces
        self._outcomes = outcomes
        self._rules = rules
        self._responses = responses
        self._log = log

    async def at_start(self) -> None:
        """Have nothing to do first."""

    async def go_round(self) -> None:
        """Write traces."""
        await self._log.write()

    async def holding(self) -> Holding:
        """Count what the caller's tenant keeps, for the house; responses are no documents."""
        return Holding(0, await self._responses.size())

    async def complete(
        self,
        messages: list[ChatMessage],
        generator: str = "",
        documents: list[GivenDocument] = [],  # noqa: B006 - never changed; the interface's default
        tools: list[ChatTool] = [],  # noqa: B006 - never changed; the interface's default
        tool_choice: str = "auto",
        parallel_calls: bool = True,
        answer_format: AnswerFormat | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        tokens_max: int | None = None,
        stop: list[str] = [],  # noqa: B006 - never changed; the interface's default
        seed: int | None = None,
        hide_personal_data: bool = False,
        cache_s: int = 0,
        cache: CacheWish | None = None,
        prompt: PromptUsed | None = None,
    ) -> Completion:
        """Let a generator go on; its answer comes whole."""
        wanted = Wanted(
            messages,
            documents,
            tools,
            tool_choice,
            parallel_calls,
            answer_format,
            temperature,
            top_p,
            tokens_max,
        ).ending(stop, seed, veiled=hide_personal_data)
        return await self._answering.whole(wanted, generator, Wishes(cache_s, cache, prompt))

    async def stream_complete(
        self,
        messages: list[ChatMessage],
        generator: str = "",
        documents: list[GivenDocument] = [],  # noqa: B006 - never changed; the interface's default
        tools: list[ChatTool] = [],  # noqa: B006 - never changed; the interface's default
        tool_choice: str = "auto",
        parallel_calls: bool = True,
        answer_format: AnswerFormat | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        tokens_max: int | None = None,
        stop: list[str] = [],  # noqa: B006 - never changed; the interface's default
        seed: int | None = None,
        hide_personal_data: bool = False,
        cache_s: int = 0,
        cache: CacheWish | None = None,
        prompt: PromptUsed | None = None,
    ) -> AsyncIterator[CompletionPiece]:
        """Let a generator go on piece by piece."""
        wanted = Wanted(
            messages,
            documents,
            tools,
            tool_choice,
            parallel_calls,
            answer_format,
            temperature,
            top_p,
            tokens_max,
        ).ending(stop, seed, veiled=hide_personal_data)
        wishes = Wishes(cache_s, cache, prompt)
        async with aclosing(cast("Any", self._answering.pieces(wanted, generator, wishes))) as pieces:
            async for piece in pieces:
                yield piece

    async def list_generators(self) -> list[Generator]:
        """List the generators."""
        return [
            Generator(
                name=each.name,
                model=each.model,
                input_price=each.input_price,
                output_price=each.output_price,
                fallback=list(each.fallback),
            )
            for each in self._answering.models
        ]

    async def list_traces(self, subject: str = "", after: str = "", limit: int = 50) -> Traces:
        """List traces."""
        return await self._traces.page(subject, after, limit)

    async def get_trace(self, trace_id: str) -> WholeTrace:
        """Give a trace with its texts."""
        return await self._traces.find(trace_id)

    async def judge_trace(self, trace_id: str, value: float) -> TraceOutcome:
        """Say how well an answer did."""
        return await self._outcomes.judge(trace_id, value)

    async def get_caching(self) -> CachingRules:
        """Tell whether answers are given again."""
        return await self._rules.rules()

    async def set_caching(self, exact: bool, semantic: bool = True) -> CachingRules:
        """Say whether answers are given again."""
        before = await self._rules.rules()
        after = CachingRules(exact=exact, semantic=exact and semantic)
        note_change(before.model_dump(), after.model_dump())
        await self._rules.set(after)
        return after

    async def keep_response(
        self,
        input_items: list[dict[str, Any]],
        output_items: list[dict[str, Any]],
        facts: dict[str, Any] = {},  # noqa: B006 - never changed; the interface's default
        previous_id: str = "",
        response_id: str = "",
    ) -> KeptResponse:
        """Keep a response."""
        return await self._responses.keep(input_items, output_items, facts, previous_id, response_id)

    async def get_response(self, response_id: str) -> KeptResponse:
        """Give a response."""
        return await self._responses.find(response_id)

    async def delete_response(self, response_id: str) -> ResponseDeleted:
        """Delete a response."""
        await self._responses.remove(response_id)
        return ResponseDeleted(response_id=response_id)
