"""What goes into a generated answer, with its limits, and what comes out."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Input, Record

_NO_NUL = r"^[^\x00]*$"
MESSAGES_MAX = 2_000
CHARACTERS_MAX = 4_000_000
TOOL_ROUNDS_MAX = 64
IMAGES_MAX = 20
FILES_MAX = 10
FILE_CHARACTERS_MAX = 20_000_000
SIMILARITY = 0.94
"""Chosen on the train part of banking77: see `benchmarks/semantic_cache.py` and decision 52."""

Text = Annotated[str, StringConstraints(max_length=1_000_000, pattern=_NO_NUL)]
CallId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
FunctionName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
GeneratorName = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^[\w.:@/-]*$"),
    Field(description="`GET /generation/generators` lists them; empty: the first."),
]
ImageUrl = Annotated[
    str,
    StringConstraints(
        max_length=20_000_000,
        pattern=r"^(https://[^\x00-\x20]+|data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+)$",
    ),
    Field(description="`https://…`, or `data:image/png;base64,…` (PNG, JPEG, GIF, WebP)."),
]
JsonSchema = Annotated[
    dict[str, Any],
    Field(
        max_length=1_000,
        description="A JSON Schema; without `patternProperties` and `unevaluated…`.",
    ),
]
Temperature = Annotated[float, Field(ge=0, le=2)]
TopP = Annotated[float, Field(ge=0, le=1)]
TokensMax = Annotated[int, Field(ge=1, le=1_000_000, description="How long the answer may be.")]
Stops = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_NUL)]],
    Field(max_length=4, description="Texts before which the answer ends."),
]
Seed = Annotated[int, Field(ge=-(2**53), le=2**53)]
CacheSeconds = Annotated[
    int,
    Field(
        ge=0,
        le=86_400,
        description="For how long an answer to the very same request may be given again; 0: not at all.",
    ),
]
ExposureId = Annotated[str, StringConstraints(max_length=64, pattern=r"^[\w-]*$")]
Outcome = Annotated[
    float,
    Field(ge=-1e9, le=1e9, description="How well the answer did: 1 or 0, stars, minutes saved …"),
]
TraceId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
ResponseId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
PreviousId = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^[\w-]*$"),
    Field(description="The response from which this one goes on; it has to be yours."),
]
NewResponseId = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^[\w-]*$"),
    Field(description="What it is called; empty: an id is made."),
]
Page = Annotated[int, Field(ge=1, le=200)]
TraceCursor = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^[\w-]*$"),
    Field(description="The `trace_id` of the last one of the page before."),
]
Items = Annotated[list[Annotated[dict[str, Any], Field(max_length=100)]], Field(max_length=4 * MESSAGES_MAX)]


class FunctionCall(Input):
    """A tool that was asked for; `arguments` are JSON, as the generator wrote it."""

    call_id: CallId
    name: FunctionName
    arguments: Annotated[str, StringConstraints(max_length=1_000_000, pattern=_NO_NUL)] = "{}"


class GivenFile(Input):
    """A file that the generator reads itself, if it can."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=_NO_NUL)]
    content: Annotated[
        str,
        StringConstraints(
            max_length=FILE_CHARACTERS_MAX, pattern=r"^data:[\w.+-]+/[\w.+-]+;base64,[A-Za-z0-9+/=]+$"
        ),
        Field(description="`data:application/pdf;base64,…`"),
    ]


