"""Who has a role: what the service that keeps roles asks of those that name them."""

from collections.abc import Mapping
from typing import Protocol


class RoleHolders(Protocol):
    """Rows of a tenant that name its roles, such as its members."""

    async def with_role(self, role: str) -> int:
        """Count those of the present caller's tenant that have a role."""
        ...


class RoleUses:
    """All that may have a role."""

    def __init__(self, holders: Mapping[str, RoleHolders]) -> None:
        """Take who may have a role, by what they are called, in the plural."""
        self._holders = holders

    async def told(self, role: str) -> str:
        """Say who has a role of the caller's tenant, as `API keys (1), users (3)`; empty if nobody has."""
        counts = {name: await holders.with_role(role) for name, holders in self._holders.items()}
        return ", ".join(f"{name} ({count})" for name, count in counts.items() if count)
