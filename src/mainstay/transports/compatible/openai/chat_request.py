"""Chat completions as they are asked for: the protocol's parameters, and what becomes of each."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mainstay.transports.compatible.openai.asking import checked
from mainstay.transports.compatible.openai.content import places_of_images, split
from mainstay.transports.compatible.openai.kinds import unsupported
from mainstay.transports.compatible.openai.naming import Names
from mainstay.transports.compatible.openai.talk import Talk

EndUser = Annotated[str | None, Field(max_length=512)]
"""Who of a key's people asks; `safety_identifier` is the protocol's newer name of `user`."""

TokensMax = Annotated[int | None, Field(ge=1)]
"""How many tokens an answer may have."""

HEEDLESS = frozenset(
    {"user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "metadata", "service_tier"}
)
"""What changes nothing here, and nothing that the caller could see."""

_ONLY: Mapping[str, Sequence[Any]] = {
    "n": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "store": (False,),
    "modalities": (["text"],),
    "verbosity": ("medium",),
}
_ROLES = {"developer": "system"}


_NAMES: Names = {
    **dict.fromkeys(("generator", "bot_id", "collection"), "model"),
    **dict.fromkeys(("text", "question", "system"), "messages"),
    "messages.calls": "tool_calls",
    "messages.calls.call_id": "id",
    "messages.calls.name": "function.name",
    "messages.calls.arguments": "function.arguments",
    "messages.call_id": "tool_call_id",
    "messages.images": "content",
    "messages.files": "content",
    "tools.name": "function.name",
    "tools.description": "function.description",
    "tools.parameters": "function.parameters",
    "answer_format": "response_format",
    "answer_format.name": "json_schema.name",
    "answer_format.description": "json_schema.description",
    "answer_format.json_schema": "json_schema.schema",
    "parallel_calls": "parallel_tool_calls",
    "transcript": "",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Function(_Strict):
    """A function that a tool is."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(_Strict):
    """A tool; functions alone are known."""

    type: Literal["function"]
    function: Function


class JsonSchema(_Strict):
    """A named schema."""

    name: str
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    description: str | None = None
    strict: bool | None = None


class ResponseFormat(_Strict):
    """In which form the answer has to come."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(_Strict):
    """What a stream tells besides."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class CalledFunction(_Strict):
    """A function with its arguments."""

    name: str
    arguments: str


class Called(_Strict):
    """A call that the assistant asked for."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class ChatMessage(BaseModel):
    """A message; what an earlier answer had besides is let through, so that it can be sent back whole."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Any = None
    tool_calls: list[Called] | None = None
    tool_call_id: str | None = None


class ChatRequest(_Strict):
    """A request for a chat completion."""

    model: Annotated[str, Field(min_length=1, max_length=200)]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=2000)]
    tools: Annotated[list[Tool] | None, Field(max_length=128)] = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: TokensMax = None
    max_completion_tokens: TokensMax = None
    stop: str | list[str] | None = None
    seed: int | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    cache_s: int | None = None
    conversation_id: Annotated[str | None, Field(max_length=64, pattern=r"^[\w-]*$")] = None
    user: EndUser = None
    safety_identifier: EndUser = None


def chat_request(sent: Mapping[str, Any]) -> ChatRequest:
    """Read a request; raises ParameterUnsupported for what is not heeded, and RequestInvalid."""
    for place, tool in enumerate(sent.get("tools") or () if isinstance(sent.get("tools"), list) else ()):
        if isinstance(tool, dict) and tool.get("type") == "file_search":
            raise unsupported(f"tools.{place}.type", "Files are searched by responses: POST /v1/responses.")
    return checked(ChatRequest, heeded(sent, _ONLY, ChatRequest))


def heeded(
    sent: Mapping[str, Any], only: Mapping[str, Sequence[Any]], model: type[BaseModel]
) -> dict[str, Any]:
    """Leave out what changes nothing; raises ParameterUnsupported for what would, and is not known here."""
    kept: dict[str, Any] = {}
    for name, value in sent.items():
        if name in model.model_fields:
            kept[name] = value
        elif value is None or name in HEEDLESS or any(value == each for each in only.get(name, ())):
            continue
        elif name in only:
            told = " or ".join(json.dumps(each) for each in only[name])
            raise unsupported(name, f"Leave it out, or write {told}." if told else "Leave it out.")
        else:
            raise unsupported(name, "There is no such parameter here; leave it out.")
    return kept


def names_of(request: ChatRequest) -> Names:
    """Give the protocol's names of what operations are given."""
    new = request.max_tokens is None or request.max_completion_tokens is not None
    images = {
        f"messages.{place}.images.{number}": f"messages.{place}.content.{at}"
        for place, message in enumerate(request.messages)
        for number, at in enumerate(places_of_images(message.content))
    }
    return {
        **_NAMES,
        **images,
        "tokens_max": "max_completion_tokens" if new else "max_tokens",
        "transcript.end_user": "user" if request.safety_identifier is None else "safety_identifier",
    }


def talk_of(request: ChatRequest) -> Talk:
    """Give what is said to the model."""
    stop = request.stop or []
    tokens_max = request.max_completion_tokens
    return Talk(
        messages=[_message(each, place) for place, each in enumerate(request.messages)],
        tools=[_tool(each) for each in request.tools or ()],
        tool_choice=choice_of(request.tool_choice, "function"),
        parallel_calls=request.parallel_tool_calls is not False,
        answer_format=_format(request.response_format),
        temperature=request.temperature,
        top_p=request.top_p,
        tokens_max=request.max_tokens if tokens_max is None else tokens_max,
        stop=[stop] if isinstance(stop, str) else stop,
        seed=request.seed,
        cache_s=request.cache_s or 0,
        conversation=request.conversation_id or "",
        end_user=request.safety_identifier or request.user or "",
    )


def choice_of(choice: str | Mapping[str, Any] | None, within: str = "") -> str:
    """Give the name of the tool that has to be called, or how free the model is."""
    if choice is None or isinstance(choice, str):
        return choice or "auto"
    named = choice.get(within, choice) if within else choice
    name = named.get("name") if isinstance(named, dict) else None
    if choice.get("type") != "function" or not isinstance(name, str):
        raise unsupported("tool_choice", "Write `auto`, `none`, `required`, or name a function.")
    return name


def _message(message: ChatMessage, place: int) -> dict[str, Any]:
    text, more = split(message.content, f"messages.{place}.content")
    told: dict[str, Any] = {"role": _ROLES.get(message.role, message.role), "content": text, **more}
    if message.tool_calls:
        told["calls"] = [
            {"call_id": call.id, "name": call.function.name, "arguments": call.function.arguments}
            for call in message.tool_calls
        ]
    if message.role == "tool":
        told["call_id"] = message.tool_call_id or ""
    return told


def _tool(tool: Tool) -> dict[str, Any]:
    function = tool.function
    return {
        "name": function.name,
        "description": function.description or "",
        "parameters": function.parameters,
        "strict": bool(function.strict),
    }


def _format(wanted: ResponseFormat | None) -> dict[str, Any] | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return {}
    schema = wanted.json_schema
    if schema is None or schema.schema_ is None:
        raise unsupported("response_format.json_schema", "Give the schema that the answer has to fit.")
    return {
        "json_schema": schema.schema_,
        "name": schema.name,
        "description": schema.description or "",
        "strict": bool(schema.strict),
    }
