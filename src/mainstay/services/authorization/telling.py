"""What a client is told of a person who lets it know: claims by scopes (OpenID Connect Core, 5.4)."""

from collections.abc import Collection, Mapping
from typing import Any

from mainstay.kernel.caller import Caller
from mainstay.kernel.profiles import Profiles

_CLAIMS: Mapping[str, tuple[str, ...]] = {"profile": ("name",), "email": ("email", "email_verified")}


class Telling:
    """Tells of people."""

    def __init__(self, profiles: Profiles) -> None:
        """Take who knows them."""
        self._profiles = profiles

    async def about(self, holder: Caller, granted: Collection[str]) -> dict[str, Any]:
        """Give the claims about somebody that scopes let a client know."""
        wanted = [claim for scope, claims in _CLAIMS.items() if scope in granted for claim in claims]
        if not wanted:
            return {}
        known = vars(await self._profiles.of(holder.tenant_id, holder.subject))
        return {claim: known[claim] for claim in wanted if known[claim] is not None}
