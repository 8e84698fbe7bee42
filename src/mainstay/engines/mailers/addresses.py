"""The address of a mail server, as an operator writes it: `smtp://name:password@host:587`."""

import ipaddress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

Protection = Literal["tls", "starttls", "none"]

_PORTS = {"smtp": 587, "smtps": 465}
_STARTTLS: dict[str, Protection] = {"yes": "starttls", "no": "none"}
_CHARACTERS_MAX = 2048


class AddressUnusable(ValueError):
    """This is no address of a mail server; its text says why and never what was written."""


@dataclass(frozen=True)
class MailServer:
    """Where mails go, and as whom."""

    host: str
    port: int
    protection: Protection
    user: str = ""
    password: str = field(default="", repr=False)


def mail_server(url: str) -> MailServer:
    """Read an address; raises AddressUnusable."""
    if len(url) > _CHARACTERS_MAX or not url.isprintable() or " " in url:
        raise AddressUnusable("it holds spaces or control characters, or is too long")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressUnusable("its host or port cannot be read") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise AddressUnusable("it does not begin with `smtp://host` or `smtps://host`")
    if parts.path.strip("/") or parts.fragment:
        raise AddressUnusable(
            "there is more behind the host; write `/`, `#`, `?` and `@` in a password as `%2F` …"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise AddressUnusable("it names a user without a password, or a password without a user")
    protection = _protection(parts)
    if user and protection == "none" and not _is_loopback(parts.hostname):
        raise AddressUnusable("a password may not travel without TLS; leave `starttls=no` out")
    return MailServer(parts.hostname, port or _PORTS[parts.scheme], protection, user, password)


def _protection(parts: SplitResult) -> Protection:
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    said = options.pop("starttls", None)
    if options or said not in {None, *_STARTTLS} or (said and parts.scheme == "smtps"):
        raise AddressUnusable("the only option is `?starttls=yes` or `?starttls=no`, of `smtp://`")
    if parts.scheme == "smtps":
        return "tls"
    if said is not None:
        return _STARTTLS[said]
    return "none" if _is_loopback(parts.hostname or "") else "starttls"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
