"""What prompts store about persons: what they wrote, and what they were shown."""

from mainstay.kernel.clearing import Clearing
from mainstay.kernel.portions import EXPORTED_CHARACTERS_MAX, portion
from mainstay.ports.ciphers import Cipher
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)
from mainstay.services.prompts.experiment_store import ExperimentStore
from mainstay.services.prompts.experimenting import Experimenting
from mainstay.services.prompts.store import TABLES, PromptStore
from mainstay.services.prompts.testing_store import TestStore

_SERVICE = "prompts"
_AT_ONCE = 50


class PersonalPrompts:
    """Exports and erases what is somebody's; the prompts themselves are the tenant's."""

    def __init__(
        self,
        store: PromptStore,
        tests: TestStore,
        experiments: ExperimentStore,
        experimenting: Experimenting,
        cipher: Cipher,
        clearing: Clearing,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._tests = tests
        self._experiments = experiments
        self._experimenting = experimenting
        self._cipher = cipher
        self._clearing = clearing

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute the versions that somebody made and what he was shown; say how many do not fit."""
        unit = self._experimenting.unit_of(event.subject)
        names = ("exposure_id", "experiment_id", "arm", "value", "at_ms")
        found = {
            "versions": await portion(
                lambda last: self._store.versions_by(event.subject, last, _AT_ONCE),
                vars,
                EXPORTED_CHARACTERS_MAX,
            ),
            "exposures": [
                {name: row[name] for name in names}
                for row in await self._experiments.exposures_of(event.subject, unit)
            ],
        }
        counts = {name: len(things) for name, things in found.items()}
        left_out = await self._store.count_by(event.subject) - counts["versions"]
        if left_out > 0:
            counts["versions_left_out"] = left_out
        await event.answer(_SERVICE, found, counts, self._cipher.seal)

    async def erase(self, event: PersonErasureRequested) -> None:
        """Forget who somebody was where he wrote, and erase what he was shown."""
        versions = await self._store.forget_author(event.subject)
        await self._tests.forget_author(event.subject)
        shown = await self._experiments.forget(event.subject, self._experimenting.unit_of(event.subject))
        event.answer(_SERVICE, {"versions": versions, "exposures": shown})

    async def clear(self, event: TenantErasureRequested) -> None:
        """Remove what prompts have of a tenant."""
        await self._clearing.clear(event.erasure_id, _SERVICE, event.tenant_id, TABLES)
        event.answer(_SERVICE)
