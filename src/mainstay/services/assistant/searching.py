"""Answers from a bot's collections, by the knowledge service and with the asking user's own permissions."""

from collections.abc import AsyncIterator, Sequence

from mainstay.kernel.guard import PermissionMissing
from mainstay.services.knowledge.interface import (
    AnswerPiece,
    CollectionMissing,
    GroundedAnswer,
    Knowledge,
)


class Searching:
    """Asks the knowledge service."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Take the knowledge service."""
        self._knowledge = knowledge

    async def answer(
        self, question: str, collections: Sequence[str], background: Sequence[str] = ()
    ) -> GroundedAnswer | None:
        """Give the surest answer of some collections; None where none of them answers."""
        found: list[GroundedAnswer] = []
        for collection in collections:
            try:
                found.append(await self._knowledge.answer(question, collection, background=list(background)))
            except (
                CollectionMissing,
                PermissionMissing,
            ):  # what is not there, or not for her, answers nothing
                continue
        answered = [answer for answer in found if answer.answered]
        return max(answered, key=lambda answer: answer.confidence, default=None)

    async def stream(
        self, question: str, collections: Sequence[str], background: Sequence[str] = ()
    ) -> AsyncIterator[AnswerPiece]:
        """Give an answer piece by piece, the last with the whole; nothing where there is none.

        The pieces come one late, so that the words of a refusal are never shown.
        """
        if len(collections) != 1:
            answer = await self.answer(question, collections, background)
            if answer is not None:
                yield AnswerPiece(text=answer.answer)
                yield AnswerPiece(result=answer)
            return
        held: AnswerPiece | None = None
        try:
            told = self._knowledge.stream_answer(question, collections[0], background=list(background))
            async for piece in told:
                if piece.result is not None and not piece.result.answered:
                    return
                if held is not None:
                    yield held
                held = piece
        except (CollectionMissing, PermissionMissing):
            return
        if held is not None:
            yield held
