"""Who is it, how often, and may they: everything that happens before a message is read."""

import math
from collections.abc import Sequence
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Any, Protocol

from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.interface import Operation
from mainstay.kit.errors import Forbidden, TooMany, Unauthenticated
from mainstay.ports.cache import Cache, Limit

WINDOW_S = 60.0
NOBODYS = "nobody"
"""Stands where a tenant would, of strangers: what they tried is audited under this name."""
STRANGERS_PER_MINUTE = 120
_TOLD_MAX = 12
_IPV6_HOUSEHOLD_BYTES = 8  # one subscriber has at least a network of 64 bits (RFC 6177)
_IPV6_OF_IPV4 = bytes(10) + b"\xff\xff"
ANYBODY = "anybody"
"""The permission of operations that every recognised caller has, such as asking who one is."""
STRANGER = "stranger"
"""The permission of operations by which strangers become known, such as signing in.

They are answered without credentials, and what credentials a message carries is not looked at.
"""


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


class SecondFactorRequired(Forbidden):
    """The tenant demands a second factor, and the caller signed in without one."""

    title = "A second factor is required"


class SignInNeeded(Forbidden):
    """This is for people who have signed in."""

    title = "Only who has signed in may do this"


class TenantSuspended(Forbidden):
    """The tenant of this key is suspended; its data stays, and its keys work again when it is resumed."""

    title = "This tenant is suspended"

    def __init__(self, detail: str = "", known: Caller | None = None, **more: Any) -> None:
        """Take who was refused, for the audit."""
        super().__init__(detail, **more)
        self.known = known


class RateLimited(TooMany):
    """The requests of the last minute reach a limit of the key or of its tenant."""

    title = "The rate limit is reached"


class QuotaUsedUp(TooMany):
    """The tenant has used what it may in this day or month; it may again in the next one, by UTC."""

    title = "A quota is used up"


_Kind = tuple[str, str]
_KEY: _Kind = ("minute", "This key may send {} requests a minute.")
_STRANGER: _Kind = ("minute", "From one address {} requests a minute may come without credentials.")
_WRITES: _Kind = ("writes", "This key may send {} writes a minute.")
_TENANT: _Kind = ("tenant", "All keys of this tenant may together send {} requests a minute.")


class Authenticator(Protocol):
    """Recognises callers; services provide one."""

    async def recognise(self, credential: Credential) -> Caller:
        """Give the caller behind a credential; raises CredentialsUnknown and TenantSuspended."""
        ...


class Guard:
    """Admits callers to operations."""

    def __init__(
        self, authenticator: Authenticator, cache: Cache, strangers_per_minute: int = STRANGERS_PER_MINUTE
    ) -> None:
        """Take who recognises callers, where requests are counted, and how many strangers may send."""
        self._authenticator = authenticator
        self._cache = cache
        self._strangers_per_minute = strangers_per_minute

    async def admit(
        self, credential: Credential | Caller | None, operation: Operation, address: str
    ) -> Caller:
        """Recognise who asks for an operation; for some, anybody may, and is counted by address."""
        if operation.may != STRANGER or isinstance(credential, Caller):
            return await self.authenticate(credential)
        return stranger(address, self._strangers_per_minute)

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

    async def limit(
        self, caller: Caller, operation: Operation, headers: dict[str, str], most: int | None = None
    ) -> None:
        """Count the request against all limits of the caller, or none, and say in `headers` what is left.

        `most` is how often in a minute the caller's tenant may ask for this very operation.
        What is then refused for want of a permission counts too, or a key could ask for it without end.
        """
        kinds, limits, policy = _limits(
            caller.tenant_id,
            caller.subject,
            caller.limit_per_minute,
            caller.writes_per_minute if operation.changes else 0,
            caller.tenant_limit_per_minute,
            None if most is None else (operation.full_name, most),
        )
        allowed, tightest, left, wait_s = await self._cache.take(limits)
        name, words = kinds[tightest]
        headers["RateLimit-Policy"] = policy
        headers["RateLimit"] = f'"{name}";r={left};t={math.ceil(wait_s)}'
        if not allowed:
            raise RateLimited(
                f"{words.format(limits[tightest].most)} "
                f"Try again in {wait_s:.1f} s, or ask an administrator for a higher limit.",
                retry_after_s=wait_s,
            )

    def authorise(self, caller: Caller, operation: Operation) -> None:
        """Check the permission that an operation asks for."""
        if caller.only is not None and operation.may != STRANGER and operation.full_name not in caller.only:
            if caller.guest_of:
                raise PermissionMissing("Guests may not; sign in, or come with a key.")
            raise SecondFactorRequired(
                "Set one up at `/account/second-factor`, or by `POST /v1/me/factors/totp`; "
                "if you have one, sign in again with it."
            )
        if operation.may not in {ANYBODY, STRANGER} and not caller.may(operation.may):
            raise PermissionMissing(
                f"This needs the permission `{operation.may}`, and you have {_had(caller)}. "
                "Ask an administrator for a key or a role that may."
            )


