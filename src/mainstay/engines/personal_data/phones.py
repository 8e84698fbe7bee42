"""Finds telephone numbers: digits in groups, of which as many are taken as a numbering plan knows."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import phonenumbers

from mainstay.kit.windows import matches

# All that follows is looked at without being taken: another number may begin behind a shorter one.
_RUN = re.compile(r"(?=[+(\d])(?<![\w.@])(?=((?:\+|00)?\(?\d[\d ()./\u2010-\u2015\u00a0-]{5,22}\d)(?!\w))")
_PART = re.compile(r"(\d+)|[ \u00a0][-/\u2010-\u2015](?=[ \u00a0])")
_OWNERS = (
    r"my|our|his|her|their|meine?r?|unsere|mon|notre|son|mi|nuestro|su|mio|nostro|suo|meu|nosso|mijn|ons"
)
_WORDS = re.compile(
    r"(?:\btel|\bphone|\bmobile|\bcell|\bfax|\bcall|\btelefon|\bhandy|\bmobil|\brufnummer|\bt[ée]l[ée]phone|\bportable"
    r"|\btel[ée]fono|\bm[óo]vil|\bcellulare|\btelefoon|\btelefone|\bcelular|\bwhatsapp|\bsms|电话|電話|手机|телефон|тел"
    r"|\bfacsimile|\bhotline|\br(?:ü|ue)ckruf|\bdurchwahl|\bm.appeler|\br?appelez|\bll[áa]m[ae]|\bchiama|\bligue|\bliga-me"
    rf"|\b(?:{_OWNERS}) (?:numbers?|nummern?|num[ée]ros?|n[úu]meros?|numer[oi]))"
    r"[^\d\n]{0,16}$",
    re.IGNORECASE,
)
_HINTS = re.compile(
    r"(?:\breach|\brang\b|\bring\b|\btext(?: to| me| us| him| her| them|(?=\W{1,2}$))|\bget (?:me|us|hold of)"
    r"|\bcontact|(?:^|[.!?\n]\s{0,4})numbers?\b|\byour number|\berreich|\bkontakt|\banruf|\bangerufen|\bruf"
    r"|\bjoindre|\bjoignable|\blocali[sz]|\bcontatt|\braggiung|\bcontato|\bligar|\bbel\b|\bbellen|\bgebeld"
    r"|\bbereik)[^\d\n]{0,24}$",
    re.IGNORECASE,
)
"""Words that say it less surely: what follows has to look like a number of a country as well."""
_OTHERS = re.compile(
    r"(?:order|invoice|ticket|booking|reference|ref|case|account|acct|policy|serial|part|parcel|tracking|customer|isbn"
    r"|sku|item|bestell|auftrag|rechnung|kunden|konto|commande|facture|client|pedido|factura|cliente|ordine|fattura"
    r"|encomenda|fatura|bestelling|factuur|klant)[^\d\n]{0,16}$|[-/#]$",
    re.IGNORECASE,
)
"""What has numbers that look like those of telephones."""
_JOINT = re.compile(
    r"\s?[,;/&]?\s?(?:(?:and|or|und|oder|et|ou|y|e|o|of|en)\s)?(?:(?:on|at|auf|unter|au|al|op)\s)?",
    re.IGNORECASE,
)
_JOINT_MAX = 16
_DATE = re.compile(
    r"(?:\d{1,2}([./-])\d{1,2}\1(?:\d{4}|\d{2})|(?:19|20)\d\d([./-])\d\d\2\d\d"
    r"|(?:19|20)\d\d ?[-/\u2013] ?(?:19|20)\d\d)(?![./-]?\d)"
)
_NATIONAL = re.compile(r"\(?0[1-9]")
_NATIONAL_LEAST, _NATIONAL_USUAL, _NATIONAL_MOST = 9, 11, 12
_AMERICAN = re.compile(r"(?<![\w.@/#-])(?:1[ -])?(?:\([2-9]\d\d\) ?|[2-9]\d\d-)\d{3}-\d{4}(?![\w-]|\.\d)")
_ABROAD_LEAST = 10
_WHOLE = phonenumbers.ValidationResult.IS_POSSIBLE
_LENGTHS = (_WHOLE, phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY)
_BACK = re.compile(r"[^\d\n]*")
_WORD_LEAST = 2
_NEAR = 48
_DIGITS_LEAST, _DIGITS_MOST = 7, 15
_ABROAD = ("+", "00")


class _Reading(NamedTuple):
    """Where a number may end, how many digits it has then, and how many dashes or slashes between spaces."""

    end: int
    digits: int
    spaced: int


class _Told(NamedTuple):
    """Where the last number ended that was surely one, and how many digits it had."""

    end: int
    digits: int


def phones(text: str, region: str) -> Iterator[tuple[int, int, float, str]]:
    """Give where numbers stand, how sure that is, and by which rule.

    Numbers of a country are known by its code, those without one by `region`, by a word before them or before
    the numbers that they are joined to, or by the North American form.
    """
    yield from _american(text)
    after, told = 0, _Told(0, 0)
    for found in matches(_RUN, text):
        start, run = found.start(), found[1]
        if start < after:
            continue
        after = start + len(run)
        abroad = run.startswith(_ABROAD)
        dated = not abroad and _DATE.match(run) is not None
        near = _near(text, start)
        announced = not dated and start - near >= _WORD_LEAST and bool(_WORDS.search(text, near, start))
        hinted = not (announced or abroad or dated) and _hinted(text, near, start, told)
        readings = _readings(run) if abroad or region or announced or hinted else []
        if not readings:
            continue
        end, given = _known(run, readings, region)
        confidence, rule = 0.95 if abroad or announced else 0.8, "phone:numbering_plan"
        if end and not given:
            confidence, rule = 0.8, "phone:country_code"
        elif not end and announced:
            american = _AMERICAN.match(text, start)
            end, confidence, rule = (
                american.end() - start if american else readings[-1].end,
                0.6,
                "phone:words",
            )
        elif not end and hinted:
            end, confidence, rule = _national(run, readings, told), 0.5, "phone:words"
        if end:
            after = start + end
            digits = next((each.digits for each in readings if each.end == end), 0)
            told = _Told(after, digits) if announced or hinted or abroad else told
            yield start, after, confidence, rule


def _near(text: str, start: int) -> int:
    """Say from where on words belong to a number: behind the digits or the line before it."""
    before = text[max(0, start - _NEAR) : start]
    back = _BACK.match(before[::-1])
    return start - (back.end() if back else 0)


def _american(text: str) -> Iterator[tuple[int, int, float, str]]:
    """Give numbers in the North American form, except where a word says that something else has it."""
    for found in matches(_AMERICAN, text):
        if not _OTHERS.search(text, max(0, found.start() - _NEAR), found.start()):
            yield found.start(), found.end(), 0.55, "phone:north_american"


def _hinted(text: str, near: int, start: int, told: _Told) -> bool:
    """Say whether a number goes on from the one before, or weaker words stand before it."""
    if told.end and start - told.end <= _JOINT_MAX and _JOINT.fullmatch(text, told.end, start):
        return True
    if start - near < _WORD_LEAST or not _HINTS.search(text, near, start):
        return False
    return not _OTHERS.search(text, near, start)


def _national(run: str, readings: Sequence[_Reading], told: _Told) -> int:
    """Say how much of a run looks like a number of some country, 0 if nothing does.

    It begins with a single 0, or is as long as the one that it is joined to.
    """
    fitting = [
        each
        for each in readings
        if each.digits == told.digits
        or (_NATIONAL.match(run) and _NATIONAL_LEAST <= each.digits <= _NATIONAL_MOST)
    ]
    return max(fitting, key=lambda each: (each.digits <= _NATIONAL_USUAL, each.digits)).end if fitting else 0


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


def _known(run: str, readings: Sequence[_Reading], region: str) -> tuple[int, bool]:
    """Say how much of a run is a number, 0 if nothing is, and whether its numbering plan gives it out.

    That is the longest that may be one. A dash or a slash between spaces ends what is a number without that
    which follows. With a + it is enough to be as long as numbers of its country are.
    """
    whole = readings[-1]
    told = run[: whole.end]
    try:
        parsed = phonenumbers.parse(f"+{told[2:]}" if told.startswith("00") else told, region or None)
    except phonenumbers.NumberParseException:
        return 0, False
    digits, long_enough = parsed.national_number, 0
    for reading in sorted(readings, key=lambda each: (each.spaced, -each.end)):
        # Parsing takes most of the time: what is left out at the end is taken from what was parsed once.
        parsed.national_number = digits // 10 ** (whole.digits - reading.digits)
        length = phonenumbers.is_possible_number_with_reason(parsed)
        if length in _LENGTHS and phonenumbers.is_valid_number(parsed):
            return reading.end, True
        if length == _WHOLE and run[0] == "+" and reading.digits >= _ABROAD_LEAST:
            long_enough = long_enough or reading.end
    return long_enough, False
