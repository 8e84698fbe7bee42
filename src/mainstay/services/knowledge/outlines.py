"""What each sentence of a passage is: one that tells something, a heading, or a row of a table."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_HEADING = re.compile(r"#{1,6}\s")
_ROW = re.compile(r"\|.*\|", re.DOTALL)
_RULE = re.compile(r"\|(?:[ \t]*:?-+:?[ \t]*\|)+")
_STEP = re.compile(r"(\d{1,2})[.)]\s")
_STEP_SENTENCES_MAX = 5
_ADDRESSED = re.compile(r"From: [^\n]*(?:\n(?:To|Cc|Date): [^\n]*)+")
"""The head of an e-mail, as its parser writes it: who wrote when answers nearly everything a little."""
_BAR = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Outline:
    """Which sentences tell nothing by themselves, and what belongs together.

    `headers` has the rows of tables, each with its header; `steps` the first step of each numbered list, with
    the last sentence that stands before the list's end.
    """

    silent: frozenset[int]
    headers: Mapping[int, int]
    steps: Mapping[int, int]


def outline(passage: str, spans: Sequence[tuple[int, int]]) -> Outline:
    """Look through a passage's sentences; headings, headers of tables and e-mails are silent."""
    texts = [passage[start:end] for start, end in spans]
    silent = {
        number for number, text in enumerate(texts) if _HEADING.match(text) or _ADDRESSED.fullmatch(text)
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
    return Outline(frozenset(silent), headers, _steps(texts))


def _steps(texts: Sequence[str]) -> dict[int, int]:
    """Find the lists that count 1, 2, 3; each step may have some sentences."""
    found: dict[int, int] = {}
    first, last, awaited = 0, -_STEP_SENTENCES_MAX, 1
    for number, text in enumerate(texts):
        counted = _STEP.match(text)
        if number - last > _STEP_SENTENCES_MAX or _HEADING.match(text):
            awaited = 1
        if counted is None or int(counted[1]) not in {1, awaited}:
            continue
        if int(counted[1]) == 1:
            first = number
        else:
            found[first] = number
        last, awaited = number, int(counted[1]) + 1
    return found


def told_row(header: str, row: str) -> str:
    """Write a row of a Markdown table as `column: value; …`, without the empty ones."""
    named = zip(_cells(header), _cells(row), strict=False)
    return "; ".join(f"{name}: {value}" if name else value for name, value in named if value)


def _cells(row: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in _BAR.split(row)[1:-1]]
