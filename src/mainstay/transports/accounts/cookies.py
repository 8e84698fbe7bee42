"""The cookies of these pages; other doors read that of the session where its rules let them."""

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


def _made(name: str, scheme: str, value: str, lasts_s: int | None, same_site: str = "Lax") -> str:
    cookie: SimpleCookie = SimpleCookie()
    key = _named(name, scheme)
    cookie[key] = value
    cookie[key]["path"] = "/"
    cookie[key]["httponly"] = True
    cookie[key]["samesite"] = same_site
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


def attempt_of(headers: Headers, state: str, scheme: str) -> str:
    """Give what a browser keeps of a sign-in that it began by single sign-on, empty if it keeps nothing."""
    return _found(headers, _attempt_name(state), scheme)


def attempt_cookie(state: str, attempt: str, scheme: str, lasts_s: int) -> str:
    """Give the header that lets a browser keep a sign-in that it began; an empty attempt takes it away.

    Over TLS it comes along with what a provider lets the browser send here: the state in it has to match, and
    without a match the cookie says nothing.
    """
    kind = "None" if scheme == "https" else "Lax"
    return _made(_attempt_name(state), scheme, attempt, lasts_s, kind)


def _attempt_name(state: str) -> str:
    return f"mainstay-sso-{state[1:17]}"


def form_secret(headers: Headers, scheme: str) -> str:
    """Give what a browser was given with its first form, empty if it was given nothing."""
    return _found(headers, _FORM, scheme)


def form_cookie(secret: str, scheme: str) -> str:
    """Give the header that gives a browser the secret of its forms, until it is closed."""
    return _made(_FORM, scheme, secret, None)
