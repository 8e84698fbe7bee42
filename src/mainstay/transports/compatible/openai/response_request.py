"""Responses as they are asked for: the protocol's parameters and items, and what becomes of each."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import BaseModel, ConfigDict, Field

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.transports.compatible.openai.asking import checked
from mainstay.transports.compatible.openai.chat_request import EndUser, TokensMax, choice_of, heeded
from mainstay.transports.compatible.openai.content import split, text_of, word
from mainstay.transports.compatible.openai.file_search import ITEM, KIND, RESULTS, FileSearch
from mainstay.transports.compatible.openai.kinds import unsupported
from mainstay.transports.compatible.openai.naming import Names
from mainstay.transports.compatible.openai.response_prompt import PromptNamed
from mainstay.transports.compatible.openai.talk import Talk

Item = dict[str, Any]

_ONLY: Mapping[str, Sequence[Any]] = {
    "background": (False,),
    "frequency_penalty": (0,),
    "max_tool_calls": (),
    "presence_penalty": (0,),
    "reasoning": ({},),
    "top_logprobs": (0,),
    "truncation": ("disabled",),
}
_ROLES = {"developer": "system"}
_TOOLS = frozenset({"function", KIND})
_CHOICES = frozenset({"auto", "none", "required"})
_ALLOWED = "allowed_tools"
_INCLUDED = frozenset({RESULTS, "reasoning.encrypted_content"})
"""What may be asked for besides; of reasoning there is none, so that nothing is left out of it."""

_KNOWN = frozenset({"system", "developer", "user", "assistant"})


NAMES: Names = {
    **dict.fromkeys(("generator", "bot_id", "collection"), "model"),
    **dict.fromkeys(("text", "question", "queries", "messages", "transcript"), "input."),
    **dict.fromkeys(("store_ids", "top_k", "filters", "score_min", "weight"), "tools."),
    "answer_format": "text.format",
    "answer_format.json_schema": "schema",
    "parallel_calls": "parallel_tool_calls",
    "tokens_max": "max_output_tokens",
    "conversation_id": "conversation",
    "response_id": "previous_response_id",
    "name": "prompt.id",
    "version": "prompt.version",
    "label": "prompt.version",
    "variables": "prompt.variables",
    "unit": "safety_identifier",
}
"""The protocol's names of what operations are given; messages are made of items, and have other places."""


