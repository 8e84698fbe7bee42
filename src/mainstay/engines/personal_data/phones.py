"""Finds telephone numbers: digits in groups, of which as many are taken as a numbering plan knows."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import phonenumbers

from mainstay.kit.windows import matches

# All that follows is looked at without being taken: another number may begin behind a shorter one.
_RUN = re.compile(r"(?=[+(\d])(?<![\w.@])(?=((?:\+|00)?\(?\d[\d ()./\u2010-\u2015\u00a0-]{5,22}\d)(?!\w))")
_PART = re.compile(r"(\d+)|[ \u00a0][-/\u2010-\u2015](?=[ \u00a0])")
_WORDS = re.compile(
    r"(?:\btel|\bphone|\bmobile|\bcell|\bfax|\bcall|\btelefon|\bhandy|\bmobil|\brufnummer|\bt[ée]l[ée]phone|\bportable"
    r"|\btel[ée]fono|\bm[óo]vil|\bcellulare|\btelefoon|\btelefone|\bcelular|\bwhatsapp|\bsms|电话|電話|手机|телефон|тел)"
    r"[^\d\n]{0,16}$",
    re.IGNORECASE,
)
_NEAR = 48
_DIGITS_LEAST, _DIGITS_MOST = 7, 15
_ABROAD = ("+", "00")


class _Reading(NamedTuple):
    """Where a number may end, how many digits it has then, and how many dashes or slashes between spaces."""

    end: int
    digits: int
    spaced: int


def phones(text: str, region: str) -> Iterator[tuple[int, int, float, str]]:
    """Give where numbers stand, how sure that is, and by which rule.

    Numbers of a country are known by its code, those without one by `region`, or by a word before them.
    """
    after = 0
    for found in matches(_RUN, text):
        start, run = found.start(), found[1]
        if start < after:
            continue
        after = start + len(run)
        abroad = run.startswith(_ABROAD)
        announced = bool(_WORDS.search(text, max(0, start - _NEAR), start))
        readings = _readings(run) if abroad or region or announced else []
        if not readings:
            continue
        known = _known(run, readings, region)
        if known:
            after = start + known
            yield start, after, 0.95 if abroad or announced else 0.8, "phone:numbering_plan"
        elif announced:
            after = start + readings[-1].end
            yield start, after, 0.6, "phone:words"


def _readings(run: str) -> list[_Reading]:
    """Give where a number that begins with a run may end: behind each group of digits, in their order."""
    most = _DIGITS_MOST + (2 if run.startswith("00") else 0)
    readings, digits, spaced = list[_Reading](), 0, 0
    for found in _PART.finditer(run):
        if found[1] is None:
            spaced += 1
            continue
        digits += len(found[1])
        if _DIGITS_LEAST <= digits <= most:
            readings.append(_Reading(found.end(), digits, spaced))
    return readings


def _known(run: str, readings: Sequence[_Reading], region: str) -> int:
    """Say how much of a run is a number that its numbering plan knows: the longest that may be, 0 if none is.

    A dash or a slash between spaces ends what is a number without that which follows.
    """
    whole = readings[-1]
    told = run[: whole.end]
    try:
        parsed = phonenumbers.parse(f"+{told[2:]}" if told.startswith("00") else told, region or None)
    except phonenumbers.NumberParseException:
        return 0
    digits = parsed.national_number
    for reading in sorted(readings, key=lambda each: (each.spaced, -each.end)):
        # Parsing takes most of the time: what is left out at the end is taken from what was parsed once.
        parsed.national_number = digits // 10 ** (whole.digits - reading.digits)
        if phonenumbers.is_possible_number(parsed) and phonenumbers.is_valid_number(parsed):
            return reading.end
    return 0
