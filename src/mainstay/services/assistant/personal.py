"""What the assistant stores about persons: what they said to bots, and what they judged and answered."""

from dataclasses import dataclass
from typing import Any

from mainstay.kernel.clearing import Clearing
from mainstay.kernel.portions import EXPORTED_CHARACTERS_MAX, portion
from mainstay.ports.ciphers import Cipher
from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.conversation_store import (
    ConversationRow,
    ConversationStore,
    TurnRow,
    Wanted,
)
from mainstay.services.assistant.conversations import stir
from mainstay.services.assistant.feedback_store import FeedbackRow, FeedbackStore
from mainstay.services.assistant.memory_store import ChoiceRow, FactRow, MemoryStore
from mainstay.services.assistant.store import TABLES
from mainstay.services.assistant.summary_store import SummaryRow, SummaryStore
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)

_SERVICE = "assistant"
_AT_ONCE = 100
_TALKS_AT_ONCE = 10  # each may have hundreds of turns
_CLAIMED_MAX = 10_000


@dataclass(frozen=True)
class _Talk:
    """A conversation with all that belongs to it."""

    row: ConversationRow
    turns: list[TurnRow]
    summary: SummaryRow | None


class PersonalConversations:
    """Exports and erases what somebody said."""

    def __init__(
        self,
        store: ConversationStore,
        feedback: FeedbackStore,
        summaries: SummaryStore,
        memory: MemoryStore,
        bots: Bots,
        cipher: Cipher,
        clearing: Clearing,
    ) -> None:
        """Take where it is, the bots, the cipher of what is exported, and what removes rows."""
        self._store = store
        self._feedback = feedback
        self._summaries = summaries
        self._memory = memory
        self._bots = bots
        self._cipher = cipher
        self._clearing = clearing

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute what somebody said, judged and had remembered to an export; say how much does not fit.

        Of conversations the newest are told.
        """
        subject = event.subject
        talks = await portion(lambda last: self._talks(subject, last), _told, EXPORTED_CHARACTERS_MAX)
        judgements = await portion(
            lambda last: self._feedback.about(subject, last.feedback_id if last else "", _AT_ONCE),
            _judgement,
            EXPORTED_CHARACTERS_MAX,
        )
        facts = await portion(
            lambda last: self._memory.facts_of(subject, last.fact_id if last else "", _AT_ONCE),
            _fact,
            EXPORTED_CHARACTERS_MAX,
        )
        every = {
            "conversations": (talks, await self._store.count(subject)),
            "judgements": (judgements, await self._feedback.count_about(subject)),
            "facts": (facts, await self._memory.count_of(subject)),
        }
        counts = {name: len(told) for name, (told, _) in every.items()}
        counts |= {
            f"{name}_left_out": all_of - len(told)
            for name, (told, all_of) in every.items()
            if all_of > len(told)
        }
        chosen = await portion(
            lambda last: self._memory.choices_of(subject, last, _AT_ONCE),
            _choice,
            EXPORTED_CHARACTERS_MAX,
        )
        found = {**{name: told for name, (told, _) in every.items()}, "memory_choices": chosen}
        await event.answer(_SERVICE, found, counts, self._cipher.seal)

    async def _talks(self, subject: str, last: _Talk | None) -> list[_Talk]:
        before = None if last is None else last.row.conversation_id
        page = await self._store.conversations(Wanted(subject=subject), before, _TALKS_AT_ONCE)
        return [
            _Talk(
                row,
                await self._store.turns([row.conversation_id]),
                await self._summaries.summary(row.conversation_id),
            )
            for row in page.rows
        ]

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


def _told(talk: _Talk) -> dict[str, Any]:
    row, summary = talk.row, talk.summary
    return {
        "conversation_id": row.conversation_id,
        "bot_id": row.bot_id,
        "turns": [turn.content for turn in talk.turns],
        "summary": None if summary is None else {"text": summary.text, "turns": summary.turns},
    }


def _judgement(row: FeedbackRow) -> dict[str, Any]:
    return {"turn_id": row.turn_id, "helpful": row.helpful, **row.content, "created_ms": row.created_ms}


def _choice(row: ChoiceRow) -> dict[str, Any]:
    return {"bot_id": row.bot_id, "choice": row.choice, "chosen_ms": row.chosen_ms}


def _fact(row: FactRow) -> dict[str, Any]:
    return {"bot_id": row.bot_id, **row.content, "created_ms": row.created_ms, "expires_ms": row.expires_ms}
