"""Parts of a text that are in one language: sentences joined where nothing speaks for a change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

_SURE = 0.8
_LETTERS_LEAST = 12


@dataclass(frozen=True)
class Piece:
    """Characters `start` to `end`, the language they seem to be in, and how sure that is."""

    start: int
    end: int
    language: str
    confidence: float


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Join neighbours of one language; what is short or unsure goes along with what stands before it."""
    parts: list[Piece] = []
    for piece in pieces:
        sure = piece.confidence >= _SURE and piece.end - piece.start >= _LETTERS_LEAST
        if parts and (piece.language == parts[-1].language or not sure):
            parts[-1] = replace(parts[-1], end=piece.end)
        elif parts and len(parts) == 1 and parts[0].confidence < _SURE:
            parts[0] = replace(piece, start=parts[0].start)
        else:
            parts.append(piece)
    return parts
