"""Requests that are let in, with what they are answered by."""

from collections.abc import Mapping
from dataclasses import dataclass

from mainstay.kernel.dispatch import Application
from mainstay.kernel.interface import Operation
from mainstay.kernel.shedding import Shedding
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.transports.compatible.entrance import Entrance
from mainstay.transports.compatible.openai.asking import Asked
from mainstay.transports.compatible.openai.table import Endpoint
from mainstay.transports.rest.exchange import Exchange
from mainstay.transports.rest.settings import RestSettings


@dataclass(frozen=True)
class Parts:
    """What the door is made of."""

    application: Application
    clock: Clock
    ids: Ids
    shedding: Shedding
    settings: RestSettings


class Admission(Entrance):
    """Admits requests to the operations behind endpoints."""

    def __init__(self, parts: Parts, operations: Mapping[str, Operation]) -> None:
        """Take the house, and its operations by their full names."""
        super().__init__(parts.application, "openai")
        self._parts = parts
        self._operations = operations

    async def admitted(self, exchange: Exchange, endpoint: Endpoint, limits: dict[str, str]) -> Asked:
        """Give a request that is let in, and nothing of which is read yet."""
        credential, caller = await self.let_in(exchange, self._operations[endpoint.operation], limits)
        texts = {name: str(text) for name, text in exchange.scope.get("path_params", {}).items()}
        return Asked(
            exchange,
            credential,
            caller,
            self._parts.application,
            self._operations,
            texts,
            self._parts.clock,
            self._parts.ids,
            limits,
        )
