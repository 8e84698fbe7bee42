"""The tables of people: what belongs to the person, and what to her membership in a tenant."""

from mainstay.ports.database import Column, Index, Table

PEOPLE = Table(
    name="people",
    columns=(
        Column("person_id", "text"),
        Column("email_index", "text"),
        Column("email", "bytes"),
        Column("password", "text", nullable=True),
        Column("verified_ms", "integer", nullable=True),
        Column("created_ms", "integer"),
    ),
    key=("person_id",),
    indexes=(Index(("email_index",), unique=True, across=True),),
    scoped=False,
)

MEMBERS = Table(
    name="members",
    columns=(
        Column("user_id", "text"),
        Column("person_id", "text"),
        Column("name", "bytes"),
        Column("role", "text"),
        Column("groups", "text"),
        Column("state", "text"),
        Column("created_ms", "integer"),
        Column("created_by", "text"),
        Column("accepted_ms", "integer", nullable=True),
    ),
    key=("user_id",),
    indexes=(
        Index(("person_id",), unique=True),
        Index(("person_id",), across=True),
        Index(("role", "state")),
    ),
)

SESSIONS = Table(
    name="sessions",
    columns=(
        Column("session_id", "text"),
        Column("hash", "text"),
        Column("user_id", "text"),
        Column("person_id", "text"),
        Column("created_ms", "integer"),
        Column("used_ms", "integer"),
        Column("address", "bytes"),
        Column("agent", "bytes"),
    ),
    key=("session_id",),
    indexes=(
        Index(("hash",), unique=True, across=True),
        Index(("person_id",), across=True),
        Index(("created_ms",), across=True),
        Index(("user_id",)),
    ),
)

PLACES = Table(
    name="places",
    columns=(Column("person_id", "text"), Column("place", "text"), Column("at_ms", "integer")),
    key=("person_id", "place"),
    scoped=False,
)

CODES = Table(
    name="codes",
    columns=(
        Column("hash", "text"),
        Column("purpose", "text"),
        Column("person_id", "text"),
        Column("member_tenant", "text"),
        Column("user_id", "text"),
        Column("email", "bytes"),
        Column("expires_ms", "integer"),
        Column("used_ms", "integer", nullable=True),
    ),
    key=("hash",),
    indexes=(Index(("person_id",), across=True), Index(("expires_ms",), across=True)),
    scoped=False,
)
