"""What people ask for to test prompts on examples."""

from abc import ABCMeta

from mainstay.kernel.interface import reads, writes
from mainstay.kernel.room import QuotaFull
from mainstay.services.generation.interface import GeneratorName
from mainstay.services.prompts.failures import (
    ExamplesInvalid,
    ExamplesMissing,
    PromptBusy,
    PromptLabelMissing,
    PromptMissing,
    PromptTestMissing,
    PromptVersionMissing,
)
from mainstay.services.prompts.records import PromptName, WantedLabel, WantedVersion
from mainstay.services.prompts.testing_records import (
    Examples,
    ExampleSet,
    OtherTestId,
    PromptTest,
    PromptTests,
    TestId,
    TestStarted,
)

_READ, _WRITE = "prompts:read", "prompts:write"
_NAME = {"name": "greeting"}
_EXAMPLES = [{"name": "ada", "variables": {"name": "Ada"}, "expect": [{"contains": "Ada"}]}]


class TestingOperations(metaclass=ABCMeta):
    """The operations of tests; they are a part of those of prompts."""

    @writes(
        "PUT /prompts/{name}/examples",
        may=_WRITE,
        fails=(PromptMissing, ExamplesInvalid, PromptBusy, QuotaFull),
        example={**_NAME, "examples": _EXAMPLES},
    )
    async def set_prompt_examples(self, name: PromptName, examples: Examples) -> ExampleSet:
        """Keep the examples on which versions of a prompt are tested, instead of those before."""

    @reads("GET /prompts/{name}/examples", may=_READ, fails=(PromptMissing,), example=_NAME)
    async def get_prompt_examples(self, name: PromptName) -> ExampleSet:
        """Give the examples on which versions of a prompt are tested."""

    @writes(
        "POST /prompts/{name}/test",
        may=_WRITE,
        status=201,
        pending=True,
        fails=(
            PromptMissing,
            PromptVersionMissing,
            PromptLabelMissing,
            PromptBusy,
            ExamplesMissing,
            QuotaFull,
        ),
        example={**_NAME, "version": 1},
    )
    async def start_prompt_test(
        self,
        name: PromptName,
        version: WantedVersion = 0,
        label: WantedLabel = "",
        generator: GeneratorName = "",
    ) -> TestStarted:
        """Test a version on the prompt's examples, with its own generator or the one that is named.

        It goes on as a job, one step for each example. What a generator cannot answer counts as an error,
        and not as passed. The last 20 tests of a prompt are kept.
        """

    @reads("GET /prompts/{name}/tests", may=_READ, fails=(PromptMissing,), example=_NAME)
    async def list_prompt_tests(self, name: PromptName) -> PromptTests:
        """List the latest tests of a prompt, newest first."""

    @reads(
        "GET /prompts/{name}/tests/{test_id}",
        may=_READ,
        fails=(PromptMissing, PromptTestMissing),
        example={**_NAME, "test_id": "test_01k9z6q7h8e4v5c3x2b1n0m9a8"},
    )
    async def get_prompt_test(
        self, name: PromptName, test_id: TestId, against: OtherTestId = ""
    ) -> PromptTest:
        """Give a test with what came of each example, perhaps compared with another test of the prompt."""
