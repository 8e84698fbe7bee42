"""Entities that every bot knows: identifiers, amounts, moments and addresses, as people write in English."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
    *("november", "december"),
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _MONTHS)
_HALF_DAY = 12
_DIGITS_MIN = 3
_NUMBER = r"\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,9})?|\d{1,15}(?:\.\d{1,9})?"
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
_CODES = {
    "dollar": "USD",
    "dollars": "USD",
    "euro": "EUR",
    "euros": "EUR",
    "pound": "GBP",
    "pounds": "GBP",
    **{code.lower(): code for code in ("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "SEK", "INR", "CNY")},
}
_DAYS = {"yesterday": -1, "today": 0, "tonight": 0, "tomorrow": 1}
_DATE = re.compile(
    rf"(?<!\w)(?:(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})|(?P<word>{'|'.join(_DAYS)})"
    rf"|(?:next\s)?(?P<weekday>{'|'.join(_WEEKDAYS)})"
    rf"|(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s(?:of\s)?(?P<month>{_MONTH})(?:,?\s(?P<year>\d{{4}}))?"
    rf"|(?P<month2>{_MONTH})\s(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<year2>\d{{4}}))?)(?!\w)",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?<![\w:.])(?:(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)\s?(?P<half>am|pm)?"
    r"|(?P<hour2>1[0-2]|[1-9])\s?(?P<half2>am|pm)|(?P<word>noon|midnight))(?![\w:])",
    re.IGNORECASE,
)
_ADDRESS = r"https?://[^\s<>\"]{1,2000}[^\s<>\".,;:!?)]"
_URL = re.compile(_ADDRESS, re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"(?<![\w@.,$€£¥+/-])(?<!\d:)(?!\d{4}-\d\d-\d\d(?![\w-]))(?!\d{1,2}(?:st|nd|rd|th|am|pm)(?!\w))"
    r"(?:\d{4}(?:\s\d{4}){2,7}+|[^\W_]{1,64}+(?:[-_/][^\W_]{1,64}+){0,7}+)"
    r"(?![\w@/%€-]|[.,:]\w|\s?[%€])",
    re.IGNORECASE,
)
"""Letters and digits, with signs between them; no days, moments, parts of addresses, shares or prices."""


@dataclass(frozen=True)
class Found:
    """Characters `start` to `end` of a text, and what they mean, in one form."""

    start: int
    end: int
    value: str


Finder = Callable[[str, date], Iterator[Found]]


def _simple(pattern: str, value: Callable[[re.Match[str]], str]) -> Finder:
    compiled = re.compile(pattern, re.IGNORECASE)

    def find(text: str, _today: date) -> Iterator[Found]:
        for match in compiled.finditer(text):
            yield Found(match.start(), match.end(), value(match))

    return find


def _plain_number(text: str) -> str:
    number = text.replace(",", "")
    whole, _, part = number.partition(".")
    part = part.rstrip("0")
    return f"{int(whole)}.{part}" if part else str(int(whole))


def _money(match: re.Match[str]) -> str:
    if match["sign"]:
        return f"{_plain_number(match['amount'])} {_SIGNS[match['sign']]}"
    return f"{_plain_number(match['amount2'])} {_CODES[match['code'].lower()]}"


def _dates(text: str, today: date) -> Iterator[Found]:
    for match in _DATE.finditer(text):
        try:
            yield Found(match.start(), match.end(), _day(match, today).isoformat())
        except ValueError:  # there is no such day
            continue


def _day(match: re.Match[str], today: date) -> date:
    if match["iso"]:
        return date.fromisoformat(match["iso"])
    if match["word"]:
        return today + timedelta(days=_DAYS[match["word"].lower()])
    if match["weekday"]:
        ahead = (_WEEKDAYS.index(match["weekday"].lower()) - today.weekday()) % 7
        return today + timedelta(days=ahead or 7)
    name = (match["month"] or match["month2"]).lower()[:3]
    month = next(place for place, known in enumerate(_MONTHS, 1) if known.startswith(name))
    year, day = match["year"] or match["year2"], int(match["day"] or match["day2"])
    if year:
        return date(int(year), month, day)
    found = date(today.year, month, day)
    return found if found >= today else date(today.year + 1, month, day)  # said without a year, it is ahead


def _times(text: str, _today: date) -> Iterator[Found]:
    for match in _TIME.finditer(text):
        if match["word"]:
            value = "12:00" if match["word"].lower() == "noon" else "00:00"
        else:
            hour, half = int(match["hour"] or match["hour2"]), (match["half"] or match["half2"] or "").lower()
            if half and hour > _HALF_DAY:
                continue
            hour = hour % _HALF_DAY + (_HALF_DAY if half == "pm" else 0) if half else hour
            value = f"{hour:02}:{match['minute'] or '00'}"
        yield Found(match.start(), match.end(), value)


def _identifiers(text: str, _today: date) -> Iterator[Found]:
    """Find what orders, parcels and tickets are called by, as it was written: zeros in front of it count.

    With letters it has three digits at least, as names of products seldom have.
    """
    for match in _IDENTIFIER.finditer(_URL.sub(lambda url: " " * len(url[0]), text)):
        digits = sum(sign.isdigit() for sign in match[0])
        if digits >= (_DIGITS_MIN if any(sign.isalpha() for sign in match[0]) else 1):
            yield Found(match.start(), match.end(), match[0])


BUILT_INS: Mapping[str, Finder] = {
    "identifier": _identifiers,
    "url": _simple(_ADDRESS, lambda match: match[0]),
    "email": _simple(
        r"(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])",
        lambda match: match[0].lower(),
    ),
    "date": _dates,
    "time": _times,
    "money": _simple(
        rf"(?<!\w)(?:(?P<sign>[$€£¥])\s?(?P<amount>{_NUMBER})|(?P<amount2>{_NUMBER})\s?"
        rf"(?P<code>{'|'.join(sorted(_CODES, key=len, reverse=True))}))(?!\w)",
        _money,
    ),
    "percent": _simple(
        rf"(?<![\w.])(?P<amount>{_NUMBER})\s?(?:%|percent(?!\w))",
        lambda match: _plain_number(match["amount"]),
    ),
    "phone": _simple(
        r"(?<![\w+])(?:(?:\+\d{1,3}[ -]?)?(?:\(\d{1,5}\)[ -]?)?\d{2,5}(?:[ -]\d{2,8}){1,5}(?![\w-])"
        r"|\+\d{7,15}(?!\w))",
        lambda match: re.sub(r"[^\d+]", "", match[0]),
    ),
    "number": _simple(rf"(?<![\w.,-])(?:{_NUMBER})(?![\w-]|[.,]\d)", lambda match: _plain_number(match[0])),
}
"""The finders by name; where two find the same characters, both count."""

FREE_TEXT = "text"
"""The entity that is whatever is said when it is asked for."""
