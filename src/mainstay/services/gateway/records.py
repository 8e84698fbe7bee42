"""What goes into the questions about usage, with its limits, and what comes out."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Record
from mainstay.kit.errors import Conflict, Forbidden, Invalid, NotFound

Span = Annotated[Literal["day", "hour"], Field(description="How long each line is; both by UTC.")]
Split = Annotated[
    Literal["none", "key", "operation", "both"],
    Field(description="Whether there are lines of their own for each key, each operation, or both."),
]
Day = Annotated[
    str,
    StringConstraints(max_length=10, pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$"),
    Field(description="A day in UTC, as `2026-11-29`."),
]
KeyId = Annotated[
    str,
    StringConstraints(max_length=64, pattern=r"^[\w:.-]*$"),
    Field(description="Only what this key, or whoever else has this id, used; empty: everybody."),
]
OperationName = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^[a-z_.]*$"),
    Field(description="Only this operation, as `knowledge.search`; empty: all."),
]
Cursor = Annotated[
    str,
    StringConstraints(max_length=200, pattern=r"^([0-9]{1,16}~[\w:.-]*~[a-z_.]*)?$"),
    Field(description="The `next` of the page before; empty: the first page."),
]
PageSize = Annotated[int, Field(ge=1, le=1000)]
TenantId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]

Requests = Annotated[int, Field(ge=0, le=10**12, description="Requests that may be let in; null: no quota.")]
Tokens = Annotated[
    int, Field(ge=0, le=10**15, description="Tokens of encoders and generators; null: no quota.")
]
Documents = Annotated[
    int, Field(ge=0, le=10**12, description="Documents that may be stored; null: no quota.")
]
Bytes = Annotated[
    int, Field(ge=0, le=10**18, description="Bytes of files and texts that may be stored; null: no quota.")
]
Soft = Annotated[
    bool,
    Field(description="Whether these are budgets: it is told when they come to an end, nothing is refused."),
]

PerMinute = Annotated[
    dict[
        Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z_]+\.[a-z_]+$")],
        Annotated[int, Field(ge=0, le=1_000_000)],
    ],
    Field(
        max_length=200,
        description="How often in a minute all keys together may ask for an operation, as "
        '`{"knowledge.answer": 60}`.',
    ),
]


TierName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$"),
    Field(description="A tier's name; `default` is that of every tenant that was put on no other."),
]
QuotaKeyId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.-]+$"),
    Field(description="The id of a key, or of a client or user of your tenant."),
]
Minutely = Annotated[
    int, Field(ge=1, le=1_000_000, description="In any 60 seconds; null: as the settings of the server say.")
]
AtOnce = Annotated[
    int, Field(ge=1, le=10_000, description="In progress at once in one process; null: any number.")
]


class OperationUnknown(Invalid):
    """There is no such operation, or it cannot be limited by itself."""

    title = "There is no such operation"


class DaysInvalid(Invalid):
    """There is no such day, or no day at all between the two."""

    title = "The days cannot be used"


class TenantUnknown(NotFound):
    """There is no such tenant."""

    title = "There is no such tenant"


class UsageCounts(Record):
    """How much was used."""

    requests: int = Field(description="All that came with valid credentials, refused and failed ones too.")
    refused: int = Field(description="Requests that a limit refused.")
    failed: int = Field(description="Requests that were answered with another error.")
    writes: int = Field(description="Requests that were allowed to change something, and succeeded.")
    tokens: int = Field(description="Tokens of encoders and generators, as far as these tell.")
    cost_micros: int = Field(
        0, description="What generators cost, in millionths of the currency in which their prices are set."
    )


class UsageLine(UsageCounts):
    """How much was used in an hour or a day."""

    begins_at: str
    key_id: str | None = Field(description="Null where keys are added up.")
    operation: str | None = Field(description="Null where operations are added up.")


class StoredLine(Record):
    """How much was stored at the end of a day, or is now."""

    day: str
    documents: int
    bytes: int = Field(description="Of files and of every version of texts that is kept, without the index.")
    at_ms: int = Field(description="When it was counted.")


class UsageReport(Record):
    """What a tenant used."""

    tenant_id: str
    since: str = Field(description="The first day.")
    until: str = Field(description="The day after the last one.")
    totals: UsageCounts = Field(description="Of all lines of all pages.")
    lines: list[UsageLine] = Field(description="Oldest first.")
    stored: list[StoredLine] = Field(
        description="By day, oldest first; days on which nothing was counted lack."
    )
    next: str = Field(description="Give it as `after` for the page after this one; empty: there is none.")


class QuotaLine(Record):
    """A quota, and how much of it is used."""

    name: str
    most: int
    used: int = Field(description="Of what is stored: as it was counted last, within five minutes.")
    left: int
    renews_at: str | None = Field(description="When it begins anew (RFC 3339); null for what is stored.")


class TenantQuotas(Record):
    """What a tenant may use: the lower of what its tier says and what was set for itself."""

    tenant_id: str
    tier: str
    soft: bool = Field(description="Whether these are budgets, which refuse nothing.")
    operations_per_minute: dict[str, int] = Field(
        description="How often in a minute all keys together may ask for an operation; what is not here, as "
        "often as their other limits say."
    )
    at_once: dict[str, int] = Field(
        description="How much may be in progress at once in one process, by name: `requests_at_once`, "
        "`uploads_at_once` and `waits_at_once` of the tenant, `key_requests_at_once` of each key."
    )
    quotas: list[QuotaLine] = Field(description="What is not here has no quota.")


class Tier(Record):
    """What the tenants on a tier may use; null is no limit of the tier's, so that the settings hold."""

    tier: str
    tenants: int = Field(description="How many were put on it; those of `default` are not counted.")
    key_per_minute: int | None = Field(description="Requests of each key; a key's own limit holds up to it.")
    user_per_minute: int | None = Field(description="Requests of each person; null: as for a key.")
    writes_per_minute: int | None = Field(description="Requests of each key or person that may change.")
    tenant_per_minute: int | None = Field(description="Requests of the whole tenant.")
    operations_per_minute: dict[str, int] = Field(description="Requests of the whole tenant by operation.")
    at_once: dict[str, int] = Field(
        description="How much may be in progress at once in one process, by name: `requests_at_once`, "
        "`uploads_at_once` and `waits_at_once` of the tenant, `key_requests_at_once` of each key."
    )
    quotas: dict[str, int] = Field(description="By name; what is not here has no quota.")
    soft: bool = Field(description="Whether the quotas are budgets, which refuse nothing.")


