"""Who asks, and whether he may: settled before anything else of a request is read, at each such door."""

from dataclasses import replace

from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.dispatch import Application
from mainstay.kernel.guard import TenantSuspended
from mainstay.kernel.interface import Operation
from mainstay.kit.errors import Failure
from mainstay.transports.rest.credentials import read_credential
from mainstay.transports.rest.exchange import Exchange


class Entrance:
    """Lets requests in that are read by a door itself, before they walk the road."""

    def __init__(self, application: Application, door: str) -> None:
        """Take the house, and what the door is called in the audit log."""
        self._application = application
        self._door = door

    async def let_in(
        self, exchange: Exchange, operation: Operation, limits: dict[str, str]
    ) -> tuple[Credential | None, Caller]:
        """Give who asks, if he may call an operation and has not asked too often; else it is audited."""
        credential, caller = await self.recognised(exchange)
        guard = self._application.guard
        try:
            await guard.limit(_unread(caller), operation, limits)
            guard.authorise(caller, operation)
        except Failure as failure:
            self.note(exchange, operation.full_name, caller, failure)
            raise
        return credential, caller

    async def recognised(self, exchange: Exchange) -> tuple[Credential | None, Caller]:
        """Give who asks, and by which credential."""
        credential = read_credential(exchange.raw_headers)
        try:
            return credential, await self._application.recognise(credential, self._origin(exchange))
        except TenantSuspended as failure:
            if failure.known is not None:
                self.note(exchange, "", failure.known, failure)
            raise

    def note(self, exchange: Exchange, operation: str, caller: Caller, failure: Failure) -> None:
        """Audit what was refused before the road, which audits everything else, could."""
        self._application.audit.tell(caller, operation, self._origin(exchange), failure.code())

    def _origin(self, exchange: Exchange) -> dict[str, str]:
        return {"request_id": exchange.request_id, "door": self._door, "address": exchange.address}


def _unread(caller: Caller) -> Caller:
    """Give under whom a request is counted before it is read, and whether or not it is refused unasked.

    The operations that it leads to are counted as every door's; the same limit holds for both.
    """
    return replace(caller, subject=f"{caller.subject}:unread", tenant_limit_per_minute=0)
