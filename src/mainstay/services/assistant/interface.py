"""Bots that understand what people want, answer from documents, ask back, and hand over to people."""

from collections.abc import AsyncIterator
from typing import Annotated

from pydantic import Field

from mainstay.kernel.interface import Interface, reads, streams, writes
from mainstay.ports.failures import EncoderUnavailable, LearnerUnavailable, VectorsUnavailable
from mainstay.ports.generator import GeneratorUnavailable
from mainstay.services.assistant.desk_operations import DeskOperations
from mainstay.services.assistant.failures import (
    BotBusy,
    BotInvalid,
    BotMissing,
    BotModelMissing,
    BotShowsDocuments,
    BotsTooMany,
    ConversationBusy,
    ConversationEnded,
    ConversationMissing,
    ConversationsTooMany,
    FollowedTooMany,
    ModelStale,
    TalkerErased,
    TurnKeyReused,
    TurnMissing,
)
from mainstay.services.assistant.happenings import BotRemoved
from mainstay.services.assistant.learning_operations import LearningOperations
from mainstay.services.assistant.limits import (
    ALL_CONVERSATIONS,
    FOLLOWED_S,
    BotId,
    BotName,
    Collections,
    Comment,
    ConversationId,
    Languages,
    Page,
    Persona,
    RetrainAfter,
    RetrainEvery,
    Said,
    Searched,
    State,
    Texts,
    TurnId,
    TurnKey,
)
from mainstay.services.assistant.memory_operations import MemoryOperations
from mainstay.services.assistant.memory_records import Remembering
from mainstay.services.assistant.records import (
    Bot,
    BotDeleted,
    BotSummary,
    ConversationDeleted,
    ConversationNews,
    ConversationPage,
    Entities,
    Fallback,
    Intents,
    Turn,
    TurnPage,
    TurnPiece,
    Understood,
    WholeConversation,
)
from mainstay.services.assistant.transcripts import Transcript

__all__ = [
    "FOLLOWED_S",
    "Assistant",
    "BotId",
    "BotMissing",
    "BotModelMissing",
    "BotRemoved",
    "Comment",
    "ConversationBusy",
    "ConversationEnded",
    "ConversationId",
    "ConversationMissing",
    "ConversationsTooMany",
    "FollowedTooMany",
    "ModelStale",
    "Said",
    "TalkerErased",
    "Turn",
    "TurnId",
    "TurnKey",
    "TurnKeyReused",
    "TurnMissing",
]

