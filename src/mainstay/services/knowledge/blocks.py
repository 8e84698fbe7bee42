"""The blocks of a Markdown text: headings, paragraphs, lists, tables and code, with their offsets."""

import re
from dataclasses import dataclass
from typing import Literal

_LINE = re.compile(r"[^\r\n]+")
_BREAK = re.compile(r"\r\n?|\n")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A block at text[start:end]; `level` and `title` of a heading, `header_end` of a table."""

    start: int
    end: int
    kind: Literal["heading", "text", "table", "code"]
    level: int = 0
    title: str = ""
    header_end: int = 0


def blocks(text: str) -> list[Block]:
    """Give the blocks in order; all between them is white space (CommonMark's blocks, GFM's tables)."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [
            line.span() for line in _LINE.finditer(text) if not line.group().isspace()
        ]  # only those that are not blank
        self._at = 0
        self._blocks: list[Block] = []

    def read(self) -> list[Block]:
        while self._at < len(self._lines):
            line = self._line(self._at)
            if not (self._code(line) or self._heading(line) or self._table()):
                self._paragraph()
        return self._blocks

    def _line(self, number: int) -> str:
        start, end = self._lines[number]
        return self._text[start:end]

    def _follows(self, number: int) -> bool:
        """Tell whether a line stands directly under the one before, with no blank line between."""
        if number >= len(self._lines):
            return False
        gap = (self._lines[number - 1][1], self._lines[number][0])
        return gap[1] - gap[0] == 1 or len(_BREAK.findall(self._text, *gap)) == 1

    def _put(
        self, lines: int, kind: Literal["heading", "text", "table", "code"], level: int = 0, title: str = ""
    ) -> None:
        first = self._at
        self._at += lines
        header_end = self._lines[first + 1][1] if kind == "table" else 0
        start, end = self._lines[first][0], self._lines[self._at - 1][1]
        self._blocks.append(Block(start, end, kind, level, title.strip(), header_end))

    def _code(self, line: str) -> bool:
        fence = _FENCE.match(line)
        if fence is None:
            return False
        mark = fence.group(1)
        last = self._at + 1
        while last < len(self._lines):
            closing = self._line(last).strip()
            last += 1
            if len(closing) >= len(mark) and not closing.strip(mark[0]):
                break
        self._put(last - self._at, "code")
        return True

    def _heading(self, line: str) -> bool:
        heading = _HEADING.match(line)
        if heading is None:
            return False
        self._put(1, "heading", len(heading.group(1)), heading.group(2) or "")
        return True

    def _table(self, number: int | None = None) -> bool:
        first = self._at if number is None else number
        if not self._follows(first + 1) or "|" not in self._line(first):
            return False
        rule = self._line(first + 1)
        if "|" not in rule or not _RULE.match(rule):
            return False
        if number is None:
            last = first + 2
            while self._follows(last) and "|" in self._line(last):
                last += 1
            self._put(last - first, "table")
        return True

    def _paragraph(self) -> None:
        last = self._at + 1
        while self._follows(last):
            line = self._line(last)
            underline = _UNDERLINE.match(line)
            if underline and last == self._at + 1:
                self._put(2, "heading", 1 if underline.group(1)[0] == "=" else 2, self._line(self._at))
                return
            if _FENCE.match(line) or _HEADING.match(line) or self._table(last):
                break
            last += 1
        self._put(last - self._at, "text")
