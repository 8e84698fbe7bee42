"""What was done, by whom, and the proof that nobody changed the record of it."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Interface, Record, reads, streams, writes
from mainstay.kit.errors import Forbidden, Invalid, NotFound
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.services.observability.logged import (
    CharactersMax,
    FieldNames,
    KeptDays,
    LoggedRequests,
    OperationNames,
    RequestSettings,
    Sample,
    WholeRequest,
)

_TIME = (
    r"^([0-9]{1,16}|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2}))?$"
)
Moment = Annotated[
    str,
    StringConstraints(max_length=40, pattern=_TIME),
    Field(
        description="Milliseconds since 1970, or RFC 3339 such as `2026-11-29T21:00:00Z`; empty: no bound."
    ),
]
_PLAIN = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, StringConstraints(max_length=500, pattern=_PLAIN)]
Name = Annotated[str, StringConstraints(max_length=100, pattern=_PLAIN)]
Cursor = Annotated[
    str,
    StringConstraints(max_length=50, pattern=r"^([0-9]{1,16}\.[0-9]{1,18})?$"),
    Field(description="The `next` of the page before; empty: the newest."),
]
Tenant = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^[a-z0-9_]*$"),
    Field(
        description="Another tenant's id, or `nobody` for what strangers tried; for administrators of the "
        "operator alone. Empty: your own."
    ),
]


class AuditNotYours(Forbidden):
    """Only administrators of the operator's tenant may read the audit of others."""

    title = "You may read your own tenant's audit only"


class AuditMissing(NotFound):
    """Nothing is kept of a tenant, or there is no such tenant."""

    title = "There is no such audit"


class LoggedOperationUnknown(Invalid):
    """A name is that of no operation."""

    title = "There is no such operation"


class RequestMissing(NotFound):
    """Nothing is kept of a request with this number."""

    title = "There is no such request"


class MomentUnreadable(Invalid):
    """There is no such moment, as on the thirteenth month."""

    title = "A time cannot be read"


class AuditEntry(Record):
    """One thing that was done, or refused."""

    seq: int
    place: int | None = Field(
        description="Its place in the chain; none for a second or two, until it is sealed."
    )
    at_ms: int
    subject: str = Field(description="Whose key it was; empty when it was erased.")
    operation: str
    target: str = Field(description="What it was about, where the operation says so.")
    outcome: str = Field(description="`ok`, `replayed`, `left`, or the code of the failure.")
    request_id: str
    door: str
    origin: str = Field(description="The address it came from, where the door knows one.")
    erased: bool = Field(description="Whether subject, target and origin were erased.")
    before: str | None = Field(
        default=None, description="A salted hash of what was changed, as it was; none where nothing was."
    )
    after: str | None = Field(
        default=None, description="A salted hash of what was changed, as it was then; none once it is erased."
    )


class AuditPage(Record):
    """Some entries, newest first."""

    entries: list[AuditEntry]
    next: str = Field(description="Give it as `before` for the page after this one; empty: there is none.")


class AuditCheckpoint(Record):
    """A signed statement of how a chain was at a moment."""

    number: int
    place: int
    link: str
    begins: int = Field(
        description="After which place the kept chain begins; entries before it went by their age."
    )
    begins_link: str
    oldest: int = Field(description="The number of the oldest checkpoint that is kept.")
    at_ms: int
    key_id: str
    signature: str


class AuditCheckpoints(Record):
    """The newest checkpoints, newest first; keep them where nobody of this installation can change them."""

    tenant_id: str
    key_id: str
    public_key: str = Field(description="The Ed25519 key that checks the signatures, in hexadecimal.")
    checkpoints: list[AuditCheckpoint]


class AuditVerification(Record):
    """What checking a chain found."""

    whole: bool = Field(description="Whether nothing is wrong with what was checked.")
    finding: str = Field(description="The first thing that is wrong, in words; empty when nothing is.")
    wrong_place: int | None
    checked: int
    last_place: int
    begins: int = Field(description="After which place the kept chain begins.")
    unsigned: int = Field(description="How many of the last entries checked no checkpoint covers yet.")
    waiting: int = Field(description="How many entries wait for their place.")
    next: int | None = Field(description="Give it as `after` to go on; none: this was the end of the chain.")


class ExportKey(Record):
    """A key that signed this audit, after another; the first one, and one after a loss, by itself alone."""

    number: int
    key_id: str
    public_key: str
    previous_id: str
    previous_key: str
    at_ms: int
    by_previous: str
    by_itself: str


class ExportBegin(Record):
    """What an export is of, and what stands before its first entry."""

    format: Literal["mainstay-audit-1", "mainstay-audit-2"]
    tenant_id: str
    since_ms: int | None
    until_ms: int | None
    before: int = Field(description="The place before the first entry.")
    previous_link: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    previous_number: int = Field(description="The number of the last checkpoint before the first entry.")
    last: int = Field(description="The place of the last entry.")
    key_id: str
    public_key: str
    keys: list[ExportKey] = Field(
        default_factory=list, description="All keys that have signed this audit, oldest first."
    )


class ExportEntry(Record):
    """An entry with what is needed to check it."""

    place: int
    seq: int
    at_ms: int | None
    request_id: str
    subject: str
    operation: str
    target: str
    outcome: str
    door: str
    origin: str
    salt: str | None
    hidden: str | None
    before: str | None = None
    after: str | None = None
    commitment: str
    link: str


