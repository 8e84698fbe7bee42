"""Personal data replaced in a text: by its kind, or by tokens that can be turned back."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence

from mainstay.ports.personal_data import PersonalDatum

_TOKEN = re.compile(r"\[pii:([a-z_]{1,20}):([A-Za-z0-9_-]+)\]")

Seal = Callable[[str, str], bytes]
"""Seals a value of a kind: kind, value."""

Open = Callable[[str, bytes], str | None]
"""Opens what was sealed of a kind; None when it cannot be opened."""


def replaced(text: str, found: Sequence[PersonalDatum], put: Callable[[str, str], str]) -> str:
    """Put something else, made of kind and value, in the place of each finding."""
    pieces: list[str] = []
    at = 0
    for each in found:
        pieces += (text[at : each.start], put(each.kind, text[each.start : each.end]))
        at = each.end
    return "".join((*pieces, text[at:]))


def masked(text: str, found: Sequence[PersonalDatum]) -> str:
    """Put `[EMAIL]` in the place of an address, and so on."""
    return replaced(text, found, lambda kind, _: f"[{kind.upper()}]")


def tokenizing(seal: Seal) -> Callable[[str, str], str]:
    """Give what puts a token in the place of a value, and the same one for the same value."""
    made: dict[tuple[str, str], str] = {}

    def put(kind: str, value: str) -> str:
        if (kind, value) not in made:
            sealed = base64.urlsafe_b64encode(seal(kind, value)).decode().rstrip("=")
            made[kind, value] = f"[pii:{kind}:{sealed}]"
        return made[kind, value]

    return put


def restored(text: str, opened: Open) -> tuple[str, int, int]:
    """Turn tokens back; give the text, how many were turned back, and how many could not be."""
    counts = {True: 0, False: 0}

    def back(found: re.Match[str]) -> str:
        value = opened(found[1], sealed) if (sealed := _bytes(found[2])) else None
        counts[value is not None] += 1
        return found[0] if value is None else value

    return _TOKEN.sub(back, text), counts[True], counts[False]


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""
