"""What moderation says of texts."""

from pydantic import Field

from mainstay.kernel.interface import Record
from mainstay.services.language.records import Share


class Moderation(Record):
    """Of which unwanted kinds a text is."""

    flagged: bool = Field(description="Whether it is of any kind.")
    categories: dict[str, bool] = Field(description="Of which, by OpenAI's names.")
    scores: dict[str, Share] = Field(
        description="How likely each is, calibrated on texts of which one in eight is of some kind."
    )
    language: str = Field(description="ISO 639-1, else 639-3; `und` when it cannot be told.")
    language_confidence: Share
    unsupported: list[str] = Field(
        description="Kinds that are not judged, and score 0: all of them in a language that is not known."
    )


class ModerationAnswer(Record):
    """What is said of `text`, or of each of `texts` in `results`."""

    flagged: bool | None = None
    categories: dict[str, bool] = Field(default={})
    scores: dict[str, Share] = Field(default={})
    language: str | None = None
    language_confidence: Share | None = None
    unsupported: list[str] = Field(default=[])
    results: list[Moderation] = Field(default=[])
