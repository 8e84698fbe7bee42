"""What the Open Responses standard says of a response, its items and its events, strictly.

Written from the specification (openresponses.org). A member without a default has to be there, also where it
may be null; nothing is converted. Members that the standard does not name are let be, since it allows more.
"""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Choice = Literal["none", "auto", "required"]
State = Literal["in_progress", "completed", "incomplete"]
Effort = Literal["none", "low", "medium", "high", "xhigh"]
Kind = TypeVar("Kind", bound=BaseModel)


class Shape(BaseModel):
    """Something that the standard describes."""

    model_config = ConfigDict(strict=True, extra="ignore")


class UrlCitation(Shape):
    type: Literal["url_citation"]
    url: str
    start_index: int
    end_index: int
    title: str


class FileCitation(Shape):
    type: Literal["file_citation"]
    file_id: str
    index: int
    filename: str


Annotation = Annotated[UrlCitation | FileCitation, Field(discriminator="type")]


class TopLogProb(Shape):
    token: str
    logprob: float
    bytes: list[int]


class LogProb(TopLogProb):
    top_logprobs: list[TopLogProb]


class InputText(Shape):
    type: Literal["input_text"]
    text: str


class OutputText(Shape):
    type: Literal["output_text"]
    text: str
    annotations: list[Annotation]
    logprobs: list[LogProb] = []


class OtherText(Shape):
    type: Literal["text", "summary_text", "reasoning_text"]
    text: str


class Refusal(Shape):
    type: Literal["refusal"]
    refusal: str


class InputImage(Shape):
    type: Literal["input_image"]
    image_url: str | None
    detail: Literal["low", "high", "auto"]


class InputFile(Shape):
    type: Literal["input_file"]
    filename: str = ""
    file_url: str = ""


Content = Annotated[
    InputText | OutputText | OtherText | Refusal | InputImage | InputFile, Field(discriminator="type")
]


class Message(Shape):
    type: Literal["message"]
    id: str
    status: State
    role: Literal["user", "assistant", "system", "developer"]
    content: list[Content]
    phase: Literal["commentary", "final_answer"] = "final_answer"


class FunctionCall(Shape):
    type: Literal["function_call"]
    id: str
    call_id: str
    name: str
    arguments: str
    status: State


class FunctionCallOutput(Shape):
    type: Literal["function_call_output"]
    id: str
    call_id: str
    output: str | list[Annotated[InputText | InputImage | InputFile, Field(discriminator="type")]]
    status: State


class FileSearchResult(Shape):
    file_id: str
    filename: str
    text: str
    attributes: Any
    score: float | None
    vector_store_id: str | None


class FileSearchCall(Shape):
    type: Literal["file_search_call"]
    id: str
    status: Literal["in_progress", "searching", "completed", "incomplete", "failed"]
    queries: list[str]
    results: list[FileSearchResult] | None


class ReasoningItem(Shape):
    type: Literal["reasoning"]
    id: str
    summary: list[Content]
    content: list[Content] = []
    encrypted_content: str = ""


class Compaction(Shape):
    type: Literal["compaction"]
    id: str
    encrypted_content: Annotated[str, Field(max_length=10_485_760)]
    created_by: str = ""


Item = Annotated[
    Message | FunctionCall | FunctionCallOutput | FileSearchCall | ReasoningItem | Compaction,
    Field(discriminator="type"),
]


class FunctionTool(Shape):
    type: Literal["function"]
    name: str
    description: str | None
    parameters: dict[str, Any] | None
    strict: bool | None


class Ranking(Shape):
    ranker: Literal["auto", "none", "default-2024-11-15", "default_2024_08_21"]
    score_threshold: float


class FileSearchTool(Shape):
    type: Literal["file_search"]
    vector_store_ids: list[str]
    max_num_results: int
    ranking_options: Ranking
    filters: dict[str, Any] | None


class NamedTool(Shape):
    type: Literal["function", "file_search"]
    name: str = ""


class AllowedTools(Shape):
    type: Literal["allowed_tools"]
    tools: list[NamedTool]
    mode: Choice


class PlainFormat(Shape):
    type: Literal["text", "json_object"]


class SchemaFormat(Shape):
    type: Literal["json_schema"]
    name: str
    description: str | None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")]
    strict: bool


