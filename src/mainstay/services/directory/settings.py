"""Which roles provisioning gives in a tenant."""

import json
from collections.abc import Sequence

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.bounds import permissions_beyond
from mainstay.kernel.caller import Caller
from mainstay.kernel.recognising import Standing
from mainstay.services.directory.failures import RolesBeyondYours
from mainstay.services.directory.granting import reach
from mainstay.services.directory.records import Provisioning, RoleRule
from mainstay.services.directory.store import DirectoryStore
from mainstay.services.people.interface import RoleUnknown

DOOR = "/scim/v2"
_DEFAULT_ROLE = "user"


class Settings:
    """The settings of provisioning."""

    def __init__(self, store: DirectoryStore, standing: Standing, address: PublicAddress) -> None:
        """Take the parts."""
        self._store = store
        self._standing = standing
        self._address = address

    async def of(self) -> tuple[Sequence[RoleRule], str]:
        """Give the caller's tenant's rules and default role."""
        found = await self._store.settings()
        if found is None:
            return [], _DEFAULT_ROLE
        default, rules = found
        return [RoleRule.model_validate(each) for each in json.loads(rules)], default

    async def told(self) -> Provisioning:
        """Tell them."""
        rules, default = await self.of()
        url = f"{self._address.url}{DOOR}" if self._address.url else ""
        return Provisioning(default_role=default, rules=list(rules), scim_url=url)

    async def set(self, giver: Caller, default: str, rules: Sequence[RoleRule]) -> None:
        """Store them; neither before nor then do they give more than the giver may."""
        former_rules, former = await self.of()
        for role in sorted(reach(rules, default)):
            permitted = await self._standing.permitted(giver.tenant_id, role)
            if permitted is None:
                raise RoleUnknown(f"There is no role {role}; list the roles to see their names.")
            _check(giver, role, permitted)
        for role in sorted(reach(former_rules, former)):
            _check(giver, role, await self._standing.permitted(giver.tenant_id, role) or frozenset())
        stored = json.dumps([rule.model_dump() for rule in rules])
        await self._store.set_settings(default, stored)


def _check(giver: Caller, role: str, permitted: frozenset[str]) -> None:
    more = permissions_beyond(giver, permitted)
    if more:
        raise RolesBeyondYours(f"The role {role} goes beyond yours. {more}")