_GRANTS = {ALL_CONVERSATIONS: "Shows what others say to bots, in every operation that shows conversations."}
_BOT_EXAMPLE = {"bot_id": "bot_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_CONVERSATION_EXAMPLE = {"conversation_id": "conversation_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_TURN_EXAMPLE = {**_BOT_EXAMPLE, "text": "Where is my order 4711?"}
_TRAINING = (BotInvalid, EncoderUnavailable, LearnerUnavailable)
_TURN = (
    *(BotMissing, ConversationMissing, ConversationEnded, ConversationBusy, ConversationsTooMany),
    *(TalkerErased, ModelStale, BotModelMissing),
    *(EncoderUnavailable, GeneratorUnavailable, VectorsUnavailable),
)
_INTENTS_EXAMPLE = [
    {
        "name": "order_status",
        "examples": ["Where is my order?", "Has my parcel been sent?", "Track order 4711"],
        "slots": [{"name": "order", "entity": "identifier", "prompt": "Which order is it?"}],
        "replies": ["Order {order} is on its way."],
    },
    {"name": "returns", "examples": ["I want to send this back", "How do returns work?", "Return my shoes"]},
]


class Assistant(LearningOperations, MemoryOperations, DeskOperations, Interface, grants=_GRANTS):
    """Bots, and the conversations that people have with them."""

    @writes(
        "POST /assistant/bots",
        may="assistants:write",
        status=201,
        fails=(*_TRAINING, BotsTooMany, BotShowsDocuments),
        example={"name": "Shop", "collections": ["handbook"], "intents": _INTENTS_EXAMPLE},
    )
    async def create_bot(
        self,
        name: BotName,
        intents: Intents,
        collections: Collections = [],
        persona: Persona = "",
        languages: Languages = [],
        entities: Entities = [],
        fallback: Fallback = Fallback(),
        retrain_after: RetrainAfter = 0,
        retrain_every: RetrainEvery = 0,
        memory: Remembering = Remembering(),
    ) -> Bot:
        """Make a bot of examples of what people want from it; it is trained when this answers.

        A text's vector and its words are joined in a linear model (support vectors). Whether it is sure, and
        whether something is out of its scope, is calibrated on examples that are held out. Ten thousand
        examples take half a minute. Who gives it collections needs `documents:read` too.
        """

    @reads("GET /assistant/bots", may="assistants:read")
    async def list_bots(self) -> list[BotSummary]:
        """List the bots, oldest first."""

    @reads("GET /assistant/bots/{bot_id}", may="assistants:read", fails=(BotMissing,), example=_BOT_EXAMPLE)
    async def get_bot(self, bot_id: BotId) -> Bot:
        """Give a bot with its intents, its examples, and its models with their figures."""

    @writes(
        "PATCH /assistant/bots/{bot_id}",
        may="assistants:write",
        fails=(BotMissing, BotBusy, BotShowsDocuments, *_TRAINING),
        example={**_BOT_EXAMPLE, "persona": "I am the shop's assistant."},
    )
    async def update_bot(
        self,
        bot_id: BotId,
        name: BotName | None = None,
        intents: Intents | None = None,
        collections: Collections | None = None,
        persona: Persona | None = None,
        languages: Languages | None = None,
        entities: Entities | None = None,
        fallback: Fallback | None = None,
        retrain_after: RetrainAfter | None = None,
        retrain_every: RetrainEvery | None = None,
        memory: Remembering | None = None,
    ) -> Bot:
        """Change what is given of a bot; new intents replace all of them, and it is trained anew.

        Who gives it further collections needs `documents:read` too.
        """

    @writes(
        "DELETE /assistant/bots/{bot_id}",
        may="assistants:write",
        final=True,
        fails=(BotMissing,),
        example=_BOT_EXAMPLE,
    )
    async def delete_bot(self, bot_id: BotId) -> BotDeleted:
        """Delete a bot with its models, its conversations and what was learned from them, for good."""

    @reads(
        "POST /assistant/bots/{bot_id}/understand",
        may="assistants:use",
        batched=True,
        fails=(BotMissing, BotModelMissing, ModelStale, EncoderUnavailable),
        example={**_BOT_EXAMPLE, "texts": ["Where is my parcel?"]},
    )
    async def understand(self, bot_id: BotId, texts: Texts) -> list[Understood]:
        """Say what each text means to a bot, without a conversation: intent, chances, scope, entities.

        Read `out_of_scope` first: where it is true, `intent` is only the nearest one, and `confidence` says
        nothing.
        """

    @writes("POST /assistant/bots/{bot_id}/turns", may="assistants:use", fails=_TURN, example=_TURN_EXAMPLE)
    async def take_turn(
        self,
        bot_id: BotId,
        text: Said,
        conversation_id: ConversationId | None = None,
        transcript: Transcript | None = None,
    ) -> Turn:
        """Say something to a bot; it is stored when this answers.

        Without a conversation one is begun; who knows no ids may show what was said before (`transcript`),
        and goes on with the conversation in which just that was said. The bot asks for what it has to know,
        says its reply, or answers from its collections with your own permissions. Unsure, it goes down its
        ladder: it asks which of two intents was meant, looks in its collections, calls a person. `cancel`
        ends what it asks for; `no, I meant …` corrects what it took down. Where `out_of_scope` is true,
        `intent` is only the nearest one, and `confidence` says nothing: `reply` and `fallback` tell what the
        bot did.
        """

    @streams(
        "POST /assistant/bots/{bot_id}/turns",
        may="assistants:use",
        stores=True,
        fails=(*_TURN, TurnKeyReused),
        example=_TURN_EXAMPLE,
    )
    def stream_turn(
        self,
        bot_id: BotId,
        text: Said,
        conversation_id: ConversationId | None = None,
        turn_key: TurnKey | None = None,
        transcript: Transcript | None = None,
    ) -> AsyncIterator[TurnPiece]:
        """Say something to a bot and hear it piece by piece (`Accept: text/event-stream`).

        What you say is stored before the first piece, the answer before the last, which has the whole turn.
        """

    @reads("GET /assistant/conversations", may="conversations:read", example={"state": "waiting"})
    async def list_conversations(
        self,
        bot_id: BotId | None = None,
        state: State | None = None,
        q: Searched | None = None,
        after: ConversationId | None = None,
        limit: Page = 50,
    ) -> ConversationPage:
        """List your conversations, or search them, newest first; with `conversations:all` everybody's.

        `state=waiting` is the queue of the desk.
        """

    @reads(
        "GET /assistant/conversations/{conversation_id}",
        may="conversations:read",
        fails=(ConversationMissing,),
        example=_CONVERSATION_EXAMPLE,
    )
    async def get_conversation(self, conversation_id: ConversationId) -> WholeConversation:
        """Give a conversation with all of its turns."""

    @streams(
        "GET /assistant/conversations/{conversation_id}/follow",
        may="conversations:read",
        fails=(ConversationMissing, TurnMissing, FollowedTooMany),
        example=_CONVERSATION_EXAMPLE,
    )
    def follow_conversation(
        self,
        conversation_id: ConversationId,
        after: TurnId | None = None,
        for_s: Annotated[
            float,
            Field(ge=0, le=FOLLOWED_S, description="When it ends by itself; 0: with what there is now."),
        ] = FOLLOWED_S,
    ) -> AsyncIterator[ConversationNews]:
        """Hear what happens in a conversation as it happens: turns, and who answers from now on.

        First comes what there is, or of it what came after the turn `after`; that turn too where it is the
        newest, since its reply may have been written meanwhile. A turn comes as soon as it is said, and once
        more with its reply. Something comes every 20 seconds at least. It ends when the conversation is
        closed, after `for_s`, or when the server stops: go on then with the last turn as `after`.
        """

    @reads(
        "GET /assistant/bots/{bot_id}/turns",
        may="conversations:read",
        fails=(BotMissing,),
        example={**_BOT_EXAMPLE, "limit": 100},
    )
    async def export_turns(
        self,
        bot_id: BotId,
        after: TurnId | None = None,
        limit: Annotated[int, Field(ge=1, le=1000)] = 100,
    ) -> TurnPage:
        """Export a bot's turns, oldest first: yours, or with `conversations:all` everybody's."""

    @writes(
        "DELETE /assistant/conversations/{conversation_id}",
        may="conversations:write",
        final=True,
        fails=(ConversationMissing,),
        example=_CONVERSATION_EXAMPLE,
    )
    async def delete_conversation(self, conversation_id: ConversationId) -> ConversationDeleted:
        """Delete a conversation with its turns and what was judged of them, for good."""
