"""How a document's text is cut into passages that follow its structure and fit the encoder."""

import itertools
import math
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from mainstay.kit.sentences import sentences
from mainstay.services.knowledge.blocks import Block, blocks

_Span = tuple[int, int]

_CHARACTERS_PER_TOKEN_MAX = 20  # a tokenizer may call 1 MB without a space one unknown token
_TITLE_CHARACTERS_MAX = 200
_CLUSTER_CHARACTERS_MAX = 64
_GUESS_MARGIN = 0.95
_WORD = re.compile(r"\S+")
_LINE = re.compile(r"[^\r\n]*\S[^\r\n]*")
_ITEM = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,9}[.)])[ \t]+(?=\S)", re.MULTILINE)
_JOINERS = frozenset("\u200d\u200c\u034f")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage, text[start:end], in characters.

    `headings` is the path of headings it stands under. `header` is the span of the rows to be shown above a
    part of a table that does not hold them itself.
    """

    start: int
    end: int
    headings: tuple[str, ...]
    kind: Literal["text", "table", "code"]
    header: tuple[int, int] | None = None


def chunk(text: str, count_tokens: Callable[[str], int], *, tokens_max: int = 200) -> list[Chunk]:
    """Cut a Markdown or plain text into passages of at most `tokens_max` tokens.

    Every character that is not white space is in exactly one passage. A heading starts a new passage and
    stays with what follows; tables and code stay whole when they fit; a paragraph is cut between sentences
    only when it is too long, a sentence between words, a word between graphemes (UAX 29).
    """
    if tokens_max < 1:
        raise ValueError("tokens_max must be at least 1.")
    if len(text) <= tokens_max and len(text.encode("utf-8", "surrogatepass")) <= tokens_max:
        count_tokens = len  # no tokenizer makes more tokens than there are bytes: it fits as it is
    packer = _Packer(_Cutter(text, count_tokens, tokens_max))
    for block in blocks(text):
        packer.put(block)
    return packer.done()


class _Cutter:
    """Measures spans of the text and cuts those that are too long."""

    def __init__(self, text: str, count_tokens: Callable[[str], int], tokens_max: int) -> None:
        self.text = text
        self.tokens_max = tokens_max
        self._count_tokens = count_tokens
        self._characters_max = tokens_max * _CHARACTERS_PER_TOKEN_MAX

    def cost(self, span: _Span) -> float:
        """Give the tokens of a span; infinity, without counting, when it is far too long."""
        start, end = span
        if end - start > self._characters_max:
            return math.inf
        counted = self._count_tokens(self.text[start:end])
        return max(counted, (end - start) / _CHARACTERS_PER_TOKEN_MAX)

    def parts(self, block: Block, budget: float) -> Iterator[tuple[_Span, float]]:
        """Cut a block at its items and sentences, its lines or its rows, each within the budget."""
        start, end = block.start, block.end
        spans = self._items(start, end) if block.kind == "text" else self._lines(start, end)
        for span in spans:
            cost = self.cost(span)
            if cost <= budget:
                yield span, cost
            elif block.kind == "text":
                yield from self._sentences(span, budget)
            else:
                yield from self._words(span, budget)

    def _items(self, start: int, end: int) -> list[_Span]:
        begins = [start, *(item.start() for item in _ITEM.finditer(self.text, start + 1, end)), end]
        return [self.trim(*pair) for pair in itertools.pairwise(begins) if pair[0] < pair[1]]

    def _lines(self, start: int, end: int) -> list[_Span]:
        return [self.trim(*line.span()) for line in _LINE.finditer(self.text, start, end)]

    def _sentences(self, span: _Span, budget: float) -> Iterator[tuple[_Span, float]]:
        for start, end in sentences(self.text[span[0] : span[1]]):
            sentence = (span[0] + start, span[0] + end)
            cost = self.cost(sentence)
            if cost <= budget:
                yield sentence, cost
            else:
                yield from self._words(sentence, budget)

    def _words(self, span: _Span, budget: float) -> Iterator[tuple[_Span, float]]:
        words = [word.span() for word in _WORD.finditer(self.text, *span)]
        at, guess = 0, max(1, int(budget))
        while at < len(words):
            many = min(guess, len(words) - at)
            piece = (words[at][0], words[at + many - 1][1])
            cost = self.cost(piece)
            while cost > budget and many > 1:
                many = _fewer(many, budget / cost)
                piece = (words[at][0], words[at + many - 1][1])
                cost = self.cost(piece)
            guess = many + many // 4 + 1
            if cost <= budget:
                yield piece, cost
            else:
                yield from self._clusters(piece, budget)
            at += many

    def _clusters(self, span: _Span, budget: float) -> Iterator[tuple[_Span, float]]:
        at, end = span
        guess = self._characters_max
        while at < end:
            stop = self._boundary(at, min(at + guess, end), end)
            cost = self.cost((at, stop))
            while cost > budget and stop - at > 1:
                smaller = self._boundary(at, at + _fewer(stop - at, budget / cost), end)
                if smaller >= stop:
                    break  # one cluster, which is never cut
                stop, cost = smaller, self.cost((at, smaller))
            guess = max(1, (stop - at) * 5 // 4)
            yield (at, stop), min(cost, budget)
            at = stop

    def _boundary(self, start: int, wanted: int, end: int) -> int:
        """Give the nearest end of a grapheme cluster, at or before `wanted` when there is one."""
        stop = wanted
        while start < stop < end and self._joined(start, stop) and wanted - stop < _CLUSTER_CHARACTERS_MAX:
            stop -= 1
        if stop > start and (stop == end or not self._joined(start, stop)):
            return stop
        stop = max(wanted, start + 1)
        while stop < end and self._joined(start, stop) and stop - start < _CLUSTER_CHARACTERS_MAX:
            stop += 1
        return stop

    def _joined(self, start: int, at: int) -> bool:
        before, after = self.text[at - 1], self.text[at]
        if before.isascii() and after.isascii():
            return False
        if after in _JOINERS or before == "\u200d" or unicodedata.category(after)[0] == "M":
            return True
        if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
            return True  # skin tones and tags
        if _flag(before) and _flag(after):
            run = at
            while run > start and _flag(self.text[run - 1]):
                run -= 1
            return (at - run) % 2 == 1
        jamo = "\u1160" <= after <= "\u11ff" and "\u1100" <= before <= "\ud7a3"
        return jamo or ("\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff")

    def trim(self, start: int, end: int) -> _Span:
        """Give the span without white space at its ends."""
        piece = self.text[start:end]
        left = len(piece) - len(piece.lstrip())
        return start + left, start + left + len(piece.strip())


def _fewer(many: int, ratio: float) -> int:
    return max(1, min(many - 1, int(many * max(ratio * _GUESS_MARGIN, 0.1))))


def _flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


class _Packer:
    """Gathers blocks and parts of blocks into passages within the budget."""

    def __init__(self, cutter: _Cutter) -> None:
        self._cutter = cutter
        self._budget = cutter.tokens_max
        self._chunks: list[Chunk] = []
        self._path: list[tuple[int, str]] = []
        self._span: _Span = (0, 0)
        self._cost = 0.0
        self._kinds: set[Literal["heading", "text", "table", "code"]] = set()

    def put(self, block: Block) -> None:
        """Add the next block."""
        if block.kind == "heading":
            if self._kinds - {"heading"}:
                self._close()
            title = block.title[:_TITLE_CHARACTERS_MAX]
            self._path = [above for above in self._path if above[0] < block.level] + [(block.level, title)]
        span = (block.start, block.end)
        cost = self._cutter.cost(span)
        orphan = self._kinds == {"heading"} and block.kind == "text" and self._cost + cost > self._budget
        if cost <= self._budget and not orphan:
            self._add(span, cost, block.kind)
        elif block.kind == "table":
            self._put_rows(block)
        else:
            self._put_parts(block)

    def done(self) -> list[Chunk]:
        """Give all passages."""
        self._close()
        return self._chunks

    def _put_parts(self, block: Block) -> None:
        """Cut a block into pieces of about the same size; the last stays open for what follows."""
        as_text = Block(block.start, block.end, "text") if block.kind == "heading" else block
        room = self._budget - self._cost  # the first part shares its passage with the headings above it
        if self._kinds != {"heading"} or room < self._budget / 2:
            room = self._budget
        parts = list(self._cutter.parts(as_text, room))
        total = self._cost + sum(cost for _, cost in parts)
        target = total / math.ceil(total / self._budget)
        for span, cost in parts:
            if self._kinds - {"heading"} and self._cost + cost / 2 > target:
                self._close()
            self._add(span, cost, block.kind)

    def _put_rows(self, block: Block) -> None:
        """Cut a table between rows, each part with room for the header rows."""
        if self._kinds - {"heading"}:
            self._close()
        header = (block.start, block.header_end)
        header_cost = self._cutter.cost(header)
        room = self._budget - header_cost
        carried = header if room >= self._budget / 2 else None
        if carried is None:
            room = self._budget
        else:
            self._add(header, header_cost, "table")
        rows = Block(block.header_end if carried else block.start, block.end, "table")
        first = carried is not None
        for span, cost in self._cutter.parts(rows, room):
            over = self._cost + cost > (self._budget if first else room)
            if over:
                self._close(None if first else carried)
                first = False
            self._add(span, cost, "table")
        self._close(None if first else carried)

    def _add(self, span: _Span, cost: float, kind: Literal["heading", "text", "table", "code"]) -> None:
        if self._kinds and self._cost + cost > self._budget:
            self._close()
        self._span = (self._span[0] if self._kinds else span[0], span[1])
        self._cost += cost
        self._kinds.add(kind)

    def _close(self, header: _Span | None = None) -> None:
        if self._kinds:
            content = self._kinds - {"heading"}
            kind: Literal["text", "table", "code"] = "text"
            if content == {"table"}:
                kind = "table"
            elif content == {"code"}:
                kind = "code"
            headings = tuple(title for _, title in self._path if title)
            self._chunks.append(Chunk(*self._cutter.trim(*self._span), headings, kind, header))
        self._cost, self._kinds = 0.0, set()
