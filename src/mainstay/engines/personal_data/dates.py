"""Dates on which somebody was born: a date in words or digits, soon after words that say so."""

import re
from collections.abc import Iterator

from mainstay.kit.months import LONGEST_FIRST
from mainstay.kit.windows import matches

_MONTH = rf"(?:{'|'.join(LONGEST_FIRST)})\b\.?"
_SAYS = (
    r"\bborn|\bdate of birth|\bbirth ?date|\bbirthday|\bd\.?o\.?b\b|\bgeboren|\bgeb\b|\bgeburts(?:datum|tag)"
    r"|\bnée?\b|\bdate de naissance|\bnacid[oa]|\bfecha de nacimiento|\bnat[oa]\b|\bdata di nascita"
    r"|\bnascid[oa]|\bdata de nascimento|\bgeboortedatum|\bfödd|\bродил(?:ся|ась)|дата рождения|出生|生年月日"
)
_DATE = (
    r"(?P<numbers>\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b|\b\d{4}年\d{1,2}月\d{1,2}日)"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th|er|º|\.)?(?: (?:de|of|di))? {_MONTH},?(?: de)? \d{{4}}\b"
    rf"|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}\b"
)
_BORN = re.compile(rf"(?:{_SAYS})[^\n]{{0,24}}?(?P<date>{_DATE})", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_MONTH_MAX, _DAY_MAX = 12, 31
_YEARS = range(1880, 2101)
_SHORT_YEAR = 2


def born(text: str) -> Iterator[tuple[int, int]]:
    """Give where dates of birth stand."""
    for found in matches(_BORN, text):
        if found["numbers"] is None or _is_date(found["numbers"]):
            yield found.span("date")


def _is_date(text: str) -> bool:
    """Say whether three numbers can be a year, a month and a day in one of the usual orders."""
    first, second, third = _NUMBER.findall(text)
    year, left, right = (first, second, third) if int(first) > _DAY_MAX else (third, first, second)
    days = sorted((int(left), int(right)))
    fits = 1 <= days[0] <= _MONTH_MAX and days[1] <= _DAY_MAX
    return fits and (len(year) == _SHORT_YEAR or int(year) in _YEARS)
