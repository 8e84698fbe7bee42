"""How well answers did, in the words of whoever got them: a number for a trace."""

from collections.abc import Mapping

from mainstay.kernel.work import caller, emit, note_target
from mainstay.kit.clock import Clock
from mainstay.ports.database import Scalar
from mainstay.services.generation.failures import TraceMissing
from mainstay.services.generation.happenings import TraceJudged
from mainstay.services.generation.records import TraceOutcome
from mainstay.services.generation.store import GenerationStore
from mainstay.services.generation.tracing import TraceLog

EVERYBODYS = "traces:read"


class Outcomes:
    """Keeps them, and tells the house."""

    def __init__(self, store: GenerationStore, log: TraceLog, clock: Clock) -> None:
        """Take the parts."""
        self._store = store
        self._log = log
        self._clock = clock

    async def judge(self, trace_id: str, value: float) -> TraceOutcome:
        """Keep what the caller says of a trace of his own, or of anybody's; raises TraceMissing."""
        note_target(trace_id)
        who = caller()
        facts = await self._facts(trace_id)
        if facts is None or (facts["subject"] != who.subject and not who.may(EVERYBODYS)):
            raise TraceMissing("It is there about a second after its answer, until it is removed by its age.")
        told = TraceOutcome(trace_id=trace_id, value=value, at_ms=self._clock.now_ms())
        row = {**told.model_dump(), "author": who.subject, "subject": facts["subject"]}
        await self._store.judge(row)
        emit(TraceJudged(trace_id=trace_id, exposure_id=str(facts["exposure_id"]), value=value))
        return told

    async def _facts(self, trace_id: str) -> Mapping[str, Scalar] | None:
        """Find a trace, where it is stored or still waits to be."""
        return self._log.waiting(caller().tenant_id, trace_id) or await self._store.trace(trace_id)
