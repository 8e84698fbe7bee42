"""What we ask of a key ring: data keys of tenants and persons, made, replaced and destroyed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mainstay.ports.keystores import Destroyed


@dataclass(frozen=True)
class RingState:
    """How the ring is; times are milliseconds since 1970, 0 for never."""

    wrapper: str
    root_made_ms: int
    roots: int
    owners: int
    keys: int
    destroyed: int
    waiting: int
    """Tenants of whom something may still be sealed with an earlier key."""


class KeyRing(Protocol):
    """The data keys of an installation, wrapped by a root key, which a wrapper outside wraps in turn.

    An owner is a tenant's id, or `tenant/person`. Everything but `open`, `close` and `look` may block for a
    disk or a database, a millisecond or so: call it beside the event loop where that matters.
    """

    async def open(self) -> None:
        """Unwrap the root keys, made at the first start; raises CipherUnavailable."""
        ...

    async def close(self) -> None:
        """Forget every key."""
        ...

    async def look(self) -> None:
        """Follow what other processes changed, and go on with a change of root keys."""
        ...

    async def rotate_root(self) -> None:
        """Make a new root key; `look` wraps all data keys with it as soon as every process knows it."""
        ...

    def empty(self) -> bool:
        """Say whether there is no key of any owner."""
        ...

    def rotate(self, owner: str) -> int:
        """Give an owner a new version of its key, for what is sealed from now on; give its number."""
        ...

    def rotate_all(self) -> None:
        """Give every owner a new version of its key."""
        ...

    def destroy(self, owner: str) -> Sequence[Destroyed]:
        """Destroy an owner's keys, and those of everybody in it, for good; list what is destroyed of it."""
        ...

    def refuse(self, destroyed: Sequence[Destroyed]) -> None:
        """Take over which keys were destroyed, for an older copy of the store may still have them."""
        ...

    def waiting(self) -> Sequence[str]:
        """List the tenants of whom something may still be sealed with an earlier key."""
        ...

    def settled(self, versions: Sequence[tuple[str, int]]) -> None:
        """Note that nothing is sealed with keys before these versions of owners."""
        ...

    def versions(self, tenant_id: str) -> Sequence[tuple[str, int]]:
        """List the owners of a tenant with their present versions."""
        ...

    def state(self) -> RingState:
        """Count keys."""
        ...
