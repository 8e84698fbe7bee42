"""What the kernel itself remembers: events on their way, answers given, who did what, and how much."""

from mainstay.ports.database import Aged, Column, Index, Sealed, Table

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


def answer_place(subject: str, key: str) -> tuple[str, ...]:
    """Give what a kept answer is sealed to."""
    return "idempotency", subject, key


def logged_place(request_id: str, at_ms: int) -> tuple[str, ...]:
    """Give what a logged request is sealed to."""
    return "request_log", request_id, str(at_ms)


IDEMPOTENCY = Table(
    name="idempotency",
    columns=(
        Column("subject", "text"),
        Column("key", "text"),
        Column("request_hash", "text"),
        Column("answer", "bytes", sealed=Sealed(("subject", "key"), answer_place)),
        Column("created_ms", "integer"),
    ),
    key=("subject", "key"),
    indexes=(Index(("created_ms",), across=True),),
    subjects=("subject",),
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
        Column("sealed", "integer"),
        Column("salt", "bytes", nullable=True),
        Column("hidden", "bytes", nullable=True),
        Column("before_hash", "bytes", nullable=True),
        Column("after_hash", "bytes", nullable=True),
    ),
    key=("seq",),
    sequence="seq",
    indexes=(
        Index(("sealed", "tenant_id", "seq"), across=True),
        Index(("at_ms", "seq")),
        Index(("subject", "at_ms", "seq")),
        Index(("operation", "at_ms", "seq")),
        Index(("outcome", "at_ms", "seq")),
        Index(("target", "at_ms", "seq")),
        Index(("request_id", "at_ms", "seq")),
    ),
    kept=True,
    subjects=("subject",),
)

AUDIT_LINKS = Table(
    name="audit_links",
    columns=(
        Column("place", "integer"),
        Column("seq", "integer"),
        Column("commitment", "bytes"),
        Column("link", "bytes"),
    ),
    key=("place",),
    indexes=(Index(("seq",), unique=True),),
    kept=True,
)

AUDIT_CHECKPOINTS = Table(
    name="audit_checkpoints",
    columns=(
        Column("number", "integer"),
        Column("place", "integer"),
        Column("link", "bytes"),
        Column("begins", "integer"),
        Column("begins_link", "bytes"),
        Column("oldest", "integer"),
        Column("at_ms", "integer"),
        Column("key_id", "text"),
        Column("signature", "bytes"),
    ),
    key=("number",),
    indexes=(Index(("place",)),),
    kept=True,
)

AUDIT_TURN = Table(
    name="audit_turn",
    columns=(Column("name", "text"), Column("worker", "text"), Column("lease_ms", "integer")),
    key=("name",),
    scoped=False,
)

AUDIT_KEYS = Table(
    name="audit_keys",
    columns=(
        Column("number", "integer"),
        Column("key_id", "text"),
        Column("public_key", "text"),
        Column("previous_id", "text"),
        Column("previous_key", "text"),
        Column("at_ms", "integer"),
        Column("by_previous", "bytes"),
        Column("by_itself", "bytes"),
    ),
    key=("number",),
    scoped=False,
)

REQUEST_LOG = Table(
    name="request_log",
    columns=(
        Column("seq", "integer"),
        Column("at_ms", "integer"),
        Column("request_id", "text"),
        Column("subject", "text"),
        Column("operation", "text"),
        Column("outcome", "text"),
        Column("door", "text"),
        Column("origin", "text"),
        Column("took_ms", "real"),
        Column("told", "bytes", sealed=Sealed(("request_id", "at_ms"), logged_place, owner="subject")),
    ),
    key=("seq",),
    sequence="seq",
    indexes=(
        Index(("at_ms", "seq")),
        Index(("subject", "at_ms", "seq")),
        Index(("operation", "at_ms", "seq")),
        Index(("request_id", "at_ms", "seq")),
    ),
    exported=("at_ms", "request_id", "subject", "operation", "outcome", "door", "origin", "took_ms", "told"),
    aged=Aged("request_log", "at_ms", most_days=365),
    subjects=("subject",),
)

