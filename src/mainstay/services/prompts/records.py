"""What goes into prompts, with its limits, and what comes out."""

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, StringConstraints

from mainstay.kernel.interface import Input, Record
from mainstay.services.generation.interface import (
    AnswerFormat,
    CacheWish,
    Completion,
    GeneratorName,
    PromptUsed,
    Stops,
    Temperature,
    TokensMax,
    TopP,
)

_NO_NUL = r"^[^\x00]*$"
TEMPLATE_CHARACTERS_MAX = 100_000
MESSAGES_MAX = 50
VARIABLES_MAX = 100
VARIABLE_CHARACTERS_MAX = 64
VERSIONS_MAX = 1_000
PROMPTS_MAX = 1_000
LABELS_MAX = 20

PromptName = Annotated[
    str,
    # A path of two dots is another path to every client; names do not begin with one.
    StringConstraints(min_length=1, max_length=100, pattern=r"^[\w-][\w.-]*$"),
    Field(description="Its name."),
]
Label = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
WantedLabel = Annotated[
    str,
    StringConstraints(max_length=32, pattern=r"^[a-z0-9_-]*$"),
    Field(description="The version that has this label."),
]
Version = Annotated[int, Field(ge=1, le=1_000_000)]
WantedVersion = Annotated[
    int,
    Field(
        ge=0,
        le=1_000_000,
        description="0: the label's; without a label that of `production`, or the newest.",
    ),
]
Template = Annotated[str, StringConstraints(max_length=TEMPLATE_CHARACTERS_MAX, pattern=_NO_NUL)]
Note = Annotated[str, StringConstraints(max_length=2_000, pattern=_NO_NUL)]
VariableName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=VARIABLE_CHARACTERS_MAX, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"),
]
GivenValues = Annotated[
    dict[Annotated[str, StringConstraints(max_length=VARIABLE_CHARACTERS_MAX)], JsonValue],
    Field(max_length=VARIABLES_MAX, description="The variables by name; texts, numbers, lists, objects."),
]
AfterName = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^[\w:.-]*$"),
    Field(description="The name of the last one of the page before."),
]
Page = Annotated[int, Field(ge=1, le=200)]
ExposureUnit = Annotated[
    str,
    StringConstraints(max_length=200, pattern=_NO_NUL),
    Field(
        description="Who or what stays with one version while an experiment runs: a user's id, a "
        "conversation's. Empty: you."
    ),
]


class PromptMessage(Input):
    """A message whose content is a template."""

    role: Literal["system", "user", "assistant"]
    content: Template


class Variable(Input):
    """A variable of a prompt. One with a `default`, or that is not `required`, may be left out."""

    name: VariableName
    kind: Literal["text", "number", "boolean", "list", "object", "any"] = "any"
    required: bool = True
    default: JsonValue = None
    description: Note = ""


class PromptSettings(Input):
    """How a generator is asked with a prompt."""

    generator: GeneratorName = ""
    temperature: Temperature | None = None
    top_p: TopP | None = None
    tokens_max: TokensMax | None = None
    stop: Stops = []
    answer_format: AnswerFormat | None = None
    hide_personal_data: bool = False
    cache: CacheWish | None = None


Templates = Annotated[
    list[PromptMessage],
    Field(max_length=MESSAGES_MAX, description="Messages, or leave them out and write one in `text`."),
]
Variables = Annotated[
    list[Variable],
    Field(
        max_length=VARIABLES_MAX,
        description="Left out, they are told from the template: what stands in no section is required.",
    ),
]


class PromptVersion(Record):
    """A version; it never changes."""

    name: str
    version: int
    messages: list[PromptMessage]
    variables: list[Variable]
    settings: PromptSettings
    note: str
    author: str = Field(description="Who made it; empty: somebody who was erased.")
    created_ms: int
    labels: list[str]


class PromptVersions(Record):
    """Some versions, newest first."""

    versions: list[PromptVersion]
    next: int = Field(description="Give it as `before` for the page after this one; 0: there is none.")


class LabelTold(Record):
    """A label: where it stands, and what it demands of a version before it moves there."""

    label: str
    version: int
    before: int = Field(description="Where it stood before, for rolling back; 0: nowhere.")
    require_tests: float
    author: str
    moved_ms: int


class PromptSummary(Record):
    """A prompt, without its texts."""

    name: str
    latest: int
    labels: list[LabelTold]
    created_ms: int
    changed_ms: int


class PromptPage(Record):
    """Some prompts, by name."""

    prompts: list[PromptSummary]
    next: str = Field(description="Give it as `after` for the page after this one; empty: there is none.")


class PromptDeleted(Record):
    """A prompt that is no more; its name goes on counting, so that no number ever means two texts."""

    name: str
    latest: int


class Difference(Record):
    """How two versions differ. `texts` is a unified diff; of the rest what it was, and is."""

    name: str
    before: int
    after: int
    texts: str
    changed: dict[str, list[Any]]


class RenderedMessage(Record):
    """A message with its values."""

    role: Literal["system", "user", "assistant"]
    content: str


class Rendered(Record):
    """A prompt with its values; `prompt` names it for `generation.complete`."""

    messages: list[RenderedMessage]
    settings: PromptSettings
    prompt: PromptUsed


class PromptAnswer(Record):
    """What a generator answered to a prompt; `answer.trace_id` takes outcomes."""

    prompt: PromptUsed
    answer: Completion
