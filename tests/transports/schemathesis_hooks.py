"""Hooks for runs of schemathesis: `SCHEMATHESIS_HOOKS=transports.schemathesis_hooks`."""

from typing import Any

import schemathesis

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.transports.rest.problems import status_of


@schemathesis.hook
def before_call(_: Any, case: Any, __: dict[str, Any]) -> None:
    """Leave out idempotency keys: a generated one repeats with other requests, which is refused rightly."""
    if case.headers:
        case.headers.pop("Idempotency-Key", None)


@schemathesis.check
def valid_data_fits(_: Any, response: Any, case: Any) -> None:
    """Raise where data that fits the document is refused for its form: then the document says too little."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code == status_of(RequestInvalid):
        told = response.json()
        assert told["code"] != RequestInvalid.code(), f"It fits the document, but: {told['detail']}"
