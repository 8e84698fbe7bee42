"""What we ask of a language detector: in which language a text is written."""

from typing import Protocol


class Languages(Protocol):
    """Tells languages."""

    def detect(self, text: str) -> str:
        """Give the ISO 639-1 code of a text's language, or `und` when it cannot be told."""
        ...
