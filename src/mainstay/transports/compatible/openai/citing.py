"""Marks by which a generator names what it rests upon, taken out of its text as citations."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, cast

from mainstay.transports.compatible.openai.talk import FileCited, Part, Said

ASKED = (
    "Passages were found in files for the question; they stand below as numbered documents. Rest your answer "
    "upon them where they bear on it. After each sentence that rests on one write its number in these "
    "brackets: 【1】. Never write a number of which there is no document."
)
NOTHING = "The files were searched for the question, and nothing was found in them."

_MARK = re.compile(r"\s?【(\d{1,3}(?:\s?[,;、]\s?\d{1,3})*)[^【】\n]{0,24}】")
_HELD_MAX = 48
_PLAIN = re.compile(r"(?<!\w)\[(\d{1,3})\](?![(:])")
"""What generators write that keep to the numbers as the documents show them; it stays where it is."""


@dataclass(frozen=True)
class Passage:
    """A passage that was found in a file, as a citation names it."""

    file_id: str
    name: str
    doc_id: str
    start: int
    end: int


class Marks:
    """Takes pieces of a text in, and gives them without marks."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        """Take the passages in the order of their numbers."""
        self._passages = passages
        self._held = ""
        self._texts: list[str] = []
        self._length = 0
        self._cited: dict[tuple[int, int], FileCited] = {}

    @property
    def text(self) -> str:
        """Give the text so far."""
        return "".join(self._texts)

    @property
    def cited(self) -> Sequence[FileCited]:
        """Give what was cited; where no mark was written, by the numbers that stand in the text."""
        if not self._cited:
            for found in _PLAIN.finditer(self.text):
                self._cite(found[1], found.start())
        return list(self._cited.values())

    def add(self, text: str) -> str:
        """Take a piece; give what may be shown by now: a mark that has begun is held until it ends."""
        self._held += text
        opened = self._held.rfind("【")
        cut = len(self._held)
        if opened >= 0 and "】" not in self._held[opened:] and cut - opened <= _HELD_MAX:
            cut = opened
        if self._held[:cut][-1:].isspace():
            cut -= 1
        return self._passed(cut)

    def rest(self) -> str:
        """Give what is held, when nothing follows."""
        return self._passed(len(self._held))

    def _passed(self, cut: int) -> str:
        taken, self._held = self._held[:cut], self._held[cut:]
        shown, place = "", 0
        for found in _MARK.finditer(taken):
            shown += taken[place : found.start()]
            place = found.end()
            for number in re.findall(r"\d+", found[1]):
                self._cite(number, self._length + len(shown))
        shown += taken[place:]
        self._texts.append(shown)
        self._length += len(shown)
        return shown

    def _cite(self, number: str, index: int) -> None:
        place = int(number) - 1
        if 0 <= place < len(self._passages):
            self._cited.setdefault((index, place), FileCited(index=index, **vars(self._passages[place])))


def cited(said: Said, passages: Sequence[Passage]) -> Said:
    """Give a whole answer with its citations."""
    marks = Marks(passages)
    marks.add(said.text)
    marks.rest()
    return replace(said, text=marks.text, cited=marks.cited)


async def cited_pieces(parts: AsyncIterator[Part], passages: Sequence[Passage]) -> AsyncIterator[Part]:
    """Give an answer's pieces without marks; the whole at its end has the citations."""
    marks = Marks(passages)
    async with aclosing(cast("Any", parts)) as coming:
        async for part in coming:
            whole = part.said is not None
            shown = marks.rest() if whole or part.call else marks.add(part.text)
            if shown:
                yield Part(text=shown)
            if whole:
                yield Part(said=replace(part.said, text=marks.text, cited=marks.cited))
            elif part.call:
                yield part
