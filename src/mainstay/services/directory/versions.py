"""By what somebody sees that a thing is another one than he has read."""

import hashlib
import json
from typing import Any


def version_of(seen: Any) -> str:
    """Give another text whenever what is seen of a thing, as plain values, is another."""
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()
