"""Intents that a bot may lack: suggested from what it could not answer."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from mainstay.kit.courtesies import is_courteous
from mainstay.kit.sentences import sentences
from mainstay.ports.encoder import Encoder
from mainstay.services.assistant.bots import Bots, Taught
from mainstay.services.assistant.clusters import Group, grouped
from mainstay.services.assistant.conversation_store import ConversationStore, TurnRow
from mainstay.services.assistant.conversations import Conversations, visible
from mainstay.services.assistant.feedback import Judging
from mainstay.services.assistant.learning_records import IntentSuggestion
from mainstay.services.assistant.limits import EXAMPLE_LENGTH_MAX
from mainstay.services.assistant.questions import Questions
from mainstay.services.assistant.records import Bot, Definition, Intent
from mainstay.services.assistant.training import NOTHING, Example
from mainstay.services.assistant.wording import cleaned, tidy

_QUESTIONS_MAX = 1000
_EXAMPLES_SHOWN = 20
_ANSWERS_LOOKED_FOR = 10
_REPLY_WITHIN = 5


class Suggesting:
    """Suggests intents."""

    def __init__(
        self,
        store: ConversationStore,
        conversations: Conversations,
        bots: Bots,
        judging: Judging,
        encoder: Encoder,
    ) -> None:
        """Take where turns are, the bots, what judges turns, and what makes vectors."""
        self._store = store
        self._conversations = conversations
        self._bots = bots
        self._judging = judging
        self._encoder = encoder

    async def suggest(self, bot_id: str, least: int) -> list[IntentSuggestion]:
        """Group what a bot could not answer; the newest thousand questions that the caller may see."""
        bot = await self._bots.existing(bot_id)
        turns = await self._unanswered(bot_id, Definition.model_validate(bot.definition))
        if not turns:
            return []
        texts = [str(turn.content["text"]) for turn in turns]
        clean = await asyncio.to_thread(lambda: [cleaned(text) or NOTHING for text in texts])
        vectors = await self._encoder.embed(clean, role="query")
        found = await asyncio.to_thread(grouped, texts, vectors, least)
        return [_told(group, turns, await self._answered(group, turns)) for group in found]

    async def accept(self, bot_id: str, intent: Intent, turn_ids: Sequence[str]) -> Bot:
        """Add an intent, and have the bot learn from the turns that asked for it; raises TurnMissing."""
        turns = [await self._conversations.turn(bot_id, turn_id) for turn_id in dict.fromkeys(turn_ids)]
        judged = [self._judging.accepted(turn, intent.name) for turn in turns]
        taught = [
            Taught(row.feedback_id, Example(str(row.content["text"]), intent.name, given=False))
            for row in judged
        ]
        told = await self._bots.extend(bot_id, intent, taught)
        for row in judged:
            await self._judging.add(row)
        if turns:
            await self._store.settle([turn.turn_id for turn in turns])
        return told

    async def _answered(self, group: Group, turns: Sequence[TurnRow]) -> str | None:
        """Give what a person of the team said next to one of a group's questions."""
        for place in group.places[:_ANSWERS_LOOKED_FOR]:
            asked = turns[place]
            later = await self._store.part(asked.conversation_id, asked.number, asked.number + _REPLY_WITHIN)
            said = (_answer(str(row.content["reply"])) for row in later if row.content["by"] == "person")
            if answer := next(filter(None, said), None):
                return answer
        return None

    async def _unanswered(self, bot_id: str, definition: Definition) -> list[TurnRow]:
        """Give the questions that found no answer, each once; one too long for an example would be none."""
        rows = await self._store.unanswered(bot_id, _QUESTIONS_MAX)
        shown = [row for row in rows if visible(row) and len(row.content["text"]) <= EXAMPLE_LENGTH_MAX]
        return await asyncio.to_thread(_asked, Questions(definition), shown)


def _asked(questions: Questions, rows: Sequence[TurnRow]) -> list[TurnRow]:
    found = [row for row in rows if questions.has(str(row.content["text"]), row.created_ms)]
    return list({tidy(str(row.content["text"])): row for row in found}.values())


def _answer(reply: str) -> str:
    """Give a reply without the sentences that greet or thank: they answer nobody else's question."""
    spans = sentences(reply)
    kept = [reply[start:end] for start, end in spans if not is_courteous(reply[start:end])]
    return reply if len(kept) == len(spans) else " ".join(kept)


def _told(group: Group, turns: Sequence[TurnRow], reply: str | None) -> IntentSuggestion:
    said = [turns[place].content for place in group.places]
    [(nearest, _)] = Counter(str(each["intent"]) for each in said).most_common(1)
    return IntentSuggestion(
        name=group.name,
        questions=len(said),
        examples=[str(each["text"]) for each in said[:_EXAMPLES_SHOWN]],
        nearest=nearest,
        turn_ids=[turns[place].turn_id for place in group.places[:_EXAMPLES_SHOWN]],
        reply=reply,
    )
