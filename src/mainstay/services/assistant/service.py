"""The assistant service: keeps bots, talks with people, learns from that."""

from collections.abc import AsyncIterator
from typing import Literal

from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.conversations import Conversations
from mainstay.services.assistant.desk import Desk
from mainstay.services.assistant.desk_queue import Queue
from mainstay.services.assistant.feedback import Judging
from mainstay.services.assistant.following import Following
from mainstay.services.assistant.interface import Assistant
from mainstay.services.assistant.learning_records import Feedback, FeedbackPage, IntentSuggestion
from mainstay.services.assistant.limits import FOLLOWED_S
from mainstay.services.assistant.memory_records import (
    Fact,
    FactForgotten,
    FactsForgotten,
    Memory,
    Remembering,
)
from mainstay.services.assistant.models import Models
from mainstay.services.assistant.records import (
    Bot,
    BotDeleted,
    BotSummary,
    Conversation,
    ConversationDeleted,
    ConversationNews,
    ConversationPage,
    Definition,
    DeskNews,
    Entity,
    Fallback,
    Intent,
    TitledIntent,
    Trained,
    Turn,
    TurnPage,
    TurnPiece,
    Understood,
    WholeConversation,
)
from mainstay.services.assistant.remembering import Memories
from mainstay.services.assistant.suggesting import Suggesting
from mainstay.services.assistant.transcripts import Transcript
from mainstay.services.assistant.turns import Turns


