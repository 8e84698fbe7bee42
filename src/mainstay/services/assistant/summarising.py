"""Running summaries of long conversations, renewed with what was said since; what a generator is shown."""

import contextlib
from collections.abc import Sequence

from mainstay.kernel.lending import in_name_of
from mainstay.kernel.work import emit
from mainstay.kit.clock import Clock
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.ports.generator import Generator
from mainstay.services.assistant.conversation_store import ConversationStore, TurnRow
from mainstay.services.assistant.happenings import SummaryDue
from mainstay.services.assistant.records import Turn
from mainstay.services.assistant.summary_store import SummaryRow, SummaryStore
from mainstay.services.language.interface import Language

EVERY = 8
"""A summary is renewed after so many turns, and leaves as many at the end as they are."""

_AT_HANDOVER = 4
_WORDS = 150
_LINE_MAX = 600
_TURNS_AT_ONCE = 64


class Summarising:
    """Sums conversations up."""

    def __init__(
        self,
        store: ConversationStore,
        summaries: SummaryStore,
        language: Language,
        generator: Generator,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._summaries = summaries
        self._language = language
        self._generator = generator
        self._clock = clock

    def note(self, turn: Turn, *, escalated: bool) -> None:
        """Have the conversation summed up where it has become long, or where a person takes over."""
        if escalated and turn.number >= _AT_HANDOVER:
            emit(SummaryDue(conversation_id=turn.conversation_id, left=0))
        elif turn.number % EVERY == 0 and turn.number > EVERY:
            emit(SummaryDue(conversation_id=turn.conversation_id, left=EVERY))

    async def renew(self, conversation_id: str, left: int) -> None:
        """Sum up the summary there is together with the turns that it is not of yet."""
        row, before = await self._store.conversation(conversation_id), None
        if row is not None:
            before = await self._summaries.summary(conversation_id)
        done = 0 if before is None else before.turns
        until = 0 if row is None else row.turns - left
        if row is None or until <= done:
            return
        turns = await self._store.part(conversation_id, max(done, until - _TURNS_AT_ONCE), until)
        with in_name_of(row.subject):
            text = await self._shortened("\n\n".join([before.text if before else "", *_lines(turns)]).strip())
        now = self._clock.now_ms()
        if not await self._store.hold(conversation_id):  # erased meanwhile
            return
        with contextlib.suppress(KeyDestroyed):  # whoever talked is being erased
            await self._summaries.keep(SummaryRow(conversation_id, row.bot_id, row.subject, until, text, now))

    async def background(self, conversation_id: str, turns: int) -> list[str]:
        """Give what a generator is shown of a conversation: its summary, and the turns that follow it."""
        if self._generator.extractive or not turns:
            return []
        summary = await self._summaries.summary(conversation_id) if turns > EVERY else None
        done = 0 if summary is None else summary.turns
        later = await self._store.part(conversation_id, max(done, turns - 2 * EVERY), turns)
        return [*([summary.text] if summary is not None and summary.text else []), *_lines(later)]

    async def _shortened(self, text: str) -> str:
        """Sum up by a generator, as far as the text bears its sentences out; else by the text's own."""
        if not text:
            return ""
        if not self._generator.extractive:
            told = await self._language.summarize(text, words=_WORDS, style="abstractive")
            borne_out = " ".join(each.text for each in told.sentences if each.supported)
            if borne_out:
                return borne_out
        return (await self._language.summarize(text, words=_WORDS)).summary


def _lines(turns: Sequence[TurnRow]) -> list[str]:
    """Write turns down: what was asked (Q) and what was answered (A)."""
    said = [
        (sign, " ".join(str(turn.content[name]).split())[:_LINE_MAX])
        for turn in turns
        for sign, name in (("Q", "text"), ("A", "reply"))
    ]
    return [f"{sign}: {text}" for sign, text in said if text]
