"""The most that somebody can give: nobody makes, or changes, what may do more than he may himself."""

from collections.abc import Collection
from dataclasses import dataclass

from mainstay.kernel.caller import ALL_DOCUMENTS, EVERYTHING, Caller
from mainstay.services.identity.failures import KeyMayTooMuch


@dataclass(frozen=True)
class Rights:
    """What a key may do: its permissions, the documents it sees, and how often it may ask."""

    permissions: frozenset[str]
    groups: frozenset[str]
    limit_per_minute: int


def check_permissions(giver: Caller, permissions: Collection[str]) -> None:
    """Refuse permissions that the giver has not; raises KeyMayTooMuch."""
    more = sorted(each for each in permissions if not giver.may(each))
    if more:
        raise KeyMayTooMuch(f"Your key has not itself: {', '.join(more)}. Ask an administrator.")


def check(giver: Caller, rights: Rights) -> None:
    """Refuse rights that go beyond the giver's; raises KeyMayTooMuch.

    Who may do everything may also give more requests a minute than his own key has: the tenant's limit alone
    holds him.
    """
    check_permissions(giver, rights.permissions)
    hidden = rights.groups - giver.groups
    if hidden and not giver.may(ALL_DOCUMENTS):
        raise KeyMayTooMuch(f"Your key is not in these groups: {', '.join(sorted(hidden))}.")
    if rights.limit_per_minute > giver.limit_per_minute and not giver.may(EVERYTHING):
        raise KeyMayTooMuch(
            f"Your key may send {giver.limit_per_minute} requests a minute; give no higher limit."
        )


def check_ceiling(limit: int | None, ceiling: int | None) -> None:
    """Refuse a limit above the tenant's; raises KeyMayTooMuch."""
    if limit is not None and ceiling is not None and limit > ceiling:
        raise KeyMayTooMuch(
            f"Keys of this tenant may send {ceiling} requests a minute at most; the operator can raise it."
        )


def allowed(own: int | None, ceiling: int | None, default: int) -> int:
    """Give the limit that holds: the key's own up to the tenant's, else the tenant's, else the server's."""
    if ceiling is None:
        return own or default
    return min(own or ceiling, ceiling)
