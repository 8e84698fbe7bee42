"""What an operation changed, as two hashes: the things as they were, and as they are then.

Whoever kept a thing can compute its hash. With `framed(a, b, …)` as each part behind its length in eight
bytes, and the thing as JSON with sorted keys, without spaces, in UTF-8:

    state = SHA-256(framed("mainstay audit states v1", "", "0", json))
    hash = SHA-256(framed("mainstay audit state v1", salt, state))

Of several things, each next state takes the one before in place of `""`, and its number in place of `"0"`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mainstay.kernel.chain import framed

State = Mapping[str, Any]
"""A thing as plain values, such as JSON has."""

_STATES = b"mainstay audit states v1"
_SALTED = b"mainstay audit state v1"


def canonical(state: State | None) -> bytes:
    """Write a thing in the one way that everybody writes it; nothing for what is not there."""
    if state is None:
        return b""
    return json.dumps(state, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


@dataclass(frozen=True)
class Changed:
    """Hashes of all things that were changed, in their order; None on a side where there was nothing."""

    before: bytes | None = None
    after: bytes | None = None
    count: int = 0

    def and_then(self, before: State | None, after: State | None) -> "Changed":
        """Add a thing that was changed, made (nothing before) or erased (nothing after)."""
        return Changed(self._added(self.before, before), self._added(self.after, after), self.count + 1)

    def salted(self, salt: bytes) -> tuple[bytes | None, bytes | None]:
        """Give the hashes in a form that tells nothing to whoever has not the salt."""
        return _salted(self.before, salt), _salted(self.after, salt)

    def _added(self, side: bytes | None, state: State | None) -> bytes | None:
        if side is None and state is None:
            return None
        return hashlib.sha256(framed(_STATES, side or b"", str(self.count), canonical(state))).digest()


UNCHANGED = Changed()


def _salted(side: bytes | None, salt: bytes) -> bytes | None:
    return None if side is None else hashlib.sha256(framed(_SALTED, salt, side)).digest()
