"""How the server and the child that learns talk: a length, JSON, then plain arrays."""

import json
from collections.abc import Mapping
from typing import Any

LENGTH_BYTES = 4
ERROR_MAX = 4000
"""How much of the end of its complaints a child tells, in characters."""
PARTS = ("<f4", "<i4", "<i8", "<i8")
"""Values, columns, starts of the rows, and labels."""


def framed(told: Mapping[str, Any]) -> bytes:
    """Write down what comes before the arrays."""
    written = json.dumps(told).encode()
    return len(written).to_bytes(LENGTH_BYTES) + written
