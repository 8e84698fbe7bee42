"""Members as a directory keeps them: what groups and provisioning ask of the service that has users."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mainstay.kernel.caller import Caller

Kept = Literal["", "kept", "ended"]
"""Whether provisioning keeps a member: never did, does, or has taken its hand off."""


@dataclass(frozen=True)
class Placed:
    """A member's rights, without who she is."""

    user_id: str
    role: str
    groups: tuple[str, ...]
    active: bool
    kept: Kept


@dataclass(frozen=True)
class Enrolled:
    """A member; `active` is who is not deactivated, invited ones too."""

    user_id: str
    email: str
    name: str
    role: str
    groups: tuple[str, ...]
    active: bool
    kept: Kept
    created_ms: int
    changed_ms: int


@dataclass(frozen=True)
class Enrolment:
    """Who becomes a member; `mailed` says whether an invitation is sent."""

    email: str
    name: str
    role: str
    active: bool
    mailed: bool


@dataclass(frozen=True)
class Revision:
    """What provisioning makes of a member; no mail is sent to whoever comes by single sign-on."""

    name: str
    role: str
    active: bool
    kept: Kept
    mailed: bool


class Roster(Protocol):
    """The members of the caller's tenant; it writes in the unit of work of whoever asks."""

    async def find(self, user_id: str) -> Enrolled | None:
        """Find a member."""
        ...

    async def find_email(self, email: str) -> Enrolled | None:
        """Find the member who has an e-mail address."""
        ...

    async def page(self, skipped: int, limit: int) -> Sequence[Enrolled]:
        """List members, longest there first, but those with whom provisioning has ended."""
        ...

    async def count(self) -> int:
        """Count them."""
        ...

    async def enrol(self, giver: Caller, enrolment: Enrolment) -> Enrolled:
        """Make a member, who has no rights before she accepts, or comes by single sign-on.

        Whether she is a member elsewhere makes no difference. Raises UserExists and UserChanged.
        """
        ...

    async def revise(self, giver: Caller, user_id: str, revision: Revision) -> Enrolled:
        """Change a member; her sessions end when she is deactivated.

        Raises UserMissing, UserChanged, UserIsYou and LastAdministrator.
        """
        ...

    async def in_groups(self) -> Mapping[str, Collection[str]]:
        """Give the groups of each member who is in any, by the member's id."""
        ...

    async def hold(self, user_ids: Collection[str]) -> Sequence[Placed]:
        """Give members as they are, and let nobody else change them before this operation ends.

        Nor an administrator, whose role or place this operation may take. Raises UserMissing.
        """
        ...

    async def regroup(self, placed: Placed, groups: Sequence[str], role: str) -> None:
        """Give a member whom this operation holds other groups, or another role.

        Raises LastAdministrator.
        """
        ...
