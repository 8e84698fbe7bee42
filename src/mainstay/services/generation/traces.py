"""Reads what was asked and answered."""

import json
from typing import Any

from mainstay.kernel.work import note_target
from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Row
from mainstay.services.generation.failures import TraceMissing
from mainstay.services.generation.records import Trace, TraceOutcome, Traces, WholeTrace
from mainstay.services.generation.store import GenerationStore
from mainstay.services.generation.tables import trace_place


class TraceReading:
    """Reads the traces of the caller's tenant."""

    def __init__(self, store: GenerationStore, cipher: Cipher) -> None:
        """Take the parts."""
        self._store = store
        self._cipher = cipher

    async def page(self, subject: str, after: str, limit: int) -> Traces:
        """List some, newest first; one more than asked for is read to see whether there are more."""
        rows = await self._store.traces(subject, after, limit + 1)
        found = [Trace(**_facts(row)) for row in rows[:limit]]
        return Traces(traces=found, next=found[-1].trace_id if len(rows) > limit else "")

    async def find(self, trace_id: str) -> WholeTrace:
        """Give one with its texts; raises TraceMissing."""
        note_target(trace_id)
        row = await self._store.trace(trace_id)
        if row is None:
            raise TraceMissing("List the traces to see which there are; old ones are removed.")
        found = self.opened(row)
        said = [TraceOutcome.model_validate(dict(each)) for each in await self._store.outcomes(trace_id)]
        return found.model_copy(update={"outcomes": said})

    def opened(self, row: Row) -> WholeTrace:
        """Open a trace."""
        sealed = row["told"]
        if not isinstance(sealed, bytes):
            raise TraceMissing
        told = self._cipher.open(sealed, trace_place(str(row["trace_id"])))
        return WholeTrace(**_facts(row), **json.loads(told.decode("utf-8", "surrogatepass")))


def _facts(row: Row) -> dict[str, Any]:
    facts = {name: value for name, value in row.items() if name not in {"told", "tenant_id", "exposure_id"}}
    return {**facts, "cached": bool(row["cached"])}
