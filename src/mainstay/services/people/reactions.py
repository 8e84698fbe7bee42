"""Sends the mails that were promised: a mail server that is down delays them, and loses none."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.kernel.work import caller
from mainstay.services.people.happenings import (
    AddressChanged,
    AddressWanted,
    FactorChanged,
    InvitationWanted,
    PasswordChanged,
    PersonsLeaving,
    ResetWanted,
    SignedInElsewhere,
)
from mainstay.services.people.leaving import Leaving
from mainstay.services.people.post import Post
from mainstay.services.people.rights import Rights
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)


class PeopleReactions(Reactions):
    """Sends mails, and exports and erases persons."""

    def __init__(self, post: Post, rights: Rights, leaving: Leaving) -> None:
        """Take who sends them, who knows what is stored about a person, and who erases a tenant's."""
        self._post = post
        self._rights = rights
        self._leaving = leaving

    @reacts_to(InvitationWanted)
    async def send_invitation(self, events: Sequence[InvitationWanted]) -> None:
        """Send an invitation."""
        for event in events:
            await self._post.invite(caller().tenant_id, event.user_id)

    @reacts_to(ResetWanted)
    async def send_reset(self, events: Sequence[ResetWanted]) -> None:
        """Send a link to a new password."""
        for event in events:
            await self._post.reset(event.email_index)

    @reacts_to(AddressWanted)
    async def send_proof(self, events: Sequence[AddressWanted]) -> None:
        """Send a link to a new address."""
        for event in events:
            await self._post.prove_address(event.person_id, bytes.fromhex(event.sealed))

    @reacts_to(AddressChanged)
    async def tell_old_address(self, events: Sequence[AddressChanged]) -> None:
        """Tell the address that was."""
        for event in events:
            await self._post.tell_old_address(event.person_id, bytes.fromhex(event.sealed))

    @reacts_to(PasswordChanged)
    async def tell_password(self, events: Sequence[PasswordChanged]) -> None:
        """Tell a person that there is another password."""
        for event in events:
            await self._post.tell_password(event.person_id)

    @reacts_to(SignedInElsewhere)
    async def tell_new_place(self, events: Sequence[SignedInElsewhere]) -> None:
        """Tell a person of a sign-in from a new place."""
        for event in events:
            address, agent = bytes.fromhex(event.address), bytes.fromhex(event.agent)
            await self._post.tell_new_place(event.person_id, event.at_ms, address, agent)

    @reacts_to(PersonExportRequested)
    async def export_person(self, events: Sequence[PersonExportRequested]) -> None:
        """Contribute what is stored about a member."""
        for event in events:
            await self._rights.gather(event)

    @reacts_to(PersonErasureRequested)
    async def erase_person(self, events: Sequence[PersonErasureRequested]) -> None:
        """Erase a member."""
        for event in events:
            await self._rights.erase(event)

    @reacts_to(TenantErasureRequested)
    async def erase_tenant(self, events: Sequence[TenantErasureRequested]) -> None:
        """Erase the persons whom no other tenant has, then all members."""
        for event in events:
            await self._leaving.begin(event)

    @reacts_to(PersonsLeaving)
    async def erase_members(self, events: Sequence[PersonsLeaving]) -> None:
        """Erase some of a tenant's persons."""
        for event in events:
            await self._leaving.go_on(event)

    @reacts_to(FactorChanged)
    async def tell_factor(self, events: Sequence[FactorChanged]) -> None:
        """Tell a person that her second factor was changed."""
        for event in events:
            await self._post.tell_factor(event.person_id, event.what)