class TextField(Shape):
    format: Annotated[PlainFormat | SchemaFormat, Field(discriminator="type")]
    verbosity: Literal["low", "medium", "high"] = "medium"


class Reasoning(Shape):
    effort: Effort | None
    summary: Literal["concise", "detailed", "auto"] | None


class CachedTokens(Shape):
    cached_tokens: int


class ReasoningTokens(Shape):
    reasoning_tokens: int


class Usage(Shape):
    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: CachedTokens
    output_tokens_details: ReasoningTokens


class Reason(Shape):
    reason: str


class Error(Shape):
    code: str
    message: str


class Response(Shape):
    """The resource that everything turns on."""

    id: Annotated[str, Field(min_length=1)]
    object: Literal["response"]
    created_at: int
    completed_at: int | None
    status: Literal["queued", "in_progress", "completed", "failed", "incomplete", "cancelled"]
    incomplete_details: Reason | None
    model: str
    previous_response_id: str | None
    instructions: str | None
    output: list[Item]
    error: Error | None
    tools: list[Annotated[FunctionTool | FileSearchTool, Field(discriminator="type")]]
    tool_choice: Choice | Annotated[NamedTool | AllowedTools, Field(discriminator="type")]
    truncation: Literal["auto", "disabled"]
    parallel_tool_calls: bool
    text: TextField
    top_p: float
    presence_penalty: float
    frequency_penalty: float
    top_logprobs: int
    temperature: float
    reasoning: Reasoning | None
    usage: Usage | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    store: bool
    background: bool
    service_tier: str
    metadata: dict[str, str]
    safety_identifier: str | None
    prompt_cache_key: str | None


class Compacted(Shape):
    """What compacting answers."""

    id: Annotated[str, Field(min_length=1)]
    object: Literal["response.compaction"]
    output: list[Item]
    created_at: int
    usage: Usage


class Event(Shape):
    sequence_number: Annotated[int, Field(ge=0)]


class OfResponse(Event):
    type: Literal[
        "response.created",
        "response.queued",
        "response.in_progress",
        "response.completed",
        "response.failed",
        "response.incomplete",
    ]
    response: Response


class OfOutputItem(Event):
    type: Literal["response.output_item.added", "response.output_item.done"]
    output_index: int
    item: Item


class _InItem(Event):
    item_id: str
    output_index: int


class _InContent(_InItem):
    content_index: int


class OfContentPart(_InContent):
    type: Literal["response.content_part.added", "response.content_part.done"]
    part: Content


class TextDelta(_InContent):
    type: Literal["response.output_text.delta"]
    delta: str
    logprobs: list[LogProb] = []
    obfuscation: str = ""


class TextDone(_InContent):
    type: Literal["response.output_text.done"]
    text: str
    logprobs: list[LogProb] = []


class AnnotationAdded(_InContent):
    type: Literal["response.output_text.annotation.added"]
    annotation_index: int
    annotation: Annotation


class ArgumentsDelta(_InItem):
    type: Literal["response.function_call_arguments.delta"]
    delta: str
    obfuscation: str = ""


class ArgumentsDone(_InItem):
    type: Literal["response.function_call_arguments.done"]
    arguments: str


class OfFileSearch(_InItem):
    type: Literal[
        "response.file_search_call.in_progress",
        "response.file_search_call.searching",
        "response.file_search_call.completed",
    ]


class ErrorPayload(Shape):
    type: str
    code: str | None
    message: str
    param: str | None


class OfError(Event):
    type: Literal["error"]
    error: ErrorPayload


class SocketErrorPayload(Shape):
    code: str
    message: str
    type: str = ""
    param: str | None = None


class SocketError(Shape):
    """How a connection tells that a request failed."""

    type: Literal["error"]
    status: int
    error: SocketErrorPayload


_EVENTS: TypeAdapter[Event] = TypeAdapter(
    Annotated[
        OfResponse
        | OfOutputItem
        | OfContentPart
        | TextDelta
        | TextDone
        | AnnotationAdded
        | ArgumentsDelta
        | ArgumentsDone
        | OfFileSearch
        | OfError,
        Field(discriminator="type"),
    ]
)


def as_event(sent: Any) -> Any:
    """Check an event by its type."""
    return _EVENTS.validate_python(sent)
