"""What is wanted of a generator: a request whose parts fit each other."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mainstay.services.generation.failures import ConversationInvalid
from mainstay.services.generation.pictures import leads_inside
from mainstay.services.generation.records import (
    CHARACTERS_MAX,
    TOOL_ROUNDS_MAX,
    AnswerFormat,
    ChatMessage,
    ChatTool,
    GivenDocument,
)


@dataclass(frozen=True)
class Wanted:
    """A request."""

    messages: Sequence[ChatMessage]
    documents: Sequence[GivenDocument] = ()
    tools: Sequence[ChatTool] = ()
    tool_choice: str = "auto"
    parallel_calls: bool = True
    format: AnswerFormat | None = None
    temperature: float | None = None
    top_p: float | None = None
    tokens_max: int | None = None
    stop: Sequence[str] = ()
    seed: int | None = None
    veiled: bool = False

    def ending(self, stop: Sequence[str], seed: int | None, *, veiled: bool) -> "Wanted":
        """Add where it ends, its seed, and whether personal data is kept from the generator."""
        return replace(self, stop=tuple(stop), seed=seed, veiled=veiled)

    @property
    def offered(self) -> frozenset[str]:
        """Name the tools that may be asked for."""
        named = {tool.name for tool in self.tools}
        if self.tool_choice in {"auto", "required"}:
            return frozenset(named)
        return frozenset(named & {self.tool_choice})

    @property
    def marked(self) -> bool:
        """Say whether texts of others are in it that are marked as such: documents, or results of tools."""
        return bool(self.documents) or any(message.role == "tool" for message in self.messages)

    @property
    def tainted(self) -> bool:
        """Say whether texts of others are in it: marked ones, or files, which nobody has looked into."""
        return self.marked or any(message.files for message in self.messages)

    @property
    def trusted(self) -> Sequence[str]:
        """Give the texts of whoever asks."""
        return [message.content for message in self.messages if message.role in {"system", "user"}]

    @property
    def characters(self) -> int:
        """Say how long the conversation is with its documents and calls; images and files aside."""
        size = sum(len(message.content) for message in self.messages)
        size += sum(len(call.arguments) for message in self.messages for call in message.calls)
        return size + sum(len(document.text) for document in self.documents)

    @property
    def held(self) -> int:
        """Say how many characters it holds: all that may be large."""
        size = self.characters + sum(len(image) for message in self.messages for image in message.images)
        size += sum(len(file.content) for message in self.messages for file in message.files)
        size += sum(len(tool.description) for tool in self.tools)
        schemas = [tool.parameters for tool in self.tools]
        if self.format is not None:
            schemas.append(self.format.json_schema)
        return size + sum(len(json.dumps(schema)) for schema in schemas if schema is not None)

    def without_images(self) -> "Wanted":
        """Keep of an image, or a file, that is sent along how large it is."""
        return replace(self, messages=list(map(_without_images, self.messages)))

    def told(self) -> dict[str, Any]:
        """Write it down."""
        return {
            name: [each.model_dump() for each in value]
            if isinstance(value, (list, tuple)) and value and hasattr(value[0], "model_dump")
            else value.model_dump()
            if isinstance(value, AnswerFormat)
            else value
            for name, value in vars(self).items()
        }

    def check(self) -> None:
        """Raise ConversationInvalid when the parts do not fit each other."""
        if self.characters > CHARACTERS_MAX:
            raise ConversationInvalid(
                f"A conversation may have {CHARACTERS_MAX} characters at most, with its documents and calls."
            )
        self._check_choice()
        asked: set[str] = set()
        rounds = 0
        for place, message in enumerate(self.messages):
            if message.role == "tool":
                if message.call_id not in asked:
                    raise _at(place, "call_id", "No message before it has a call with this id.")
                continue
            if message.call_id:
                raise _at(place, "call_id", "Only a result, of the role `tool`, names its call.")
            self._check_sent_along(place, message)
            if message.calls and message.role != "assistant":
                raise _at(place, "calls", "Only the assistant asks for tools.")
            asked |= {call.call_id for call in message.calls}
            rounds = 0 if message.role == "user" else rounds + bool(message.calls)
            if rounds > TOOL_ROUNDS_MAX:
                raise _at(place, "calls", f"At most {TOOL_ROUNDS_MAX} rounds of tools may follow a question.")

    def _check_sent_along(self, place: int, message: ChatMessage) -> None:
        for what in ("images", "files"):
            if getattr(message, what) and (message.role != "user" or self.veiled):
                told = f"{what.capitalize()} belong to the user, and personal data in them stays."
                raise _at(place, what, told)
        inside = next((at for at, image in enumerate(message.images) if leads_inside(image)), None)
        if inside is not None:
            told = "Send images as data:image/…, or by a public https:// address."
            raise _at(place, f"images.{inside}", told)

    def _check_choice(self) -> None:
        names = [tool.name for tool in self.tools]
        if len(set(names)) != len(names):
            raise _problem("tools", "Two tools have the same name.")
        if self.tool_choice not in {"auto", "none", *names} and not (
            self.tool_choice == "required" and names
        ):
            raise _problem("tool_choice", "No tool of this name is offered.")


def _without_images(message: ChatMessage) -> ChatMessage:
    if not message.images and not message.files:
        return message
    files = [file.model_copy(update={"content": _mentioned(file.content)}) for file in message.files]
    return message.model_copy(update={"images": list(map(_mentioned, message.images)), "files": files})


def _mentioned(image: str) -> str:
    return image if image.startswith("https:") else f"[{len(image)} characters]"


def _at(place: int, field: str, problem: str) -> ConversationInvalid:
    return _problem(f"messages.{place}.{field}", problem)


def _problem(field: str, problem: str) -> ConversationInvalid:
    return ConversationInvalid(
        f"Check these fields: {field}.", problems=[{"field": field, "problem": problem}]
    )
