"""The cookies of these pages: no other door reads one."""

from collections.abc import Iterable
from http.cookies import SimpleCookie

from mainstay.kernel.caller import Credential

_SESSION, _FORM = "mainstay-session", "mainstay-form"
_COOKIES_LENGTH_MAX = 8192

Headers = Iterable[tuple[bytes, bytes]]


def _named(name: str, scheme: str) -> str:
    """Give a cookie's name; over TLS one that browsers take from this host alone (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{name}" if scheme == "https" else name


def _found(headers: Headers, name: str, scheme: str) -> str:
    """Give a cookie's value, empty where there is none, or several of one name."""
    wanted, values = _named(name, scheme), []
    for header, value in headers:
        if header == b"cookie" and len(value) <= _COOKIES_LENGTH_MAX:
            for part in value.decode("latin-1").split(";"):
                given, _, text = part.strip().partition("=")
                if given == wanted:
                    values.append(text)
    return values[0] if len(values) == 1 else ""


def _made(name: str, scheme: str, value: str, lasts_s: int | None) -> str:
    cookie: SimpleCookie = SimpleCookie()
    key = _named(name, scheme)
    cookie[key] = value
    cookie[key]["path"] = "/"
    cookie[key]["httponly"] = True
    cookie[key]["samesite"] = "Lax"
    cookie[key]["secure"] = scheme == "https"
    if lasts_s is not None:
        cookie[key]["max-age"] = lasts_s
    return cookie[key].OutputString()


def session_credential(headers: Headers, scheme: str = "https") -> Credential | None:
    """Give the credential of the session cookie in raw headers (lower-case names), None if there is none."""
    secret = _found(headers, _SESSION, scheme)
    return Credential(secret, "cookie") if secret else None


def session_cookie(secret: str, scheme: str, lasts_s: int) -> str:
    """Give the header that keeps a session in the browser; an empty secret takes it away."""
    return _made(_SESSION, scheme, secret, lasts_s if secret else 0)


def form_secret(headers: Headers, scheme: str) -> str:
    """Give what a browser was given with its first form, empty if it was given nothing."""
    return _found(headers, _FORM, scheme)


def form_cookie(secret: str, scheme: str) -> str:
    """Give the header that gives a browser the secret of its forms, until it is closed."""
    return _made(_FORM, scheme, secret, None)
