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
    RESULTS,
    search_of,
    searched,
    without_results,
)
from mainstay.transports.compatible.openai.kinds import Bots, kind_of, unsupported
from mainstay.transports.compatible.openai.lists import ListAsked, from_query
from mainstay.transports.compatible.openai.replies import DONE, Events, Reply, Told
from mainstay.transports.compatible.openai.response_events import ResponseEvents
from mainstay.transports.compatible.openai.response_input import GET, KEEP, Led, Memory, leading, opened
from mainstay.transports.compatible.openai.response_prompt import before, count, model_of, rendered
from mainstay.transports.compatible.openai.response_request import (
    NAMES,
    ResponseRequest,
    response_request,
    talk_of,
)
from mainstay.transports.compatible.openai.table import Endpoint
from mainstay.transports.compatible.openai.talk import Part, Said

Done = Callable[[Mapping[str, Any]], Awaitable[None]]


class _ItemsAsked(ListAsked):
    before: None = None


async def create_response(asked: Asked) -> Reply:
    """Let a model respond."""
    return await respond(asked, await asked.json(), Memory())


async def respond(asked: Asked, sent: Mapping[str, Any], memory: Memory) -> Reply:
    """Let a model respond to what was sent; a response of the connection is remembered to be gone on from."""
    request = response_request(sent)
    asked.names = {**NAMES, "system": "instructions" if request.instructions else "input"}
    prompt = None
    if request.prompt is not None:
        prompt = await rendered(asked, request.prompt, request.end_user)
    model = request.model or await model_of(asked, prompt)
    kind = kind_of(asked, model)
    stored = request.store is not False and asked.has(KEEP)
    if request.store and not stored:
        raise unsupported("store", "Responses are not kept for this key: send `store` as false.")
    led = await leading(asked, request, memory)
    conversation = led.conversation if request.conversation or isinstance(kind, Bots) else ""
    talk = talk_of(request, await opened(asked, kind, led.items), conversation)
    if prompt is not None:
        talk = before(talk, prompt)
    wanted = search_of(request.usable, request.freedom)
    found = await searched(asked, kind, talk, wanted, results=RESULTS in (request.include or ()))
    done = partial(_done, asked, request, prompt, led, memory)
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
    shown = [shape.as_input(item) for item in items[: wanted.limit]]
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
    status = _status(said)
    if not said.text and not said.calls:
        for event in events.blank():
            yield event
    for event in events.close(said.cited, status):
        yield event
    whole = shape.ended(response, said, events.output, asked.now_s)
    await done(whole)
    yield events.end(status, whole)


def _last(events: ResponseEvents, response: Mapping[str, Any]) -> Callable[[Exception | None], bytes]:
    """Give what writes the end: the protocol's mark, and before it, unless all is well, what failed."""

    def written(failure: Exception | None) -> bytes:
        if failure is None:
            return DONE
        told = failure.detail if isinstance(failure, Failure) else errors.bug()["error"]["message"]
        closed = b"".join(events.close((), "incomplete"))
        return closed + events.end("failed", shape.failed(response, events.output, told)) + DONE

    return written


def _output(asked: Asked, said: Said) -> list[dict[str, Any]]:
    output = []
    if said.text or not said.calls:
        output.append(shape.message_item(asked.ids.new("msg"), said.text, said.cited, "completed"))
    output += [shape.call_item(asked.ids.new("fc"), call, "completed") for call in said.calls]
    output[-1]["status"] = _status(said)  # what came before the last one is whole, also in a cut answer
    return output


def _status(said: Said) -> str:
    return "completed" if said.reason in {"stop", "tool_calls"} else "incomplete"


async def _done(
    asked: Asked,
    request: ResponseRequest,
    prompt: Any,
    led: Led,
    memory: Memory,
    whole: Mapping[str, Any],
) -> None:
    """Do what is due once a response is whole: it counts for its prompt's experiment, and is kept."""
    if request.prompt is not None:
        await count(asked, request.prompt, request.end_user, prompt)
    given, made = without_results(led.items), without_results(whole["output"])
    if whole["store"]:
        await _keep(asked, whole, led.kept_after, given, made)
    conversation = (whole["conversation"] or {}).get("id", "")
    kept_after = whole["id"] if whole["store"] else ""
    await memory.remember(whole["id"], Led([*given, *made], conversation, kept_after))


async def _keep(
    asked: Asked,
    whole: Mapping[str, Any],
    previous_id: str,
    given: Sequence[Mapping[str, Any]],
    made: Sequence[Mapping[str, Any]],
) -> None:
    facts = {name: value for name, value in whole.items() if name not in {"id", "output"}}
    await asked.unkeyed(  # what a model answers anew is never the same request
        KEEP,
        response_id=whole["id"],
        previous_id=previous_id,
        input_items=given,
        output_items=made,
        facts=facts,
    )


async def _kept(asked: Asked) -> Any:
    return await asked(GET, response_id=asked.path["response_id"])


def _shown(kept: Any) -> dict[str, Any]:
    return {"id": kept.response_id, **kept.facts, "output": kept.output}


CREATED = Endpoint("POST", "/responses", "identity.whoami", create_response, waits=True)
ENDPOINTS = (
    CREATED,
    Endpoint("GET", "/responses/{response_id}", GET, get_response),
    Endpoint("DELETE", "/responses/{response_id}", "generation.delete_response", delete_response),
    Endpoint("GET", "/responses/{response_id}/input_items", GET, list_input_items),
)
