"""Texts in pieces that a generator can write at once, with what stands between them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mainstay.services.language.summaries import sentences_of

PIECE_MAX = 2_000
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n")


@dataclass(frozen=True)
class Piece:
    """Whole sentences of one paragraph, and the white space that follows them."""

    text: str
    after: str


def pieces_of(text: str) -> list[Piece]:
    """Cut a text between sentences; nothing of it gets lost but white space before its first word."""
    spans = sentences_of(text)
    groups: list[tuple[int, int]] = []
    for start, end in spans:
        fits = bool(groups) and end - groups[-1][0] <= PIECE_MAX
        if fits and not _PARAGRAPH.search(text, groups[-1][1], start):
            groups[-1] = (groups[-1][0], end)
        else:
            groups.append((start, end))
    if not groups:  # white space alone has no words to write anew
        return []
    ends = [start for start, _ in groups[1:]] + [len(text)]
    return [Piece(text[start:end], text[end:after]) for (start, end), after in zip(groups, ends, strict=True)]


def together(pieces: Sequence[Piece], written: Sequence[str]) -> str:
    """Put what was written for each piece in its place."""
    return "".join(text + piece.after for piece, text in zip(pieces, written, strict=True))
