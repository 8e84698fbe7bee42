"""What prompts do when an example is to be tried, an answer was judged, or something is to be erased."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.services.generation.interface import TraceJudged
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)
from mainstay.services.prompts.experiment_store import ExperimentStore
from mainstay.services.prompts.happenings import CaseDue
from mainstay.services.prompts.personal import PersonalPrompts
from mainstay.services.prompts.trying import Trying

_SIDE_BY_SIDE = 4


class PromptReactions(Reactions):
    """Does the part of prompts."""

    def __init__(self, trying: Trying, experiments: ExperimentStore, personal: PersonalPrompts) -> None:
        """Take the parts."""
        self._trying = trying
        self._experiments = experiments
        self._personal = personal

    @reacts_to(CaseDue, side_by_side=_SIDE_BY_SIDE)
    async def try_example(self, events: Sequence[CaseDue]) -> None:
        """Try an example of a test."""
        for event in events:
            await self._trying.run(event.test_id, event.number)

    @reacts_to(TraceJudged)
    async def judge_exposure(self, events: Sequence[TraceJudged]) -> None:
        """Keep what came of what somebody was shown."""
        for event in events:
            if event.exposure_id:
                await self._experiments.judge(event.exposure_id, event.value)

    @reacts_to(PersonExportRequested)
    async def export_person(self, events: Sequence[PersonExportRequested]) -> None:
        """Contribute what is somebody's to an export."""
        for event in events:
            await self._personal.gather(event)

    @reacts_to(PersonErasureRequested)
    async def erase_person(self, events: Sequence[PersonErasureRequested]) -> None:
        """Erase what is somebody's."""
        for event in events:
            await self._personal.erase(event)

    @reacts_to(TenantErasureRequested)
    async def erase_tenant(self, events: Sequence[TenantErasureRequested]) -> None:
        """Remove the prompts of a tenant."""
        for event in events:
            await self._personal.clear(event)
