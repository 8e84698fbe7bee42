"""What we ask of JSON Schema: whether a schema is one, and what of a value does not fit it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Schemas(Protocol):
    """Checks values against schemas that strangers wrote; nothing is fetched, and no pattern is run."""

    def faults(self, schema: Mapping[str, Any]) -> Sequence[str]:
        """Say what is wrong with a schema itself; nothing if it is one."""
        ...

    def misfits(self, schema: Mapping[str, Any], value: Any) -> Sequence[str]:
        """Say where a value does not fit, a few places at most; nothing if it does."""
        ...
