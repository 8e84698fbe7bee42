"""What we ask of passkeys (WebAuthn): that a person shows a key which only this site's pages can ask for."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from mainstay.kit.errors import Invalid, Unauthenticated

Json = Mapping[str, Any]


class PasskeyInvalid(Invalid):
    """What the browser sent makes no passkey of this site."""

    title = "The passkey cannot be added"


class PasskeyRefused(Unauthenticated):
    """What the browser sent does not show the passkey, here and now."""

    title = "The passkey is refused"


@dataclass(frozen=True)
class Site:
    """Whose pages may ask for a passkey."""

    name: str
    host: str
    origin: str

    @classmethod
    def of(cls, public_url: str, name: str) -> Self:
        """Make the site of a public address; raises ValueError where browsers know no passkeys."""
        parts = urlsplit(public_url)
        host = parts.hostname or ""
        if parts.scheme != "https" and (parts.scheme, host) != ("http", "localhost"):
            raise ValueError("Passkeys need a public address that begins with https://.")
        try:
            ipaddress.ip_address(host)
        except ValueError:
            own_port = {"http": 80, "https": 443}[parts.scheme] == parts.port or parts.port is None
            return cls(name, host, f"{parts.scheme}://{host}" + ("" if own_port else f":{parts.port}"))
        raise ValueError("Passkeys need a public address with a host name, not a number.")


@dataclass(frozen=True)
class Holder:
    """Whose passkey it is; `handle` is an id that says nothing about the person (at most 64 bytes)."""

    handle: bytes
    name: str
    display_name: str


@dataclass(frozen=True)
class Passkey:
    """What is kept of a passkey: nothing secret."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool


class Passkeys(Protocol):
    """Adds and checks passkeys; the caller makes challenges (random, 32 bytes) and takes each only once."""

    def options_to_add(
        self, site: Site, holder: Holder, challenge: bytes, present: Sequence[bytes] = ()
    ) -> dict[str, Any]:
        """Give what a page passes to `navigator.credentials.create`; `present` are ids not to add again."""
        ...

    def added(self, site: Site, challenge: bytes, answer: Json) -> Passkey:
        """Give the passkey of a browser's answer; raises PasskeyInvalid."""
        ...

    def options_to_show(self, site: Site, challenge: bytes, known: Sequence[bytes] = ()) -> dict[str, Any]:
        """Give what a page passes to `navigator.credentials.get`; without `known` the person picks one."""
        ...

    def credential_id(self, answer: Json) -> bytes:
        """Give the id under which a browser's answer says its passkey is kept; raises PasskeyRefused."""
        ...

    def shown(self, site: Site, challenge: bytes, passkey: Passkey, answer: Json) -> Passkey:
        """Give the passkey as it is to be kept from now on; raises PasskeyRefused."""
        ...
