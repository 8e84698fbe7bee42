"""The form of an API key: random, recognisable by secret scanners, stored as a hash alone."""

import re
from typing import Final

from mainstay.kit.tokens import TOKEN_BYTES, token_of

PREFIX: Final = "mk_"
SECRET_BYTES: Final = TOKEN_BYTES
START_LENGTH: Final = 8
SECRET_LENGTH_MIN: Final = 32
SECRET_LENGTH_MAX: Final = 512
FORM: Final = r"mk_[0-9A-Za-z]{49}"
"""What a secret scanner looks for; `is_token` tells real keys from what only looks like one."""

_PRINTABLE = re.compile(r"^[\x21-\x7e]+$")


def form(random: bytes) -> str:
    """Give the secret made of 32 random bytes: `mk_`, 43 digits (256 bits), 6 digits of their checksum."""
    return token_of(PREFIX, random)


def well_formed(secret: str) -> bool:
    """Say whether a text can be a secret at all: one of today's form, of an earlier one, or one's own."""
    return SECRET_LENGTH_MIN <= len(secret) <= SECRET_LENGTH_MAX and _PRINTABLE.match(secret) is not None
