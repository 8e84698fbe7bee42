"""What apps may be told of a person: what tokens ask of the service that has users."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Profile:
    """What is known of somebody; none: nothing is."""

    name: str | None = None
    email: str | None = None
    email_verified: bool | None = None


class Profiles(Protocol):
    """Describes people to those whom they let know."""

    async def of(self, tenant_id: str, subject: str) -> Profile:
        """Give what is known of somebody of a tenant; of who is no person, nothing is."""
        ...
