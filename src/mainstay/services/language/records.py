"""What goes into the language service and what comes out of it."""

from typing import Annotated, Literal

from pydantic import Field

from mainstay.kernel.interface import Input, Record
from mainstay.services.language.limits import Example, LabelName

Offset = Annotated[int, Field(description="A place in the text, counted in Unicode characters from 0.")]
Share = Annotated[float, Field(ge=0, le=1)]


class MentionFound(Record):
    """Something that the text names or states: a person, a date, an address of mail."""

    type: str = Field(
        description="`person`, `organisation`, `place`, `product`, `other` (nationalities, events, works …); "
        "`date`, `time`, `money`, `percentage`, `quantity`; or a kind of personal data, such as `email`."
    )
    text: str
    start: Offset
    end: Offset
    score: Share = Field(description="How likely it is right; of names calibrated, of the rest the rule's.")


class Analysis(Record):
    """What a text says, as far as it was asked for; what was not is empty or null."""

    sentiment: Literal["positive", "negative", "neutral"] | None = Field(
        description="The text's verdict as a whole; null where the language has no head for it."
    )
    confidence: Share | None = Field(description="How likely the sentiment is right, calibrated.")
    entities: list[str] = Field(
        description="The likely names in the text (score 0.5 or more), then its key terms; each once."
    )
    keywords: list[str] = Field(description="Its key phrases, best first.")
    language: str = Field(description="ISO 639-1, else 639-3; `und` when it cannot be told.")
    mentions: list[MentionFound] = Field(description="What it names and states, in its order.")
    unsupported: list[Literal["sentiment", "names"]] = Field(
        description="What was asked for, and is not known for this language."
    )
    language_confidence: Share = Field(description="How sure the language is; 1 where you have said it.")
    read_as: str | None = Field(
        description="The language by which a short text was read that may be in it; null: by `language`."
    )


class Keyword(Record):
    """A key phrase, as the text writes it where it stands first."""

    text: str
    score: Share = Field(description="How much it says about the text, the best phrase being 1.")
    count: int = Field(description="How often it stands in the text.")
    start: Offset
    end: Offset


class Keywords(Record):
    """A text's key phrases, best first."""

    language: str = Field(description="ISO 639-1, or `und`.")
    keywords: list[Keyword]


class KeywordsAnswer(Record):
    """The key phrases of `text`, or of each of `texts` in `results`."""

    language: str = ""
    keywords: list[Keyword] = []
    results: list[Keywords] = []


class SummarySentence(Record):
    """A sentence of a summary.

    `start` and `end` say where it stands in the text (extractive), or where the sentence stands that
    supports it best (abstractive; none where nothing does).
    """

    text: str
    start: Offset | None
    end: Offset | None
    support: Share = Field(description="How well the source bears it out; 1 for the source's own words.")
    supported: bool


class Summary(Record):
    """A text in fewer words."""

    summary: str
    style: Literal["extractive", "abstractive"]
    generator: str = Field(description="Who wrote it: `extractive`, or the generator's name.")
    language: str
    sentences: list[SummarySentence]
    read_until: Offset = Field(
        description="How far the text was read; less than its length only for a text of very many sentences."
    )


class LanguageGuess(Record):
    """A language, and how likely the text is written in it."""

    language: str = Field(description="ISO 639-1, else 639-3; `und` when it cannot be told.")
    confidence: Share


class LanguagePart(LanguageGuess):
    """A part of a text in one language."""

    start: Offset
    end: Offset


class Detection(LanguageGuess):
    """A text's language, the next likely ones, and its parts where it changes languages."""

    alternatives: list[LanguageGuess]
    parts: list[LanguagePart] = Field(description="Empty where the whole text is in one language.")


class DetectionAnswer(Record):
    """The language of `text`, or of each of `texts` in `results`."""

    language: str = ""
    confidence: Share = 0
    alternatives: list[LanguageGuess] = []
    parts: list[LanguagePart] = []
    results: list[Detection] = []


class Label(Input):
    """One of the caller's own labels; a description in a few words and some examples make it surer."""

    name: LabelName
    description: Annotated[Example | None, Field(description="What it means, in a sentence.")] = None
    examples: Annotated[list[Example], Field(max_length=50, description="Texts that have it.")] = []


class LabelScore(Record):
    """A label, and how likely it fits."""

    label: str
    score: Share


class Classification(Record):
    """What a text is: the label that fits, none if none does, and every label's score, best first."""

    label: str | None
    labels: list[str] = Field(description="All that fit; with `multi` these may be several.")
    confidence: Share = Field(description="That what is said in `label` holds, even that none fits.")
    none: Share = Field(description="How likely no label fits.")
    scores: list[LabelScore]


class ClassificationAnswer(Record):
    """What `text` is, or each of `texts` in `results`."""

    label: str | None = None
    labels: list[str] = []
    confidence: Share = 0
    none: Share = 0
    scores: list[LabelScore] = []
    results: list[Classification] = []


class Similarity(Record):
    """How near texts are in meaning: cosines in [-1, 1]."""

    similarity: float | None = Field(description="Of `left` and `right`; none where `texts` were given.")
    matrix: list[list[float]] = Field(description="Of each of `texts` with each; empty for a pair.")
    encoder: str
    truncated: list[int] = Field(
        default=[],
        description="Which texts (from 0, `left` being 0 of a pair) were longer than the encoder reads: "
        "of these the beginning is compared.",
    )


class Embeddings(Record):
    """One unit vector a text, in their order."""

    embeddings: list[list[float]]
    dimensions: int
    encoder: str
    tokens: int = Field(description="What the texts have together, special tokens not counted.")
    truncated: list[int] = Field(description="Which texts (from 0) were longer than the encoder reads.")


class Ranked(Record):
    """A text's place in a ranking."""

    index: int = Field(description="Which of `texts` it is, from 0.")
    score: float


class Ranking(Record):
    """Texts by how well they answer a query, best first."""

    results: list[Ranked]
    reranker: str = Field(description="What ranked: a reranker's name, or `encoder+words`.")
    truncated: list[int] = Field(
        default=[],
        description="Which of `texts` (from 0) were longer than the encoder reads: it saw their beginning.",
    )


class PersonalDatum(Record):
    """Characters of the text that are personal data."""

    kind: str
    text: str
    start: Offset
    end: Offset
    confidence: Share
    rule: str = Field(description="What found it, such as `card:luhn`.")


class PersonalData(Record):
    """What personal data a text holds, and the text without it where that was asked for."""

    found: list[PersonalDatum]
    text: str | None = Field(description="The masked or tokenized text; none for `find`.")
    unsupported: list[Literal["person"]] = Field(
        default=[], description="What was asked for, and is not known for the text's language."
    )


class PersonalDataAnswer(Record):
    """The personal data of `text`, or of each of `texts` in `results`."""

    found: list[PersonalDatum] = []
    text: str | None = None
    unsupported: list[Literal["person"]] = []
    results: list[PersonalData] = []


class Restored(Record):
    """A text with its tokens turned back."""

    text: str
    restored: int = Field(description="How many tokens were turned back.")
    unknown: int = Field(description="How many were not: changed, erased, or another tenant's.")


class Translated(Record):
    """A text in another language."""

    text: str
    source: str


class Translation(Record):
    """`text` in another language, or each of `texts` in `results`."""

    text: str = ""
    source: str = ""
    target: str
    translator: str = Field(description="What translated, such as `apertium:eng-spa`.")
    results: list[Translated] = []