class AssistantService(Assistant):
    """The assistant service."""

    def __init__(
        self,
        bots: Bots,
        models: Models,
        turns: Turns,
        conversations: Conversations,
        following: Following,
        desk: Desk,
        queue: Queue,
        judging: Judging,
        suggesting: Suggesting,
        memories: Memories,
    ) -> None:
        """Take the parts."""
        self._bots = bots
        self._models = models
        self._turns = turns
        self._conversations = conversations
        self._following = following
        self._desk = desk
        self._queue = queue
        self._judging = judging
        self._suggesting = suggesting
        self._memories = memories

    async def create_bot(
        self,
        name: str,
        intents: list[Intent],
        collections: list[str] = [],  # noqa: B006 - never changed; the interface's default
        persona: str = "",
        languages: list[str] = [],  # noqa: B006 - never changed; the interface's default
        entities: list[Entity] = [],  # noqa: B006 - never changed; the interface's default
        fallback: Fallback = Fallback(),  # noqa: B008 - frozen; the interface's default
        retrain_after: int = 0,
        retrain_every: int = 0,
        memory: Remembering = Remembering(),  # noqa: B008 - frozen; the interface's default
    ) -> Bot:
        """Make a bot."""
        definition = Definition(
            collections=collections,
            persona=persona,
            languages=languages,
            entities=entities,
            fallback=fallback,
            retrain_after=retrain_after,
            retrain_every=retrain_every,
            memory=memory,
        )
        return await self._bots.make(name, definition, intents)

    async def list_bots(self) -> list[BotSummary]:
        """List the bots."""
        return await self._bots.describe_all()

    async def get_bot(self, bot_id: str) -> Bot:
        """Give a bot."""
        return await self._bots.describe(bot_id)

    async def update_bot(
        self,
        bot_id: str,
        name: str | None = None,
        intents: list[Intent] | None = None,
        collections: list[str] | None = None,
        persona: str | None = None,
        languages: list[str] | None = None,
        entities: list[Entity] | None = None,
        fallback: Fallback | None = None,
        retrain_after: int | None = None,
        retrain_every: int | None = None,
        memory: Remembering | None = None,
    ) -> Bot:
        """Change a bot."""
        changed = {
            "collections": collections,
            "persona": persona,
            "languages": languages,
            "entities": entities,
            "fallback": fallback,
            "retrain_after": retrain_after,
            "retrain_every": retrain_every,
            "memory": memory,
        }
        given = {field: value for field, value in changed.items() if value is not None}
        return await self._bots.change(bot_id, name, given, intents)

    async def delete_bot(self, bot_id: str) -> BotDeleted:
        """Delete a bot."""
        return await self._conversations.remove_bot(bot_id)

    async def understand(self, bot_id: str, texts: list[str]) -> list[Understood]:
        """Say what texts mean to a bot."""
        return await self._models.understand(await self._bots.existing(bot_id), texts)

    async def take_turn(
        self,
        bot_id: str,
        text: str,
        conversation_id: str | None = None,
        transcript: Transcript | None = None,
    ) -> Turn:
        """Say something to a bot."""
        return await self._turns.take(bot_id, text, conversation_id, transcript)

    def stream_turn(
        self,
        bot_id: str,
        text: str,
        conversation_id: str | None = None,
        turn_key: str | None = None,
        transcript: Transcript | None = None,
    ) -> AsyncIterator[TurnPiece]:
        """Say something to a bot, and hear it piece by piece."""
        return self._turns.stream(bot_id, text, conversation_id, turn_key, transcript)

    async def list_conversations(
        self,
        bot_id: str | None = None,
        state: str | None = None,
        q: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> ConversationPage:
        """List conversations."""
        return await self._conversations.page(bot_id, state, q, after, limit)

    async def get_conversation(self, conversation_id: str) -> WholeConversation:
        """Give a conversation."""
        return await self._conversations.whole(conversation_id)

    def follow_conversation(
        self, conversation_id: str, after: str | None = None, for_s: float = FOLLOWED_S
    ) -> AsyncIterator[ConversationNews]:
        """Hear what happens in a conversation."""
        return self._following.follow(conversation_id, after, for_s)

    async def export_turns(self, bot_id: str, after: str | None = None, limit: int = 100) -> TurnPage:
        """Export turns."""
        return await self._conversations.export(bot_id, after or "", limit)

    async def delete_conversation(self, conversation_id: str) -> ConversationDeleted:
        """Delete a conversation."""
        return await self._conversations.remove(conversation_id)

    def follow_desk(self, bot_id: str | None = None, for_s: float = FOLLOWED_S) -> AsyncIterator[DeskNews]:
        """Hear what waits at the desk."""
        return self._queue.follow(bot_id, for_s)

    async def list_intents(self, bot_id: str) -> list[TitledIntent]:
        """List what a bot understands."""
        return await self._bots.intents(bot_id)

    async def claim_conversation(self, conversation_id: str, take_over: bool = False) -> Conversation:
        """Answer a conversation from now on."""
        return await self._desk.claim(conversation_id, take_over=take_over)

    async def reply_to_conversation(self, conversation_id: str, text: str, intent: str | None = None) -> Turn:
        """Say something instead of a bot."""
        return await self._desk.reply(conversation_id, text, intent)

    async def call_person(self, conversation_id: str) -> Conversation:
        """Ask for a person."""
        return await self._desk.call(conversation_id)

    async def end_conversation(self, conversation_id: str) -> Conversation:
        """End one's own conversation."""
        return await self._desk.end(conversation_id)

    async def close_conversation(
        self, conversation_id: str, state: Literal["closed", "open"] = "closed"
    ) -> Conversation:
        """End a conversation, or give it back."""
        return await self._desk.close(conversation_id, state)

    async def train_bot(self, bot_id: str) -> Trained:
        """Train a bot."""
        return await self._bots.train(bot_id)

    async def use_model(self, bot_id: str, version: int) -> Trained:
        """Let another model answer."""
        return await self._bots.use(bot_id, version)

    async def rate_turn(
        self,
        bot_id: str,
        turn_id: str,
        helpful: bool | None = None,
        intent: str | None = None,
        comment: str = "",
    ) -> Feedback:
        """Judge a turn."""
        return await self._judging.rate(bot_id, turn_id, helpful, intent, comment)

    async def list_feedback(
        self, bot_id: str, state: str = "pending", after: str | None = None, limit: int = 50
    ) -> FeedbackPage:
        """List what was said of turns."""
        return await self._judging.page(bot_id, state, after or "", limit)

    async def review_feedback(
        self, bot_id: str, feedback_id: str, accept: bool, intent: str | None = None
    ) -> Feedback:
        """Decide about a correction."""
        return await self._judging.review(bot_id, feedback_id, intent, accept=accept)

    async def suggest_intents(self, bot_id: str, least: int = 3) -> list[IntentSuggestion]:
        """Suggest intents."""
        return await self._suggesting.suggest(bot_id, least)

    async def accept_suggestion(
        self,
        bot_id: str,
        name: str,
        examples: list[str],
        replies: list[str] = [],  # noqa: B006 - never changed; the interface's default
        title: str = "",
        turn_ids: list[str] = [],  # noqa: B006 - never changed; the interface's default
    ) -> Bot:
        """Make an intent of a suggestion."""
        intent = Intent(name=name, examples=examples, replies=replies, title=title)
        return await self._suggesting.accept(bot_id, intent, turn_ids)

    async def get_memory(
        self, bot_id: str, subject: str | None = None, end_user: str | None = None
    ) -> Memory:
        """Say what a bot remembers."""
        return await self._memories.describe(bot_id, subject, end_user)

    async def choose_memory(self, bot_id: str, allowed: bool, end_user: str | None = None) -> Memory:
        """Say whether a bot may remember."""
        return await self._memories.choose(bot_id, end_user, allowed=allowed)

    async def change_fact(self, bot_id: str, fact_id: str, text: str) -> Fact:
        """Put a fact right."""
        return await self._memories.change(bot_id, fact_id, text)

    async def forget_fact(self, bot_id: str, fact_id: str) -> FactForgotten:
        """Forget a fact."""
        return await self._memories.forget(bot_id, fact_id)

    async def forget_facts(self, bot_id: str, end_user: str | None = None) -> FactsForgotten:
        """Forget all facts."""
        return await self._memories.forget_all(bot_id, end_user)
