"""Answers that a client has already: it names their tag, and need not be sent them again (RFC 9110)."""

import hashlib
import re
from collections.abc import Mapping

TAGGED_BYTES_MAX = 4 << 20
"""Larger answers have no tag: making it would hold up others."""
REVALIDATED: Mapping[str, str] = {
    "Cache-Control": "private, no-cache",
    "Vary": "Authorization, X-API-Key, Accept",
}
"""Whoever keeps the answer asks again before he uses it, and shows it to nobody else."""

_DIGEST_BYTES = 16
_TAG = re.compile(r'(?:W/)?("[^"]*")')


def tag_of(body: bytes) -> str:
    """Give an answer's tag: the same for the same bytes, and for no others."""
    return f'"{hashlib.blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()}"'


def has(if_none_match: str | None, tag: str) -> bool:
    """Say whether a client has the answer with this tag; `W/` before a tag makes no difference to reads."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)
