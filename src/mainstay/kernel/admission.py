"""Who is let in because another vouches for him: what single sign-on asks of the service that has users."""

from dataclasses import dataclass
from typing import Protocol

from mainstay.kit.errors import Conflict, Forbidden


class NotAdmitted(Forbidden):
    """The person is known, but is no member here who may come in this way."""

    keeps = True
    title = "You have no access here"


class AdmissionDisturbed(Conflict):
    """Somebody else made or changed this user at the same moment."""

    title = "This user was changed at the same moment"


@dataclass(frozen=True)
class Vouched:
    """Somebody for whom an identity provider vouches, and what he gets.

    `user_id` is who he was found to be before, if he was; `email` is empty unless the provider's word about
    it is taken; `joins` says whether he becomes a member if he is none.
    """

    user_id: str
    email: str
    name: str
    role: str
    groups: frozenset[str]
    joins: bool


@dataclass(frozen=True)
class Admitted:
    """Who was let in, and his new session."""

    user_id: str
    session_id: str
    secret: str
    ends_ms: int


class Admission(Protocol):
    """Lets people in; it writes in the unit of work of whoever asks, so that all of it is done or nothing."""

    async def admit(self, tenant_id: str, vouched: Vouched) -> Admitted:
        """Find or make the user, give him role and groups, begin a session, and go on as him.

        Raises NotAdmitted, AdmissionDisturbed and TenantSuspended.
        """
        ...


class Approvals(Protocol):
    """Knows in which domains the word of the caller's tenant's identity provider is taken."""

    async def approved(self, email: str) -> bool:
        """Say whether whoever has this address comes by a connection of the tenant that is active."""
        ...
