"""Signing out: the session of a browser ends, wherever the browser was told to leave."""

from collections.abc import Mapping
from typing import Any, Protocol

from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Application, Message
from mainstay.kernel.interface import operations_of
from mainstay.services.people.interface import People
from mainstay.transports.accounts.cookies import session_cookie

_FORGOTTEN = '"cache", "storage"'
"""What a browser forgets (W3C Clear Site Data); not all cookies: those of neighbouring hosts would go too."""
_OPERATIONS = {operation.name: operation for operation in operations_of(People)}


class Call(Protocol):
    """Walks the road to an operation on people, as whoever the session stands for."""

    async def __call__(self, name: str, /, **values: Any) -> Any:
        """Give the operation's answer."""
        ...


async def leave(call: Call, scheme: str) -> Mapping[str, str]:
    """End the session with which somebody calls; give the headers by which the browser forgets it."""
    for session in await call("list_sessions"):
        if session.current:
            await call("end_session", session_id=session.session_id)
    return {"Set-Cookie": session_cookie("", scheme, 0), "Clear-Site-Data": _FORGOTTEN}


class Leaving:
    """Ends sessions for other doors."""

    def __init__(self, application: Application) -> None:
        """Take the house."""
        self._application = application

    async def __call__(
        self, credential: Credential, scheme: str, request_id: str, address: str
    ) -> Mapping[str, str]:
        """End the session of a credential; give the headers by which the browser forgets it."""

        async def call(name: str, /, **values: Any) -> Any:
            async def read() -> Mapping[str, Any]:
                return values

            message = Message(credential, read, request_id, "account", address)
            return (await self._application.dispatch(_OPERATIONS[name], message)).value

        return await leave(call, scheme)
