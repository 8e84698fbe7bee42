"""What the assistant stores about persons: what they said to bots, and what they judged and answered."""

from mainstay.kernel.clearing import Clearing
from mainstay.ports.ciphers import Cipher
from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.conversation_store import ConversationStore, Wanted
from mainstay.services.assistant.conversations import stir
from mainstay.services.assistant.feedback_store import FeedbackStore
from mainstay.services.assistant.memory_store import MemoryStore
from mainstay.services.assistant.store import TABLES
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)

_SERVICE = "assistant"
_AT_ONCE = 100
_CLAIMED_MAX = 10_000


class PersonalConversations:
    """Exports and erases what somebody said."""

    def __init__(
        self,
        store: ConversationStore,
        feedback: FeedbackStore,
        memory: MemoryStore,
        bots: Bots,
        cipher: Cipher,
        clearing: Clearing,
    ) -> None:
        """Take where it is, the bots, the cipher of what is exported, and what removes rows."""
        self._store = store
        self._feedback = feedback
        self._memory = memory
        self._bots = bots
        self._cipher = cipher
        self._clearing = clearing

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute somebody's conversations and judgements to an export."""
        found, before = list[object](), None
        while rows := await self._store.conversations(Wanted(subject=event.subject), before, _AT_ONCE):
            before = rows[-1].conversation_id
            for row in rows:
                turns = await self._store.turns([row.conversation_id])
                said = [turn.content for turn in turns]
                found.append({"conversation_id": row.conversation_id, "bot_id": row.bot_id, "turns": said})
        judged = [
            {"turn_id": row.turn_id, "helpful": row.helpful, **row.content, "created_ms": row.created_ms}
            for row in await self._feedback.told_of(event.subject)
            if event.subject in (row.subject, row.author)
        ]
        chosen, facts = await self._memory.told_of(event.subject)
        choices = [{"bot_id": row.bot_id, "choice": row.choice, "chosen_ms": row.chosen_ms} for row in chosen]
        remembered = [
            {"bot_id": row.bot_id, **row.content, "created_ms": row.created_ms, "expires_ms": row.expires_ms}
            for row in facts
        ]
        counts = {"conversations": len(found), "judgements": len(judged), "facts": len(facts)}
        told = {
            "conversations": found,
            "judgements": judged,
            "memory_choices": choices,
            "facts": remembered,
        }
        event.answer(_SERVICE, told, counts, self._cipher.seal)

    async def erase(self, event: PersonErasureRequested) -> None:
        """Erase somebody's conversations, and have bots that learned from them trained without."""
        subject = event.subject
        for bot_id in sorted(await self._feedback.taught_by(subject)):
            await self._bots.unlearn(bot_id, event.job_id)
        conversations = 0
        while ids := await self._store.ids({"subject": subject}, _AT_ONCE):
            await self._store.remove(ids)
            conversations += len(ids)
        judged = await self._feedback.remove({"subject": subject})
        judged += await self._feedback.forget_author(subject)
        await self._store.remove_summaries(subject)
        for conversation_id in await self._store.ids({"agent": subject}, _CLAIMED_MAX):
            stir(conversation_id)
        answered = await self._store.forget_agent(subject)
        facts = await self._memory.remove_of({"subject": subject})
        counts = {
            "conversations": conversations,
            "judgements": judged,
            "replies": answered,
            "facts": facts,
        }
        event.answer(_SERVICE, counts)

    async def clear(self, event: TenantErasureRequested) -> None:
        """Remove what the assistant has of a tenant."""
        await self._clearing.clear(event.erasure_id, _SERVICE, event.tenant_id, TABLES)
        event.answer(_SERVICE)
