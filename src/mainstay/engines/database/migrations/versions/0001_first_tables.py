"""First tables."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="outbox",
        columns=(
            Column(name="seq", type="integer", nullable=False),
            Column(name="event_id", type="text", nullable=False),
            Column(name="event", type="text", nullable=False),
            Column(name="reaction", type="text", nullable=False),
            Column(name="body", type="text", nullable=False),
            Column(name="job_id", type="text", nullable=False),
            Column(name="subject", type="text", nullable=False),
            Column(name="state", type="text", nullable=False),
            Column(name="attempts", type="integer", nullable=False),
            Column(name="created_ms", type="integer", nullable=False),
            Column(name="due_ms", type="integer", nullable=False),
            Column(name="lease_ms", type="integer", nullable=False),
            Column(name="worker", type="text", nullable=False),
            Column(name="reason", type="text", nullable=False),
        ),
        key=("seq",),
        indexes=(
            Index(columns=("state", "tenant_id", "reaction", "seq"), unique=False, across=True),
            Index(columns=("job_id",), unique=False, across=False),
            Index(columns=("worker",), unique=False, across=True),
        ),
        scoped=True,
        sequence="seq",
    ),
    Table(
        name="idempotency",
        columns=(
            Column(name="subject", type="text", nullable=False),
            Column(name="key", type="text", nullable=False),
            Column(name="request_hash", type="text", nullable=False),
            Column(name="answer", type="bytes", nullable=False),
            Column(name="created_ms", type="integer", nullable=False),
        ),
        key=("subject", "key"),
        indexes=(Index(columns=("created_ms",), unique=False, across=True),),
        scoped=True,
        sequence=None,
    ),
    Table(
        name="audit",
        columns=(
            Column(name="seq", type="integer", nullable=False),
            Column(name="at_ms", type="integer", nullable=False),
            Column(name="request_id", type="text", nullable=False),
            Column(name="subject", type="text", nullable=False),
            Column(name="operation", type="text", nullable=False),
            Column(name="target", type="text", nullable=False),
            Column(name="outcome", type="text", nullable=False),
            Column(name="door", type="text", nullable=False),
            Column(name="origin", type="text", nullable=False),
        ),
        key=("seq",),
        indexes=(),
        scoped=True,
        sequence="seq",
    ),
    Table(
        name="api_keys",
        columns=(
            Column(name="key_id", type="text", nullable=False),
            Column(name="hash", type="text", nullable=False),
            Column(name="name", type="text", nullable=False),
            Column(name="role", type="text", nullable=False),
            Column(name="groups", type="text", nullable=False),
            Column(name="limit_per_minute", type="integer", nullable=True),
            Column(name="start", type="text", nullable=False),
            Column(name="created_ms", type="integer", nullable=False),
        ),
        key=("key_id",),
        indexes=(Index(columns=("hash",), unique=True, across=True),),
        scoped=True,
        sequence=None,
    ),
    Table(
        name="tenants",
        columns=(
            Column(name="tenant_id", type="text", nullable=False),
            Column(name="name", type="text", nullable=False),
            Column(name="operator", type="integer", nullable=False),
            Column(name="created_ms", type="integer", nullable=False),
        ),
        key=("tenant_id",),
        indexes=(Index(columns=("name",), unique=True, across=True),),
        scoped=False,
        sequence=None,
    ),
    Table(
        name="collections",
        columns=(
            Column(name="name", type="text", nullable=False),
            Column(name="description", type="text", nullable=False),
            Column(name="languages", type="text", nullable=False),
            Column(name="chunking", type="text", nullable=False),
            Column(name="metadata_schema", type="text", nullable=False),
            Column(name="created_ms", type="integer", nullable=False),
        ),
        key=("name",),
        indexes=(),
        scoped=True,
        sequence=None,
    ),
    Table(
        name="documents",
        columns=(
            Column(name="doc_id", type="text", nullable=False),
            Column(name="collection", type="text", nullable=False),
            Column(name="title", type="text", nullable=False),
            Column(name="titled", type="integer", nullable=False),
            Column(name="metadata", type="text", nullable=False),
            Column(name="groups", type="text", nullable=True),
            Column(name="language", type="text", nullable=False),
            Column(name="version", type="integer", nullable=False),
            Column(name="indexed_version", type="integer", nullable=False),
            Column(name="media_type", type="text", nullable=False),
            Column(name="source", type="text", nullable=True),
            Column(name="blob", type="text", nullable=True),
            Column(name="characters", type="integer", nullable=False),
            Column(name="content_hash", type="text", nullable=False),
            Column(name="job_id", type="text", nullable=False),
            Column(name="created_ms", type="integer", nullable=False),
            Column(name="changed_ms", type="integer", nullable=False),
        ),
        key=("doc_id",),
        indexes=(Index(columns=("collection", "doc_id"), unique=False, across=False),),
        scoped=True,
        sequence=None,
    ),
    Table(
        name="document_versions",
        columns=(
            Column(name="doc_id", type="text", nullable=False),
            Column(name="version", type="integer", nullable=False),
            Column(name="title", type="text", nullable=False),
            Column(name="text", type="bytes", nullable=False),
            Column(name="created_ms", type="integer", nullable=False),
        ),
        key=("doc_id", "version"),
        indexes=(),
        scoped=True,
        sequence=None,
    ),
    Table(
        name="passages",
        columns=(
            Column(name="point_id", type="text", nullable=False),
            Column(name="doc_id", type="text", nullable=False),
            Column(name="collection", type="text", nullable=False),
            Column(name="version", type="integer", nullable=False),
            Column(name="ordinal", type="integer", nullable=False),
            Column(name="starts", type="integer", nullable=False),
            Column(name="ends", type="integer", nullable=False),
            Column(name="headings", type="text", nullable=False),
            Column(name="kind", type="text", nullable=False),
            Column(name="content_hash", type="text", nullable=False),
            Column(name="text", type="bytes", nullable=False),
            Column(name="dense", type="bytes", nullable=False),
        ),
        key=("point_id",),
        indexes=(
            Index(columns=("doc_id", "version"), unique=False, across=False),
            Index(columns=("collection",), unique=False, across=False),
        ),
        scoped=True,
        sequence=None,
    ),
    Table(
        name="index_changes",
        columns=(
            Column(name="change", type="integer", nullable=False),
            Column(name="kind", type="text", nullable=False),
            Column(name="subject", type="text", nullable=False),
            Column(name="version", type="integer", nullable=False),
        ),
        key=("change",),
        indexes=(),
        scoped=True,
        sequence="change",
    ),
    Table(
        name="faqs",
        columns=(
            Column(name="faq_id", type="text", nullable=False),
            Column(name="point_id", type="text", nullable=False),
            Column(name="collection", type="text", nullable=False),
            Column(name="question", type="bytes", nullable=False),
            Column(name="answer", type="bytes", nullable=False),
            Column(name="dense", type="bytes", nullable=False),
            Column(name="created_ms", type="integer", nullable=False),
        ),
        key=("faq_id",),
        indexes=(
            Index(columns=("collection", "faq_id"), unique=False, across=False),
            Index(columns=("point_id",), unique=False, across=False),
        ),
        scoped=True,
        sequence=None,
    ),
    Table(
        name="feedback",
        columns=(
            Column(name="feedback_id", type="text", nullable=False),
            Column(name="point_id", type="text", nullable=False),
            Column(name="doc_id", type="text", nullable=False),
            Column(name="collection", type="text", nullable=False),
            Column(name="helpful", type="integer", nullable=False),
            Column(name="query", type="bytes", nullable=False),
            Column(name="comment", type="bytes", nullable=False),
            Column(name="dense", type="bytes", nullable=False),
            Column(name="subject", type="text", nullable=False),
            Column(name="created_ms", type="integer", nullable=False),
        ),
        key=("feedback_id",),
        indexes=(Index(columns=("doc_id",), unique=False, across=False),),
        scoped=True,
        sequence=None,
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
