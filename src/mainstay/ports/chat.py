"""What we ask of chat models: a conversation goes in, pieces of what comes next come out."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mainstay.kit.errors import Invalid, Unavailable

Role = Literal["system", "user", "assistant", "tool"]
Reason = Literal["stop", "length", "tool_calls", "content_filter"]
ToolChoice = Literal["auto", "none", "required"]


class ChatUnavailable(Unavailable):
    """The generator cannot be reached or cannot answer; nothing of an answer has come."""

    title = "The generator cannot answer now"


class GeneratorUnset(ChatUnavailable):
    """The operator has set no generator: asking again does not help, setting one does."""

    title = "No generator is set"
    tried = True


class ChatBrokeOff(Unavailable):
    """The generator began an answer and did not end it: what has come is half of one."""

    title = "The generator broke off in the middle of its answer"


class ChatRefused(Invalid):
    """The generator's server refuses the request as it is, such as one that is too long for its model."""

    title = "The generator refuses this request"


@dataclass(frozen=True)
class ToolCall:
    """A tool that the model wants to have called; `arguments` are JSON as the model wrote it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class SentFile:
    """A file that a model reads, which can; `content` is an address that holds it, `data:`."""

    name: str
    content: str


@dataclass(frozen=True)
class Message:
    """One message; one of the role `tool` has the result of the call that it names.

    `images` are addresses, `https:` or `data:`, that a model which can see looks at after the text.
    """

    role: Role
    content: str
    calls: Sequence[ToolCall] = ()
    call_id: str = ""
    images: Sequence[str] = ()
    files: Sequence[SentFile] = ()


@dataclass(frozen=True)
class Tool:
    """A function that the model may ask for; `parameters` are a JSON Schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = None
    strict: bool = False


@dataclass(frozen=True)
class Shape:
    """In which form the answer has to come: any JSON object, or one that a named schema describes."""

    schema: Mapping[str, Any] | None = None
    name: str = "answer"
    description: str = ""
    strict: bool = False


@dataclass(frozen=True)
class Conversation:
    """What is asked of a model; None leaves a choice to it. `tool` names the one that it must call."""

    messages: Sequence[Message]
    tools: Sequence[Tool] = ()
    tool_choice: ToolChoice = "auto"
    tool: str = ""
    parallel_calls: bool = True
    shape: Shape | None = None
    temperature: float | None = None
    top_p: float | None = None
    tokens_max: int | None = None
    stop: Sequence[str] = ()
    seed: int | None = None


@dataclass(frozen=True)
class Words:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True)
class CallPiece:
    """A piece of a tool call: its id and name come first, its arguments piece by piece."""

    index: int
    call_id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True)
class Ended:
    """How an answer ended; the tokens are None where the server does not tell them."""

    reason: Reason
    tokens_in: int | None = None
    tokens_out: int | None = None


Piece = Words | CallPiece | Ended


@dataclass(frozen=True)
class CacheRule:
    """Whether a generator's answers are given again where a request does not say.

    Without a `similarity` the usual one holds.
    """

    mode: Literal["exact", "semantic"] = "exact"
    seconds: int = 3_600
    similarity: float | None = None


@dataclass(frozen=True)
class ChatModel:
    """A generator by the name under which it is asked for.

    Prices are for a million tokens, in the currency in which the operator thinks. When it cannot answer, or
    refuses to, those of `fallback` are asked, in their order.
    """

    name: str
    model: str
    input_price: float = 0.0
    output_price: float = 0.0
    fallback: Sequence[str] = ()
    veiled: bool = False
    """Whether personal data is kept from it."""
    cache: CacheRule | None = None


class Chats(Protocol):
    """The generators of this installation."""

    @property
    def models(self) -> Sequence[ChatModel]:
        """Give all of them; the first is asked where none is named."""
        ...

    def stream(self, name: str, conversation: Conversation) -> AsyncIterator[Piece]:
        """Stream what a generator says; the last piece is how it ended.

        Raises ChatUnavailable before the first piece, ChatBrokeOff after it, ChatRefused.
        """
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...
