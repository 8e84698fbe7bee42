"""Intents that a bot may lack: suggested from what it could not answer."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from mainstay.ports.encoder import Encoder
from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.clusters import Group, grouped
from mainstay.services.assistant.conversation_store import ConversationStore, TurnRow
from mainstay.services.assistant.conversations import visible
from mainstay.services.assistant.learning_records import IntentSuggestion
from mainstay.services.assistant.training import NOTHING
from mainstay.services.assistant.wording import cleaned, tidy

_QUESTIONS_MAX = 1000
_EXAMPLES_SHOWN = 20


class Suggesting:
    """Suggests intents."""

    def __init__(self, store: ConversationStore, bots: Bots, encoder: Encoder) -> None:
        """Take where turns are, the bots, and what makes vectors."""
        self._store = store
        self._bots = bots
        self._encoder = encoder

    async def suggest(self, bot_id: str, least: int) -> list[IntentSuggestion]:
        """Group what a bot could not answer; the newest thousand questions that the caller may see."""
        await self._bots.existing(bot_id)
        turns = await self._unanswered(bot_id)
        if not turns:
            return []
        texts = [str(turn.content["text"]) for turn in turns]
        vectors = await self._encoder.embed([cleaned(text) or NOTHING for text in texts], role="query")
        found = await asyncio.to_thread(grouped, texts, vectors, least)
        return [_told(group, turns) for group in found]

    async def _unanswered(self, bot_id: str) -> list[TurnRow]:
        rows = await self._store.unanswered(bot_id, _QUESTIONS_MAX)
        return list({tidy(str(row.content["text"])): row for row in rows if visible(row)}.values())


def _told(group: Group, turns: Sequence[TurnRow]) -> IntentSuggestion:
    said = [turns[place].content for place in group.places]
    [(nearest, _)] = Counter(str(each["intent"]) for each in said).most_common(1)
    return IntentSuggestion(
        name=group.name,
        questions=len(said),
        examples=[str(each["text"]) for each in said[:_EXAMPLES_SHOWN]],
        nearest=nearest,
    )
