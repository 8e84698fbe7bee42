"""Numbers as people write them: with points, commas, blanks or apostrophes within, and what they come to.

Most say by their form which mark parts thousands and which begins the decimals: `1.500,00`, `1,500.00`,
`1 500`, `1'500`, `12,5`, `1.234.567`. Only one mark before just three digits, `1.500`, may be either: what
it comes to depends on who writes, and where that is not known it comes to nothing rather than to a thousand
times too much or too little.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Literal

Mark = Literal[".", ","]
"""What begins the decimals."""

_BLANKS = " \u00a0\u2009\u202f"
_APOSTROPHES = "'’"
WRITTEN = (
    rf"(?:[1-9]\d{{0,2}}(?:(?:[{_BLANKS}]\d{{3}}){{1,5}}|(?:[{_APOSTROPHES}]\d{{3}}){{1,5}})(?!\d)"
    r"(?:[.,]\d{1,9})?|\d{1,15}(?:[.,]\d{1,9}){0,6})"
)
"""Matches what looks like a number, to where its digits end."""

NUMBER = (
    rf"(?!(?<=\d[{_BLANKS}])\d{{3}}(?!\d)){WRITTEN}"
    rf"(?!\d|[.,{_APOSTROPHES}]\d|[{_BLANKS}]\d{{3}}(?!\d))"
)
"""Matches a number that is not a part of a longer one; what stands before it, `START` looks at."""

START = rf"(?:(?<![^\s(:=])[+\-−]|(?<![\w.,+\-−–])(?<!\d[{_APOSTROPHES}]))"
"""Matches a number's sign, or the place before one without; no hyphen within words, dates and ranges."""

_PARTING = re.compile(f"[{_BLANKS}{_APOSTROPHES}]")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:([.,])\d{3})(?:\1\d{3})*|[1-9]\d?(?:,\d{2})+,\d{3}")
_WITH_POINT = {"en", "ja", "ko", "zh", "th", "he", "hi"}
_WITH_COMMA = {
    *("bg", "ca", "cs", "da", "de", "el", "et", "fi", "fr", "gl", "hr", "hu", "id", "is", "it", "lt"),
    *("lv", "nb", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr", "uk", "vi"),
}


NAMED: Mapping[str, int] = {
    name: number
    for number, names in enumerate(
        [
            "one|eins|uno",
            "two|zwei|deux|dos",
            "three|drei|trois|tres",
            "four|vier|quatre|cuatro",
            "five|fünf|cinq|cinco",
            "six|sechs|seis",
            "seven|sieben|siete",
            "eight|acht|huit|ocho",
            "nine|neun|neuf|nueve",
            "ten|zehn|dix|diez",
            "eleven|elf|onze",
            "twelve|zwölf|douze|doce",
        ],
        start=1,
    )
    for name in names.split("|")
}
"""Numbers by their names in English, German, French and Spanish; no articles, and nothing ambiguous."""


def mark_of(languages: Collection[str]) -> Mark | None:
    """Give what begins the decimals in all of these languages (ISO 639-1); None: that is not known.

    Of Spanish it is not: its countries differ.
    """
    if languages and _WITH_POINT.issuperset(languages):
        return "."
    return "," if languages and _WITH_COMMA.issuperset(languages) else None


def thousands(written: str) -> Mark | None:
    """Give the mark of a number such as `1.500`, in which it may part thousands or begin the decimals."""
    marks = [sign for sign in written if sign in ".,"]
    alone = len(marks) == 1 and _THOUSANDS.fullmatch(written.lstrip("+-−")) is not None
    return ("." if marks[0] == "." else ",") if alone else None


def plain(written: str, mark: Mark | None = None) -> str | None:
    """Give what `NUMBER` has matched, with its sign if it has one, in digits with a point: `-1500.5`.

    `mark` decides where the form does not. None: it is no number, or nothing decides.
    """
    digits = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in written)
    text = _PARTING.sub("", digits.lstrip("+-−"))
    marks = [sign for sign in text if sign in ".,"]
    whole, part = text, ""
    if thousands(digits):
        if mark is None:
            return None
        whole, part = text.split(mark) if mark in text else (text, "")
    elif marks and marks.count(marks[-1]) == 1:
        whole, _, part = text.rpartition(marks[-1])
    if not (whole.isdecimal() or _THOUSANDS.fullmatch(whole)):
        return None
    part, number = part.rstrip("0"), str(int(re.sub("[.,]", "", whole)))
    number = f"{number}.{part}" if part else number
    return f"-{number}" if written[0] in "-−" and number != "0" else number
