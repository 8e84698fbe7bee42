"""The form of secrets: random, told by a prefix, recognisable by secret scanners, stored as a hash alone."""

import hashlib
import zlib
from typing import Final

TOKEN_BYTES: Final = 32
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


def token_of(prefix: str, random: bytes) -> str:
    """Give the secret made of 32 random bytes: a prefix, 43 digits (256 bits), 6 digits of their checksum.

    The checksum is the CRC-32 of the 43 digits, to the base of 62, as in GitHub's tokens. It guards nothing:
    it lets a scanner tell, without asking us, that what it found is a secret of ours.
    """
    body = _digits(int.from_bytes(random), _RANDOM_LENGTH)
    return prefix + body + _digits(zlib.crc32(body.encode()), _CHECKSUM_LENGTH)


def is_token(prefix: str, text: str) -> bool:
    """Say whether a text has the form of a secret with this prefix, its checksum included."""
    body = text.removeprefix(prefix)
    whole = len(body) == _RANDOM_LENGTH + _CHECKSUM_LENGTH and set(body) <= set(_DIGITS)
    if not text.startswith(prefix) or not whole:
        return False
    digits, checksum = body[:_RANDOM_LENGTH], body[_RANDOM_LENGTH:]
    return _digits(zlib.crc32(digits.encode()), _CHECKSUM_LENGTH) == checksum


def hashed(secret: str) -> str:
    """Give the hash under which a secret is stored.

    A plain SHA-256 is right here: the secret has 256 random bits, so there is nothing to guess that a slow
    hash would protect; the lookup by hash takes the same path whether or not the secret exists.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
