"""Codes of authenticator apps: RFC 6238 with what every app can do, SHA-1, six digits, thirty seconds."""

import base64
import hmac
from urllib.parse import quote, urlencode

SECRET_BYTES = 20
DIGITS = 6
_STEP_MS = 30_000
_SKEW_STEPS = 1
_ISSUER = "Mainstay"


def code_at(secret: bytes, step: int) -> str:
    """Give the code of a step (RFC 4226, section 5.3)."""
    mac = hmac.digest(secret, step.to_bytes(8), "sha1")
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: bytes, code: str, now_ms: int, last_step: int) -> int | None:
    """Give the step whose code this is: this one, its neighbours, but none up to the last that was accepted.

    All are compared, each in constant time.
    """
    now, found = now_ms // _STEP_MS, None
    for step in range(now - _SKEW_STEPS, now + _SKEW_STEPS + 1):
        same = hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        if same and step > last_step:
            found = step
    return found


def shown(secret: bytes) -> str:
    """Give a secret as people type it."""
    return base64.b32encode(secret).decode()


def uri_of(secret: bytes, account: str, place: str) -> str:
    """Give the address that an app reads from a picture; `place` tells several servers apart."""
    issuer = f"{_ISSUER} ({place})" if place else _ISSUER
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    wanted = {"secret": shown(secret), "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": 30}
    return f"otpauth://totp/{label}?{urlencode(wanted, quote_via=quote)}"
