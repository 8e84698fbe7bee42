"""The most that somebody can give: nobody gives, or changes, what may do more than he may himself."""

from collections.abc import Collection
from dataclasses import dataclass

from mainstay.kernel.caller import ALL_DOCUMENTS, EVERYTHING, Caller


@dataclass(frozen=True)
class Rights:
    """What somebody may do: permissions, the documents he sees, and how often he may ask."""

    permissions: frozenset[str]
    groups: frozenset[str]
    limit_per_minute: int


def permissions_beyond(giver: Caller, permissions: Collection[str]) -> str:
    """Say which of some permissions the giver has not; empty when he has them all."""
    more = sorted(each for each in permissions if not giver.may(each))
    return f"You have not yourself: {', '.join(more)}. Ask an administrator." if more else ""


def beyond(giver: Caller, rights: Rights) -> str:
    """Say in what rights go beyond the giver's; empty when they do not.

    Who may do everything may also give more requests a minute than he has himself: the tenant's limit alone
    holds him.
    """
    more = permissions_beyond(giver, rights.permissions)
    if more:
        return more
    hidden = rights.groups - giver.groups
    if hidden and not giver.may(ALL_DOCUMENTS):
        return f"You are not in these groups: {', '.join(sorted(hidden))}."
    if rights.limit_per_minute > giver.limit_per_minute and not giver.may(EVERYTHING):
        return f"You may send {giver.limit_per_minute} requests a minute; give no higher limit."
    return ""