class ChatMessage(Input):
    """A message. One of `tool` has the result of the call `call_id`, which is treated as data.

    Images and files belong to the user's messages, and are looked at after the text. The generator's server
    fetches images at an address, which must not be a private one; files are passed on as they are.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: Text = ""
    calls: Annotated[list[FunctionCall], Field(max_length=128)] = []
    call_id: Annotated[str, StringConstraints(max_length=200, pattern=r"^[\x21-\x7e]*$")] = ""
    images: Annotated[list[ImageUrl], Field(max_length=IMAGES_MAX)] = []
    files: Annotated[list[GivenFile], Field(max_length=FILES_MAX)] = []


class CacheWish(Input):
    """Whether an answer may be given again, to the very same request or to one that means the same.

    `similarity` is the least cosine of two questions that count as one; everything else of the two requests
    has to be the same, and whoever asks. Requests with tools or images are never answered so.
    """

    mode: Literal["off", "exact", "semantic"] = "exact"
    seconds: Annotated[int, Field(ge=1, le=86_400)] = 3_600
    similarity: Annotated[float, Field(ge=0.8, le=1)] = SIMILARITY


class PromptUsed(Input):
    """Which prompt a request was made of, for its trace; `prompts` fills it in by itself."""

    prompt: Annotated[str, StringConstraints(max_length=100, pattern=r"^[\w.-]*$")]
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    experiment_id: ExposureId = ""
    arm: Annotated[str, StringConstraints(max_length=32, pattern=r"^[\w-]*$")] = ""
    exposure_id: ExposureId = ""


class ChatTool(Input):
    """A function that the generator may ask for; who asks for an answer calls it, or does not."""

    name: FunctionName
    description: Annotated[str, StringConstraints(max_length=10_000, pattern=_NO_NUL)] = ""
    parameters: JsonSchema | None = None
    strict: bool = False


class AnswerFormat(Input):
    """In which form the answer has to come: a JSON object, of which a schema may say more."""

    json_schema: JsonSchema | None = None
    name: FunctionName = "answer"
    description: Annotated[str, StringConstraints(max_length=10_000, pattern=_NO_NUL)] = ""
    strict: bool = False


class GivenDocument(Input):
    """A text that the answer may rest upon; whatever it says is data, and no instruction."""

    text: Text
    title: Annotated[str, StringConstraints(max_length=1_000, pattern=_NO_NUL)] = ""


Messages = Annotated[list[ChatMessage], Field(min_length=1, max_length=MESSAGES_MAX)]
Tools = Annotated[list[ChatTool], Field(max_length=128)]
Documents = Annotated[list[GivenDocument], Field(max_length=100)]
Choice = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$"),
    Field(description="`auto`, `none`, `required`, or the name of the tool that has to be called."),
]


class Generator(Record):
    """A generator; prices are for a million tokens, in the currency in which the operator thinks."""

    name: str
    model: str
    input_price: float
    output_price: float
    fallback: list[str] = Field(description="Who is asked instead when it cannot answer, in their order.")


class TokensUsed(Record):
    """What an answer took, with the tries that were in vain.

    `estimated`: a server does not tell, and four characters count as a token.
    """

    input: int
    output: int
    estimated: bool
    cost: float = Field(description="In the currency of the prices; 0 without prices, or from the cache.")


class CallWanted(Record):
    """A tool that the generator wants to have called."""

    call_id: str
    name: str
    arguments: str


class Completion(Record):
    """A whole answer."""

    trace_id: str
    generator: str
    text: str
    calls: list[CallWanted]
    reason: Literal["stop", "length", "tool_calls", "content_filter"]
    usage: TokensUsed
    cached: bool
    similarity: float | None = Field(
        None, description="From the cache: how alike the question was that was answered before; 1: the same."
    )
    created_ms: int


class CallPart(Record):
    """A piece of a call: its id and name come first, its arguments piece by piece."""

    index: int
    call_id: str = ""
    name: str = ""
    arguments: str = ""


class CompletionPiece(Record):
    """A part of a streamed answer: text or a piece of a call as they come, at the end the whole."""

    text: str = ""
    call: CallPart | None = None
    result: Completion | None = None


class Trace(Record):
    """One generated answer, without its texts. `outcome` is `ok`, `left`, or the failure's name."""

    trace_id: str
    at_ms: int
    subject: str
    request_id: str
    generator: str
    outcome: str
    cached: bool
    tokens_input: int
    tokens_output: int
    cost: float
    first_piece_ms: int | None
    took_ms: int
    prompt: str = ""
    prompt_version: int = 0
    experiment_id: str = ""
    arm: str = ""


class Traces(Record):
    """Some traces, newest first."""

    traces: list[Trace]
    next: str = Field(description="Give it as `after` for the page after this one; empty: there is none.")


class WholeTrace(Trace):
    """One generated answer with its texts."""

    request: dict[str, Any] = Field(description="What was asked for, by name, documents included.")
    text: str
    calls: list[CallWanted]
    refused_calls: list[str] = Field(description="Tools that were asked for and had not been offered.")
    tries: list[dict[str, Any]] = Field(description="Which generators were asked, and how each ended.")
    outcomes: list["TraceOutcome"] = []


class TraceOutcome(Record):
    """How well somebody says that an answer did."""

    trace_id: str
    value: float
    at_ms: int


class CachingRules(Record):
    """Whether answers of your tenant are given again at all: to the same request, and to one like it."""

    exact: bool
    semantic: bool


class KeptResponse(Record):
    """A response that was kept, with what led to it."""

    response_id: str
    previous_id: str
    created_ms: int
    input: list[dict[str, Any]]
    output: list[dict[str, Any]]
    facts: dict[str, Any]


class ResponseDeleted(Record):
    """A response that is no more."""

    response_id: str
