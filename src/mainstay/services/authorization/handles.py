"""The secrets that this service gives out beside tokens, each told by its prefix."""

import hmac
from typing import Final

from mainstay.kit.random import Random
from mainstay.kit.tokens import TOKEN_BYTES, token_of

CLIENT: Final = "mcs_"
"""Begins the secret of a client."""
CODE: Final = "mac_"
"""Begins an authorization code."""
REFRESH: Final = "mrt_"
"""Begins a refresh token."""
START_LENGTH: Final = 9


def new(prefix: str, random: Random) -> str:
    """Make a secret with 256 random bits."""
    return token_of(prefix, random.token(TOKEN_BYTES))


def same(one: str, other: str) -> bool:
    """Compare in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
