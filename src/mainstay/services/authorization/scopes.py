"""Scopes: which permissions a token carries, as they stand in a request (RFC 6749, 3.3)."""

from collections.abc import Collection, Container, Iterable

from mainstay.kernel.caller import EVERYTHING, Caller
from mainstay.services.authorization.failures import ScopeRefused

OPENID = "openid"
SIGNS = frozenset({OPENID, "profile", "email", "offline_access"})
"""Scopes of OpenID Connect, which permit no operation."""


def split(text: str) -> tuple[str, ...]:
    """Give the scopes of a request, each once."""
    return tuple(dict.fromkeys(text.split()))


def joined(scopes: Iterable[str]) -> str:
    """Write scopes as they stand in an answer."""
    return " ".join(scopes)


def check_known(scopes: Iterable[str], permissions: Container[str]) -> None:
    """Refuse scopes that nobody knows; raises ScopeRefused."""
    unknown = [
        each for each in scopes if each not in permissions and each not in SIGNS and each != EVERYTHING
    ]
    if unknown:
        raise ScopeRefused(
            f"There is no scope {' '.join(unknown)}; scopes are permissions, and `*` stands for all."
        )


def check_within(scopes: Iterable[str], granted: Collection[str]) -> None:
    """Refuse scopes beyond those that were granted; raises ScopeRefused."""
    more = [each for each in scopes if each not in granted and EVERYTHING not in granted]
    if more:
        raise ScopeRefused(f"This was not granted: {' '.join(more)}. Ask for less, or authorize anew.")


def permitted(holder: Caller, scopes: Iterable[str]) -> frozenset[str]:
    """Give what a token with these scopes permits now: at most what its holder may."""
    wanted = [each for each in scopes if each not in SIGNS]
    if EVERYTHING in wanted:
        return holder.permissions
    return frozenset(each for each in wanted if holder.may(each))
