"""What we ask of a key store: wrapped keys, kept apart from what they seal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class WrappedKey:
    """One version of an owner's data key; `key_id` stays the same over its versions."""

    owner: str
    key_id: bytes
    version: int
    root_id: str
    wrapped: bytes
    made_ms: int
    settled: bool = False


@dataclass(frozen=True)
class WrappedRoot:
    """A root key, as its wrapper made it unreadable."""

    root_id: str
    wrapper: str
    wrapped: bytes
    made_ms: int


@dataclass(frozen=True)
class Destroyed:
    """A key that was destroyed; it is refused even if an older copy of the store brings it back."""

    key_id: bytes
    owner: str
    at_ms: int


class KeyStore(Protocol):
    """Durable when a method returns; may be called from any thread. All raise CipherUnavailable."""

    def open(self) -> None:
        """Make what is missing."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...

    def epoch(self) -> int:
        """Give a number that grows with every change, whichever process made it."""
        ...

    def roots(self) -> Sequence[WrappedRoot]:
        """List the root keys, oldest first."""
        ...

    def add_root(self, root: WrappedRoot, *, first: bool) -> bool:
        """Add a root key; say whether it was: the first one of all is not, when there is another."""
        ...

    def forget_roots(self, before_ms: int) -> None:
        """Remove root keys made before a time that wrap nothing, but for the newest."""
        ...

    def of_owner(self, owner: str) -> Sequence[WrappedKey]:
        """List the versions of an owner's key."""
        ...

    def of_key(self, key_id: bytes) -> Sequence[WrappedKey]:
        """List the versions of a key."""
        ...

    def tenants(self) -> Sequence[str]:
        """List the tenants that have keys."""
        ...

    def within(self, tenant_id: str) -> Sequence[WrappedKey]:
        """List all keys of a tenant and of everybody in it."""
        ...

    def add(self, keys: Sequence[WrappedKey]) -> int:
        """Add keys and count them, but for those whose version is there, or whose owner was erased."""
        ...

    def wrapped_by_others(self, root_id: str, limit: int) -> Sequence[WrappedKey]:
        """List keys that another root key wraps."""
        ...

    def rewrap(self, keys: Sequence[WrappedKey]) -> None:
        """Replace how keys are wrapped, as far as they are there."""
        ...

    def settle(self, keys: Sequence[tuple[str, int]]) -> None:
        """Note of owners' versions that nothing is sealed with an earlier one."""
        ...

    def unsettled(self) -> Sequence[WrappedKey]:
        """List the keys whose newest version is not settled."""
        ...

    def destroy(self, owner: str, at_ms: int) -> int:
        """Erase the keys of an owner and of everybody in it, and remember that; count the keys."""
        ...

    def refuse(self, destroyed: Sequence[Destroyed]) -> None:
        """Take over which keys were destroyed, and erase those of them that are here."""
        ...

    def destroyed_key(self, key_id: bytes) -> bool:
        """Say whether a key was destroyed."""
        ...

    def destroyed_owner(self, owner: str) -> bool:
        """Say whether an owner, or the tenant that it is in, was erased."""
        ...

    def destroyed(self) -> Sequence[Destroyed]:
        """List the keys that were destroyed, oldest first."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Count `owners`, `keys` and `destroyed`."""
        ...
