"""What we ask of a translator: a text in another language."""

from collections.abc import Sequence
from typing import Protocol

from mainstay.kit.errors import Unavailable


class TranslatorUnavailable(Unavailable):
    """The translator cannot be started, failed, or took too long."""

    title = "The translator cannot work now"


class Translator(Protocol):
    """Translates between the pairs of languages it has."""

    def pair(self, source: str, target: str) -> str:
        """Give the name of what translates from a language to another (ISO 639-1 or 639-3), or nothing."""
        ...

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Translate texts of a pair that there is, line breaks kept; raises TranslatorUnavailable."""
        ...
