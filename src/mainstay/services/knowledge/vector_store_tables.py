"""The tables of vector stores: what a collection is as one, and which stored files were attached."""

from mainstay.ports.database import Column, Index, Table

VECTOR_STORES = Table(
    name="vector_stores",
    columns=(
        Column("collection", "text"),
        Column("title", "text"),
        Column("metadata", "text"),
        Column("expires_days", "integer", nullable=True),
        Column("used_ms", "integer"),
    ),
    key=("collection",),
    exported=("collection", "title", "metadata", "expires_days", "used_ms"),
)

ATTACHED_FILES = Table(
    name="attached_files",
    columns=(
        Column("collection", "text"),
        Column("file_id", "text"),
        Column("doc_id", "text"),
        Column("batch_id", "text"),
        Column("job_id", "text"),
        Column("name", "text"),
        Column("bytes", "integer"),
        Column("attributes", "text"),
        Column("groups", "text", nullable=True),
        Column("state", "text"),
        Column("problem_code", "text", nullable=True),
        Column("problem", "text", nullable=True),
        Column("created_ms", "integer"),
    ),
    key=("collection", "file_id"),
    indexes=(Index(("doc_id",)), Index(("file_id",)), Index(("collection", "batch_id"))),
    exported=(
        *("collection", "file_id", "doc_id", "name", "bytes", "attributes", "groups", "state"),
        "created_ms",
    ),
)

TABLES = (VECTOR_STORES, ATTACHED_FILES)
