"""Who asks."""

from collections.abc import Sequence
from dataclasses import dataclass, field

EVERYTHING = "*"
"""The permission that stands for all."""
ALL_DOCUMENTS = "documents:all"
"""The permission to see documents of every group; administrators have it."""
HOUSE = "house:"
"""What the subject begins with where the house itself acts."""
LOOKED_AT = "looked at"
"""The carrier of a credential that came before, and is only looked at again: nobody uses it by that."""


@dataclass(frozen=True)
class Credential:
    """What a door found on a message: an API key, and where it was carried."""

    secret: str = field(repr=False)
    carrier: str


@dataclass(frozen=True)
class Caller:
    """Somebody who was recognised.

    `groups` are those of document permissions; `subject` is the id of the key (later: of the person);
    `limit_per_minute` bounds how often it may call (`own_limit`: it was set for this one, it is not what
    everybody has), `writes_per_minute` how often it may write, and
    `tenant_limit_per_minute` how often all callers of its tenant may together (0: no such limit);
    `ends_ms` is when what it came with ends; `signed_in_ms` is when a person signed in, if one did. What
    was granted in its name before `granted_since_ms` counts no more. Who has to add a second factor first
    may ask for these operations `only` (None: no such bound); so may a guest, somebody without an account
    who came by the thing that `guest_of` names.
    """

    tenant_id: str
    subject: str
    roles: tuple[str, ...]
    permissions: frozenset[str]
    groups: frozenset[str] = frozenset()
    limit_per_minute: int = 1000
    own_limit: bool = False
    writes_per_minute: int = 0
    tenant_limit_per_minute: int = 0
    operator: bool = False
    ends_ms: int | None = None
    signed_in_ms: int | None = None
    granted_since_ms: int = 0
    only: frozenset[str] | None = None
    guest_of: str = ""
    secret: str = field(default="", repr=False)

    def may(self, permission: str) -> bool:
        """Say whether this caller has a permission."""
        return permission in self.permissions or EVERYTHING in self.permissions

    def sees(self, groups: Sequence[str] | None) -> bool:
        """Say whether this caller may see what is kept to these groups; None: it is kept to none."""
        return groups is None or self.may(ALL_DOCUMENTS) or not self.groups.isdisjoint(groups)


def house(tenant_id: str, name: str) -> Caller:
    """Give the caller that the house itself is when it reacts to a tenant's event."""
    return Caller(
        tenant_id=tenant_id,
        subject=f"{HOUSE}{name}",
        roles=("house",),
        permissions=frozenset({EVERYTHING}),
    )
