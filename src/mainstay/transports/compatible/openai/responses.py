"""Responses: made whole or as events, kept where that is wanted, gone on from, read and deleted."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, cast

from mainstay.kit.errors import Failure
from mainstay.transports.compatible.openai import errors
from mainstay.transports.compatible.openai import response_shape as shape
from mainstay.transports.compatible.openai.asking import Asked
from mainstay.transports.compatible.openai.citing import cited, cited_pieces
from mainstay.transports.compatible.openai.file_search import (
    ITEM,
    RESULTS,
    search_of,
    searched,
    without_results,
)
from mainstay.transports.compatible.openai.kinds import kind_of, unsupported
from mainstay.transports.compatible.openai.lists import ListAsked, from_query
from mainstay.transports.compatible.openai.replies import Events, Reply, Told
from mainstay.transports.compatible.openai.response_events import ResponseEvents
from mainstay.transports.compatible.openai.response_prompt import before, count, model_of, rendered
from mainstay.transports.compatible.openai.response_request import (
    NAMES,
    Item,
    ResponseRequest,
    conversation_of,
    items_of,
    response_request,
    talk_of,
)
from mainstay.transports.compatible.openai.table import Endpoint
from mainstay.transports.compatible.openai.talk import Part, Said

_KEEP = "generation.keep_response"
_GET = "generation.get_response"
Done = Callable[[Mapping[str, Any]], Awaitable[None]]


class _ItemsAsked(ListAsked):
    before: None = None


async def create_response(asked: Asked) -> Reply:
    """Let a model respond."""
    request = response_request(await asked.json())
    asked.names = {**NAMES, "system": "instructions" if request.instructions else "input"}
    prompt = None
    if request.prompt is not None:
        prompt = await rendered(asked, request.prompt, request.end_user)
    model = request.model or await model_of(asked, prompt)
    kind = kind_of(asked, model)
    stored = request.store is not False and asked.has(_KEEP)
    if request.store and not stored:
        raise unsupported("store", "Responses are not kept for this key: send `store` as false.")
    earlier, conversation = await _earlier(asked, request)
    items = [*earlier, *_with_ids(asked, items_of(request))]
    talk = talk_of(request, items, conversation)
    if prompt is not None:
        talk = before(talk, prompt)
    wanted = search_of(request.tools or (), request.tool_choice)
    found = await searched(asked, kind, talk, wanted, results=RESULTS in (request.include or ()))
    done = partial(_done, asked, request, prompt, items)
    response = shape.begun(asked.ids.new("resp"), request, model, asked.now_s, stored=stored)
    if request.stream:
        parts = kind.pieces(asked, model, found.talk)
        if found.cites:
            parts = cited_pieces(parts, found.passages)
        events = ResponseEvents(response, asked.ids.new)
        return Events(_events(asked, events, response, parts, found.items, done), _last(events, response))
    said = await kind.whole(asked, model, found.talk)
    said = cited(said, found.passages) if found.cites else said
    whole = shape.ended(response, said, [*found.items, *_output(asked, said)], asked.now_s)
    await done(whole)
    return Told(whole)


async def get_response(asked: Asked) -> Reply:
    """Give a response that was kept."""
    return Told(_shown(await _kept(asked)))


async def delete_response(asked: Asked) -> Reply:
    """Delete a response that was kept."""
    deleted = await asked("generation.delete_response", response_id=asked.path["response_id"])
    return Told({"id": deleted.response_id, "object": "response", "deleted": True})


async def list_input_items(asked: Asked) -> Reply:
    """List what led to a response, newest first unless otherwise wanted."""
    wanted = from_query(_ItemsAsked, asked)
    items = list((await _kept(asked)).input)
    items = items if wanted.order == "asc" else items[::-1]
    ids = [item.get("id") for item in items]  # whatever was kept by other doors
    items = items[ids.index(wanted.after) + 1 :] if wanted.after and wanted.after in ids else items
    shown = [_as_input(item) for item in items[: wanted.limit]]
    return Told(
        {
            "object": "list",
            "data": shown,
            "first_id": shown[0].get("id", "") if shown else "",
            "last_id": shown[-1].get("id", "") if shown else "",
            "has_more": len(items) > len(shown),
        }
    )


async def _events(
    asked: Asked,
    events: ResponseEvents,
    response: Mapping[str, Any],
    parts: AsyncIterator[Part],
    searches: Sequence[Mapping[str, Any]],
    done: Done,
) -> AsyncIterator[bytes]:
    """Tell of a response while it is made."""
    begun = False
    async with aclosing(cast("Any", parts)) as coming:
        async for part in coming:
            if not begun:
                begun = True
                for event in (*events.begin(), *itertools.chain(*map(events.searched, searches))):
                    yield event
            for event in events.take(part):
                yield event
            if part.said is not None:
                async for event in _ending(asked, events, response, part.said, done):
                    yield event


async def _ending(
    asked: Asked,
    events: ResponseEvents,
    response: Mapping[str, Any],
    said: Said,
    done: Done,
) -> AsyncIterator[bytes]:
    status = "completed" if said.reason in {"stop", "tool_calls"} else "incomplete"
    for event in events.close(said.cited, status):
        yield event
    whole = shape.ended(response, said, events.output, asked.now_s)
    await done(whole)
    yield events.end(status, whole)


def _last(events: ResponseEvents, response: Mapping[str, Any]) -> Callable[[Exception | None], bytes]:
    """Give what writes the end: nothing after a whole response, else that it failed, and why."""

    def written(failure: Exception | None) -> bytes:
        if failure is None:
            return b""
        told = failure.detail if isinstance(failure, Failure) else errors.bug()["error"]["message"]
        closed = b"".join(events.close((), "incomplete"))
        return closed + events.end("failed", shape.failed(response, events.output, told))

    return written


def _output(asked: Asked, said: Said) -> list[dict[str, Any]]:
    status = "completed" if said.reason in {"stop", "tool_calls"} else "incomplete"
    output = []
    if said.text or not said.calls:
        output.append(shape.message_item(asked.ids.new("msg"), said.text, said.cited, status))
    output += [shape.call_item(asked.ids.new("fc"), call, status) for call in said.calls]
    return output


async def _earlier(asked: Asked, request: ResponseRequest) -> tuple[list[Item], str]:
    """Give what led to the response from which this one goes on, and the conversation with a bot."""
    if not request.previous_response_id:
        return [], conversation_of(request)
    if request.conversation:
        raise unsupported("conversation", "Name either it or `previous_response_id`.")
    if not asked.has(_GET):
        raise unsupported("previous_response_id", "Responses are not kept for this key.")
    earlier = await asked(_GET, response_id=request.previous_response_id)
    conversation = earlier.facts.get("conversation")  # whatever was kept by other doors
    known = conversation.get("id") if isinstance(conversation, dict) else None
    return [*earlier.input, *earlier.output], known if isinstance(known, str) else ""


def _with_ids(asked: Asked, items: Sequence[Item]) -> list[Item]:
    prefixes = {"message": "msg", "function_call": "fc", "function_call_output": "fco", ITEM: "fs"}
    return [
        {**item, "id": item.get("id") or asked.ids.new(prefixes.get(str(item["type"]), "item"))}
        for item in items
    ]


async def _done(
    asked: Asked, request: ResponseRequest, prompt: Any, items: Sequence[Item], whole: Mapping[str, Any]
) -> None:
    """Do what is due once a response is whole: it counts for its prompt's experiment, and is kept."""
    if request.prompt is not None:
        await count(asked, request.prompt, request.end_user, prompt)
    await _keep(asked, whole, items)


