"""Finds personal data by rules: forms that are looked for in time linear in the text, then checked."""

import ipaddress
import re
from collections.abc import Callable, Iterator, Sequence

from mainstay.engines.personal_data.checksums import IBAN_LENGTHS, digits_of, iban, luhn
from mainstay.engines.personal_data.dates import born
from mainstay.engines.personal_data.national_ids import NATIONAL_IDS
from mainstay.engines.personal_data.phones import phones
from mainstay.kit.windows import matches
from mainstay.ports.personal_data import KINDS, Kind, PersonalDatum

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_AT = re.compile(r"(?<=[\w.+%'-])[@＠](?=\w)")
_LOCAL_MAX, _DOMAIN_MAX = 64, 253
_LOCAL = re.compile(r"[\w.+%'-]+$")
_DOMAIN = re.compile(r"[\w.-]+")
_TOP = re.compile(r"(?:[^\W\d_]{2,63}|xn--[a-z0-9-]{1,59})$", re.IGNORECASE)
_CREDENTIAL = re.compile(
    r"(?<![a-zA-Z0-9+.-])[a-zA-Z][a-zA-Z0-9+.-]{1,20}://([^\s/:@]{0,256}:[^\s/@]{1,256})@"
)
_IP4 = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w-]|\.[0-9])")
_IP6 = re.compile(r"(?<![\w:.])[0-9a-fA-F:]{3,39}(?![\w:])")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}")
_CARDS = (
    re.compile(r"(?<![\w.])\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,4}(?:\1\d{3})?(?!\w)"),
    re.compile(r"(?<![\w.])3\d{3}([ -]?)\d{6}\1\d{4,5}(?!\w)"),
)
_ISSUERS = re.compile(
    r"4|5[0-9]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3(?:[47]|0[0-5]|095|[689]|5(?:2[89]|[3-8]))|6"
)
_NEAR = 48
_IP6_GROUPS_LEAST = 2

Found = Iterator[tuple[int, int, float, str]]


def _emails(text: str, _region: str) -> Found:
    for at in matches(_AT, text):
        local = _LOCAL.search(text, max(0, at.start() - _LOCAL_MAX), at.start())
        domain = _DOMAIN.match(text, at.end(), at.end() + _DOMAIN_MAX)
        if local is None or domain is None:
            continue
        start = local.start() + len(local.group()) - len(local.group().lstrip(".+%'-"))
        named = domain.group().rstrip(".-_")
        labels = named.split(".")
        if start < at.start() and len(labels) > 1 and all(labels) and _TOP.match(labels[-1]):
            yield start, at.end() + len(named), 0.99, "email:form"


def _credentials(text: str, _region: str) -> Found:
    for found in matches(_CREDENTIAL, text):
        yield *found.span(1), 0.99, "credential:url"


def _addresses(text: str, _region: str) -> Found:
    for form in (_IP4, _IP6):
        for found in matches(form, text):
            if form is _IP6 and not _is_ip6(found.group()):
                continue
            try:
                address = ipaddress.ip_address(found.group())
            except ValueError:
                continue
            if not (address.is_unspecified or address.is_loopback):
                yield *found.span(), 0.85 if form is _IP4 else 0.95, f"ip:v{address.version}"


def _is_ip6(text: str) -> bool:
    """Tell an address from names such as `a::b`, which have its form."""
    groups = [each for each in text.split(":") if each]
    return len(groups) >= _IP6_GROUPS_LEAST and any(each.isdecimal() for each in text)


def _ibans(text: str, _region: str) -> Found:
    for found in matches(_IBAN, text):
        length = IBAN_LENGTHS.get(found.group()[:2], 0)
        places = [place for place, sign in enumerate(found.group()) if sign != " "]
        if not 0 < length <= len(places):
            continue
        end = places[length - 1] + 1
        after = text[found.start() + end : found.start() + end + 1]
        if not after.isalnum() and iban(found.group()[:end].replace(" ", "")):
            yield found.start(), found.start() + end, 0.99, "iban:mod97"


def _cards(text: str, _region: str) -> Found:
    for form in _CARDS:
        for found in matches(form, text):
            digits = digits_of(found.group())
            issuer = _ISSUERS.match("".join(map(str, digits[:6])))
            if issuer and len(set(digits)) > 1 and luhn(digits):
                yield *found.span(), 0.97, "card:luhn"


def _national_ids(text: str, _region: str) -> Found:
    for kind in NATIONAL_IDS:
        for found in matches(kind.form, text):
            if kind.words and not kind.words.search(text, max(0, found.start() - _NEAR), found.start()):
                continue
            if kind.check(found.group()):
                yield *found.span(), kind.confidence, f"national_id:{kind.rule}"


def _born(text: str, _region: str) -> Found:
    for start, end in born(text):
        yield start, end, 0.9, "date_of_birth:words"


_FINDERS: dict[Kind, Callable[[str, str], Found]] = {
    "email": _emails,
    "phone": phones,
    "card": _cards,
    "iban": _ibans,
    "ip": _addresses,
    "credential": _credentials,
    "national_id": _national_ids,
    "date_of_birth": _born,
}


class RulesPersonalData:
    """The finder; characters that one does not see are passed over, so that they hide nothing."""

    def find(self, text: str, kinds: Sequence[Kind] = KINDS, region: str = "") -> list[PersonalDatum]:
        """Give what a text holds, in its order; where rules overlap the surest counts, then the longest."""
        seen, places = _visible(text)
        found = [
            PersonalDatum(kind, start, end, confidence, rule)
            for kind in dict.fromkeys(kinds)
            for start, end, confidence, rule in _FINDERS[kind](seen, region)
        ]
        chosen = _apart(found)
        if places is None:
            return chosen
        return [
            PersonalDatum(each.kind, places[each.start], places[each.end - 1] + 1, each.confidence, each.rule)
            for each in chosen
        ]


def _visible(text: str) -> tuple[str, list[int] | None]:
    """Give a text without invisible characters, and where each of its characters stands (None: as before)."""
    if not _INVISIBLE.search(text):
        return text, None
    places = [place for place, sign in enumerate(text) if not _INVISIBLE.match(sign)]
    return "".join(text[place] for place in places), places


def _apart(found: Sequence[PersonalDatum]) -> list[PersonalDatum]:
    ends: list[PersonalDatum] = []
    for each in sorted(found, key=lambda one: (one.start, -one.end)):
        if not ends or each.start >= ends[-1].end:
            ends.append(each)
        elif each.confidence > ends[-1].confidence:
            ends[-1] = each
    return ends
