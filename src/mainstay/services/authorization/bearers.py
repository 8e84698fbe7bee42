"""Who comes with an access token: what it says, whether it still works, and what its holder may do now."""

import hashlib
from collections.abc import Collection
from dataclasses import replace

from mainstay.kernel.caller import Caller
from mainstay.kernel.guard import CredentialsUnknown, TenantSuspended
from mainstay.kernel.recognising import Recognisers
from mainstay.kit.clock import Clock
from mainstay.ports.tokens import TokenInvalid
from mainstay.services.authorization import claims, scopes
from mainstay.services.authorization.claims import ACCESS, LEEWAY_S, Access
from mainstay.services.authorization.issuing import audiences
from mainstay.services.authorization.signing import SigningKeys
from mainstay.services.authorization.store import RevocationStore

_CACHED_MAX = 10_000
_DOTS = 2
_BEGINS = "eyJ"  # `{"`, in base64url
_REFUSED = "The token is not valid here, has expired, or was revoked. Ask for a new one."


def is_token(secret: str) -> bool:
    """Say whether a secret has the form of a signed token."""
    return secret.startswith(_BEGINS) and secret.count(".") == _DOTS


class Bearers:
    """Checks access tokens. A signature is checked once; whether a token still works, at each request."""

    def __init__(
        self, keys: SigningKeys, store: RevocationStore, recognisers: Recognisers, clock: Clock
    ) -> None:
        """Take the parts."""
        self._keys = keys
        self._store = store
        self._recognisers = recognisers
        self._clock = clock
        self._checked: dict[bytes, tuple[str, Access]] = {}

    async def caller(self, token: str) -> Caller:
        """Give the caller with what he may do now, as far as the token's scopes go.

        Raises CredentialsUnknown and TenantSuspended.
        """
        access = await self.working(token)
        if access is None:
            raise CredentialsUnknown(_REFUSED)
        holder = await self._holder(access)
        return replace(holder, permissions=scopes.permitted(holder, access.scopes), secret=token)

    async def working(self, token: str) -> Access | None:
        """Give what a token says, None when it does not work."""
        try:
            key_id, access = await self._read(token)
        except TokenInvalid:
            return None
        stands = await self._store.stands(key_id, access.client_id, access.token_id, access.family_id)
        return access if stands else None

    async def scopes(self, secret: str) -> Collection[str]:
        """Give the scopes with which somebody comes; whoever brings no token may know all of himself."""
        if not is_token(secret):
            return scopes.SIGNS
        access = await self.working(secret)
        return () if access is None else access.scopes

    async def holds(self, access: Access) -> bool:
        """Say whether the token's holder is still somebody here."""
        try:
            await self._holder(access)
        except (CredentialsUnknown, TenantSuspended):
            return False
        return True

    async def _holder(self, access: Access) -> Caller:
        holder = await self._recognisers.find(access.tenant_id, access.subject)
        if access.issued_s < holder.granted_since_ms // 1000:
            raise CredentialsUnknown(_REFUSED)
        return holder

    async def _read(self, token: str) -> tuple[str, Access]:
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        now_s = self._clock.now_ms() / 1000
        found = self._checked.get(digest)
        if found is not None and found[1].issued_s - LEEWAY_S <= now_s < found[1].expires_s + LEEWAY_S:
            return found
        issuer = self._keys.issuer
        key_id, said = await self._keys.verify(token, ACCESS)
        found = key_id, claims.read(said, issuer, audiences(issuer), now_s)
        if len(self._checked) >= _CACHED_MAX:
            self._checked.clear()
        self._checked[digest] = found
        return found
