"""Numbers that states give persons: their forms, and what makes one of them right."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from mainstay.engines.personal_data.checksums import digits_of, luhn, mod_11_10, verhoeff, weighted

_NIF = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21),
            *(2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        ),
        strict=True,
    )
)


@dataclass(frozen=True)
class NationalId:
    """A kind of number: its form, what checks it, and the words near it where the form alone says little."""

    rule: str
    form: re.Pattern[str]
    check: Callable[[str], bool]
    confidence: float
    words: re.Pattern[str] | None = None


def _date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _spanish(text: str) -> bool:
    body = text.upper().replace("-", "").replace(" ", "")
    number = body[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return _NIF[int(number) % 23] == body[-1]


def _italian(text: str) -> bool:
    total = 0
    for place, sign in enumerate(text.upper()[:15]):
        even = int(sign) if sign.isdecimal() else ord(sign) - ord("A")
        total += even if place % 2 else _ODD[sign]
    return chr(ord("A") + total % 26) == text[15].upper()


def _french(text: str) -> bool:
    body = re.sub(r"[ .]", "", text.upper()).replace("2A", "19").replace("2B", "18")
    return body.isdecimal() and 97 - int(body[:13]) % 97 == int(body[13:])


def _german(text: str) -> bool:
    digits = digits_of(text)
    counts = {digit: digits[:10].count(digit) for digit in digits[:10]}
    return digits[0] != 0 and max(counts.values()) in {2, 3} and mod_11_10(digits)


def _dutch(text: str) -> bool:
    digits = digits_of(text)
    return any(digits) and weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _belgian(text: str) -> bool:
    body = "".join(map(str, digits_of(text)))
    number, check = int(body[:9]), int(body[9:])
    known = check in {97 - number % 97, 97 - (2_000_000_000 + number) % 97}
    return known and int(body[2:4]) in range(1, 13)


def _polish(text: str) -> bool:
    digits = digits_of(text)
    century, month = divmod(digits[2] * 10 + digits[3], 20)
    year = {4: 1800, 0: 1900, 1: 2000, 2: 2100, 3: 2200}[century] + digits[0] * 10 + digits[1]
    told = _date(year, month, digits[4] * 10 + digits[5])
    return told and weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _swedish(text: str) -> bool:
    digits = digits_of(text)[-10:]
    day = digits[4] * 10 + digits[5]
    # a coordination number has 60 added to the day
    return _date(2000, digits[2] * 10 + digits[3], day % 60) and luhn(digits)


def _finnish(text: str) -> bool:
    body = text.upper()
    told = _date(2000, int(body[2:4]), int(body[:2]))
    return told and _HETU[int(body[:6] + body[7:10]) % 31] == body[10]


def _swiss(text: str) -> bool:
    return weighted(digits_of(text), (1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1)) % 10 == 0


def _portuguese(text: str) -> bool:
    digits = digits_of(text)
    check = 11 - weighted(digits[:8], (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return check % 11 % 10 == digits[8]  # ten and eleven are written as nought


def _brazilian(text: str) -> bool:
    digits = digits_of(text)
    first = weighted(digits[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(digits[:10], range(11, 1, -1)) * 10 % 11 % 10
    return len(set(digits)) > 1 and [first, second] == digits[9:]


def _chinese(text: str) -> bool:
    body = text.upper()
    if not _date(int(body[6:10]), int(body[10:12]), int(body[12:14])):
        return False
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[weighted([int(each) for each in body[:17]], weights) % 11] == body[17]


def _indian(text: str) -> bool:
    digits = digits_of(text)
    return len(set(digits)) > 1 and verhoeff(digits)


def _british_health(text: str) -> bool:
    digits = digits_of(text)
    return weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0 and len(set(digits)) > 1


def _american(text: str) -> bool:
    area, group, serial = text[:3], text[4:6], text[7:]
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


def _stated(_text: str) -> bool:
    return True


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){pattern}(?![\w-])", re.IGNORECASE)


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


NATIONAL_IDS: tuple[NationalId, ...] = (
    NationalId("es.nif", _form(r"(?:[XYZ]-?[0-9]{7}|[0-9]{8})[- ]?[A-Z]"), _spanish, 0.95),
    NationalId(
        "it.codice_fiscale",
        _form(r"[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]"),
        _italian,
        0.99,
    ),
    NationalId(
        "fr.nir",
        _form(
            r"[12] ?[0-9]{2} ?(?:0[1-9]|1[0-2]|[2-9][0-9]) ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"
        ),
        _french,
        0.97,
    ),
    NationalId(
        "de.steuer_id",
        _form(r"[1-9][0-9](?: ?[0-9]{3}){3}"),
        _german,
        0.85,
        _words(r"steuer\W?id|steuer\W?identifikationsnummer|idnr|identifikationsnummer|tin|tax"),
    ),
    NationalId(
        "nl.bsn",
        _form(r"[0-9]{4}\.?[0-9]{2}\.?[0-9]{3}"),
        _dutch,
        0.85,
        _words(r"bsn|burgerservicenummer|sofi"),
    ),
    NationalId("be.nrn", _form(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}"), _belgian, 0.97),
    NationalId("pl.pesel", _form(r"[0-9]{11}"), _polish, 0.9, _words(r"pesel")),
    NationalId("se.personnummer", _form(r"(?:19|20)?[0-9]{6}[-+][0-9]{4}"), _swedish, 0.95),
    NationalId("fi.hetu", _form(r"[0-3][0-9][01][0-9]{3}[-+A-FU-Y][0-9]{3}[0-9A-Y]"), _finnish, 0.97),
    NationalId("ch.ahv", _form(r"756\.?[0-9]{4}\.?[0-9]{4}\.?[0-9]{2}"), _swiss, 0.95),
    NationalId(
        "pt.nif", _form(r"[1-3][0-9]{2} ?[0-9]{3} ?[0-9]{3}"), _portuguese, 0.85, _words(r"nif|contribuinte")
    ),
    NationalId("br.cpf", _form(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}"), _brazilian, 0.98),
    NationalId("br.cpf", _form(r"[0-9]{11}"), _brazilian, 0.9, _words(r"cpf")),
    NationalId("cn.resident", _form(r"[1-9][0-9]{16}[0-9X]"), _chinese, 0.97),
    NationalId(
        "in.aadhaar", _form(r"[2-9][0-9]{3} ?[0-9]{4} ?[0-9]{4}"), _indian, 0.85, _words(r"aadhaar|uidai|uid")
    ),
    NationalId("gb.nhs", _form(r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}"), _british_health, 0.9, _words(r"nhs")),
    NationalId(
        "gb.nino",
        _form(r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"),
        _stated,
        0.75,
    ),
    NationalId("us.ssn", _form(r"[0-9]{3}-[0-9]{2}-[0-9]{4}"), _american, 0.75),
)
"""Each kind that is looked for."""
