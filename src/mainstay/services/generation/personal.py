"""What generation stores about persons: what they asked, and what they keep."""

from mainstay.kernel.clearing import Clearing
from mainstay.kernel.portions import EXPORTED_CHARACTERS_MAX, portion
from mainstay.kernel.work import caller
from mainstay.ports.ciphers import Cipher
from mainstay.services.generation.keeping import Keeping
from mainstay.services.generation.responses import Responses
from mainstay.services.generation.store import TABLES, GenerationStore
from mainstay.services.generation.traces import TraceReading
from mainstay.services.generation.tracing import TraceLog
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)

_SERVICE = "generation"
_AT_ONCE = 10  # a response may have 16 MiB


class PersonalAnswers:
    """Exports and erases what somebody asked generators."""

    def __init__(
        self,
        store: GenerationStore,
        traces: TraceReading,
        responses: Responses,
        keeping: Keeping,
        log: TraceLog,
        cipher: Cipher,
        clearing: Clearing,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._traces = traces
        self._responses = responses
        self._keeping = keeping
        self._log = log
        self._cipher = cipher
        self._clearing = clearing

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute the newest traces and responses of somebody to an export; say how many do not fit."""
        subject = event.subject
        traces = await portion(
            lambda last: self._store.traces_of(subject, last, _AT_ONCE),
            lambda row: self._traces.opened(row).model_dump(),
            EXPORTED_CHARACTERS_MAX,
        )
        responses = await portion(
            lambda last: self._store.responses_of(subject, last, _AT_ONCE),
            lambda row: self._responses.opened(row).model_dump(),
            EXPORTED_CHARACTERS_MAX,
        )
        found = {
            "traces": traces,
            "responses": responses,
            "outcomes": [
                {name: row[name] for name in ("trace_id", "value", "at_ms")}
                for row in await self._store.outcomes_of(event.subject)
            ],
        }
        counts = {name: len(things) for name, things in found.items()}
        every = zip(("traces", "responses"), await self._store.count_of(subject), strict=True)
        counts |= {
            f"{name}_left_out": all_of - counts[name] for name, all_of in every if all_of > counts[name]
        }
        await event.answer(_SERVICE, found, counts, self._cipher.seal)

    async def erase(self, event: PersonErasureRequested) -> None:
        """Erase what somebody asked and keeps."""
        self._keeping.forget(caller().tenant_id, event.subject)
        self._log.forget(caller().tenant_id, event.subject)
        traces, responses = await self._store.forget(event.subject)
        event.answer(_SERVICE, {"traces": traces, "responses": responses})

    async def clear(self, event: TenantErasureRequested) -> None:
        """Remove what generation has of a tenant."""
        self._keeping.forget(event.tenant_id)
        self._log.forget(event.tenant_id)
        await self._clearing.clear(event.erasure_id, _SERVICE, event.tenant_id, TABLES)
        event.answer(_SERVICE)
