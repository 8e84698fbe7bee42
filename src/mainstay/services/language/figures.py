"""Dates, times, amounts of money, shares and measures in a text, by how they are written.

What only looks like one is no date: the 31st of a month that has 30 days, or month 13. Numbers may have
points, commas, blanks or apostrophes within; words of English, coins of some neighbours, months of seven
languages. What has no digit (`next Monday`, `five euros`) is not looked for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from mainstay.kit.months import LONGEST_FIRST, MONTHS, SHORT
from mainstay.kit.numbers import WRITTEN
from mainstay.kit.windows import matches
from mainstay.services.language.taken import Taken

_ABBREVIATED = sorted(SHORT.keys() - {"may"})
_WHOLE = "|".join(name for name in LONGEST_FIRST if name not in _ABBREVIATED)
_MONTH = rf"(?P<month>{_WHOLE}|(?P<short>{'|'.join(_ABBREVIATED)}))\b(?(short)\.?)"
_HALF = r"(?:[ap]m\b|[ap]\.m\b\.?)"
"""A full stop is a part of what is shortened, and not of the word at a sentence's end."""

_DAY = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th|\.|º)?"
_YEAR = r"(?P<year>[12]\d{3})"
_SCALE = r"(?:\s?(?:thousand|million|billion|trillion|bn|mn|k|m)\b)?"
_SIGN = "[$€£¥₹₩₽₺₪₫฿]"
_CODE = "USD|EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN|BRL|MXN|ZAR|KRW|TRY|SGD|HKD|NZD"
_COIN = (
    "dollars?|euros?|pounds?|cents?|pence|yen|yuan|francs?|rupees?|pesos?|reais|rand|lir[ae]s?|rubles?|roubles?|"
    "krone[rn]?|kron[ao]r?|krónur?|kr|zloty|złot(?:y|ych)|forints?|korun|shekels?|baht|dirhams?|riyals?|ringgit"
)
_UNIT = (
    "km/h|mph|km|cm|mm|nm|kg|mg|lbs?|oz|ml|kWh|MWh|kW|MW|GB|MB|TB|KB|GHz|MHz|Hz|°C|°F|"
    "kilomet(?:re|er)s?|met(?:re|er)s?|miles?|feet|inches|grams?|kilograms?|tonnes?|tons?|lit(?:re|er)s?|"
    "seconds?|minutes?|hours?|days?|weeks?|months?|years?"
)
_PATTERNS = (
    ("date", re.compile(rf"(?<![\d-]){_YEAR}-(?P<number>[01]\d)-(?P<day>[0-3]\d)(?![\d-])")),
    (
        "date",
        re.compile(
            rf"(?<![\w.]){_DAY}\s(?:of\s|de\s)?{_MONTH}(?:,?\s(?:de\s)?{_YEAR})?(?!\w)", re.IGNORECASE
        ),
    ),
    (
        "date",
        re.compile(
            rf"(?<!\w){_MONTH}\s(?:(?P<day>[0-3]?\d)(?:st|nd|rd|th|º)?(?!\d))?"
            rf"(?(day)(?:,?\s{_YEAR}(?!\w))?|(?P<alone>[12]\d{{3}})(?!\w))",
            re.IGNORECASE,
        ),
    ),
    (
        "date",
        re.compile(
            r"(?<![\d./-])(?P<one>\d{1,2})(?P<mark>[./])(?P<two>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})(?![\d./-])"
        ),
    ),
    (
        "time",
        re.compile(
            rf"(?<![\d:.])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:\s?{_HALF})?(?![\d:])", re.IGNORECASE
        ),
    ),
    ("time", re.compile(rf"(?<![\d:.])(?:1[0-2]|[1-9])\s?{_HALF}", re.IGNORECASE)),
    ("money", re.compile(rf"(?:(?<!\w)(?:{_CODE}|[Kk]r\.?)\s?|{_SIGN}\s?){WRITTEN}(?!\d){_SCALE}")),
    ("money", re.compile(rf"(?<![\w.,]){WRITTEN}{_SCALE}\s?(?:{_SIGN}|(?:{_CODE}|(?i:{_COIN}))(?!\w))")),
    ("percentage", re.compile(rf"(?<![\w.,]){WRITTEN}\s?(?:%|‰|per\s?cent\b|percent\b)", re.IGNORECASE)),
    ("quantity", re.compile(rf"(?<![\w.,]){WRITTEN}{_SCALE}[\s-]?(?:{_UNIT})(?!\w)")),
)
_WORDS_TOO = {"may", "march", "mar", "mai", "dec"}
"""What is a month only with a capital."""

_DIGIT = re.compile(r"\d")
_LEAP_YEAR = 2000


@dataclass(frozen=True)
class Figure:
    """Characters `start` to `end` of a text are a date, a time, or an amount of something."""

    kind: str
    start: int
    end: int


def figures(text: str) -> list[Figure]:
    """Give what a text holds, in its order, without overlaps; of two that overlap, the kind told first."""
    if not _DIGIT.search(text):
        return []
    taken = Taken(len(text))
    found = [
        each
        for kind, pattern in _PATTERNS
        for each in _found(kind, pattern, text)
        if taken.take(each.start, each.end)
    ]
    return sorted(found, key=lambda each: each.start)


def _found(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Figure]:
    for match in matches(pattern, text):
        if kind != "date" or _is_date(match.groupdict()):
            yield Figure(kind, match.start(), match.end())


def _is_date(parts: dict[str, str | None]) -> bool:
    """Say whether there is such a day; two numbers that may be either are tried in both orders."""
    year = int(parts.get("year") or parts.get("alone") or _LEAP_YEAR)
    if parts.get("one"):
        one, two = int(parts["one"] or 0), int(parts["two"] or 0)
        return _exists(year, two, one) or _exists(year, one, two)
    name = parts.get("month") or ""
    if name in _WORDS_TOO:
        return False
    month = MONTHS[name.lower()] if name else int(parts["number"] or 0)
    return _exists(year, month, int(parts.get("day") or 1))


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(max(year, 1), month, day)
    except ValueError:
        return False
    return True
