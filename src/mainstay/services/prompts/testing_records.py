"""Examples to test prompts with, and what came of it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Input, Record
from mainstay.services.generation.interface import GeneratorName, JsonSchema
from mainstay.services.prompts.records import GivenValues

_NO_NUL = r"^[^\x00]*$"
CASES_MAX = 200
EXPECTATIONS_MAX = 20
PATTERN_CHARACTERS_MAX = 500
TESTS_KEPT = 20

CaseName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
Wanted = Annotated[str, StringConstraints(max_length=10_000, pattern=_NO_NUL)]
TestId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
OtherTestId = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^[\w-]*$"),
    Field(description="Another test of this prompt, to compare with."),
]
Least = Annotated[float, Field(ge=0, le=1)]


class Expectation(Input):
    """What an answer has to do; one of these is given.

    `contains` and `lacks` do not mind case. `matches` is a regular expression of Rust's syntax, found
    anywhere in the first 20,000 characters, in linear time. `fits` is a JSON Schema. `like` is a text to
    which the answer has to have a cosine of `at_least` by the encoder. `rubric` is judged by a generator,
    the `judge`.
    """

    contains: Wanted | None = None
    lacks: Wanted | None = None
    matches: Annotated[str | None, StringConstraints(max_length=PATTERN_CHARACTERS_MAX)] = None
    fits: JsonSchema | None = None
    like: Wanted | None = None
    at_least: Least = 0.8
    rubric: Wanted | None = None
    judge: GeneratorName = ""


class Example(Input):
    """Variables, and what the answer to them has to do; all of it."""

    name: CaseName
    variables: GivenValues = {}
    expect: Annotated[list[Expectation], Field(min_length=1, max_length=EXPECTATIONS_MAX)]


Examples = Annotated[list[Example], Field(max_length=CASES_MAX)]


class ExampleSet(Record):
    """The examples of a prompt; each change raises the `revision`."""

    name: str
    revision: int
    examples: list[Example]


class TestStarted(Record):
    """A test that goes on as a job: follow it at `GET /jobs/{job_id}`."""

    test_id: str
    job_id: str
    name: str
    version: int
    generator: str
    cases: int

    def pending(self) -> bool:
        """Say that it goes on."""
        return True


class CaseResult(Record):
    """What came of one example. `error`: it could not be tried, which counts as not passed."""

    case: str
    outcome: Literal["passed", "failed", "error"]
    reasons: list[str] = Field(description="What was expected and is not so, or why it could not be tried.")
    answer: str
    trace_id: str
    took_ms: int
    cost: float


class TestCompared(Record):
    """How a test went beside another one, on the examples that both had.

    `p_value` is that of McNemar's exact test: how often chance alone would make such a difference or a
    larger one between two versions that are as good as each other.
    """

    test_id: str
    version: int
    generator: str
    both: int
    fixed: list[str] = Field(description="Examples that passed here alone.")
    broken: list[str] = Field(description="Examples that passed there alone.")
    p_value: float


class PromptTest(Record):
    """A test of a version on the prompt's examples."""

    test_id: str
    job_id: str
    name: str
    version: int
    generator: str = Field(description="Which generator was asked; empty: the version's own.")
    examples_revision: int
    state: Literal["running", "done", "failed", "cancelled"]
    cases: int
    passed: int
    failed: int
    errors: int
    cost: float
    created_ms: int
    results: list[CaseResult]
    compared: TestCompared | None = None


class PromptTests(Record):
    """The latest tests of a prompt, newest first, without their results."""

    tests: list[PromptTest]