def _had(caller: Caller) -> str:
    """Say what somebody may, in words, of a long list its beginning; and by which role, if by one."""
    names = [f"`{name}`" for name in sorted(caller.permissions)]
    more = [f"{len(names) - _TOLD_MAX} more, which `GET /v1/me` lists"] if len(names) > _TOLD_MAX else []
    told = " and ".join(filter(None, [", ".join(names[:_TOLD_MAX]), *more])) or "none"
    return f"{told} (role {', '.join(caller.roles)})" if caller.roles else told


def household(address: str) -> str:
    """Give what stands for all addresses that one subscriber has.

    Each request whose credentials are not known pays for it: a microsecond, and no cache that a flood fills.
    """
    try:
        if ":" not in address:
            inet_pton(AF_INET, address)
            return f"{address}/32"
        packed = inet_pton(AF_INET6, address.partition("%")[0])
    except (OSError, ValueError):
        return address
    if packed.startswith(_IPV6_OF_IPV4):  # a socket for both writes IPv4 like this: all would be one house
        return f"{inet_ntop(AF_INET, packed[12:])}/32"
    network = packed[:_IPV6_HOUSEHOLD_BYTES].ljust(len(packed), b"\0")
    return f"{inet_ntop(AF_INET6, network)}/{8 * _IPV6_HOUSEHOLD_BYTES}"


def stranger(address: str, limit_per_minute: int) -> Caller:
    """Give the caller of whom nothing is known but an address, of which a household has one."""
    return Caller(
        tenant_id=NOBODYS,
        subject=f"stranger:{household(address)}",
        roles=(),
        permissions=frozenset(),
        limit_per_minute=limit_per_minute,
    )


@lru_cache(maxsize=10_000)
def _limits(
    tenant_id: str, subject: str, key: int, writes: int, tenant: int, operation: tuple[str, int] | None
) -> tuple[Sequence[_Kind], Sequence[Limit], str]:
    """Give the kinds of limits that hold for a request, the limits, and the header that tells them."""
    room = f"{{{tenant_id}}}"  # a Redis cluster keeps together what has the same braces
    kind = _STRANGER if tenant_id == NOBODYS else _KEY
    found = [(kind, Limit(f"{room}:{subject}", key, WINDOW_S))]
    if writes:
        found.append((_WRITES, Limit(f"{room}:{subject}:writes", writes, WINDOW_S)))
    if tenant:
        found.append((_TENANT, Limit(room, tenant, WINDOW_S)))
    if operation is not None:
        name, most = operation
        kind = ("operation", f"All keys of this tenant may together ask for {name} {{}} times a minute.")
        found.append((kind, Limit(f"{room}:{name}", most, WINDOW_S)))
    policy = ", ".join(f'"{name}";q={limit.most};w={WINDOW_S:.0f}' for (name, _), limit in found)
    return [kind for kind, _ in found], [limit for _, limit in found], policy
