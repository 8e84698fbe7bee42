"""What can be told of the full log of requests and answers, and of how it is set."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Record

Sample = Annotated[float, Field(ge=0.001, le=1, description="Which part of the requests is logged.")]
OperationNames = Annotated[
    list[Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z_]+\.[a-z_]+$")]],
    Field(max_length=500, description="Full names, such as `knowledge.search`; empty: all operations."),
]
FieldNames = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]],
    Field(max_length=200, description="Fields whose values are hidden, at any depth, besides secrets."),
]
CharactersMax = Annotated[
    int, Field(ge=256, le=65_536, description="How much of a request, and of an answer, is kept.")
]
KeptDays = Annotated[int, Field(ge=1, le=3650, description="After how many days entries are removed.")]


class RequestSettings(Record):
    """How your tenant's requests and answers are logged."""

    log_requests: bool
    sample: float
    operations: list[str]
    hidden_fields: list[str]
    characters_max: int
    kept_days: int
    changed_ms: int | None = Field(description="None: nobody has set anything, and nothing is logged.")


class LoggedRequest(Record):
    """One request that was logged, without what it said."""

    number: int
    at_ms: int
    request_id: str
    subject: str
    operation: str
    outcome: str
    door: str
    origin: str
    took_ms: float


class LoggedRequests(Record):
    """Some requests, newest first."""

    requests: list[LoggedRequest]
    next: str = Field(description="Give it as `before` for the page after this one; empty: there is none.")


class WholeRequest(LoggedRequest):
    """One request with its answer; secrets and hidden fields are `[hidden]`, what was too long is `[cut]`."""

    request: Any = Field(description="What was asked for, by name; files are told by name and size.")
    response: Any = Field(description="What was answered; of a stream, its pieces; of a failure, its code.")
    cut: bool = Field(description="Whether something was left out for its length.")