class TierUnknown(NotFound):
    """There is no such tier."""

    title = "There is no such tier"


class TierInUse(Conflict):
    """Tenants are on this tier, or it is the one that all have who are on no other."""

    title = "The tier is in use"


class AboveTier(Invalid):
    """A tenant's own limit is higher than its tier's."""

    title = "A limit is above the tenant's tier"


class KeyUnknown(NotFound):
    """There is no such key, client or user in this tenant, or it works no longer."""

    title = "There is no such key"


class KeyBeyond(Forbidden):
    """This key may more than you, or is your own: another administrator sets its quotas."""

    title = "You cannot set the quotas of this key"


class KeyQuotas(Record):
    """What a key may use."""

    key_id: str
    soft: bool = Field(description="Whether these are budgets, which refuse nothing.")
    quotas: list[QuotaLine] = Field(description="What is not here has no quota of the key's own.")


class CallerLimits(Record):
    """What holds for whoever asks."""

    tier: str
    requests_per_minute: int
    writes_per_minute: int | None = Field(description="Null: as many as requests.")
    tenant_requests_per_minute: int | None = Field(description="Of all keys together; null: no such limit.")
    operations_per_minute: dict[str, int] = Field(description="Of all keys together, by operation.")
    at_once: dict[str, int] = Field(
        description="How much may be in progress at once in one process, by name: `requests_at_once`, "
        "`uploads_at_once` and `waits_at_once` of the tenant, `key_requests_at_once` of each key."
    )
    key_quotas: list[QuotaLine] = Field(description="Of your key alone.")
    quotas: list[QuotaLine] = Field(description="Of your tenant; empty without `usage:read`.")
