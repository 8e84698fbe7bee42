"""The tables of prompts: versions and labels, examples and tests, experiments and whom they showed what."""

from mainstay.ports.database import Aged, Column, Index, Sealed, Table


def prompt_place(name: str) -> tuple[str, ...]:
    """Give what a prompt's examples are sealed to."""
    return "prompts", name


def version_place(name: str, version: int) -> tuple[str, ...]:
    """Give what a version is sealed to."""
    return "prompt_versions", name, str(version)


def test_place(test_id: str) -> tuple[str, ...]:
    """Give what the examples of a test are sealed to."""
    return "prompt_tests", test_id


def result_place(test_id: str, number: int) -> tuple[str, ...]:
    """Give what a test's result is sealed to."""
    return "prompt_results", test_id, str(number)


PROMPTS = Table(
    name="prompts",
    columns=(
        Column("name", "text"),
        Column("latest", "integer"),
        Column("examples", "bytes", sealed=Sealed(("name",), prompt_place)),
        Column("examples_revision", "integer"),
        Column("revision", "integer"),
        Column("created_ms", "integer"),
        Column("changed_ms", "integer"),
        Column("deleted_ms", "integer", nullable=True),
    ),
    key=("name",),
    exported=("name", "latest", "examples", "examples_revision", "created_ms", "changed_ms", "deleted_ms"),
)

VERSIONS = Table(
    name="prompt_versions",
    columns=(
        Column("name", "text"),
        Column("version", "integer"),
        Column("content", "bytes", sealed=Sealed(("name", "version"), version_place)),
        Column("author", "text"),
        Column("created_ms", "integer"),
    ),
    key=("name", "version"),
    indexes=(Index(("author",)),),
    exported=("name", "version", "content", "author", "created_ms"),
    subjects=("author",),
)

LABELS = Table(
    name="prompt_labels",
    columns=(
        Column("name", "text"),
        Column("label", "text"),
        Column("require_tests", "real"),
    ),
    key=("name", "label"),
    exported=("name", "label", "require_tests"),
)

MOVES = Table(
    name="prompt_moves",
    columns=(
        Column("name", "text"),
        Column("label", "text"),
        Column("number", "integer"),
        Column("version", "integer"),
        Column("author", "text"),
        Column("at_ms", "integer"),
    ),
    key=("name", "label", "number"),
    indexes=(Index(("author",)),),
    exported=("name", "label", "number", "version", "author", "at_ms"),
    subjects=("author",),
)

TESTS = Table(
    name="prompt_tests",
    columns=(
        Column("test_id", "text"),
        Column("name", "text"),
        Column("version", "integer"),
        Column("generator", "text"),
        Column("examples_revision", "integer"),
        Column("cases", "integer"),
        Column("job_id", "text"),
        Column("author", "text"),
        Column("content", "bytes", sealed=Sealed(("test_id",), test_place)),
        Column("created_ms", "integer"),
    ),
    key=("test_id",),
    indexes=(Index(("name", "test_id")), Index(("author",))),
    exported=("test_id", "name", "version", "generator", "examples_revision", "cases", "created_ms"),
    subjects=("author",),
)

RESULTS = Table(
    name="prompt_results",
    columns=(
        Column("test_id", "text"),
        Column("number", "integer"),
        Column("outcome", "text"),
        Column("cost", "real"),
        Column("content", "bytes", sealed=Sealed(("test_id", "number"), result_place)),
    ),
    key=("test_id", "number"),
    exported=("test_id", "number", "outcome", "cost", "content"),
)

EXPERIMENTS = Table(
    name="prompt_experiments",
    columns=(
        Column("experiment_id", "text"),
        Column("name", "text"),
        Column("label", "text"),
        Column("state", "text"),
        Column("arms", "text"),
        Column("alpha", "real"),
        Column("winner", "text"),
        Column("author", "text"),
        Column("started_ms", "integer"),
        Column("stopped_ms", "integer", nullable=True),
    ),
    key=("experiment_id",),
    indexes=(Index(("name", "state", "label")), Index(("author",))),
    exported=(
        *("experiment_id", "name", "label", "state", "arms", "alpha", "winner", "author", "started_ms"),
        "stopped_ms",
    ),
    subjects=("author",),
)

EXPOSURES = Table(
    name="prompt_exposures",
    columns=(
        Column("exposure_id", "text"),
        Column("experiment_id", "text"),
        Column("arm", "text"),
        Column("unit", "text"),
        Column("subject", "text"),
        Column("value", "real", nullable=True),
        Column("at_ms", "integer"),
    ),
    key=("exposure_id",),
    indexes=(Index(("experiment_id", "arm", "unit")), Index(("subject",)), Index(("unit",))),
    exported=("exposure_id", "experiment_id", "arm", "value", "at_ms"),
    aged=Aged("prompt_exposures", "at_ms"),
    subjects=("subject",),
)
