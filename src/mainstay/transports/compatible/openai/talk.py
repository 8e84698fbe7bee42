"""What is said to a model and by it, whatever kind of model it is and whichever way it travels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Talk:
    """A request to a model; the parts are those of `generation.complete`, as values.

    `prompt` says of which one the messages were made. Bots alone heed `conversation`, the one that is gone on
    with, and `end_user`, who of a key's people talks.
    """

    messages: Sequence[Mapping[str, Any]]
    documents: Sequence[Mapping[str, Any]] = ()
    tools: Sequence[Mapping[str, Any]] = ()
    tool_choice: str = "auto"
    parallel_calls: bool = True
    answer_format: Mapping[str, Any] | None = None
    temperature: float | None = None
    top_p: float | None = None
    tokens_max: int | None = None
    stop: Sequence[str] = ()
    seed: int | None = None
    cache_s: int = 0
    conversation: str = ""
    end_user: str = ""
    hide_personal_data: bool = False
    cache: Mapping[str, Any] | None = None
    prompt: Mapping[str, Any] | None = None

    def values(self) -> dict[str, Any]:
        """Give them by name; what is left to the model is left out."""
        told = {
            name: list(value) if isinstance(value, (list, tuple)) else value
            for name, value in vars(self).items()
            if name not in {"conversation", "end_user"}
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True)
class Cited:
    """A stretch of an answer, and where it comes from."""

    start: int
    end: int
    url: str
    title: str
    doc_id: str
    quote: str


@dataclass(frozen=True)
class FileCited:
    """A place in an answer, and the passage of a file that what stands before it rests upon."""

    index: int
    file_id: str
    name: str
    doc_id: str
    start: int
    end: int


@dataclass(frozen=True)
class Said:
    """A whole answer; `reason` is one of the protocol's for a chat completion.

    `conversation` is the one with a bot that it belongs to.
    """

    answer_id: str
    text: str
    reason: str
    calls: Sequence[Mapping[str, str]] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    cited: Sequence[Cited | FileCited] = ()
    conversation: str = ""


@dataclass(frozen=True)
class Part:
    """A piece of an answer as it comes: text, or a piece of a call; the last has the whole."""

    text: str = ""
    call: Mapping[str, Any] = field(default_factory=dict)
    said: Said | None = None
