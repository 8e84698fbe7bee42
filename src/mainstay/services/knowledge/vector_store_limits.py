"""How large and of what form each input about vector stores may be."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, StringConstraints

from mainstay.kernel.interface import Input
from mainstay.services.knowledge.limits import NO_NUL, CollectionName, DocumentId, FieldName

ATTACHED_MAX = 2000
"""How many files one request may attach."""
STORES_MAX = 20
DAYS_MAX = 3650
NEVER_DAYS = 0

StoreId = Annotated[CollectionName, Field(description="The vector store's id: the name of its collection.")]
StoreName = Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)]
StoreMetadata = Annotated[
    dict[
        Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)],
        Annotated[str, StringConstraints(max_length=512, pattern=NO_NUL)],
    ],
    Field(max_length=16, description="Up to 16 texts of your own; search does not look at them."),
]
ExpiresDays = Annotated[
    int,
    Field(
        ge=NEVER_DAYS,
        le=DAYS_MAX,
        description="After how many days without any use it is deleted with its documents; 0: never.",
    ),
]
ChunkTokens = Annotated[
    int,
    Field(
        ge=16,
        le=4096,
        description="A passage's budget in tokens, as far as the encoder reads that many; the answer says.",
    ),
]
FileRef = Annotated[
    DocumentId,
    Field(description="The file's id; of a document that was not made of a stored file, the document's."),
]
_Text = Annotated[str, StringConstraints(max_length=512, pattern=NO_NUL)]
_Number = Annotated[float, Field(ge=-1e300, le=1e300, allow_inf_nan=False)]
_Integer = Annotated[int, Field(ge=-(2**53), le=2**53)]
Attributes = Annotated[
    dict[FieldName, _Text | bool | _Integer | _Number],
    Field(max_length=16, description="Up to 16 facts to filter by: texts, numbers, booleans."),
]
BatchId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
Cursor = Annotated[DocumentId, Field(description="An id of the list, to go on from.")]
PageLimit = Annotated[int, Field(ge=1, le=100, description="How many at most.")]
Order = Annotated[Literal["asc", "desc"], Field(description="Oldest first (`asc`), or newest first.")]
FileState = Literal["in_progress", "completed", "failed", "cancelled"]
Queries = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=NO_NUL)]],
    Field(min_length=1, max_length=10, description="What you look for; what any of them finds is one list."),
]
StoreIds = Annotated[
    list[CollectionName],
    Field(min_length=1, max_length=STORES_MAX, description="The vector stores to search, as one."),
]
StoreFilters = Annotated[
    dict[str, JsonValue],
    Field(max_length=50, description="Conditions on attributes, as `knowledge.search` takes them."),
]
Found = Annotated[int, Field(ge=1, le=50, description="How many passages at most.")]
Score = Annotated[float, Field(ge=0, le=1, description="What scores lower is left out.")]


class Attached(Input):
    """A stored file that is to be searchable in a vector store."""

    file_id: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
    attributes: Attributes = Field(default_factory=dict)
