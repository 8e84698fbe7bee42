"""Reads annotated text for training: labelled lines, names in brackets, and columns as in CoNLL-2003."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

KINDS = {"PER": "person", "ORG": "organisation", "LOC": "place", "PROD": "product", "MISC": "other"}
"""The short names of kinds in annotated text, and what mentions are called by."""

_NAME = re.compile(r"\[([A-Z]{2,8}) ([^\[\]]+)\]")


@dataclass(frozen=True)
class Named:
    """A text and its names: kind, first character, and the one after the last."""

    text: str
    names: Sequence[tuple[str, int, int]]


def read_labelled(paths: Iterable[Path]) -> tuple[list[str], list[str]]:
    """Read lines of a label, a tab and a text; raises ValueError naming the line that is none."""
    texts, labels = list[str](), list[str]()
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
            label, tab, text = line.partition("\t")
            if not line:
                continue
            if not tab or not text.strip() or not label.strip():
                raise ValueError(f"{path}:{number} has no label, tab and text")
            texts.append(text.strip())
            labels.append(label.strip())
    return texts, labels


def read_named(paths: Iterable[Path]) -> list[Named]:
    """Read texts with names, in brackets or in columns: whichever a file holds."""
    found: list[Named] = []
    for path in paths:
        text = path.read_text(encoding="utf-8")
        columns = any(line.endswith((" O", "\tO")) for line in text[:2_000].split("\n"))
        found += _columns(text) if columns else [bracketed(line) for line in text.split("\n") if line.strip()]
    return found


def bracketed(line: str) -> Named:
    """Take the brackets out of a line such as `[PER Ada Lovelace] wrote to [LOC Turin].`."""
    text, names, place = "", list[tuple[str, int, int]](), 0
    for match in _NAME.finditer(line):
        text += line[place : match.start()]
        names.append((KINDS.get(match[1], match[1].lower()), len(text), len(text) + len(match[2])))
        text += match[2]
        place = match.end()
    return Named(text + line[place:], names)


def _columns(text: str) -> list[Named]:
    found, words = list[Named](), list[tuple[str, str]]()
    for line in [*text.split("\n"), ""]:
        parts = line.split()
        if parts and parts[0] != "-DOCSTART-":
            words.append((parts[0], parts[-1]))
        elif words:
            found.append(_joined(words))
            words = []
    return found


def _joined(words: Sequence[tuple[str, str]]) -> Named:
    """Join words with blanks; a name goes on while its kind does and no `B-` begins another."""
    text, names = "", list[tuple[str, int, int]]()
    last = "O"
    for word, label in words:
        text += " " if text else ""
        start, kind = len(text), KINDS.get(label[2:], label[2:].lower())
        text += word
        if label != "O":
            if label[0] == "I" and last != "O" and names[-1][0] == kind:
                names[-1] = (kind, names[-1][1], len(text))
            else:
                names.append((kind, start, len(text)))
        last = label
    return Named(text, names)
