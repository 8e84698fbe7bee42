"""Describes members to apps that they let know."""

from mainstay.kernel.profiles import Profile
from mainstay.services.people.personal import EMAIL, Personal, name_column
from mainstay.services.people.store import PeopleStore


class MemberProfiles:
    """Opens what is told of a member; whoever asks has checked that it may be told."""

    def __init__(self, store: PeopleStore, personal: Personal) -> None:
        """Take the parts."""
        self._store = store
        self._personal = personal

    async def of(self, tenant_id: str, subject: str) -> Profile:
        """Give what is known of a member; of who is none, nothing is."""
        member = await self._store.member(tenant_id, subject)
        person = None if member is None else await self._store.person(member.person_id)
        if member is None or person is None:
            return Profile()
        return Profile(
            name=await self._personal.open(person.person_id, name_column(tenant_id), member.name),
            email=await self._personal.open(person.person_id, EMAIL, person.email),
            email_verified=person.verified_ms is not None,
        )
