"""Days as people say them to a bot: in digits, by a month's name, or counted from today.

Months in seven languages; weekdays and words such as `tomorrow` in English, German, French and Spanish. What
may be read in two ways is no day: `3/4/2026`, or German's `Morgen` with a capital, which is a morning.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from mainstay.kit.months import LONGEST_FIRST, MONTHS
from mainstay.kit.numbers import NAMED


def _named(numbers: Mapping[int, str]) -> Mapping[str, int]:
    return {name: number for number, names in numbers.items() for name in names.split("|")}


_WEEKDAYS = _named(
    {
        0: "monday|montag|lundi|lunes",
        1: "tuesday|dienstag|mardi|martes",
        2: "wednesday|mittwoch|mercredi|miércoles",
        3: "thursday|donnerstag|jeudi|jueves",
        4: "friday|freitag|vendredi|viernes",
        5: "saturday|samstag|sonnabend|samedi|sábado",
        6: "sunday|sonntag|dimanche|domingo",
    }
)
_WORDS = _named(
    {
        -1: "yesterday|gestern|ayer",  # French's `hier` is German's `here`
        0: "today|tonight|heute|aujourd'hui|aujourd’hui|hoy",
        1: "tomorrow|morgen|demain|mañana",
        2: "day after tomorrow|übermorgen|après-demain|pasado mañana",
    }
)
_UNITS = _named(
    {
        1: "day|days|tag|tagen|jour|jours|día|días",
        7: "week|weeks|woche|wochen|semaine|semaines|semana|semanas",
    }
)
_COUNTS = {**NAMED, **_named({1: "a|einem|einer|un|une|una", 7: "sept"})}
_NEXT_WEEK = r"next\sweek|nächste\swoche|la\ssemaine\sprochaine|la\spróxima\ssemana"


def _any(names: Mapping[str, int]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_MONTH = "|".join(LONGEST_FIRST)
_DAY = re.compile(
    r"(?<!\w)(?:"
    r"(?P<iso>\d{4}-\d{2}-\d{2})"
    r"|(?P<pointed>\d{1,2}\.\d{1,2}\.\d{4})"
    r"|(?!24/7\b)(?P<one>\d{1,2})/(?P<other>\d{1,2})(?:/(?P<year3>\d{4}))?"
    rf"|(?:in|dans|en|within)\s(?P<count>\d{{1,3}}|{_any(_COUNTS)})\s(?P<unit>{_any(_UNITS)})"
    rf"|(?P<word>{_any(_WORDS)})"
    rf"|(?:(?P<week>{_NEXT_WEEK})\s(?:on\s|am\s)?)?(?:next\s|nächsten\s|am\s)?(?P<weekday>{_any(_WEEKDAYS)})"
    rf"(?:,?\s(?P<week2>{_NEXT_WEEK}))?"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?\s(?:of\s|de\s)?(?P<month>{_MONTH})\.?"
    r"(?:,?\s(?:de\s)?(?P<year>\d{4}))?"
    rf"|(?P<month2>{_MONTH})\.?\s(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<year2>\d{{4}}))?"
    r")(?!\w)",
    re.IGNORECASE,
)
_MORNING = re.compile(r"(?:\b(?:heute|gestern|la|esta|de|por)\s|\bguten\s|\bgood\s)$", re.IGNORECASE)
"""What stands before `morgen` and `mañana` where they are a part of a day."""

_BESIDE = re.compile(r",?\s(?:the\s|den\s|der\s|dem\s|le\s|el\s|on\s|am\s)?")
_UNCLEAR = re.compile(
    r"\b(?:last|past|letzten|vorigen|vergangenen|easter|whit|good|oster|pfingst|rosen|karfrei)[\s-]?$|\bweeks?\sfrom\s$|\bwochen?\s(?:ab|nach|von)\s$|\d\s?[-–]\s?$",
    re.IGNORECASE,
)
"""Before a day that is another one: `last Friday`, `Easter Monday`, `3-5 June`, `a week from Friday`."""

_UNCLEAR_MAX = 20

_EITHER = {"morgen", "mañana"}
_WEEK, _MONTHS = 7, 12


def days(text: str, today: date) -> Iterator[tuple[int, int, date]]:
    """Give where days stand in a text, and which they are; what there is not is left out."""
    every, unclear = list(_DAY.finditer(text)), set[int]()
    for match, following in itertools.zip_longest(every, every[1:]):
        word = match["word"]
        if (
            word
            and word.lower() in _EITHER
            and (word[0].isupper() or _MORNING.search(text, 0, match.start()))
        ):
            continue
        if _UNCLEAR.search(text, max(0, match.start() - _UNCLEAR_MAX), match.start()):
            continue
        if match.start() in unclear:
            continue
        if following and _of_one(match, following, text):
            if match["weekday"] and following["count"]:  # `Friday in two weeks` may be either of two days
                unclear.add(following.start())
            continue
        try:
            yield match.start(), match.end(), _day(match, today)
        except (ValueError, OverflowError):  # there is no such day
            continue


def _of_one(match: re.Match[str], following: re.Match[str], text: str) -> bool:
    """Tell whether a weekday or `heute` belongs to what follows: `Sunday, 13 June`, `heute in 3 Tagen`."""
    near = _BESIDE.fullmatch(text, match.end(), following.start())
    named = following["weekday"] or following["word"]
    return bool(near and not named and (match["weekday"] or (match["word"] and following["count"])))


def day_forms(text: str) -> Iterator[tuple[int, int]]:
    """Give where something is written as a day, even one that there is not."""
    for match in _DAY.finditer(text):
        yield match.span()


def _day(match: re.Match[str], today: date) -> date:
    if match["iso"]:
        return date.fromisoformat(match["iso"])
    if match["pointed"]:
        day, month, year = map(int, match["pointed"].split("."))
        return date(year, month, day)
    if match["one"]:
        return _slashed(match, today)
    if match["month"] or match["month2"]:
        return _of_month(match, today)
    return today + timedelta(days=_ahead(match, today))


def _slashed(match: re.Match[str], today: date) -> date:
    """Give the day where only one of two numbers may be the month's."""
    one, other = int(match["one"]), int(match["other"])
    if one != other and max(one, other) <= _MONTHS:
        raise ValueError("it may be either of two days")
    return _in_year(match["year3"], min(one, other), max(one, other), today)


def _of_month(match: re.Match[str], today: date) -> date:
    month = MONTHS[(match["month"] or match["month2"]).lower()]
    return _in_year(match["year"] or match["year2"], month, int(match["day"] or match["day2"]), today)


def _in_year(year: str | None, month: int, day: int, today: date) -> date:
    """Give a day of a month; said without a year, it is ahead."""
    if year:
        return date(int(year), month, day)
    found = date(today.year, month, day)
    return found if found >= today else date(today.year + 1, month, day)


def _ahead(match: re.Match[str], today: date) -> int:
    """Count days from today: as said, or to the next weekday, or to that of the week after this one."""
    if match["word"]:
        return _WORDS[match["word"].lower()]
    if match["count"]:
        count = int(match["count"]) if match["count"].isdecimal() else _COUNTS[match["count"].lower()]
        return count * _UNITS[match["unit"].lower()]
    wanted = _WEEKDAYS[match["weekday"].lower()]
    if match["week"] or match["week2"]:
        return _WEEK - today.weekday() + wanted
    return (wanted - today.weekday()) % _WEEK or _WEEK
