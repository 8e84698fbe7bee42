"""The tables of widgets: what stands in pages is public, and of visitors there are hashes of tokens alone."""

from mainstay.ports.database import Column, Index, Table

WIDGETS = Table(
    name="widgets",
    columns=(
        Column("widget_id", "text"),
        Column("bot_id", "text"),
        Column("name", "text"),
        Column("origins", "text"),
        Column("look", "text"),
        Column("created_ms", "integer"),
        Column("changed_ms", "integer"),
    ),
    key=("widget_id",),
    indexes=(Index(("bot_id",)), Index(("widget_id",), unique=True, across=True)),
    exported=("widget_id", "bot_id", "name", "origins", "look", "created_ms", "changed_ms"),
)

VISITS = Table(
    name="visits",
    columns=(
        Column("hash", "text"),
        Column("widget_id", "text"),
        Column("visitor_id", "text"),
        Column("begun_ms", "integer"),
        Column("issued_ms", "integer"),
    ),
    key=("hash",),
    indexes=(
        Index(("hash",), unique=True, across=True),
        Index(("issued_ms",), across=True),
        Index(("widget_id",)),
        Index(("visitor_id",)),
    ),
    subjects=("visitor_id",),
)
