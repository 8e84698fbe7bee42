"""What we ask of a language detector: in which language a text is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Guess:
    """A language (ISO 639-1, else 639-3), and the chance in [0, 1] that a text is written in it."""

    language: str
    confidence: float


class Languages(Protocol):
    """Tells languages."""

    def detect(self, text: str) -> str:
        """Give the ISO 639-1 code of a text's language, or `und` when it cannot be told."""
        ...

    def detect_many(self, texts: Sequence[str], guesses: int = 4) -> list[list[Guess]]:
        """Give each text's likeliest languages, best first, so many at most; none where there are no words.

        Of a long text the beginning counts. It computes, some 50 µs a text: call it in a thread.
        """
        ...
