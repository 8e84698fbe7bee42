"""The form of an API key: random, recognisable by secret scanners, stored as a hash alone."""

import hashlib
import re
import zlib
from typing import Final

PREFIX: Final = "mk_"
SECRET_BYTES: Final = 32
START_LENGTH: Final = 8
SECRET_LENGTH_MIN: Final = 32
SECRET_LENGTH_MAX: Final = 512
FORM: Final = r"mk_[0-9A-Za-z]{49}"
"""What a secret scanner looks for; `sound` tells real keys from what only looks like one."""

_PRINTABLE = re.compile(r"^[\x21-\x7e]+$")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 43  # digits to the base of 62 that hold 256 bits
_CHECKSUM_LENGTH = 6  # and those that hold 32


def _digits(number: int, length: int) -> str:
    """Write a number to the base of 62, with zeros in front."""
    found = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        found.append(_DIGITS[digit])
    return "".join(reversed(found))


def form(random: bytes) -> str:
    """Give the secret made of 32 random bytes: `mk_`, 43 digits (256 bits), 6 digits of their checksum.

    The checksum is the CRC-32 of the 43 digits, to the base of 62, as in GitHub's tokens. It guards nothing:
    it lets a scanner tell, without asking us, that what it found is a key.
    """
    body = _digits(int.from_bytes(random), _RANDOM_LENGTH)
    return PREFIX + body + _digits(zlib.crc32(body.encode()), _CHECKSUM_LENGTH)


def hashed(secret: str) -> str:
    """Give the hash under which a secret is stored.

    A plain SHA-256 is right here: the secret has 256 random bits, so there is nothing to guess that a slow
    hash would protect; the lookup by hash takes the same path whether or not the key exists.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def well_formed(secret: str) -> bool:
    """Say whether a text can be a secret at all: one of today's form, of an earlier one, or one's own."""
    return SECRET_LENGTH_MIN <= len(secret) <= SECRET_LENGTH_MAX and _PRINTABLE.match(secret) is not None
