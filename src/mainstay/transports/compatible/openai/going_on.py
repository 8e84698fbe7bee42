"""Which conversation with a bot a client goes on with that knows no conversations, but sends what was said.

What is found has exactly the turns that the client shows. Where several have, they stand alike, and it makes
no difference with which of them the client goes on.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mainstay.transports.compatible.openai.asking import Asked
from mainstay.transports.compatible.openai.talk import Talk

_LIST, _GET = "assistant.list_conversations", "assistant.get_conversation"
_LOOKED_AT = 50
_OVER = frozenset({"closed"})

Exchanges = list[tuple[str, str]]


async def conversation_of(asked: Asked, bot_id: str, talk: Talk) -> str:
    """Give the conversation that is named, else the newest that has what was said so far; else none."""
    said = _exchanges(talk.messages)
    if talk.conversation or not said or not (asked.has(_LIST) and asked.has(_GET)):
        return talk.conversation
    page = await asked.unkeyed(_LIST, bot_id=bot_id, limit=_LOOKED_AT)
    for each in page.conversations:
        alike = each.turns == len(said) and each.said.strip() == said[-1][0].strip()
        if alike and each.subject == asked.caller.subject and each.state not in _OVER:
            whole = await asked.unkeyed(_GET, conversation_id=each.conversation_id)
            if _stripped((turn.text, turn.reply) for turn in whole.history) == _stripped(said):
                return str(each.conversation_id)
    return ""


def _exchanges(messages: Sequence[Mapping[str, Any]]) -> Exchanges:
    """Give what was asked and answered before the last question; none if something else was said."""
    talked = [each for each in messages if each["role"] in {"user", "assistant"}]
    asked, answered = talked[:-1:2], talked[1::2]
    paired = len(talked) % 2 == 1 and all(
        (one["role"], other["role"]) == ("user", "assistant")
        for one, other in zip(asked, answered, strict=True)
    )
    if not paired:
        return []
    return [(one["content"], other["content"]) for one, other in zip(asked, answered, strict=True)]


def _stripped(exchanges: Any) -> Exchanges:
    return [(str(one).strip(), str(other).strip()) for one, other in exchanges]
