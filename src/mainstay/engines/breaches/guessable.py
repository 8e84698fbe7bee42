"""Passwords that are in no list and guessed all the same: `Mainstay2026!`, `abcabcabcabc`, `qwertz12345`."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

OWN_CHARACTERS_MIN = 6
"""What a password must have beside words, runs, years and repetitions, to be its person's own."""

_PRODUCT = "mainstay"
_WORD_MIN = 4
_WORDS_MAX = 64
_LOOKED_AT_MAX = 256
_RUN_MIN = 4
_LOOKALIKES = str.maketrans("@43!105$7", "aaeiiosst")
_NO_WORD = re.compile(r"[\W_]+")
_YEAR = re.compile(r"(19|20)\d\d")
_REPEATED = re.compile(r"(.{1,3}?)\1{2,}|(.{4,12}?)\2+", re.DOTALL)
_ROWS = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiopü",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
)


def _runs() -> dict[str, list[str]]:
    """Give for the first characters of each run, in both directions, how it may go on."""
    found = defaultdict(list)
    for row in (*_ROWS, *(row[::-1] for row in _ROWS)):
        for start in range(len(row) - _RUN_MIN + 1):
            found[row[start : start + _RUN_MIN]].append(row[start:])
    return dict(found)


_RUNS = _runs()


def spellings(password: str) -> tuple[str, str]:
    """Give a password in small letters, then with letters for the signs that look like them."""
    plain = unicodedata.normalize("NFKC", password[:_LOOKED_AT_MAX]).casefold()
    return plain, plain.translate(_LOOKALIKES)


def guessable(password: str, words: Collection[str]) -> bool:
    """Say whether too little of a password is left without these words and what everybody types."""
    named = sorted({_PRODUCT, *words}, key=len, reverse=True)
    return any(len(_own(spelling, named)) < OWN_CHARACTERS_MIN for spelling in spellings(password))


def words_of(about: Sequence[str]) -> set[str]:
    """Give the words of what is known about a person; shorter ones would be in every password."""
    words = [word for text in about for word in _NO_WORD.split(spellings(text)[0])]
    return set([word for word in words if len(word) >= _WORD_MIN][:_WORDS_MAX])


def once(text: str) -> str:
    """Give a text with each repetition said once."""
    return _REPEATED.sub(lambda found: found[1] or found[2], text)


def _own(text: str, words: Sequence[str]) -> str:
    for word in words:
        text = text.replace(word, "")
    return once(_YEAR.sub("", "".join(_without_runs(text))))


def _without_runs(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        rows = _RUNS.get(text[place : place + _RUN_MIN], ())
        if not rows:
            yield text[place]
        place += max((_common(row, text[place : place + len(row)]) for row in rows), default=1)


def _common(row: str, text: str) -> int:
    """Count the first characters that are the same."""
    unlike = (place for place, (one, other) in enumerate(zip(row, text, strict=False)) if one != other)
    return next(unlike, min(len(row), len(text)))
