"""Recognises callers by asking the process where identity runs, with the caller's own key."""

from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.connection import Connection
from mainstay.kernel.remote import over
from mainstay.services.identity.interface import Identity


class RemoteAuthenticator:
    """The guard's authenticator in a process without identity; it holds no rights of its own."""

    def __init__(self, url: str) -> None:
        """Take where identity is."""
        self._connection = Connection(url)

    async def recognise(self, credential: Credential) -> Caller:
        """Give the caller behind a key; raises CredentialsUnknown, or Unavailable when nobody answers."""
        me = await over(Identity, self._connection, credential.secret).whoami()
        return Caller(
            tenant_id=me.tenant_id,
            subject=me.subject,
            roles=tuple(me.roles),
            permissions=frozenset(me.permissions),
            groups=frozenset(me.groups),
            limit_per_minute=me.limit_per_minute,
            operator=me.operator,
            secret=credential.secret,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()
