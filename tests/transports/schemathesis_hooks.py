"""Hooks for runs of schemathesis: `SCHEMATHESIS_HOOKS=transports.schemathesis_hooks`."""

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(_: Any, case: Any, __: dict[str, Any]) -> None:
    """Leave out idempotency keys: a generated one repeats with other requests, which is refused rightly."""
    if case.headers:
        case.headers.pop("Idempotency-Key", None)
