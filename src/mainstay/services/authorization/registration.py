"""Clients that register by themselves (RFC 7591): few, without secrets, forgotten when unused."""

from collections.abc import Sequence

from mainstay.kernel.caller import Caller
from mainstay.kernel.permissions import Permissions
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.cache import Cache, Limit
from mainstay.services.authorization import redirects, scopes
from mainstay.services.authorization.client_store import ClientLookup, ClientRow
from mainstay.services.authorization.clients import CODE, REFRESH, REGISTRANTS
from mainstay.services.authorization.failures import (
    MetadataRefused,
    RedirectRefused,
    RegistrationClosed,
    RegistrationsTooMany,
)
from mainstay.services.authorization.records import Registration
from mainstay.services.authorization.signing import AuthorizationSettings

AN_HOUR_S = 3600.0
PER_HOUR = 10
WAITING_MAX = 10_000
UNUSED_S = 24 * 3600


class Registrar:
    """Lets strangers' clients in, if the operator does."""

    def __init__(
        self,
        lookup: ClientLookup,
        permissions: Permissions,
        cache: Cache,
        clock: Clock,
        ids: Ids,
        settings: AuthorizationSettings,
    ) -> None:
        """Take the parts."""
        self._lookup = lookup
        self._permissions = permissions
        self._cache = cache
        self._clock = clock
        self._ids = ids
        self._settings = settings

    async def register(
        self,
        stranger: Caller,
        name: str,
        redirect_uris: Sequence[str],
        grants: Sequence[str] | None,
        responses: Sequence[str] | None,
        scope: str,
    ) -> Registration:
        """Let a client in; raises why it cannot be."""
        if not self._settings.registration:
            raise RegistrationClosed(
                "Ask an administrator for a client, or the operator to set MAINSTAY_OAUTH_REGISTRATION."
            )
        wished = set(grants or (CODE, REFRESH))
        if not wished <= {CODE, REFRESH} or CODE not in wished:
            raise MetadataRefused("Use the grants authorization_code and refresh_token; no other is given.")
        if set(responses or ("code",)) != {"code"}:
            raise MetadataRefused("Use the response type code.")
        if not redirect_uris:
            raise RedirectRefused("Name the address that people are sent back to.")
        for uri in redirect_uris:
            redirects.check(uri, self._settings.native_schemes)
        scopes.check_known(scopes.split(scope), self._permissions)
        await self._count(stranger)
        row = self._row(name, redirect_uris, wished)
        await self._lookup.of(REGISTRANTS).add(row)
        return Registration(
            client_id=row.client_id,
            client_id_issued_at=row.created_ms // 1000,
            client_name=name,
            redirect_uris=list(row.redirect_uris),
            grant_types=list(row.grants),
            response_types=["code"],
            scope=scope,
        )

    async def _count(self, stranger: Caller) -> None:
        """Refuse a client too many; raises RegistrationsTooMany."""
        limit = Limit(f"{{{REGISTRANTS}}}:{stranger.subject}:registrations", PER_HOUR, AN_HOUR_S)
        allowed, _, _, wait_s = await self._cache.take([limit])
        if not allowed:
            raise RegistrationsTooMany(
                f"From one address {PER_HOUR} clients an hour may register.", retry_after_s=wait_s
            )
        if await self._lookup.waiting() >= WAITING_MAX:
            raise RegistrationsTooMany("Too many clients wait for their first use.", retry_after_s=AN_HOUR_S)

    def _row(self, name: str, redirect_uris: Sequence[str], grants: set[str]) -> ClientRow:
        now = self._clock.now_ms()
        return ClientRow(
            client_id=self._ids.new("client"),
            name=name,
            hash=None,
            start="",
            role="",
            permissions=None,
            groups=(),
            redirect_uris=tuple(dict.fromkeys(redirect_uris)),
            grants=tuple(sorted(grants)),
            created_ms=now,
            created_by="",  # an address is in the audit, and nowhere else
            expires_ms=now + UNUSED_S * 1000,
        )
