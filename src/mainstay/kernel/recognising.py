"""Who comes: keys, sessions and tokens are recognised by different services, and the guard asks here."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.guard import CredentialsUnknown

_UNKNOWN = "The credentials are unknown, have expired, or were revoked. Ask an administrator for new ones."


@runtime_checkable
class Recogniser(Protocol):
    """A service that knows the callers who come with one kind of credential."""

    def takes(self, secret: str) -> bool:
        """Say, by its form alone, whether a secret is of this kind."""
        ...

    async def recognise(self, credential: Credential) -> Caller:
        """Give the caller behind a credential; raises CredentialsUnknown and TenantSuspended."""
        ...

    async def find(self, tenant_id: str, subject: str) -> Caller | None:
        """Give the caller with this id as he is now, None if there is none or he is not of this kind.

        For what was granted in his name before, such as a token. Raises TenantSuspended.
        """
        ...


class Standing(Protocol):
    """What somebody of a tenant may do now, for services that know persons but not tenants and roles."""

    async def caller_of(
        self,
        tenant_id: str,
        subject: str,
        role: str,
        groups: frozenset[str] = frozenset(),
        limit_per_minute: int | None = None,
    ) -> Caller:
        """Make the caller; a role that is no more permits nothing.

        Raises CredentialsUnknown when there is no such tenant, and TenantSuspended.
        """
        ...

    async def permitted(self, tenant_id: str, role: str) -> frozenset[str] | None:
        """Give what a role of a tenant permits now; None if it has no such role."""
        ...

    async def named(self, tenant_id: str) -> str:
        """Give a tenant's name, empty if there is no such tenant."""
        ...

    async def has_admin_key(self, tenant_id: str) -> bool:
        """Say whether an administrator of a tenant can come with a key now."""
        ...


class Recognisers:
    """All in this process that recognise callers, each by its kind of credential; the guard asks them."""

    def __init__(self) -> None:
        """Begin with none: they are made after what asks for this."""
        self._all: Sequence[Recogniser] = ()

    def stand(self, recognisers: Sequence[Recogniser]) -> None:
        """Take them, in the order in which they are asked."""
        self._all = tuple(recognisers)

    async def recognise(self, credential: Credential) -> Caller:
        """Give the caller behind a credential; raises CredentialsUnknown and TenantSuspended."""
        for each in self._all:
            if each.takes(credential.secret):
                return await each.recognise(credential)
        raise CredentialsUnknown(_UNKNOWN)

    async def find(self, tenant_id: str, subject: str) -> Caller:
        """Give the caller with this id as he is now; raises CredentialsUnknown and TenantSuspended."""
        for each in self._all:
            found = await each.find(tenant_id, subject)
            if found is not None:
                return found
        raise CredentialsUnknown(_UNKNOWN)
