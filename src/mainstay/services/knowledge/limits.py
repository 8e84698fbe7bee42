"""How large, how long and of what form each input of the knowledge service may be."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from mainstay.kernel.interface import InQuery
from mainstay.kit.visible import seen
from mainstay.services.knowledge.filter_form import FilterForm
from mainstay.services.knowledge.sound_numbers import with_sound_numbers

TEXT_LENGTH_MAX = 20_000_000
BATCH_MAX = 1000
TOP_K_MAX = 200

PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
NO_NUL = r"^[^\x00]*$"
CollectionName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[\w][\w .:@/-]*$"),
    Field(description="The collection's name: letters, digits, space and `_.:@/-`."),
]
DocumentId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=PRINTABLE),
    Field(description="Your own id, or the one that Mainstay made."),
]
Title = Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)]
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=TEXT_LENGTH_MAX, pattern=NO_NUL), AfterValidator(seen)
]
Query = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000, pattern=NO_NUL),
    Field(description="What you look for, in words."),
]
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w-]+$")]
Metadata = Annotated[
    dict[FieldName, Annotated[JsonValue, AfterValidator(with_sound_numbers)]],
    Field(max_length=100, description="Facts to filter by: text, numbers, booleans, dates, lists, objects."),
]
Group = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^(\*|[\w.:@/-]+)$")]
Groups = Annotated[
    list[Group],
    Field(
        max_length=100,
        description=(
            "Who may see it: keys with one of these groups, and administrators; `*` is everybody. Not given: "
            "who could see the version that is replaced; a new document is for everybody."
        ),
    ),
]
Filters = Annotated[
    dict[str, JsonValue],
    FilterForm(),
    Field(
        max_length=50,
        description=(
            'Conditions on metadata, all of which must hold: `{"year": 2024}` equals, '
            '`{"tag": ["a", "b"]}` one of, `{"price": {"gte": 5, "lt": 10}}` numbers and RFC 3339 dates, '
            '`{"notes": {"contains": "red fox"}}` words, '
            '`{"tag": {"exists": true}}`, `{"parts": {"any": {"colour": "red"}}}` one object of a list; '
            '`{"and": […]}`, `{"or": […]}`, `{"not": {…}}` combine. '
            "`doc_id`, `title`, `language` and `created` may be named too."
        ),
    ),
]
Mode = Annotated[
    Literal["hybrid", "dense", "lexical"],
    Field(description="By meaning and words (`hybrid`), by meaning (`dense`), or by words (`lexical`)."),
]
TopK = Annotated[int, Field(ge=1, le=TOP_K_MAX, description="How many results at most.")]
Wait = Annotated[bool, Field(description="Answer when the documents are searchable."), InQuery()]
Weight = Annotated[
    float, Field(ge=0, le=1, description="Hybrid: the share of meaning against words; balanced if not given.")
]
EvidenceK = Annotated[int, Field(ge=1, le=50, description="How many passages the answer may rest on.")]
FaqId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
FaqQuestion = Annotated[
    str, StringConstraints(min_length=3, max_length=1000, pattern=NO_NUL), AfterValidator(seen)
]
FaqAnswer = Annotated[
    str, StringConstraints(min_length=1, max_length=10_000, pattern=NO_NUL), AfterValidator(seen)
]
Remark = Annotated[str, StringConstraints(max_length=2000, pattern=NO_NUL)]
Url = Annotated[
    str, StringConstraints(min_length=8, max_length=2000, pattern=r"^https?://[^\s\x7f-\x9f\ufeff]+$")
]
Languages = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]],
    Field(
        max_length=50,
        description=(
            "What the documents are written in (ISO 639-1), the main one first: a document that seems to "
            "be in another language is taken for the first. Empty: it is told for each document."
        ),
    ),
]
Background = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=NO_NUL)]],
    Field(
        max_length=100,
        description=(
            "What is known of whoever asks, and what was said before. A generator is shown it beside the "
            "sources, marked off as data like them; no answer may rest on it."
        ),
    ),
]
Context = Annotated[
    str,
    StringConstraints(max_length=4000, pattern=NO_NUL),
    Field(description="What the conversation is about; it steers the ranking, weaker than the query."),
]
