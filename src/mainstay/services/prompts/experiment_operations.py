"""What people ask for to try versions of a prompt against each other."""

from abc import ABCMeta

from mainstay.kernel.interface import reads, writes
from mainstay.services.prompts.experiment_records import (
    Alpha,
    Arms,
    Experiment,
    ExperimentId,
    ExperimentResult,
    WinnerName,
)
from mainstay.services.prompts.failures import (
    ArmUnknown,
    ExperimentEnded,
    ExperimentMissing,
    ExperimentRunning,
    PromptBusy,
    PromptMissing,
    PromptsTooMany,
    PromptUntested,
    PromptVersionMissing,
)
from mainstay.services.prompts.records import Label, Page, PromptName

_READ, _WRITE = "prompts:read", "prompts:write"
_EXPERIMENT = {"name": "greeting", "experiment_id": "experiment_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class ExperimentOperations(metaclass=ABCMeta):
    """The operations of experiments; they are a part of those of prompts."""

    @writes(
        "POST /prompts/{name}/experiments",
        may=_WRITE,
        status=201,
        fails=(PromptMissing, PromptVersionMissing, ArmUnknown, ExperimentRunning, PromptBusy),
        example={
            "name": "greeting",
            "arms": [{"arm": "now", "version": 1}, {"arm": "shorter", "version": 2}],
        },
    )
    async def start_prompt_experiment(
        self, name: PromptName, arms: Arms, label: Label = "production", alpha: Alpha = 0.05
    ) -> Experiment:
        """Try versions against each other on what a label gives, until the experiment is stopped.

        Each key (a user, a conversation) stays with one arm, drawn by the weights. What came of an answer
        is said by the outcome of its trace; greater is better. Who names a version by its number takes no
        part.
        """

    @reads("GET /prompts/{name}/experiments", may=_READ, fails=(PromptMissing,), example={"name": "greeting"})
    async def list_prompt_experiments(self, name: PromptName, limit: Page = 50) -> list[Experiment]:
        """List a prompt's experiments, newest first."""

    @reads(
        "GET /prompts/{name}/experiments/{experiment_id}",
        may=_READ,
        fails=(PromptMissing, ExperimentMissing),
        example=_EXPERIMENT,
    )
    async def get_prompt_experiment(self, name: PromptName, experiment_id: ExperimentId) -> ExperimentResult:
        """Say what came of each arm, how it differs from the first, and how sure that is.

        Look as often as you like, and decide by `interval_always`: the usual interval and p-value are told
        too, and hold only for one look at an end that was fixed before. Warnings say what speaks against
        trusting it.
        """

    @writes(
        "POST /prompts/{name}/experiments/{experiment_id}/stop",
        may=_WRITE,
        fails=(
            *(PromptMissing, PromptVersionMissing, ExperimentMissing, ExperimentEnded, ArmUnknown),
            *(PromptsTooMany, PromptUntested, PromptBusy),
        ),
        example={**_EXPERIMENT, "winner": "shorter"},
    )
    async def stop_prompt_experiment(
        self, name: PromptName, experiment_id: ExperimentId, winner: WinnerName = ""
    ) -> Experiment:
        """End an experiment; with a `winner` its label stands at that arm's version from now on."""
