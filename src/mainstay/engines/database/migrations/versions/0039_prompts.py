"""Prompts with versions and labels, their examples and tests, and experiments."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="prompts",
        columns=(
            Column("name", "text"),
            Column("latest", "integer"),
            Column("examples", "bytes"),
            Column("examples_revision", "integer"),
            Column("revision", "integer"),
            Column("created_ms", "integer"),
            Column("changed_ms", "integer"),
            Column("deleted_ms", "integer", nullable=True),
        ),
        key=("name",),
    ),
    Table(
        name="prompt_versions",
        columns=(
            Column("name", "text"),
            Column("version", "integer"),
            Column("content", "bytes"),
            Column("author", "text"),
            Column("created_ms", "integer"),
        ),
        key=("name", "version"),
        indexes=(Index(("author",)),),
    ),
    Table(
        name="prompt_labels",
        columns=(
            Column("name", "text"),
            Column("label", "text"),
            Column("require_tests", "real"),
        ),
        key=("name", "label"),
    ),
    Table(
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
    ),
    Table(
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
            Column("content", "bytes"),
            Column("created_ms", "integer"),
        ),
        key=("test_id",),
        indexes=(Index(("name", "test_id")), Index(("author",))),
    ),
    Table(
        name="prompt_results",
        columns=(
            Column("test_id", "text"),
            Column("number", "integer"),
            Column("outcome", "text"),
            Column("cost", "real"),
            Column("content", "bytes"),
        ),
        key=("test_id", "number"),
    ),
    Table(
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
    ),
    Table(
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
    ),
)


def upgrade() -> None:
    """Go forward."""
    for table in TABLES:
        create_table(table)


def downgrade() -> None:
    """Go back."""
    for table in reversed(TABLES):
        drop_table(table.name)
