"""The tables of generation: what was asked and answered, and responses that were kept."""

from mainstay.ports.database import Aged, Column, Index, Sealed, Table


def trace_place(trace_id: str) -> tuple[str, ...]:
    """Give what a trace's texts are sealed to."""
    return "generation_traces", trace_id


def response_place(response_id: str) -> tuple[str, ...]:
    """Give what a response is sealed to."""
    return "generation_responses", response_id


_FACTS = (
    Column("trace_id", "text"),
    Column("at_ms", "integer"),
    Column("subject", "text"),
    Column("request_id", "text"),
    Column("generator", "text"),
    Column("outcome", "text"),
    Column("cached", "integer"),
    Column("tokens_input", "integer"),
    Column("tokens_output", "integer"),
    Column("cost", "real"),
    Column("first_piece_ms", "integer", nullable=True),
    Column("took_ms", "integer"),
    Column("prompt", "text"),
    Column("prompt_version", "integer"),
    Column("experiment_id", "text"),
    Column("arm", "text"),
)

TRACES = Table(
    name="generation_traces",
    columns=(
        *_FACTS,
        Column("exposure_id", "text"),
        Column("told", "bytes", sealed=Sealed(("trace_id",), trace_place, owner="subject")),
    ),
    key=("trace_id",),
    indexes=(Index(("subject", "trace_id")), Index(("at_ms",), across=True)),
    exported=(*(column.name for column in _FACTS), "told"),
    aged=Aged("generation_traces", "at_ms"),
    subjects=("subject",),
)

RESPONSES = Table(
    name="generation_responses",
    columns=(
        Column("response_id", "text"),
        Column("previous_id", "text"),
        Column("subject", "text"),
        Column("created_ms", "integer"),
        Column("told", "bytes", sealed=Sealed(("response_id",), response_place, owner="subject")),
    ),
    key=("response_id",),
    indexes=(Index(("subject", "response_id")),),
    exported=("response_id", "previous_id", "subject", "created_ms", "told"),
    aged=Aged("generation_responses", "created_ms"),
    subjects=("subject",),
)

OUTCOMES = Table(
    name="generation_outcomes",
    columns=(
        Column("trace_id", "text"),
        Column("author", "text"),
        Column("subject", "text"),
        Column("value", "real"),
        Column("at_ms", "integer"),
    ),
    key=("trace_id", "author"),
    indexes=(Index(("subject",)), Index(("author",))),
    exported=("trace_id", "author", "subject", "value", "at_ms"),
    aged=Aged("generation_outcomes", "at_ms"),
    subjects=("subject", "author"),
)

CACHING = Table(
    name="generation_caching",
    columns=(Column("name", "text"), Column("exact", "integer"), Column("semantic", "integer")),
    key=("name",),
    exported=("name", "exact", "semantic"),
)
