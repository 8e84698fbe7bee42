"""Entities that every bot knows: identifiers, amounts, moments and addresses, as people write them.

An amount that may be read in two ways, a thousand times apart, is none: the bot asks again rather than act.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from mainstay.kit.numbers import NAMED, NUMBER, START, Mark, plain, thousands
from mainstay.services.assistant.days import days

_HALF_DAY = 12
_DIGITS_MIN = 3
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
_CODES = {
    code.lower(): code for code in ("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "SEK", "INR", "CNY")
}
_WORDS = {
    "dollar": "USD",
    "dollars": "USD",
    "dólar": "USD",
    "dólares": "USD",
    "euro": "EUR",
    "euros": "EUR",
    "pound": "GBP",
    "pounds": "GBP",
    "franken": "CHF",
}
_COINS = {**_SIGNS, **_CODES, **_WORDS}
_THOUSANDS = {"EUR": ".", "USD": ","}
"""Where such a coin is counted, that mark before three digits parts thousands."""

_SCALES = (
    "k|mn|mio|bn|mrd|hundred|thousand|million|millions|billion|billions|trillion|tausend|millionen|"
    "milliarde|milliarden|mille|milliard|milliards|mil|millón|millones|cientos"
)
_WHOLE = rf"(?!\w|[-–−]\d|\s?(?:{_SCALES})(?!\w))"
"""After an amount that no word makes larger, and that is not the first of two: `5 million`, `5-10`."""

_MONEY = re.compile(
    rf"(?:(?<![^\s(:=])(?P<minus>[-−])|(?<![\w.,+\-−–]))"
    rf"(?P<before>[$€£¥]|(?:{'|'.join(_CODES)})(?![^\W\d]))\s?(?P<amount>[-−]?{NUMBER}){_WHOLE}"
    rf"|(?P<amount2>{START}{NUMBER})(?:[.,][-–—]{{1,2}})?\s?"
    rf"(?P<after>[$€£¥]|(?:{'|'.join(sorted({**_CODES, **_WORDS}, key=len, reverse=True))})(?!\w))",
    re.IGNORECASE,
)
_PERCENT = re.compile(
    rf"({START}{NUMBER})\s?(?:%|(?:per\s?cent|prozent|pour\scent|por\sciento)(?!\w))", re.IGNORECASE
)
_COUNT = re.compile(rf"{START}{NUMBER}(?!-){_WHOLE}", re.IGNORECASE)
_LEADS = (
    r"no(?!\sone\b)|sorry|wait|ok|okay|well|yes|actually|rather|i mean|i meant|i said|make it|"
    "it is|it's|that's|it will be|"
    "we are|we're|we will be|we'll be|there are|there will be|there'll be|about|for|just|only|"
    "nein|ja|gut|ich meine|ich meinte|eigentlich|lieber|wir sind|es sind|das sind|zu|für|nur|"
    "non|oui|bon|pardon|en fait|plutôt|je voulais dire|nous sommes|nous serons|on est|on sera|pour|seulement|"
    "sí|vale|perdón|quería decir|quise decir|mejor|somos|seremos|para|solo"
)
_WAITS = "moment|momento|instant|second|sec|segundo|minute|minuto|augenblick|sekunde"
_NAMED = re.compile(
    rf"\W*(?:(?:{_LEADS})[\s,.:]+){{0,3}}"
    rf"({'|'.join(sorted(NAMED, key=len, reverse=True))})(?!\s(?:{_WAITS})\b)(?:\s\w+){{0,2}}\W*",
    re.IGNORECASE,
)
"""A number by its name with hardly anything beside it: in a longer text it is seldom what is asked for."""

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


_CALLED = re.compile(
    r"(?:\b(?:order|ticket|parcel|case|invoice|booking|reservation|number|no|nr|nummer|numéro|número|bestellung|"
    r"auftrag|buchung|commande|réservation|pedido|reserva)\b[.:]?(?:\s(?:is|ist|est|es))?|#)\s*$",
    re.IGNORECASE,
)
"""What stands before something that is called by its identifier."""

_CALLED_MAX = 40


@dataclass(frozen=True)
class Found:
    """Characters `start` to `end` of a text, and what they mean, in one form."""

    start: int
    end: int
    value: str


Finder = Callable[[str, date, Mark | None], Iterator[Found]]
"""Finds something in a text; what is counted from today, and in numbers what begins the decimals."""


def _simple(pattern: str, value: Callable[[re.Match[str]], str]) -> Finder:
    compiled = re.compile(pattern, re.IGNORECASE)

    def find(text: str, _today: date, _mark: Mark | None) -> Iterator[Found]:
        for match in compiled.finditer(text):
            yield Found(match.start(), match.end(), value(match))

    return find


def _money(text: str, _today: date, mark: Mark | None) -> Iterator[Found]:
    """Find amounts; no coin here has three decimals, so that `1.500` is 1500 or left out."""
    for match in _MONEY.finditer(text):
        coin = _COINS[(match["before"] or match["after"]).lower()]
        written = f"{match['minus'] or ''}{match['amount'] or match['amount2']}"
        parting = thousands(written)
        if parting is not None and (_THOUSANDS.get(coin) == parting or mark not in (None, parting)):
            value = plain(written, "," if parting == "." else ".")
        else:
            value = None if parting else plain(written)
        if value is not None:
            yield Found(match.start(), match.end(), f"{value} {coin}")


def _percents(text: str, _today: date, mark: Mark | None) -> Iterator[Found]:
    for match in _PERCENT.finditer(text):
        value = plain(match[1], mark)
        if value is not None:
            yield Found(match.start(), match.end(), value)


def _numbers(text: str, _today: date, mark: Mark | None) -> Iterator[Found]:
    for match in _COUNT.finditer(text):
        value = plain(match[0], mark)
        if value is not None:
            yield Found(match.start(), match.end(), value)

    alone = _NAMED.fullmatch(text)
    if alone:
        yield Found(*alone.span(1), str(NAMED[alone[1].lower()]))


def _dates(text: str, today: date, _mark: Mark | None) -> Iterator[Found]:
    for start, end, day in days(text, today):
        yield Found(start, end, day.isoformat())


def _times(text: str, _today: date, _mark: Mark | None) -> Iterator[Found]:
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


def _identifiers(text: str, _today: date, _mark: Mark | None) -> Iterator[Found]:
    """Find what orders, parcels and tickets are called by, as it was written: zeros in front of it count.

    It has three digits at least, as counts and names of products seldom have; fewer where it stands alone, or
    behind a word that says what it is: `order TW-9` (with letters, where it has a hyphen), `#12`.
    """
    shown = _URL.sub(lambda url: " " * len(url[0]), text)
    for match in _IDENTIFIER.finditer(shown):
        written, digits = match[0], sum(sign.isdigit() for sign in match[0])
        called = (written.isdigit() or not written.isalnum()) and _CALLED.search(
            shown, max(0, match.start() - _CALLED_MAX), match.start()
        )
        alone = written == text.strip(" .!")
        if digits >= (1 if called or alone else _DIGITS_MIN):
            yield Found(match.start(), match.end(), written)


BUILT_INS: Mapping[str, Finder] = {
    "identifier": _identifiers,
    "url": _simple(_ADDRESS, lambda match: match[0]),
    "email": _simple(
        r"(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![\w-])",
        lambda match: match[0].lower(),
    ),
    "date": _dates,
    "time": _times,
    "money": _money,
    "percent": _percents,
    "phone": _simple(
        r"(?<![\w+])(?:(?:\+\d{1,3}[ -]?)?(?:\(\d{1,5}\)[ -]?)?\d{2,5}(?:[ -]\d{2,8}){1,5}(?![\w-])"
        r"|\+\d{7,15}(?!\w))",
        lambda match: re.sub(r"[^\d+]", "", match[0]),
    ),
    "number": _numbers,
}
"""The finders by name; where two find the same characters, both count."""

FREE_TEXT = "text"
"""The entity that is whatever is said when it is asked for."""
