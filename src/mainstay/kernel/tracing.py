"""What was done and how long it took: hooks that see every operation, and a trace that crosses processes."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from mainstay.kit.random import DrawnAhead, Random

logger = logging.getLogger("mainstay")

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$")
_NOTHING = re.compile(r"^0+$")


@dataclass(frozen=True, slots=True)
class Span:
    """One operation that ended."""

    operation: str
    door: str
    tenant_id: str
    request_id: str
    trace_id: str
    started_s: float
    took_s: float
    outcome: str


Hook = Callable[[Span], None]


class Tracing:
    """Tells every hook of every span; a hook that fails is logged and never hurts the request."""

    def __init__(self, random: Random) -> None:
        """Begin without hooks."""
        self._random = DrawnAhead(random)
        self._hooks: list[Hook] = []

    def add(self, hook: Hook) -> None:
        """Tell this hook from now on."""
        self._hooks.append(hook)

    def trace_id(self, traceparent: str | None) -> str:
        """Continue the caller's trace (W3C Trace Context), or begin one."""
        found = _TRACEPARENT.match(traceparent or "")
        if found is not None and not _NOTHING.match(found[1]):
            return found[1]
        return self._random.token(16).hex()

    def traceparent(self, trace_id: str) -> str:
        """Give the header by which a call to another process continues a trace."""
        return f"00-{trace_id}-{self._random.token(8).hex()}-01"

    def tell(self, span: Span) -> None:
        """Tell the hooks of a span."""
        for hook in self._hooks:
            try:
                hook(span)
            except Exception:
                logger.exception("A tracing hook failed on %s", span.operation)
