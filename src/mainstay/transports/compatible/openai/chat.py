"""Chat completions: whole, or as chunks while they come."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from mainstay.transports.compatible.openai.asking import Asked
from mainstay.transports.compatible.openai.chat_request import chat_request, names_of, talk_of
from mainstay.transports.compatible.openai.kinds import kind_of
from mainstay.transports.compatible.openai.replies import Events, Reply, Told, data
from mainstay.transports.compatible.openai.table import Endpoint
from mainstay.transports.compatible.openai.talk import Cited, FileCited, Part, Said


async def create_completion(asked: Asked) -> Reply:
    """Let a model answer."""
    request = chat_request(await asked.json())
    asked.names = names_of(request)
    kind, talk = kind_of(asked, request.model), talk_of(request)
    if request.stream:
        usage = request.stream_options is not None and bool(request.stream_options.include_usage)
        parts = kind.pieces(asked, request.model, talk)
        return Events(_chunks(parts, request.model, asked, usage=usage))
    said = await kind.whole(asked, request.model, talk)
    return Told(
        {
            **_head(said.answer_id, "chat.completion", asked.now_s, request.model),
            **_conversation(said),
            "choices": [
                {
                    "index": 0,
                    "message": _message(said),
                    "logprobs": None,
                    "finish_reason": said.reason,
                }
            ],
            "usage": usage_of(said),
        }
    )


async def _chunks(
    parts: AsyncIterator[Part], model: str, asked: Asked, *, usage: bool
) -> AsyncIterator[bytes]:
    head = _head(asked.exchange.request_id, "chat.completion.chunk", asked.now_s, model)
    if usage:
        head["usage"] = None

    def chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return data({**head, "choices": [choice]})

    begun = False
    async for part in parts:
        if not begun:
            begun = True
            yield chunk({"role": "assistant", "content": ""})
        if part.said is None:
            yield chunk({"tool_calls": [_call_part(part.call)]} if part.call else {"content": part.text})
            continue
        if part.said.cited:
            yield chunk({"annotations": annotations(part.said.cited)})
        head |= _conversation(part.said)
        yield chunk({}, part.said.reason)
        if usage:
            yield data({**head, "choices": [], "usage": usage_of(part.said)})


def _head(answer_id: str, kind: str, now_s: int, model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer_id}", "object": kind, "created": now_s, "model": model}


def _conversation(said: Said) -> dict[str, Any]:
    """Name the conversation with a bot, for whoever goes on with it (`conversation_id`)."""
    return {"conversation_id": said.conversation} if said.conversation else {}


def _message(said: Said) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None, "refusal": None}
    message["annotations"] = annotations(said.cited)
    if said.calls:
        message["tool_calls"] = [
            {
                "id": call["call_id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": call["arguments"]},
            }
            for call in said.calls
        ]
    elif message["content"] is None:
        message["content"] = ""
    return message


def _call_part(call: Any) -> dict[str, Any]:
    function: dict[str, str] = {"arguments": call["arguments"]}
    if not call["name"]:
        return {"index": call["index"], "function": function}
    function["name"] = call["name"]
    return {"index": call["index"], "id": call["call_id"], "type": "function", "function": function}


def annotations(cited: Sequence[Cited | FileCited]) -> list[dict[str, Any]]:
    """Write citations as the protocol has them, with the words of the source besides."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": each.start,
                "end_index": each.end,
                "url": each.url,
                "title": each.title,
                "doc_id": each.doc_id,
                "quote": each.quote,
            },
        }
        for each in cited
        if isinstance(each, Cited)  # files are searched for responses alone
    ]


def usage_of(said: Said) -> dict[str, Any]:
    """Write the tokens that an answer took."""
    return {
        "prompt_tokens": said.tokens_in,
        "completion_tokens": said.tokens_out,
        "total_tokens": said.tokens_in + said.tokens_out,
    }


ENDPOINTS = (Endpoint("POST", "/chat/completions", "identity.whoami", create_completion, waits=True),)
