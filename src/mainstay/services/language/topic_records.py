"""What texts are about, together."""

from pydantic import Field

from mainstay.kernel.interface import Record


class TopicTerm(Record):
    """A key phrase of a topic."""

    text: str
    score: float = Field(description="How much more it is the topic's than the others'; the best has 1.")


class Topic(Record):
    """Texts that are about the same."""

    label: str = Field(
        description="The topic's best terms; where its texts have none, the beginning of a typical one."
    )
    terms: list[TopicTerm]
    texts: list[int] = Field(description="Places of its texts, in the order of the texts given.")
    typical: list[int] = Field(description="Places of the three texts that are nearest to its middle.")


class TopicAnswer(Record):
    """The topics of texts, largest first."""

    topics: list[Topic]
    outliers: list[int] = Field(
        description="Places of texts that are no nearer to their topic than to all others."
    )
    encoder: str