_KEY_MAX = 64
_Value = Annotated[str, Field(max_length=512)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Tool(_Strict):
    """A function that the model may ask for."""

    type: Literal["function"]
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class TextFormat(_Strict):
    """In which form the text has to come."""

    type: Literal["text", "json_object", "json_schema"] = "text"
    name: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    description: str | None = None
    strict: bool | None = None


class TextOptions(_Strict):
    """What is wanted of the text."""

    format: TextFormat | None = None
    verbosity: Literal["medium"] | None = None


class StreamOptions(_Strict):
    """What a stream tells besides."""

    include_obfuscation: bool | None = None


class Conversation(_Strict):
    """A conversation with a bot."""

    id: Annotated[str, Field(max_length=64, pattern=r"^[\w-]+$")]


class ResponseRequest(_Strict):
    """A request for a response."""

    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    prompt: PromptNamed | None = None
    input: Annotated[str | list[Item] | None, Field(max_length=4_000_000)] = None
    instructions: str | None = None
    previous_response_id: Annotated[str | None, Field(max_length=64, pattern=r"^[\w-]*$")] = None
    store: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: Annotated[
        list[Annotated[Tool | FileSearch, Field(discriminator="type")]] | None, Field(max_length=128)
    ] = None
    include: Annotated[list[str] | None, Field(max_length=20)] = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: TokensMax = None
    metadata: Annotated[dict[str, _Value] | None, Field(max_length=16)] = None
    cache_s: int | None = None
    conversation: str | Conversation | None = None
    user: EndUser = None
    safety_identifier: EndUser = None
    prompt_cache_key: EndUser = None

    @property
    def end_user(self) -> str:
        """Give who of the key's people asks."""
        return self.safety_identifier or self.user or ""

    @property
    def choice(self) -> str | dict[str, Any]:
        """Give how tools are chosen, with what the protocol fills in."""
        choice = self.tool_choice or "auto"
        return {"mode": "auto", **choice} if _limits(choice) else choice

    @property
    def usable(self) -> list[Tool | FileSearch]:
        """Give the tools that may be used: of those that are offered, perhaps only some are allowed."""
        offered, choice = self.tools or [], self.tool_choice
        if not _limits(choice):
            return offered
        allowed = {(each["type"], each.get("name")) for each in choice["tools"]}
        return [each for each in offered if (each.type, getattr(each, "name", None)) in allowed]

    @property
    def freedom(self) -> str | dict[str, Any]:
        """Give how free the model is with the tools that may be used, or which one has to be."""
        choice = self.choice
        return str(choice["mode"]) if _limits(choice) else choice


def response_request(sent: Mapping[str, Any]) -> ResponseRequest:
    """Read a request; raises ParameterUnsupported for what is not heeded, and RequestInvalid."""
    for place, tool in enumerate(sent.get("tools") or () if isinstance(sent.get("tools"), list) else ()):
        if isinstance(tool, dict) and word(tool.get("type")) not in _TOOLS:
            raise unsupported(f"tools.{place}.type", "Functions and `file_search` are known here.")
    request = checked(ResponseRequest, heeded(sent, _ONLY, ResponseRequest))
    if set(request.include or ()) - _INCLUDED:
        raise unsupported("include", f"Leave it out, or write `{RESULTS}`.")
    _check_choice(request)
    if any(len(key) > _KEY_MAX for key in request.metadata or ()):
        told = f"Keys have at most {_KEY_MAX} characters."
        raise RequestInvalid(told, problems=[{"field": "metadata", "problem": told}])
    if request.model is None and request.prompt is None:
        raise unsupported("model", "Name one; with a `prompt` it may be left out.")
    return request


def items_of(request: ResponseRequest) -> list[Item]:
    """Give the input as items; a text is a message of the user."""
    if request.input is None or isinstance(request.input, str):
        return [{"type": "message", "role": "user", "content": request.input}] if request.input else []
    return [item if "type" in item else {"type": "message", **item} for item in request.input]


def conversation_of(request: ResponseRequest) -> str:
    """Give the id of the conversation that is gone on with, if one is named."""
    named = request.conversation
    return named.id if isinstance(named, Conversation) else named or ""


def talk_of(request: ResponseRequest, items: Sequence[Item], conversation: str = "") -> Talk:
    """Give what is said to the model: instructions, then every item so far."""
    messages = [message for place, item in enumerate(items) for message in _messages(item, place)]
    if request.instructions:
        messages.insert(0, {"role": "system", "content": request.instructions})
    if not messages and request.prompt is None:
        raise unsupported("input", "Write a text, or at least one item.")
    return Talk(
        messages=_joined(messages),
        tools=[
            {
                "name": tool.name,
                "description": tool.description or "",
                "parameters": tool.parameters,
                "strict": bool(tool.strict),
            }
            for tool in request.usable
            if isinstance(tool, Tool)
        ],
        tool_choice=_choice(request),
        parallel_calls=request.parallel_tool_calls is not False,
        answer_format=_format(request.text),
        temperature=request.temperature,
        top_p=request.top_p,
        tokens_max=request.max_output_tokens,
        cache_s=request.cache_s or 0,
        conversation=conversation,
        end_user=request.end_user,
    )


def _choice(request: ResponseRequest) -> str:
    """Give which function has to be called, or how free the model is; it is never asked to search."""
    choice, tools = request.freedom, request.usable
    functions = any(isinstance(tool, Tool) for tool in tools)
    if isinstance(choice, dict) and choice.get("type") == KIND:
        return "auto"
    if choice == "required" and tools and not functions:
        return "auto"
    return choice_of(choice)


def _limits(choice: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(choice, dict) and choice.get("type") == _ALLOWED


def _check_choice(request: ResponseRequest) -> None:
    """See that a choice is one of the protocol's, and that whatever it allows is offered."""
    choice = request.tool_choice
    if isinstance(choice, str) and choice not in _CHOICES:
        raise unsupported("tool_choice", "Write `auto`, `none`, `required`, or name a function.")
    if not _limits(choice):
        return
    if word(choice.get("mode", "auto")) not in _CHOICES:
        raise unsupported("tool_choice.mode", "Write `auto`, `none` or `required`.")
    allowed = choice.get("tools")
    if not isinstance(allowed, list) or not allowed:
        raise unsupported("tool_choice.tools", "List the tools that may be used, each by type and name.")
    offered = [(tool.type, getattr(tool, "name", None)) for tool in request.tools or ()]
    for place, each in enumerate(allowed):
        if not isinstance(each, dict) or (each.get("type"), each.get("name")) not in offered:
            raise unsupported(f"tool_choice.tools.{place}", "Name one of `tools`, by its type and name.")


def _messages(item: Item, place: int) -> list[dict[str, Any]]:
    kind, field = word(item.get("type")), f"input.{place}"
    if kind == "message":
        role = word(item.get("role"))
        if role not in _KNOWN:
            raise unsupported(f"{field}.role", f"Choose one of {', '.join(sorted(_KNOWN))}.")
        text, more = split(item.get("content"), f"{field}.content")
        return [{"role": _ROLES.get(role, role), "content": text, **more}]
    if kind == "function_call":
        call = {name: item.get(name, "") for name in ("call_id", "name", "arguments")}
        return [{"role": "assistant", "content": "", "calls": [call]}]
    if kind == "function_call_output":
        content = text_of(item.get("output"), f"{field}.output")
        return [{"role": "tool", "content": content, "call_id": item.get("call_id", "")}]
    if kind in {"reasoning", ITEM}:  # another server's, which alone can read it, or told by its answer
        return []
    raise unsupported(f"{field}.type", "Messages, function calls and their outputs are known here.")


def _joined(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put calls that follow one another, or a text, into one message, as generators expect them."""
    joined: list[dict[str, Any]] = []
    for message in messages:
        before = joined[-1] if joined else {}
        if message.get("calls") and before.get("role") == "assistant":
            joined[-1] = {**before, "calls": [*before.get("calls", ()), *message["calls"]]}
        else:
            joined.append(message)
    return joined


def _format(text: TextOptions | None) -> dict[str, Any] | None:
    form = None if text is None else text.format
    if form is None or form.type == "text":
        return None
    if form.type == "json_object":
        return {}
    if form.schema_ is None:
        raise unsupported("text.format.schema", "Give the schema that the text has to fit.")
    return {
        "json_schema": form.schema_,
        "name": form.name or "answer",
        "description": form.description or "",
        "strict": bool(form.strict),
    }