async def _keep(asked: Asked, whole: Mapping[str, Any], items: Sequence[Item]) -> None:
    if not whole["store"]:
        return
    facts = {name: value for name, value in whole.items() if name not in {"id", "output"}}
    await asked.unkeyed(  # what a model answers anew is never the same request
        _KEEP,
        response_id=whole["id"],
        previous_id=whole["previous_response_id"] or "",
        input_items=without_results(items),
        output_items=without_results(whole["output"]),
        facts=facts,
    )


async def _kept(asked: Asked) -> Any:
    return await asked(_GET, response_id=asked.path["response_id"])


def _shown(kept: Any) -> dict[str, Any]:
    return {"id": kept.response_id, **kept.facts, "output": kept.output}


def _as_input(item: Item) -> Item:
    """Show an item as a list has it: a message's text in parts."""
    content = item.get("content")
    if item.get("type") != "message" or not isinstance(content, str):
        return item
    kind = "output_text" if item.get("role") == "assistant" else "input_text"
    part: dict[str, Any] = {"type": kind, "text": content}
    if kind == "output_text":
        part |= {"annotations": [], "logprobs": []}
    return {**item, "content": [part], "status": item.get("status", "completed")}


ENDPOINTS = (
    Endpoint("POST", "/responses", "identity.whoami", create_response, waits=True),
    Endpoint("GET", "/responses/{response_id}", _GET, get_response),
    Endpoint("DELETE", "/responses/{response_id}", "generation.delete_response", delete_response),
    Endpoint("GET", "/responses/{response_id}/input_items", _GET, list_input_items),
)
