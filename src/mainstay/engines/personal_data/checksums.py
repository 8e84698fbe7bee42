"""Checksums of cards, bank accounts and national ids, each by the standard that sets it."""

from collections.abc import Sequence

_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_MOD_97 = 97

_LENGTHS = """
AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DJ:27
DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HN:28 HR:21 HU:28
IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22
MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24
SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30
"""
IBAN_LENGTHS: dict[str, int] = {each[:2]: int(each[3:]) for each in _LENGTHS.split()}
"""How long an IBAN of a country is (SWIFT's IBAN registry)."""


def digits_of(text: str) -> list[int]:
    """Give a text's digits, whatever their script."""
    return [int(each) for each in text if each.isdecimal()]


def luhn(digits: Sequence[int]) -> bool:
    """Check as ISO/IEC 7812 says: every second digit from the right doubled, the sum a multiple of 10."""
    total = sum(_LUHN_DOUBLED[digit] if place % 2 else digit for place, digit in enumerate(reversed(digits)))
    return total % 10 == 0


def iban(text: str) -> bool:
    """Check length and remainder as ISO 13616 says; `text` has no spaces."""
    if len(text) != IBAN_LENGTHS.get(text[:2]):
        return False
    turned = "".join(str(int(each, 36)) for each in text[4:] + text[:4])
    return int(turned) % _MOD_97 == 1


def weighted(digits: Sequence[int], weights: Sequence[int]) -> int:
    """Give the sum of digits times weights."""
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=True))


_D = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 2, 3, 4, 0, 6, 7, 8, 9, 5),
    (2, 3, 4, 0, 1, 7, 8, 9, 5, 6),
    (3, 4, 0, 1, 2, 8, 9, 5, 6, 7),
    (4, 0, 1, 2, 3, 9, 5, 6, 7, 8),
    (5, 9, 8, 7, 6, 0, 4, 3, 2, 1),
    (6, 5, 9, 8, 7, 1, 0, 4, 3, 2),
    (7, 6, 5, 9, 8, 2, 1, 0, 4, 3),
    (8, 7, 6, 5, 9, 3, 2, 1, 0, 4),
    (9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
)
_P = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    (1, 5, 7, 6, 2, 8, 3, 0, 9, 4),
    (5, 8, 0, 3, 7, 9, 6, 1, 4, 2),
    (8, 9, 1, 6, 0, 4, 3, 5, 2, 7),
    (9, 4, 5, 3, 1, 2, 6, 8, 7, 0),
    (4, 2, 8, 6, 5, 7, 3, 9, 0, 1),
    (2, 7, 9, 3, 8, 0, 6, 4, 1, 5),
    (7, 0, 4, 6, 9, 1, 3, 2, 5, 8),
)


def verhoeff(digits: Sequence[int]) -> bool:
    """Check by the dihedral group of ten elements (Verhoeff 1969)."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _D[check][_P[place % 8][digit]]
    return check == 0


def mod_11_10(digits: Sequence[int]) -> bool:
    """Check as ISO/IEC 7064 says, MOD 11,10."""
    product = 10
    for digit in digits[:-1]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == digits[-1]
