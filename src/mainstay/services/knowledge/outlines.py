"""What each sentence of a passage is: one that tells something, a heading, or a row of a table."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

HEADING = re.compile(r"#{1,6}\s")
_ROW = re.compile(r"\|.*\|", re.DOTALL)
_RULE = re.compile(r"\|(?:[ \t]*:?-+:?[ \t]*\|)+")
_STEP = re.compile(r"(\d{1,2})[.)]\s")
_STEP_SENTENCES_MAX = 5
_ADDRESSED = re.compile(r"From: [^\n]*(?:\n(?:To|Cc|Date): [^\n]*)+")
"""The head of an e-mail, as its parser writes it: who wrote when answers nearly everything a little."""
_WORD = re.compile(r"[^\W_]+")
_BAR = re.compile(r"(?<!\\)\|")
_STANDS_FOR = frozenset({"it", "its", "he", "she", "his", "her", "they", "their", "them"})
_LEANS_ON = _STANDS_FOR | frozenset(
    {"this", "that", "these", "those"}
    | {"such", "there", "here", "also", "however", "therefore", "thus", "hence", "then", "both", "neither"}
)


@dataclass(frozen=True)
class Outline:
    """Which sentences tell nothing by themselves, and what belongs together.

    `headers` has the rows of tables, each with its header; `steps` the first step of each numbered list, with
    the last sentence that stands before the list's end. `leaning` are those that are not understood without
    the sentence before ("However, …"); `going_on`, of these, begin with a word for what that one names ("It
    costs …", "The class costs …").
    """

    silent: frozenset[int]
    headers: Mapping[int, int]
    steps: Mapping[int, int]
    leaning: Sequence[int]
    going_on: Sequence[int]

    def before(self, number: int) -> int | None:
        """Give the sentence that one is not understood without: the one before, or what names its subject."""
        if number not in self.leaning:
            return None
        before = number - 1
        while number in self.going_on and before in self.going_on:
            before -= 1
        return before


def outline(passage: str, spans: Sequence[tuple[int, int]]) -> Outline:
    """Look through a passage's sentences; headings, headers of tables and e-mails are silent."""
    texts = [passage[start:end] for start, end in spans]
    silent = {
        number for number, text in enumerate(texts) if HEADING.match(text) or _ADDRESSED.fullmatch(text)
    }
    headers: dict[int, int] = {}
    header: int | None = None
    for number, text in enumerate(texts):
        if not _ROW.fullmatch(text):
            header = None
        elif _RULE.fullmatch(text):
            if header is None and number and _ROW.fullmatch(texts[number - 1]):
                header = number - 1
                silent.add(header)
            silent.add(number)
        elif header is not None:
            headers[number] = header
    behind = [n for n in range(1, len(texts)) if n - 1 not in silent and n not in silent and n not in headers]
    leaning: list[int] = []
    going_on: list[int] = []
    begun = 0  # where what is gone on about is named
    for number in behind:
        begun = begun if number - 1 in going_on else number - 1
        first = _first_word(texts[number])
        if first in _STANDS_FOR or _names_again(texts[number], texts[begun]):
            going_on.append(number)
        if first in _LEANS_ON or number in going_on:
            leaning.append(number)
    return Outline(
        frozenset(silent),
        headers,
        _steps(texts, [passage[end:start] for (_, end), (start, _) in pairwise(spans)]),
        leaning,
        going_on,
    )


def _names_again(text: str, before: str) -> bool:
    """Tell whether a text begins with `The class`, and the one before has a class."""
    match text.split(maxsplit=2):
        case ["The", name, _]:
            return name in _WORD.findall(before)
    return False


def _first_word(text: str) -> str:
    return next(iter(text.split(maxsplit=1)), "").strip("\"'“‘(,;:").lower()


def _steps(texts: Sequence[str], between: Sequence[str]) -> dict[int, int]:
    """Find the lists that count 1, 2, 3; each step may have some sentences, the last one on its line."""
    found: dict[int, int] = {}
    first, last, awaited = 0, -_STEP_SENTENCES_MAX, 1
    for number, text in enumerate(texts):
        counted = _STEP.match(text)
        if number - last > _STEP_SENTENCES_MAX or HEADING.match(text):
            awaited = 1
        if counted is None or int(counted[1]) not in {1, awaited}:
            continue
        if int(counted[1]) == 1:
            first = number
        else:
            found[first] = number
        last, awaited = number, int(counted[1]) + 1
    return {first: _line_end(last, between) for first, last in found.items()}


def _line_end(number: int, between: Sequence[str]) -> int:
    while number < len(between) and "\n" not in between[number]:
        number += 1
    return number


def told_row(header: str, row: str) -> str:
    """Write a row of a Markdown table as `column: value; …`, without the empty ones."""
    named = zip(_cells(header), _cells(row), strict=False)
    return "; ".join(f"{name}: {value}" if name else value for name, value in named if value)


def _cells(row: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(row)[1:-1]]
