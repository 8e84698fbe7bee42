"""Where answers may be sent: exactly the addresses that a client has named (RFC 9700, 4.1; RFC 8252)."""

from collections.abc import Collection, Sequence
from urllib.parse import SplitResult, urlsplit

from mainstay.services.authorization.failures import RedirectRefused

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_FORBIDDEN = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "view-source"})


def check(uri: str, schemes: Collection[str] = ()) -> None:
    """Refuse what no client may name; raises RedirectRefused.

    An address is https, or http on this machine's loopback, or has one of `schemes` (of native apps).
    """
    parts = _parts(uri)
    if parts.fragment or "#" in uri:
        raise RedirectRefused("A redirect address has no fragment (`#…`).")
    if parts.username is not None or parts.password is not None or "\\" in uri or "*" in uri:
        raise RedirectRefused("A redirect address has no user, no backslash and no `*` in it.")
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return
    if parts.scheme in schemes and parts.scheme not in _FORBIDDEN | {"http", "https"}:
        return
    raise RedirectRefused(
        "A redirect address begins with https://, or with http:// on 127.0.0.1, [::1] or localhost; "
        "an operator can allow schemes of native apps (MAINSTAY_OAUTH_NATIVE_SCHEMES)."
    )


def check_named(uri: str, named: Sequence[str]) -> None:
    """Refuse an address that the client has not named; raises RedirectRefused.

    They are compared as texts. Only an app on this machine's loopback may choose its port at each start.
    """
    if uri in named:
        return
    portless = _without_port(uri)
    if portless is not None and portless in [_without_port(each) for each in named]:
        return
    raise RedirectRefused("The client has not named this address; compare them letter by letter.")


def _without_port(uri: str) -> tuple[str, str, str] | None:
    """Give a loopback address without its port, None for any other."""
    parts = _parts(uri)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or parts.username is not None:
        return None
    if "#" in uri or "\\" in uri:
        return None
    return parts.hostname, parts.path, parts.query


def _parts(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        raise RedirectRefused("This is no address.") from None
    return parts
