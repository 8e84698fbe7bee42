"""What the kernel itself remembers: events on their way, answers given, and who did what."""

from mainstay.ports.database import Column, Index, Table

OUTBOX = Table(
    name="outbox",
    columns=(
        Column("seq", "integer"),
        Column("event_id", "text"),
        Column("event", "text"),
        Column("reaction", "text"),
        Column("body", "text"),
        Column("job_id", "text"),
        Column("subject", "text"),
        Column("caller", "text"),
        Column("state", "text"),
        Column("attempts", "integer"),
        Column("created_ms", "integer"),
        Column("due_ms", "integer"),
        Column("lease_ms", "integer"),
        Column("worker", "text"),
        Column("reason", "text"),
        Column("promised", "integer"),
        Column("weight", "integer"),
        Column("interrupted", "integer"),
    ),
    key=("seq",),
    sequence="seq",
    indexes=(
        Index(("state", "tenant_id", "reaction", "seq"), across=True),
        Index(("job_id",)),
        Index(("worker",), across=True),
    ),
)

IDEMPOTENCY = Table(
    name="idempotency",
    columns=(
        Column("subject", "text"),
        Column("key", "text"),
        Column("request_hash", "text"),
        Column("answer", "bytes"),
        Column("created_ms", "integer"),
    ),
    key=("subject", "key"),
    indexes=(Index(("created_ms",), across=True),),
)

AUDIT = Table(
    name="audit",
    columns=(
        Column("seq", "integer"),
        Column("at_ms", "integer"),
        Column("request_id", "text"),
        Column("subject", "text"),
        Column("operation", "text"),
        Column("target", "text"),
        Column("outcome", "text"),
        Column("door", "text"),
        Column("origin", "text"),
    ),
    key=("seq",),
    sequence="seq",
)

TABLES = (OUTBOX, IDEMPOTENCY, AUDIT)
