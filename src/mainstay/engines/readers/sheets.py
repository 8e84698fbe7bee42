"""A text made ready to be read: its tokens, and the words that they are the parts of."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tokenizers import Encoding, Tokenizer

from mainstay.engines.encoder.model import CHARACTERS_PER_TOKEN_MAX, clean

_DENSE = 200
_USUAL = 640
_FINE = 100
_ADDRESS = re.compile(r"(?<![\w.+%'-])[\w.+%'-]++@[\w.+%'@-]*")
_WORD = re.compile(r"(?<![^\W_])[a-zA-Z]{2,}+(?![^\W_])|[^\W\d_a-zA-Z]")
_ENDS = (". ", "! ", "? ", "\n", "; ", ", ", " ")


@dataclass(frozen=True)
class Sheet:
    """A text's token ids, the special ones at both ends included; its words' first tokens and characters."""

    text: str
    ids: Sequence[int]
    starts: Sequence[int]
    spans: Sequence[tuple[int, int]]

    def __len__(self) -> int:
        """Count the tokens."""
        return len(self.ids)

    @property
    def words(self) -> list[str]:
        """Give the words."""
        return [self.text[start:end] for start, end in self.spans]


class Sheets:
    """Makes sheets; several threads may do so at once."""

    def __init__(self, tokenizer: Tokenizer, tokens_max: int) -> None:
        """Take the encoder's tokenizer, cut off after a number of tokens."""
        self._tokenizer = tokenizer
        self._tokenizer.enable_truncation(max_length=tokens_max)
        self._longest = tokens_max * CHARACTERS_PER_TOKEN_MAX

    def make(self, text: str) -> Sheet:
        """Make a text's beginning ready; words are what the encoder's own rules split it into."""
        text = clean(text[: self._longest])
        return _sheet(text, self._tokenizer.encode(text))

    def make_all(self, text: str, begin: int = 0) -> list[tuple[int, Sheet]]:
        """Make a window ready, whole; each sheet with its place, several where its tokens do not fit in one.

        Prose has four or five characters a token, ids and dates have two: how many there are shows only here.
        """
        encoding = self._tokenizer.encode(clean(text))
        if not encoding.overflowing or len(text) == 1:
            return [(begin, _sheet(clean(text), encoding))]
        middle = _half(text)
        return [*self.make_all(text[:middle], begin), *self.make_all(text[middle:], begin + middle)]


def _sheet(text: str, encoding: Encoding) -> Sheet:
    starts: list[int] = []
    spans: list[tuple[int, int]] = []
    last: int | None = None
    for place, (word, span) in enumerate(zip(encoding.word_ids, encoding.offsets, strict=True)):
        if word is None:
            continue
        if word == last:
            spans[-1] = (spans[-1][0], span[1])
        else:
            starts.append(place)
            spans.append(span)
        last = word
    return Sheet(text, encoding.ids, starts, spans)


def windows(text: str, *, fine: bool = False) -> Iterator[tuple[int, str]]:
    """Cut a text into parts that a model can read whole, where sentences or words end; each with its place.

    `fine` parts are of a sentence or two, so that one among many others is not lost in their mean.

    A script that takes a token for each letter gets shorter parts: they are measured by how much of the text
    is ASCII, since counting tokens here would hold everybody up. `Sheets.make_all` parts what is still too
    long.
    """
    if len(text) <= (_FINE if fine else _DENSE):
        yield 0, text
        return
    ascii_mostly = sum(letter < "\x80" for letter in text[:_USUAL]) > min(len(text), _USUAL) / 2
    size = _FINE if fine else _USUAL if ascii_mostly else _DENSE
    place = 0
    while len(text) - place > size:
        end = place + _cut(text[place : place + size], size // 5 if fine else size // 2)
        yield place, text[place:end]
        place = end
    yield place, text[place:]


def running(text: str) -> bool:
    """Say whether a text has words, and not only numbers, codes and e-mail addresses.

    A letter beyond ASCII is one: scripts without blanks write words and numbers together.
    """
    return _WORD.search(_ADDRESS.sub(" ", text)) is not None


def _cut(part: str, least: int) -> int:
    for mark in _ENDS:
        found = part.rfind(mark, least)
        if found >= 0:
            return found + len(mark)
    return len(part)


def _half(part: str) -> int:
    """Say where to cut a window about in its middle: rows are kept whole, then sentences, then words."""
    least, most = len(part) * 2 // 5, max(1, len(part) * 3 // 5)
    found = part.rfind("\n", least, most)
    return found + 1 if found >= 0 else _cut(part[:most], least)