REQUEST_SETTINGS = Table(
    name="request_settings",
    columns=(
        Column("name", "text"),
        Column("log_requests", "integer"),
        Column("sample", "real"),
        Column("operations", "text"),
        Column("hidden_fields", "text"),
        Column("characters_max", "integer"),
        Column("kept_days", "integer"),
        Column("changed_ms", "integer"),
    ),
    key=("name",),
    exported=(
        "log_requests",
        "sample",
        "operations",
        "hidden_fields",
        "characters_max",
        "kept_days",
        "changed_ms",
    ),
)

USAGE = Table(
    name="usage",
    columns=(
        Column("span", "text"),
        Column("begins_ms", "integer"),
        Column("subject", "text"),
        Column("operation", "text"),
        Column("writer", "text"),
        Column("requests", "integer"),
        Column("refused", "integer"),
        Column("failed", "integer"),
        Column("writes", "integer"),
        Column("tokens", "integer"),
        Column("cost_micros", "integer"),
    ),
    key=("span", "begins_ms", "subject", "operation", "writer"),
    indexes=(Index(("span", "begins_ms"), across=True),),
    exported=(
        "span",
        "begins_ms",
        "subject",
        "operation",
        "requests",
        "refused",
        "failed",
        "writes",
        "tokens",
        "cost_micros",
    ),
    aged=Aged("usage", "begins_ms", least_days=62),
)

HOLDINGS = Table(
    name="holdings",
    columns=(
        Column("begins_ms", "integer"),
        Column("service", "text"),
        Column("documents", "integer"),
        Column("bytes", "integer"),
        Column("at_ms", "integer"),
    ),
    key=("begins_ms", "service"),
    indexes=(Index(("begins_ms",), across=True),),
)

QUOTAS = Table(
    name="quotas",
    columns=(Column("name", "text"), Column("most", "integer")),
    key=("name",),
    exported=("name", "most"),
)

KEY_QUOTAS = Table(
    name="key_quotas",
    columns=(Column("subject", "text"), Column("name", "text"), Column("most", "integer")),
    key=("subject", "name"),
    exported=("subject", "name", "most"),
)

TIERS = Table(
    name="tiers",
    columns=(Column("tier", "text"), Column("name", "text"), Column("most", "integer")),
    key=("tier", "name"),
    scoped=False,
)
"""The limits of each tier; a row without a name says that there is the tier."""

TENANT_TIERS = Table(
    name="tenant_tiers",
    columns=(Column("tier", "text"),),
    key=("tier",),
    indexes=(Index(("tier",), across=True),),
)

DESTROYED_KEYS = Table(
    name="destroyed_keys",
    columns=(Column("key_id", "bytes"), Column("owner", "text"), Column("at_ms", "integer")),
    key=("key_id",),
    kept=True,
)
"""Which keys must never come back, for an older copy of the key store may still have them."""

CLEARED = Table(
    name="cleared",
    columns=(
        Column("clearance_id", "text"),
        Column("service", "text"),
        Column("kind", "text"),
        Column("things", "integer"),
    ),
    key=("clearance_id", "service", "kind"),
    scoped=False,
)
"""How much was removed of tenants that were erased, counted in the transactions that removed it."""

TABLES = (
    OUTBOX,
    IDEMPOTENCY,
    AUDIT,
    AUDIT_LINKS,
    AUDIT_CHECKPOINTS,
    AUDIT_TURN,
    AUDIT_KEYS,
    REQUEST_LOG,
    REQUEST_SETTINGS,
    USAGE,
    HOLDINGS,
    QUOTAS,
    KEY_QUOTAS,
    TIERS,
    TENANT_TIERS,
    DESTROYED_KEYS,
    CLEARED,
)
