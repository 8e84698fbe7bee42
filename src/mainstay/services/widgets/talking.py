"""What visitors do: they talk with the bot of their widget, in conversations of their own."""

from collections.abc import AsyncIterator, Sequence

from mainstay.kernel.lending import Loan
from mainstay.kernel.profiles import Profiles
from mainstay.kernel.work import caller, note_target
from mainstay.services.assistant.interface import Assistant, Turn
from mainstay.services.knowledge.interface import Citation
from mainstay.services.widgets.failures import WidgetMissing
from mainstay.services.widgets.making import Making
from mainstay.services.widgets.records import Note, Said, SaidPiece, Thanks, VisitNews, VisitStands

_TALKED = Loan(
    permissions=frozenset({"assistants:use", "conversations:read", "documents:read"}),
    only=frozenset(
        {
            *("assistant.stream_turn", "assistant.follow_conversation", "assistant.rate_turn"),
            *("assistant.call_person", "assistant.end_conversation"),
            *("knowledge.answer", "knowledge.stream_answer", "generation.stream_complete"),
        }
    ),
)
"""What the house lends visitors, so that a bot can answer them: to be asked by the bot alone.

A generator writes for them where knowledge asks it to, with the permission that knowledge brings along.
"""


class Talking:
    """Lets visitors talk with bots."""

    def __init__(self, assistant: Assistant, making: Making, profiles: Profiles) -> None:
        """Take the parts."""
        self._assistant = assistant
        self._making = making
        self._profiles = profiles

    async def say(
        self, widget_id: str, text: str, conversation_id: str | None, key: str | None
    ) -> AsyncIterator[SaidPiece]:
        """Give what the bot says, piece by piece."""
        bot_id = await self._bot(widget_id)
        pieces = self._assistant.stream_turn(bot_id, text, conversation_id, key)
        async for piece in _TALKED.pieces(pieces):
            turn = piece.result
            yield SaidPiece(
                conversation_id=piece.conversation_id,
                turn_id=piece.turn_id,
                text=piece.text,
                result=None if turn is None else told(turn),
                state=None if turn is None else turn.state,
            )

    async def follow(
        self, widget_id: str, conversation_id: str, after: str | None, for_s: float
    ) -> AsyncIterator[VisitNews]:
        """Give what is new in a visitor's conversation."""
        await self._bot(widget_id)
        note_target(conversation_id)
        names: dict[str, str] = {"": ""}
        pieces = self._assistant.follow_conversation(conversation_id, after, for_s)
        async for news in _TALKED.pieces(pieces):
            agent = news.agent or ""
            if agent not in names:
                names[agent] = (await self._profiles.of(caller().tenant_id, agent)).name or ""
            yield VisitNews(
                conversation_id=conversation_id,
                state=news.state,
                agent=names[agent],
                turn=None if news.turn is None else told(news.turn),
            )

    async def rate(self, widget_id: str, turn_id: str, comment: str, *, helpful: bool) -> Thanks:
        """Store whether an answer helped."""
        bot_id = await self._bot(widget_id)
        with _TALKED.lent():
            await self._assistant.rate_turn(bot_id, turn_id, helpful=helpful, comment=comment)
        note_target(turn_id)
        return Thanks(turn_id=turn_id, helpful=helpful)

    async def ask_for_person(self, widget_id: str, conversation_id: str) -> VisitStands:
        """Call a person."""
        await self._bot(widget_id)
        with _TALKED.lent():
            stands = await self._assistant.call_person(conversation_id)
        note_target(conversation_id)
        return VisitStands(conversation_id=conversation_id, state=stands.state)

    async def end(self, widget_id: str, conversation_id: str) -> VisitStands:
        """End a conversation."""
        await self._bot(widget_id)
        with _TALKED.lent():
            stands = await self._assistant.end_conversation(conversation_id)
        note_target(conversation_id)
        return VisitStands(conversation_id=conversation_id, state=stands.state)

    async def _bot(self, widget_id: str) -> str:
        """Give the bot of the widget by which the caller came; whoever has an account may come by any."""
        if caller().guest_of not in {"", widget_id}:
            raise WidgetMissing("A visitor talks by the widget that let her in.")
        return (await self._making.existing(widget_id)).bot_id


def told(turn: Turn) -> Said:
    """Tell of a turn what is for visitors: what a bot thought by itself is not."""
    listed = "".join(f"\n{number}. {title}" for number, title in enumerate(turn.choices, 1))
    return Said(
        turn_id=turn.turn_id,
        number=turn.number,
        text=turn.text,
        reply=turn.reply.removesuffix(listed),
        options=turn.choices,
        notes=_notes(turn.citations),
        by=turn.by,
        kind=turn.kind,
        answered=turn.answered,
        created_ms=turn.created_ms,
    )


def _notes(citations: Sequence[Citation]) -> list[Note]:
    """Give the documents numbers; the passages of one share its number."""
    numbers: dict[str, int] = {}
    found = []
    for each in citations:
        number = numbers.setdefault(each.doc_id, len(numbers) + 1)
        found.append(Note(number=number, title=each.title, text=each.text, sentence=each.sentence))
    return found
