"""What goes into and comes out of the operations of privacy."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Record

Subject = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$"),
    Field(description="Whom it is about: the id of a person or of an API key."),
]
Erased = Annotated[
    str,
    StringConstraints(min_length=1, max_length=254, pattern=r"^[\w@.+-]+$"),
    Field(description="Who is erased: the id of a person or of an API key, as `GET /v1/users` shows it."),
]
"""An e-mail address is let through, so that whoever gives one is told what to give instead."""
ExportId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
RequestId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]


class KeyState(Record):
    """How the keys of this installation are."""

    wrapper: str = Field(description="What wraps the newest root key: `file:…`, `environment:…`, `vault:…`.")
    root_made_ms: int = Field(description="When the newest root key was made.")
    roots: int = Field(description="Root keys; more than one for a minute or two after a rotation.")
    owners: int = Field(description="Tenants and persons that have a key of their own.")
    versions: int = Field(description="All versions of their keys.")
    destroyed: int = Field(description="Keys that were destroyed, with a tenant or a person.")
    waiting: int = Field(description="Tenants of whom something is still sealed with an earlier version.")


class Part(Record):
    """What one service found, or erased."""

    service: str
    done: bool
    counts: dict[str, int] = Field(description="How many of each kind; empty until it is done.")


class PersonRequest(Record):
    """A request to export or to erase what is stored about a person."""

    request_id: str
    kind: Literal["export", "erasure"]
    state: Literal["running", "done"]
    subject_sha256: str = Field(description="SHA-256 of the subject, for whoever knows whom it was about.")
    asked_ms: int
    done_ms: int | None
    job_id: str
    parts: list[Part]

    def pending(self) -> bool:
        """Say whether some service has not answered yet."""
        return self.state == "running"


class PersonData(Record):
    """What is stored about a person, by service."""

    request_id: str
    services: dict[str, dict[str, Any]]


class TenantExport(Record):
    """An export of everything that your tenant has."""

    export_id: str
    state: Literal["running", "done", "expired"]
    job_id: str
    asked_ms: int
    done_ms: int | None
    expires_ms: int | None = Field(description="When it is erased by itself.")
    parts: int = Field(description="How many parts there are so far.")
    bytes: int
    counts: dict[str, int] = Field(description="How many rows of each table, and files, are in it so far.")

    def pending(self) -> bool:
        """Say whether it is still being made."""
        return self.state == "running"


class TenantExportPart(Record):
    """A part of the archive; all parts decoded and joined in their order are one `.tar.gz` file."""

    export_id: str
    number: int
    parts: int
    sha256: str = Field(description="Of the decoded content, in hexadecimal.")
    content: str = Field(description="Base64 (RFC 4648).")


KindName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_]*$")]
RetentionDays = Annotated[int, Field(ge=1, le=36500)]
RetentionPolicies = Annotated[
    dict[KindName, RetentionDays],
    Field(max_length=100, description="Days by kind; what is left out is not removed by its age."),
]


class RetentionKind(Record):
    """For how long your tenant keeps a kind of things, and what it may say."""

    kind: str
    days: int | None = Field(
        description="Null: not removed by its age, or only as the server's settings say."
    )
    least_days: int
    most_days: int


class RetentionPreview(Record):
    """What a policy would remove if it were applied now."""

    kind: str
    days: int
    before_ms: int
    count: int


Purpose = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_-]*$"),
    Field(description="What it is for, such as `newsletter`: a name that your tenant gives."),
]
ConsentText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=20_000, pattern=r"^[^\x00]*$"),
    Field(description="The words that persons agree to."),
]
Evidence = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^[^\x00]*$"),
    Field(
        description="How it was said, such as where a box was ticked; stored sealed with the person's key."
    ),
]


class ConsentPurpose(Record):
    """What persons may agree to, in its newest words."""

    purpose: str
    version: int
    text: str
    created_ms: int


class Consent(Record):
    """That somebody agreed to a version of a text, or took it back."""

    number: int
    subject: str
    purpose: str
    version: int
    given: bool = Field(description="False: it was taken back.")
    at_ms: int
    recorded_by: str
    evidence: str


class ConsentState(Record):
    """Whether somebody's consent to a purpose is given now."""

    purpose: str
    given: bool
    version: int | None = Field(
        description="To which version of the text it was said last; null: nothing was."
    )
    newest: int = Field(description="The newest version; ask again where what changed matters.")
    at_ms: int | None
