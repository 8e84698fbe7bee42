"""What leads to a response: the one it goes on from, the items sent along, and what was compacted."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kit.errors import NotFound
from mainstay.transports.compatible.openai import errors
from mainstay.transports.compatible.openai.asking import Asked
from mainstay.transports.compatible.openai.content import word
from mainstay.transports.compatible.openai.file_search import ITEM
from mainstay.transports.compatible.openai.kinds import Generators, Kind, unsupported
from mainstay.transports.compatible.openai.replies import encoded
from mainstay.transports.compatible.openai.response_request import (
    Item,
    ResponseRequest,
    conversation_of,
    items_of,
)

KEEP = "generation.keep_response"
GET = "generation.get_response"
COMPACTION = "compaction"
SUMMARY = "summary"
"""The fact of what is kept that has a compacted conversation's summary."""

_PREVIOUS = [{"field": "previous_response_id", "problem": "There is no such response."}]
_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    ITEM: "fs",
    COMPACTION: "cmp",
}
_INTRODUCED = "What was said before was summed up by a language model. Go on from its summary:\n\n"
_ID_MAX = 64


@dataclass(frozen=True)
class Led:
    """What leads to a response, and the conversation with a bot that it belongs to.

    `kept_after` is the response before it, where that is kept and not only remembered.
    """

    items: Sequence[Item]
    conversation: str = ""
    kept_after: str = ""


class Memory:
    """The last response of a connection: it can be gone on from there though it is not kept."""

    def __init__(self, bytes_max: int = 0) -> None:
        """Take how large what is remembered may be; 0: nothing is."""
        self._bytes_max = bytes_max
        self._last: tuple[str, Led] | None = None

    def find(self, response_id: str) -> Led | None:
        """Give what leads on from a response, if it is the last one."""
        return self._last[1] if self._last is not None and self._last[0] == response_id else None

    async def remember(self, response_id: str, led: Led) -> None:
        """Remember a response, and no other, unless it is too large."""
        self._last = None
        if self._bytes_max:
            size = len(await asyncio.to_thread(encoded, led.items))
            self._last = (response_id, led) if size <= self._bytes_max else None

    def forget(self, response_id: object) -> None:
        """Forget a response from which could not be gone on."""
        if self._last is not None and self._last[0] == response_id:
            self._last = None


async def leading(asked: Asked, request: ResponseRequest, memory: Memory) -> Led:
    """Give all items so far, each with an id; raises PreviousResponseMissing."""
    earlier = await _earlier(asked, request, memory)
    return replace(earlier, items=[*earlier.items, *_with_ids(asked, items_of(request))])


async def opened(asked: Asked, kind: Kind, items: Sequence[Item]) -> list[Item]:
    """Put summaries in the place of compacted conversations; generators alone can heed them."""
    return [
        await _summary(asked, kind, item, place) if word(item.get("type")) == COMPACTION else item
        for place, item in enumerate(items)
    ]


async def _earlier(asked: Asked, request: ResponseRequest, memory: Memory) -> Led:
    previous = request.previous_response_id
    if not previous:
        return Led([], conversation_of(request))
    if request.conversation:
        raise unsupported("conversation", "Name either it or `previous_response_id`.")
    remembered = memory.find(previous)
    if remembered is not None:
        return remembered
    if not asked.has(GET):
        raise unsupported("previous_response_id", "Responses are not kept for this key.")
    try:
        earlier = await asked(GET, response_id=previous)
    except NotFound as missing:
        raise errors.PreviousResponseMissing(missing.detail, problems=_PREVIOUS) from None
    conversation = earlier.facts.get("conversation")  # whatever was kept by other doors
    known = conversation.get("id") if isinstance(conversation, dict) else None
    return Led([*earlier.input, *earlier.output], known if isinstance(known, str) else "", previous)


def _with_ids(asked: Asked, items: Sequence[Item]) -> list[Item]:
    return [
        {**item, "id": item.get("id") or asked.ids.new(_PREFIXES.get(word(item["type"]), "item"))}
        for item in items
    ]


async def _summary(asked: Asked, kind: Kind, item: Item, place: int) -> Item:
    field = f"input.{place}.encrypted_content"
    if not isinstance(kind, Generators) or not asked.has(GET):
        raise unsupported(f"input.{place}.type", "Compacted conversations are for generators; send messages.")
    kept_as = word(item.get("encrypted_content"))
    try:
        kept = await asked(GET, response_id=kept_as) if _is_id(kept_as) else None
    except NotFound:
        kept = None
    summary = None if kept is None else kept.facts.get(SUMMARY)
    if not isinstance(summary, str):
        told = "It was not made here for you, or is kept no longer; send the messages themselves."
        raise RequestInvalid(told, problems=[{"field": field, "problem": told}])
    return {"type": "message", "role": "user", "content": _INTRODUCED + summary}


def _is_id(text: str) -> bool:
    return 0 < len(text) <= _ID_MAX and text.replace("_", "").replace("-", "").isalnum() and text.isascii()
