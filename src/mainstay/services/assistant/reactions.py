"""What the assistant does when a bot is to be trained, and when something is to be exported or erased."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.kernel.work import emit
from mainstay.services.assistant.conversation_store import ConversationStore
from mainstay.services.assistant.conversations import Conversations
from mainstay.services.assistant.happenings import (
    FactExpires,
    SummaryDue,
    TrainingDue,
    TrainingRound,
    WordsSaid,
)
from mainstay.services.assistant.noticing import Noticing
from mainstay.services.assistant.personal import PersonalConversations
from mainstay.services.assistant.remembering import Memories
from mainstay.services.assistant.retraining import Retraining
from mainstay.services.assistant.summarising import Summarising
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    RetentionDue,
    TenantErasureRequested,
)

_KIND = "conversations"
_AT_ONCE = 100


class AssistantReactions(Reactions):
    """Does the assistant's part."""

    def __init__(
        self,
        store: ConversationStore,
        conversations: Conversations,
        personal: PersonalConversations,
        memories: Memories,
        summarising: Summarising,
        noticing: Noticing,
        retraining: Retraining,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._conversations = conversations
        self._personal = personal
        self._memories = memories
        self._summarising = summarising
        self._noticing = noticing
        self._retraining = retraining

    @reacts_to(TrainingDue)
    async def train_bot(self, events: Sequence[TrainingDue]) -> None:
        """Train a bot, unless it was deleted meanwhile."""
        for event in events:
            await self._retraining.learn(event)

    @reacts_to(FactExpires)
    async def forget_fact(self, events: Sequence[FactExpires]) -> None:
        """Erase a fact whose time is over."""
        for event in events:
            await self._memories.expire(event.fact_id)

    @reacts_to(TrainingRound)
    async def go_round(self, events: Sequence[TrainingRound]) -> None:
        """Look whether a bot has something new to learn, as its schedule says."""
        for event in events:
            await self._retraining.go_round(event.bot_id, event.due_ms)

    @reacts_to(WordsSaid)
    async def notice_facts(self, events: Sequence[WordsSaid]) -> None:
        """Look for facts in what somebody said."""
        for event in events:
            await self._noticing.look(event.bot_id, event.turn_id)

    @reacts_to(SummaryDue)
    async def sum_up(self, events: Sequence[SummaryDue]) -> None:
        """Sum up what was said first in a conversation."""
        for event in events:
            await self._summarising.renew(event.conversation_id, event.left)

    @reacts_to(PersonExportRequested)
    async def export_person(self, events: Sequence[PersonExportRequested]) -> None:
        """Contribute what somebody said to bots to an export."""
        for event in events:
            await self._personal.gather(event)

    @reacts_to(PersonErasureRequested)
    async def erase_person(self, events: Sequence[PersonErasureRequested]) -> None:
        """Erase what somebody said to bots."""
        for event in events:
            await self._personal.erase(event)

    @reacts_to(TenantErasureRequested)
    async def erase_tenant(self, events: Sequence[TenantErasureRequested]) -> None:
        """Remove bots and conversations of a tenant."""
        for event in events:
            await self._personal.clear(event)

    @reacts_to(RetentionDue)
    async def remove_old(self, events: Sequence[RetentionDue]) -> None:
        """Remove some conversations that are old, and come again for the rest."""
        for event in events:
            old = await self._store.old(event.before_ms, _AT_ONCE) if event.kind == _KIND else []
            if old:
                await self._conversations.erase(old)
                emit(event, promised=True)
