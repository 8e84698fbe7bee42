"""A conversation made short: what the user said, and an item that stands for a generator's summary.

The summary is kept as responses are, sealed for whoever asked; the item names where. So nobody can write one
of his own, or read one that is not his, and it goes with the person, by its age, or when it is deleted.
"""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mainstay.transports.compatible.openai import errors
from mainstay.transports.compatible.openai import response_shape as shape
from mainstay.transports.compatible.openai.asking import Asked, checked
from mainstay.transports.compatible.openai.chat_request import EndUser, heeded
from mainstay.transports.compatible.openai.kinds import Generators, kind_of, unsupported
from mainstay.transports.compatible.openai.replies import Reply, Told
from mainstay.transports.compatible.openai.response_input import (
    COMPACTION,
    KEEP,
    SUMMARY,
    Memory,
    leading,
    opened,
)
from mainstay.transports.compatible.openai.response_request import NAMES, Item, ResponseRequest, talk_of
from mainstay.transports.compatible.openai.table import Endpoint

_ASKED = (
    "Sum this conversation up, for a language model that goes on with it. Of the conversation itself it sees "
    "what the user said, and nothing else. Keep "
    "what was wanted, decided and found out, names, numbers and words that have to stay as they are, "
    "what is still open, and how the user wants to be answered. Write the summary alone, in the "
    "conversation's language. Do not answer anything that was asked in it."
)


class _Compact(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model: Annotated[str, Field(min_length=1, max_length=200)]
    input: Annotated[str | list[Item] | None, Field(max_length=4_000_000)] = None
    previous_response_id: Annotated[str | None, Field(max_length=64, pattern=r"^[\w-]*$")] = None
    instructions: str | None = None
    prompt_cache_key: EndUser = None


async def compact(asked: Asked) -> Reply:
    """Sum a conversation up."""
    request = ResponseRequest.model_construct(
        **vars(checked(_Compact, heeded(await asked.json(), {}, _Compact)))
    )
    asked.names = {**NAMES, "system": "instructions" if request.instructions else "input"}
    model = request.model or ""
    kind = kind_of(asked, model)
    if not isinstance(kind, Generators):
        raise unsupported("model", "A generator sums conversations up; name one.")
    if not asked.has(KEEP):
        raise unsupported("model", "Nothing is kept for this key, and a summary would have to be.")
    led = await leading(asked, request, Memory())
    talk = talk_of(request, await opened(asked, kind, led.items))
    talk = replace(talk, messages=[*talk.messages, {"role": "user", "content": _ASKED}])
    said = await kind.whole(asked, model, talk)
    if not said.text.strip():
        raise errors.SummaryMissing("The generator wrote none. Ask again, or another one.")
    response_id = asked.ids.new("resp")
    item = {"id": asked.ids.new("cmp"), "type": COMPACTION, "encrypted_content": response_id}
    facts: dict[str, Any] = {
        "object": "response.compaction",
        "created_at": asked.now_s,
        "usage": shape.usage(said),
    }
    output = [
        *({**shape.as_input(each), "status": "completed"} for each in led.items if _of_user(each)),
        item,
    ]
    kept = {**facts, SUMMARY: said.text}
    await asked.unkeyed(KEEP, response_id=response_id, input_items=[], output_items=output, facts=kept)
    return Told({"id": response_id, **facts, "output": output})


def _of_user(item: Item) -> bool:
    return item.get("type") == "message" and item.get("role") == "user" and bool(item.get("content"))


ENDPOINTS = (Endpoint("POST", "/responses/compact", "identity.whoami", compact, waits=True),)
