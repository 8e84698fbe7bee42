"""Who is it, how often, and may they: everything that happens before a message is read."""

from typing import Protocol

from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.interface import Operation
from mainstay.kit.errors import Forbidden, TooMany, Unauthenticated
from mainstay.ports.cache import Cache

WINDOW_S = 60.0
ANYBODY = "anybody"
"""The permission of operations that every recognised caller has, such as asking who one is."""


class CredentialsMissing(Unauthenticated):
    """The message carries no credentials."""

    title = "An API key is needed"


class CredentialsUnknown(Unauthenticated):
    """The credentials are not known, have expired, or were revoked."""

    title = "The API key is not valid"


class CredentialsAmbiguous(Unauthenticated):
    """The message carries different credentials in several places."""

    title = "The message carries more than one API key"


class PermissionMissing(Forbidden):
    """The caller is known, but has not this permission."""

    title = "A permission is missing"


class TenantSuspended(Forbidden):
    """The tenant of this key is suspended; its data stays, and its keys work again when it is resumed."""

    title = "This tenant is suspended"


class RateLimited(TooMany):
    """The key's requests of the last minute reach its limit."""

    title = "The rate limit is reached"


class Authenticator(Protocol):
    """Recognises callers; services provide one."""

    async def recognise(self, credential: Credential) -> Caller:
        """Give the caller behind a credential; raises CredentialsUnknown and TenantSuspended."""
        ...


class Guard:
    """Admits callers to operations."""

    def __init__(self, authenticator: Authenticator, cache: Cache) -> None:
        """Take who recognises callers, and where their requests are counted."""
        self._authenticator = authenticator
        self._cache = cache

    async def authenticate(self, credential: Credential | Caller | None) -> Caller:
        """Recognise who asks."""
        if isinstance(credential, Caller):
            return credential
        if credential is None:
            raise CredentialsMissing(
                "Send an API key as `Authorization: Bearer …` or `X-API-Key: …`; "
                "an administrator makes keys with `mainstay keys create`."
            )
        return await self._authenticator.recognise(credential)

    async def limit(self, caller: Caller, headers: dict[str, str]) -> None:
        """Count the request against the caller's limit and say in `headers` what is left.

        What is then refused for want of a permission counts too, or a key could ask for it without end.
        """
        allowed, left, wait_s = await self._cache.hit(
            f"rate:{caller.tenant_id}:{caller.subject}", caller.limit_per_minute, WINDOW_S
        )
        headers["RateLimit-Policy"] = f'"minute";q={caller.limit_per_minute};w={WINDOW_S:.0f}'
        headers["RateLimit"] = f'"minute";r={left};t={max(0, round(wait_s + 0.5)) if left == 0 else 0}'
        if not allowed:
            raise RateLimited(
                f"This key may send {caller.limit_per_minute} requests a minute. "
                f"Try again in {wait_s:.1f} s, or ask an administrator for a higher limit.",
                retry_after_s=wait_s,
            )

    def authorise(self, caller: Caller, operation: Operation) -> None:
        """Check the permission that an operation asks for."""
        if operation.may != ANYBODY and not caller.may(operation.may):
            raise PermissionMissing(
                f"This needs the permission `{operation.may}`; your key has the role "
                f"{', '.join(caller.roles) or 'none'}. Ask an administrator for a key that may."
            )