class ExportErasure(Record):
    """A signed note that the personal fields of some places were erased."""

    at_ms: int
    places: str
    proof: str


class ExportEnd(Record):
    """That the export is complete."""

    entries: int


class AuditPiece(Record):
    """One piece of an export: its begin, some entries in chain order with their checkpoints, or its end."""

    begin: ExportBegin | None = None
    erasures: list[ExportErasure] = Field(default_factory=list)
    entries: list[ExportEntry] = Field(default_factory=list)
    checkpoints: list[AuditCheckpoint] = Field(default_factory=list)
    end: ExportEnd | None = None


_OF_WHOM = (AuditNotYours, AuditMissing)


class Observability(Interface):
    """The audit of your tenant: search it, carry it away, check it."""

    @reads(
        "GET /audit",
        may="audit:read",
        fails=(MomentUnreadable, *_OF_WHOM),
        example={"operation": "identity.create_key", "since": "2026-11-01T00:00:00Z"},
    )
    async def search_entries(
        self,
        since: Moment = "",
        until: Moment = "",
        subject: Text = "",
        operation: Name = "",
        outcome: Name = "",
        target: Text = "",
        request_id: Text = "",
        door: Name = "",
        before: Cursor = "",
        limit: Annotated[int, Field(ge=1, le=500)] = 100,
        tenant: Tenant = "",
    ) -> AuditPage:
        """Find who did what and when, newest first.

        All filters given must hold, each exactly; `since` is included, `until` is not. Changes are there with
        their answer, reads and refusals within a second.
        """

    @streams(
        "GET /audit/export",
        may="audit:read",
        fails=(MomentUnreadable, *_OF_WHOM),
        example={"since": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z"},
    )
    def export_entries(
        self, since: Moment = "", until: Moment = "", tenant: Tenant = ""
    ) -> AsyncIterator[AuditPiece]:
        """Give the entries of a time in chain order, with all that checking them elsewhere needs.

        The entries are those of the whole part of the chain that covers the time, up to the next checkpoint,
        so that some may lie outside. `mainstay audit export` writes them into a file, and `mainstay audit
        verify` checks it without a server.
        """

    @reads("GET /audit/checkpoints", may="audit:read", fails=_OF_WHOM, example={"limit": 1})
    async def list_checkpoints(
        self,
        before: Annotated[
            int, Field(ge=0, le=1 << 53, description="Only those with a smaller number; 0: the newest.")
        ] = 0,
        limit: Annotated[int, Field(ge=1, le=500)] = 10,
        tenant: Tenant = "",
    ) -> AuditCheckpoints:
        """List the newest signed checkpoints, to be kept outside of this installation.

        A chain that does not agree with a checkpoint kept elsewhere was cut off or written anew. There is one
        for each 1,000 entries, and within about a minute of the last entry.
        """

    @reads("GET /audit/verification", may="audit:read", fails=_OF_WHOM, example={"limit": 100_000})
    async def verify_chain(
        self,
        after: Annotated[int, Field(ge=0, le=1 << 53, description="Begin behind this place.")] = 0,
        limit: Annotated[int, Field(ge=1, le=1_000_000)] = 100_000,
        tenant: Tenant = "",
    ) -> AuditVerification:
        """Check your tenant's chain: every entry, every link, every signature.

        At most `limit` entries are looked at; `next` says where to go on. It takes about 5 seconds for each
        100,000 entries. Method: hash chain after Schneier and Kelsey (1999), signed with Ed25519 (RFC 8032).
        """

    @reads("GET /audit/settings", may="audit:read")
    async def get_request_settings(self) -> RequestSettings:
        """Tell how your tenant's requests and answers are logged; if nobody has set anything, not at all."""

    @writes(
        "PUT /audit/settings",
        may="audit:write",
        fails=(LoggedOperationUnknown,),
        example={"log_requests": True, "sample": 0.1, "hidden_fields": ["text"], "kept_days": 30},
    )
    async def set_request_settings(
        self,
        log_requests: bool,
        sample: Sample = 1.0,
        operations: OperationNames = [],
        hidden_fields: FieldNames = [],
        characters_max: CharactersMax = 4096,
        kept_days: KeptDays = 7,
    ) -> RequestSettings:
        """Turn the full log of your tenant's requests and answers on or off, and set what it keeps.

        What is left out has its default again. Other processes follow within two seconds. Secrets are always
        hidden, and files never kept; what strangers ask for is not logged.
        """

    @reads(
        "GET /audit/requests",
        may="requests:read",
        fails=(MomentUnreadable,),
        example={"operation": "knowledge.search", "since": "2026-11-01T00:00:00Z"},
    )
    async def search_requests(
        self,
        since: Moment = "",
        until: Moment = "",
        subject: Text = "",
        operation: Name = "",
        outcome: Name = "",
        request_id: Text = "",
        before: Cursor = "",
        limit: Annotated[int, Field(ge=1, le=500)] = 100,
    ) -> LoggedRequests:
        """Find logged requests, newest first, without what they said; needs `audit:read` too.

        They are there within about two seconds.
        """

    @reads(
        "GET /audit/requests/{number}",
        may="requests:read",
        fails=(RequestMissing, KeyDestroyed),
        example={"number": 1},
    )
    async def get_request(self, number: Annotated[int, Field(ge=1, le=1 << 53)]) -> WholeRequest:
        """Give a logged request with its answer; needs `audit:read` too."""
