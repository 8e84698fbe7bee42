"""Asking generators: whole answers and streams, what they were asked, and responses that are kept."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from pydantic import Field

from mainstay.kernel.interface import Interface, reads, streams, writes
from mainstay.kernel.room import QuotaFull
from mainstay.ports.chat import ChatBrokeOff, ChatRefused, ChatUnavailable, GeneratorUnset
from mainstay.services.generation.failures import (
    AnswerMisshapen,
    ConversationInvalid,
    GeneratorMissing,
    ResponseMissing,
    ResponseTaken,
    ResponseTooLarge,
    SchemaInvalid,
    TraceMissing,
)
from mainstay.services.generation.happenings import TraceJudged
from mainstay.services.generation.records import (
    AnswerFormat,
    CacheSeconds,
    CacheWish,
    CachingRules,
    ChatMessage,
    Choice,
    Completion,
    CompletionPiece,
    Documents,
    Generator,
    GeneratorName,
    GivenDocument,
    Items,
    JsonSchema,
    KeptResponse,
    Messages,
    NewResponseId,
    Outcome,
    Page,
    PreviousId,
    PromptUsed,
    ResponseDeleted,
    ResponseId,
    Seed,
    Stops,
    Temperature,
    TokensMax,
    Tools,
    TopP,
    TraceCursor,
    TraceId,
    TraceOutcome,
    Traces,
    WholeTrace,
)

__all__ = [
    "GENERATING",
    "AnswerFormat",
    "CacheWish",
    "ChatMessage",
    "Completion",
    "Generation",
    "GeneratorName",
    "GivenDocument",
    "JsonSchema",
    "PromptUsed",
    "Stops",
    "Temperature",
    "TokensMax",
    "TopP",
    "TraceJudged",
]

_USE = "generation:use"
GENERATING = (
    GeneratorMissing,
    ConversationInvalid,
    SchemaInvalid,
    ChatRefused,
    ChatUnavailable,
    GeneratorUnset,
    ChatBrokeOff,
    AnswerMisshapen,
)
"""How asking a generator may fail."""

_TRACE = {"trace_id": "trace_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_RESPONSE = {"response_id": "resp_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_EXAMPLE = {"messages": [{"role": "user", "content": "What is a quay?"}]}


class Generation(Interface):
    """Answers of language models, by whichever provider the operator has set."""

    @reads("POST /generation/complete", may=_USE, fails=GENERATING, example=_EXAMPLE)
    async def complete(
        self,
        messages: Messages,
        generator: GeneratorName = "",
        documents: Documents = [],
        tools: Tools = [],
        tool_choice: Choice = "auto",
        parallel_calls: bool = True,
        answer_format: AnswerFormat | None = None,
        temperature: Temperature | None = None,
        top_p: TopP | None = None,
        tokens_max: TokensMax | None = None,
        stop: Stops = [],
        seed: Seed | None = None,
        hide_personal_data: bool = False,
        cache_s: CacheSeconds = 0,
        cache: CacheWish | None = None,
        prompt: PromptUsed | None = None,
    ) -> Completion:
        """Let a generator go on with a conversation; its answer comes whole.

        A generator that cannot answer is asked again with growing pauses, then its fallbacks are asked, as
        they are at once where it refuses.
        Documents and results of tools stand in the prompt marked off as data; where there are any, or files,
        links and images that you did not name yourself are taken apart in the answer's text. Tools that you
        did not offer are never in `calls`. An answer in an `answer_format` is checked against it, and
        asked for once more when it does not fit. What is asked and answered is kept as a trace, for as long
        as the operator says.
        Where it is wanted, or the operator has set it, marks stand for personal data on the way to the
        generator, and what they stand for is put back into its answer.
        With `cache_s` the very same request of your tenant is answered from memory, without a charge, where
        an answer to it was kept by it; `cache` says more, also that a question of yours in other words may
        be. Without either the generator's own rule holds. `prompt` names in the trace what it was made of.
        An answer that is far longer than `tokens_max` allows is cut off here, with the reason `length`.
        """

    @streams("POST /generation/complete", may=_USE, fails=GENERATING, example=_EXAMPLE)
    def stream_complete(
        self,
        messages: Messages,
        generator: GeneratorName = "",
        documents: Documents = [],
        tools: Tools = [],
        tool_choice: Choice = "auto",
        parallel_calls: bool = True,
        answer_format: AnswerFormat | None = None,
        temperature: Temperature | None = None,
        top_p: TopP | None = None,
        tokens_max: TokensMax | None = None,
        stop: Stops = [],
        seed: Seed | None = None,
        hide_personal_data: bool = False,
        cache_s: CacheSeconds = 0,
        cache: CacheWish | None = None,
        prompt: PromptUsed | None = None,
    ) -> AsyncIterator[CompletionPiece]:
        """Let a generator go on piece by piece (`Accept: text/event-stream`); the last has the whole answer.

        Once a piece has been sent no other generator is asked: an answer that breaks off ends as a problem,
        and so does one that turns out not to have the form that was asked for.
        """

    @reads("GET /generation/generators", may=_USE)
    async def list_generators(self) -> list[Generator]:
        """List the generators, the one first that answers where none is named."""

    @reads("GET /generation/traces", may="traces:read", example={"limit": 20})
    async def list_traces(
        self, subject: TraceCursor = "", after: TraceCursor = "", limit: Page = 50
    ) -> Traces:
        """List the generated answers of your tenant, newest first, perhaps somebody's alone.

        A trace is there about a second after its answer.
        """

    @reads("GET /generation/traces/{trace_id}", may="traces:read", fails=(TraceMissing,), example=_TRACE)
    async def get_trace(self, trace_id: TraceId) -> WholeTrace:
        """Give a generated answer with its prompt, documents, tokens, cost and times."""

    @writes(
        "POST /generation/traces/{trace_id}/outcome",
        may=_USE,
        status=201,
        fails=(TraceMissing,),
        example={**_TRACE, "value": 1},
    )
    async def judge_trace(self, trace_id: TraceId, value: Outcome) -> TraceOutcome:
        """Say how well an answer did, as a number: yours, or with `traces:read` anybody's.

        Said again, it replaces what you said before. What a prompt's experiment tries is judged by it.
        """

    @reads("GET /generation/caching", may=_USE)
    async def get_caching(self) -> CachingRules:
        """Tell whether answers of your tenant may be given again; if nobody has set anything, they may."""

    @writes("PUT /generation/caching", may="generation:write", example={"exact": True, "semantic": False})
    async def set_caching(self, exact: bool, semantic: bool = True) -> CachingRules:
        """Say whether answers of your tenant may be given again: to the same request, and to one like it.

        Whoever asks still has to want it, or the generator's own rule. Without `exact` nothing is.
        """

    @writes(
        "POST /generation/responses",
        may=_USE,
        status=201,
        fails=(ResponseMissing, ResponseTaken, ResponseTooLarge, QuotaFull),
        example={"input_items": [{"role": "user", "content": "Hi"}], "output_items": [{"text": "Hello."}]},
    )
    async def keep_response(
        self,
        input_items: Items,
        output_items: Items,
        facts: Annotated[dict[str, Any], Field(max_length=100)] = {},
        previous_id: PreviousId = "",
        response_id: NewResponseId = "",
    ) -> KeptResponse:
        """Keep a response with all that led to it, for yourself, so that a later one can go on from it."""

    @reads("GET /generation/responses/{response_id}", may=_USE, fails=(ResponseMissing,), example=_RESPONSE)
    async def get_response(self, response_id: ResponseId) -> KeptResponse:
        """Give a response that you kept."""

    @writes(
        "DELETE /generation/responses/{response_id}", may=_USE, fails=(ResponseMissing,), example=_RESPONSE
    )
    async def delete_response(self, response_id: ResponseId) -> ResponseDeleted:
        """Delete a response that you kept."""
