"""An answer as it comes: its text made harmless where it has to be, its calls, how it ended."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mainstay.kit.piecewise import Piecewise
from mainstay.ports.chat import CallPiece, Ended, Piece, Reason, Words
from mainstay.services.generation.records import CallPart, CallWanted, CompletionPiece
from mainstay.services.generation.screening import Screen
from mainstay.services.generation.veiling import Unveiling
from mainstay.services.generation.wanted import Wanted

_CHARACTERS_A_TOKEN = 4
_CHARACTERS_A_TOKEN_MAX = 16
"""No text has longer tokens on the average: an answer that is longer than so many was not kept short."""

ANSWER_CHARACTERS_MAX = 1_000_000
CUT_OFF = Ended("length")
"""How an answer ends whose server does not keep to the limit that it was given."""


@dataclass
class _Call:
    index: int
    call_id: str
    name: str
    unveiling: Unveiling
    arguments: list[str] = field(default_factory=list)


class Said:
    """Takes pieces in, and gives those that may be shown."""

    def __init__(self, wanted: Wanted, spare_id: str, veiled: Mapping[str, str]) -> None:
        """Take what is wanted, and what marks in the answer stand for.

        `spare_id` names calls to which a server gives no id.
        """
        self._veiled = veiled
        self._unveiling = Unveiling(veiled, in_json=wanted.format is not None)
        self._offered = wanted.offered
        self._spare_id = spare_id
        screened = wanted.tainted and wanted.format is None
        self._screen = Piecewise(Screen(wanted.trusted).harmless) if screened else None
        self._asked = wanted.characters
        allowed = (wanted.tokens_max or ANSWER_CHARACTERS_MAX) * _CHARACTERS_A_TOKEN_MAX
        self._room = min(allowed, ANSWER_CHARACTERS_MAX)
        self._texts: list[str] = []
        self._calls: dict[int, _Call | None] = {}
        self.refused: list[str] = []
        self.ended: Ended | None = None

    @property
    def text(self) -> str:
        """Give the text so far."""
        return "".join(self._texts)

    @property
    def calls(self) -> list[CallWanted]:
        """Give the calls so far."""
        return [
            CallWanted(call_id=call.call_id, name=call.name, arguments="".join(call.arguments))
            for call in self._calls.values()
            if call is not None
        ]

    @property
    def reason(self) -> Reason:
        """Say how it ended; without a call that was offered it did not end with calls."""
        told: Reason = "stop" if self.ended is None else self.ended.reason
        if self.calls:
            return "tool_calls" if told == "stop" else told
        return "stop" if told == "tool_calls" else told

    @property
    def begun(self) -> bool:
        """Say whether anything has been shown."""
        return bool(self._texts or self.calls)

    def tokens(self) -> tuple[int, int, bool]:
        """Give the tokens in and out, and whether they had to be estimated."""
        ended = self.ended
        if ended is not None and ended.tokens_in is not None and ended.tokens_out is not None:
            return ended.tokens_in, ended.tokens_out, False
        out = len(self.text) + sum(len(call.arguments) + len(call.name) for call in self.calls)
        return _estimated(self._asked), _estimated(out), True

    def fitting(self, piece: Piece) -> Piece:
        """Give a piece, or as much of it as still fits: then the answer is to be cut off."""
        if isinstance(piece, Ended):
            return piece
        size = len(piece.text) if isinstance(piece, Words) else len(piece.arguments)
        room, self._room = self._room, self._room - size
        if size <= room:
            return piece
        if isinstance(piece, Words):
            return Words(piece.text[:room])
        return CallPiece(piece.index, piece.call_id, piece.name, piece.arguments[:room])

    def take(self, piece: Piece) -> Iterator[CompletionPiece]:
        """Take a piece."""
        if isinstance(piece, Ended):
            self.ended = piece
            yield from self._words(self._unveiling.rest())
            yield from self._shown("" if self._screen is None else self._screen.rest())
            for call in self._calls.values():
                if call is not None:
                    yield from self._argued(call, call.unveiling.rest())
        elif isinstance(piece, Words):
            yield from self._words(self._unveiling.add(piece.text))
        else:
            yield from self._call(piece)

    def _words(self, text: str) -> Iterator[CompletionPiece]:
        if text:
            yield from self._shown(text if self._screen is None else self._screen.add(text))

    def _argued(self, call: _Call, arguments: str) -> Iterator[CompletionPiece]:
        if arguments:
            call.arguments.append(arguments)
            yield CompletionPiece(call=CallPart(index=call.index, arguments=arguments))

    def _shown(self, text: str) -> Iterator[CompletionPiece]:
        if text:
            self._texts.append(text)
            yield CompletionPiece(text=text)

    def _call(self, piece: CallPiece) -> Iterator[CompletionPiece]:
        """Take a piece of a call; those of a tool that was not offered go nowhere."""
        if piece.index not in self._calls:
            if piece.name not in self._offered:
                self.refused.append(piece.name[:64])
                self._calls[piece.index] = None
                return
            known = len([call for call in self._calls.values() if call is not None])
            call_id = piece.call_id or f"{self._spare_id}_{known}"
            unveiling = Unveiling(self._veiled, in_json=True)
            self._calls[piece.index] = _Call(known, call_id, piece.name, unveiling)
            yield CompletionPiece(call=CallPart(index=known, call_id=call_id, name=piece.name))
        found = self._calls[piece.index]
        if found is not None:
            yield from self._argued(found, found.unveiling.add(piece.arguments))


def _estimated(characters: int) -> int:
    return -(-characters // _CHARACTERS_A_TOKEN)
