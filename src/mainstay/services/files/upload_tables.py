"""The tables of uploads in several parts."""

from mainstay.ports.database import Column, Index, Table

UPLOADS = Table(
    name="uploads",
    columns=(
        Column("upload_id", "text"),
        Column("name", "text"),
        Column("purpose", "text"),
        Column("media_type", "text"),
        Column("bytes", "integer"),
        Column("groups", "text", nullable=True),
        Column("expires_in_s", "integer", nullable=True),
        Column("state", "text"),
        Column("file_id", "text", nullable=True),
        Column("created_ms", "integer"),
        Column("expires_ms", "integer"),
    ),
    key=("upload_id",),
)

UPLOAD_PARTS = Table(
    name="upload_parts",
    columns=(
        Column("part_id", "text"),
        Column("number", "integer"),
        Column("upload_id", "text"),
        Column("blob", "text"),
        Column("bytes", "integer"),
    ),
    key=("part_id", "number"),
    indexes=(Index(("upload_id",)),),
)
