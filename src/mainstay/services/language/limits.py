"""How large, how long and of what form each input of the language service may be."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.ports.personal_data import AnyKind

TEXT_LENGTH_MAX = 1_000_000
TEXTS_MAX = 256
BATCH_LENGTH_MAX = 2_000_000
"""Characters that the texts of one batch may have together."""
FOUND_MAX = 50_000
"""So many things may be found in the texts of one request; the longest prose has half as many."""

NO_NUL = r"^[^\x00]*$"

Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_LENGTH_MAX, pattern=NO_NUL)]
OneText = Annotated[Text | None, Field(description="The text; give either this or `texts`.")]
Texts = Annotated[
    list[Text] | None,
    Field(
        min_length=1,
        max_length=TEXTS_MAX,
        description="Several texts, answered in their order; 2,000,000 characters together.",
    ),
]
EmbeddedTexts = Annotated[
    list[Text],
    Field(min_length=1, max_length=2_048, description="At most 2,000,000 characters together."),
]
TopicTexts = Annotated[
    list[Text],
    Field(min_length=3, max_length=2_048, description="At most 2,000,000 characters together."),
]
TopicsWanted = Annotated[
    int, Field(ge=1, le=200, description="How many topics at most; as many as fit best if not given.")
]
ManyTexts = Annotated[list[Text], Field(min_length=1, max_length=TEXTS_MAX)]
KeywordsTop = Annotated[int, Field(ge=1, le=100, description="How many key phrases at most.")]
SentencesWanted = Annotated[
    int, Field(ge=1, le=100, description="How many sentences the summary has at most.")
]
WordsWanted = Annotated[
    int, Field(ge=5, le=5000, description="How many words the summary has at most; instead of `sentences`.")
]
Style = Annotated[
    Literal["extractive", "abstractive"],
    Field(description="The text's own sentences, or words of the generator's."),
]
Part = Literal["sentiment", "entities", "keywords", "mentions"]
Parts = Annotated[
    list[Part],
    Field(min_length=1, max_length=4, description="What to find out; all if not given."),
]
ALL_PARTS: list[Part] = ["sentiment", "entities", "keywords", "mentions"]
Alternatives = Annotated[int, Field(ge=0, le=20, description="How many other languages to name.")]
LabelName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
Example = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=NO_NUL)]
Language = Annotated[
    str,
    StringConstraints(min_length=2, max_length=3, pattern=r"^[a-z]{2,3}$"),
    Field(description="A language (ISO 639-1 or 639-3), such as `de`."),
]
Query = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000, pattern=NO_NUL),
    Field(description="What you look for, in words."),
]
TopN = Annotated[int, Field(ge=1, le=TEXTS_MAX, description="How many texts to give back; all if not given.")]
Dimensions = Annotated[
    int,
    Field(
        ge=8,
        le=4096,
        description="Keep only so many numbers of each vector, which is a unit vector again.",
    ),
]
Long = Annotated[
    Literal["cut", "mean", "refuse"],
    Field(
        description="Of texts longer than the encoder reads: their beginning, the mean of all their parts "
        "(up to 8,192 tokens), or a refusal."
    ),
]
Named = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=NO_NUL),
    Field(description="The name of the model that is to do it: refused where another one is set."),
]
Role = Annotated[
    Literal["query", "passage"],
    Field(description="What the texts are; some encoders treat questions and passages differently."),
]
Kinds = Annotated[
    list[AnyKind],
    Field(min_length=1, max_length=20, description="Which kinds to look for; all if not given."),
]
NameScore = Annotated[
    float, Field(ge=0, le=1, description="Names of persons that are less likely right are left out.")
]
Hint = Annotated[
    Language | None, Field(description="The texts' language, where you know it; it wins over detection.")
]
Region = Annotated[
    str,
    StringConstraints(pattern=r"^([A-Z]{2})?$"),
    Field(description="Where telephone numbers without a country code are from (ISO 3166-1, such as `DE`)."),
]
Action = Annotated[
    Literal["find", "mask", "tokenize"],
    Field(
        description="Tell where it stands; replace it by its kind; or replace it by tokens that "
        "`POST /nlp/pii/restore` turns back."
    ),
]
