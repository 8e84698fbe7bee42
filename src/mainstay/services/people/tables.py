"""The tables of people: what belongs to the person, and what to her membership in a tenant."""

from functools import partial

from mainstay.ports.database import Aged, Column, Index, Joined, Sealed, Table
from mainstay.services.people.personal import (
    ADDRESS,
    AGENT,
    APP_SECRET,
    EMAIL,
    NEW_EMAIL,
    PASSKEY_NAME,
    name_column,
    place,
)


def _hers(column: str) -> Sealed:
    return Sealed(("person_id",), partial(place, column=column), across=True)


def _name(person_id: str, tenant_id: str) -> tuple[str, ...]:
    return place(person_id, name_column(tenant_id))


PEOPLE = Table(
    name="people",
    columns=(
        Column("person_id", "text"),
        Column("email_index", "text"),
        Column("email", "bytes", sealed=_hers(EMAIL)),
        Column("password", "text", nullable=True),
        Column("verified_ms", "integer", nullable=True),
        Column("created_ms", "integer"),
    ),
    key=("person_id",),
    indexes=(Index(("email_index",), unique=True, across=True),),
    scoped=False,
)

_EMAIL = Joined(Column("email", "bytes", sealed=_hers(EMAIL)), "people", "person_id")

MEMBERS = Table(
    name="members",
    columns=(
        Column("user_id", "text"),
        Column("person_id", "text"),
        Column("name", "bytes", sealed=Sealed(("person_id", "tenant_id"), _name, across=True)),
        Column("role", "text"),
        Column("groups", "text"),
        Column("state", "text"),
        Column("created_ms", "integer"),
        Column("created_by", "text"),
        Column("accepted_ms", "integer", nullable=True),
        Column("changed_ms", "integer", nullable=True),
        Column("kept", "text"),
        Column("locked_ms", "integer", nullable=True),
        Column("granted_since_ms", "integer"),
    ),
    key=("user_id",),
    indexes=(
        Index(("person_id",), unique=True),
        Index(("person_id",), across=True),
        Index(("role", "state")),
    ),
    exported=(
        "user_id",
        "name",
        "role",
        "groups",
        "state",
        "created_ms",
        "created_by",
        "accepted_ms",
        _EMAIL,
    ),
    subjects=("user_id", "created_by"),
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
        Column("address", "bytes", sealed=_hers(ADDRESS)),
        Column("agent", "bytes", sealed=_hers(AGENT)),
        Column("methods", "text"),
    ),
    key=("session_id",),
    indexes=(
        Index(("hash",), unique=True, across=True),
        Index(("person_id",), across=True),
        Index(("created_ms",), across=True),
        Index(("user_id",)),
    ),
    aged=Aged("sessions", "created_ms", most_days=400),
)

AUTHENTICATOR_APPS = Table(
    name="authenticator_apps",
    columns=(
        Column("person_id", "text"),
        Column("secret", "bytes", sealed=_hers(APP_SECRET)),
        Column("created_ms", "integer"),
        Column("confirmed_ms", "integer", nullable=True),
        Column("last_step", "integer"),
    ),
    key=("person_id",),
    scoped=False,
)

RECOVERY_CODES = Table(
    name="recovery_codes",
    columns=(Column("person_id", "text"), Column("hash", "text")),
    key=("person_id", "hash"),
    scoped=False,
)

PASSKEYS = Table(
    name="passkeys",
    columns=(
        Column("passkey_id", "text"),
        Column("person_id", "text"),
        Column("credential_hash", "text"),
        Column("credential_id", "bytes"),
        Column("public_key", "bytes"),
        Column("sign_count", "integer"),
        Column("synced", "integer"),
        Column("name", "bytes", sealed=_hers(PASSKEY_NAME)),
        Column("created_ms", "integer"),
        Column("used_ms", "integer", nullable=True),
    ),
    key=("passkey_id",),
    indexes=(
        Index(("credential_hash",), unique=True, across=True),
        Index(("person_id",), across=True),
    ),
    scoped=False,
)

SIGN_IN_SETTINGS = Table(
    name="sign_in_settings",
    columns=(Column("name", "text"), Column("second_factor", "text")),
    key=("name",),
    exported=("name", "second_factor"),
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
        Column("email", "bytes", sealed=_hers(NEW_EMAIL)),
        Column("expires_ms", "integer"),
        Column("used_ms", "integer", nullable=True),
    ),
    key=("hash",),
    indexes=(Index(("person_id",), across=True), Index(("expires_ms",), across=True)),
    scoped=False,
)
