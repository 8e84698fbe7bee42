"""Hooks for runs of schemathesis: `SCHEMATHESIS_HOOKS=transports.schemathesis_hooks`."""

from typing import Any

import schemathesis


@schemathesis.hook
def map_headers(_: Any, headers: dict[str, str] | None) -> dict[str, str] | None:
    """Leave out idempotency keys: a generated one repeats with other requests, which is refused rightly."""
    if headers:
        headers.pop("Idempotency-Key", None)
    return headers
