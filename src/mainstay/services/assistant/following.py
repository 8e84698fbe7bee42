"""Following a conversation: what is said in it, as it is said; rows are the truth, notes are hints."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mainstay.kernel.closing import Closing
from mainstay.kernel.work import caller, note_target, renew_caller
from mainstay.kit.clock import Clock
from mainstay.ports.bus import Bus
from mainstay.ports.database import Scalar
from mainstay.services.assistant.conversation_store import ConversationStore, TurnRow, topic_of
from mainstay.services.assistant.conversations import Conversations, turn_of
from mainstay.services.assistant.failures import FollowedTooMany, TurnMissing
from mainstay.services.assistant.limits import FOLLOWED_MAX
from mainstay.services.assistant.records import ConversationNews, Turn

_LOOK_AGAIN_S = 1.0  # a note can be lost between processes, so look without one too
_BEAT_S = 20.0
_RETRY_S = 10.0


@dataclass
class _Heard:
    """What somebody who follows has been told: the newest turn as it was, where it stood, and when."""

    number: int = 0
    turn: dict[str, object] = field(default_factory=dict)
    mark: tuple[Scalar, ...] | None = None
    stood: tuple[str, str] = ("", "")
    told_s: float = 0


class Following:
    """Lets people follow conversations."""

    def __init__(
        self,
        store: ConversationStore,
        conversations: Conversations,
        bus: Bus,
        closing: Closing,
        clock: Clock,
    ) -> None:
        """Take the parts; nobody follows yet."""
        self._store = store
        self._conversations = conversations
        self._bus = bus
        self._closing = closing
        self._clock = clock
        self._followed: Counter[tuple[str, str]] = Counter()

    async def follow(
        self, conversation_id: str, after: str | None, for_s: float
    ) -> AsyncIterator[ConversationNews]:
        """Give what is new in a conversation, as long as it is open and the caller may see it."""
        note_target(conversation_id)
        until_s = self._clock.monotonic_s() + for_s
        with self.counted():
            await self._conversations.seen(conversation_id)
            heard = await self._from(conversation_id, after)
            async with self._bus.subscribe(topic_of(conversation_id)) as notes:
                while True:
                    for news in await self._news(conversation_id, heard):
                        yield news
                    left_s = until_s - self._clock.monotonic_s()
                    if left_s <= 0 or self._closing.begun or heard.stood[0] == "closed":
                        return
                    await self._closing.next_note(notes, min(left_s, _LOOK_AGAIN_S))

    async def _from(self, conversation_id: str, after: str | None) -> _Heard:
        """Begin behind a turn; raises TurnMissing."""
        if after is None:
            return _Heard()
        turn = await self._store.turn(after)
        if turn is None or turn.conversation_id != conversation_id:
            raise TurnMissing("Leave `after` out to hear the conversation from its beginning.")
        newer = await self._store.turns_from(conversation_id, turn.number + 1)
        return _Heard(turn.number, turn.content if newer else {})

    async def _news(self, conversation_id: str, heard: _Heard) -> list[ConversationNews]:
        """Give what was not told yet; raises ConversationMissing when the conversation is gone, or hidden."""
        mark, now_s = await self._store.mark(conversation_id), self._clock.monotonic_s()
        due = now_s - heard.told_s >= _BEAT_S
        if mark == heard.mark and mark is not None and not due:
            return []
        await renew_caller()
        row = await self._conversations.seen(conversation_id)
        turns = await self._new_turns(conversation_id, heard)
        stood, heard.stood, heard.mark = heard.stood, (row.state, row.agent), mark
        if not (turns or due or heard.stood != stood):
            return []
        heard.told_s = now_s
        if turns:
            heard.number, heard.turn = turns[-1].number, turns[-1].content
        told: list[Turn | None] = [turn_of(turn) for turn in turns]
        return [
            ConversationNews(
                conversation_id=conversation_id, state=row.state, agent=row.agent or None, turn=turn
            )
            for turn in told or [None]
        ]

    async def _new_turns(self, conversation_id: str, heard: _Heard) -> list[TurnRow]:
        """Give the turns after the newest that was told, and that one when it reads otherwise now."""
        found = await self._store.turns_from(conversation_id, heard.number)
        return [each for each in found if each.number > heard.number or each.content != heard.turn]

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count who follows; raises FollowedTooMany."""
        me = caller().tenant_id, caller().subject
        if self._followed[me] >= FOLLOWED_MAX:
            raise FollowedTooMany(
                f"{FOLLOWED_MAX} can be followed at once: end one of them.", retry_after_s=_RETRY_S
            )
        self._followed[me] += 1
        try:
            yield
        finally:
            self._followed[me] -= 1
            if not self._followed[me]:
                del self._followed[me]
