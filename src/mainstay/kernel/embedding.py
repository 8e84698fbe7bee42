"""Pages of other hosts that this house lets talk to it: a service says which, and the doors ask."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from mainstay.kit.errors import Forbidden


class PageForeign(Forbidden):
    """What is asked for is not there, or the page that asks is not one of those on which it may stand."""

    title = "Pages of this origin may not ask"


@runtime_checkable
class Embedder(Protocol):
    """A service that something of is put into pages of other hosts."""

    async def embedded_in(self, embedded_id: str, origin: str) -> bool:
        """Say whether pages of an origin may talk to what this id names."""
        ...


class Embedding:
    """Those in this process that know of such pages; the doors ask here."""

    def __init__(self) -> None:
        """Begin with none: they are made after what asks for this."""
        self._all: tuple[Embedder, ...] = ()

    def stand(self, embedders: Iterable[Embedder]) -> None:
        """Take them."""
        self._all = tuple(embedders)

    @property
    def any(self) -> bool:
        """Say whether there is anything here to be put into pages."""
        return bool(self._all)

    async def allows(self, embedded_id: str, origin: str) -> bool:
        """Say whether pages of an origin may talk to what this id names."""
        for each in self._all:
            if await each.embedded_in(embedded_id, origin):
                return True
        return False
