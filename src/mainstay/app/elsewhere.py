"""The services of other processes, over the wire; imported only where there are any."""

from collections.abc import Mapping

from mainstay.app.placement import nowhere
from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.connection import Connection, Patience
from mainstay.kernel.interface import Interface
from mainstay.kernel.recognising import Recogniser
from mainstay.kernel.remote import close, over, remote
from mainstay.services.identity.interface import Identity


class RemoteAuthenticator:
    """The guard's authenticator in a process without identity; it holds no rights of its own."""

    def __init__(self, connection: Connection) -> None:
        """Take the connection to where identity is."""
        self._connection = connection

    def takes(self, secret: str) -> bool:
        """Say yes: what it is, is known there."""
        return bool(secret)

    async def find(self, tenant_id: str, subject: str) -> Caller | None:
        """Give nobody: who grants in somebody's name runs where identity runs."""
        return None

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
            own_limit=True,
            writes_per_minute=me.writes_per_minute,
            tenant_limit_per_minute=me.tenant_limit_per_minute,
            operator=me.operator,
            secret=credential.secret,
        )


class Elsewhere:
    """The services of other processes by their addresses."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        """Take the addresses; nothing is opened yet."""
        self._urls = dict(urls)
        self._there: dict[type[Interface], Interface] = {}
        self._connections: list[Connection] = []

    def stand_in(self, interface: type[Interface]) -> Interface:
        """Give what leads to a service there; raises SettingsContradict."""
        if interface not in self._there:
            self._there[interface] = remote(interface, self._url(interface.service))
        return self._there[interface]

    def recogniser(self) -> Recogniser:
        """Give who recognises callers there; raises SettingsContradict."""
        # A key over its limit is told so at once, instead of waiting here for its turn.
        connection = Connection(self._url(Identity.service), Patience(waits_s_max=1.0))
        self._connections.append(connection)
        return RemoteAuthenticator(connection)

    async def close(self) -> None:
        """Close the connections."""
        for there in self._there.values():
            await close(there)
        for connection in self._connections:
            await connection.close()

    def _url(self, service: str) -> str:
        return self._urls.get(service) or nowhere(service)
