"""The form of an API key: random, recognisable by secret scanners, stored as a hash alone."""

import hashlib
import re
from typing import Final

PREFIX: Final = "mk_"
SECRET_BYTES: Final = 32
START_LENGTH: Final = 8
SECRET_LENGTH_MIN: Final = 32
SECRET_LENGTH_MAX: Final = 512

_FORM = re.compile(r"^[\x21-\x7e]+$")


def form(random: bytes) -> str:
    """Give the secret made of random bytes: `mk_` and 64 hexadecimal digits (256 bits)."""
    return PREFIX + random.hex()


def hashed(secret: str) -> str:
    """Give the hash under which a secret is stored.

    A plain SHA-256 is right here: the secret has 256 random bits, so there is nothing to guess that a slow
    hash would protect; the lookup by hash takes the same path whether or not the key exists.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def well_formed(secret: str) -> bool:
    """Say whether a text can be a secret at all."""
    return SECRET_LENGTH_MIN <= len(secret) <= SECRET_LENGTH_MAX and _FORM.match(secret) is not None
