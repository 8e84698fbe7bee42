"""How large, how long and of what form each input of the files service may be."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

MIB = 1024 * 1024
PART_BYTES = 8 * MIB
"""How large the pieces are in which a file is sealed, stored and given back."""
FILE_BYTES_MAX = 512 * MIB
HOUR_S = 3600

PURPOSES = (
    *("assistants", "batch", "fine-tune", "vision", "user_data", "evals"),
    *("assistants_output", "batch_output", "fine-tune-results"),
)
Purpose = Annotated[
    str,
    StringConstraints(min_length=1, max_length=30, pattern=rf"^({'|'.join(PURPOSES)})$"),
    Field(description="What the file is for, in OpenAI's words; it changes nothing but what lists show."),
]
FileId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$"),
    Field(description="The file's id."),
]
Group = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^(\*|[\w.:@/-]+)$")]
Groups = Annotated[
    list[Group],
    Field(
        max_length=100,
        description=(
            "Who may see it: keys with one of these groups, and administrators; not given, or with `*`: "
            "everybody who may read files."
        ),
    ),
]
FileName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f/\\]+$"),
    Field(description="The file's name, without folders."),
]
FileSize = Annotated[int, Field(ge=1, le=FILE_BYTES_MAX, description="How many bytes the file has.")]
MediaType = Annotated[str, StringConstraints(max_length=200, pattern=r"^[\x20-\x7e]*$")]
PartIds = Annotated[list[FileId], Field(min_length=1, max_length=10_000)]
Md5 = Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f]{32})?$")]
ExpiresIn = Annotated[
    int,
    Field(
        ge=HOUR_S, le=30 * 24 * HOUR_S, description="After how many seconds the file is deleted by itself."
    ),
]
PartNumber = Annotated[int, Field(ge=1, le=100_000, description="Which part, from 1.")]
PageLimit = Annotated[int, Field(ge=1, le=1000, description="How many at most.")]
Order = Annotated[Literal["asc", "desc"], Field(description="Oldest first (`asc`), or newest first.")]
