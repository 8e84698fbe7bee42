"""Judges whether texts are of kinds that somebody may not want."""

import asyncio
from collections.abc import Mapping, Sequence

from mainstay.ports.languages import Languages
from mainstay.ports.readers import Concern, Reader
from mainstay.services.language.moderation_records import Moderation
from mainstay.services.language.tongues import Tongue, tongues_of

CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
"""The kinds that OpenAI's moderations have, by their names."""


class Moderating:
    """The moderation of texts."""

    def __init__(self, reader: Reader, languages: Languages) -> None:
        """Take the engines."""
        self._reader = reader
        self._languages = languages

    async def moderate(self, texts: Sequence[str], hint: str | None) -> list[Moderation]:
        """Judge each text; raises ReaderUnavailable."""
        known = await self._reader.languages(["moderation"])
        tongues = await asyncio.to_thread(tongues_of, self._languages.detect_many, texts, known, hint)
        read = await self._reader.read(texts, [each.read_in for each in tongues], ["moderation"])
        return [
            _moderation(reading.concerns or {}, each) for reading, each in zip(read, tongues, strict=True)
        ]


def _moderation(concerns: Mapping[str, Concern], read: Tongue) -> Moderation:
    names = [*CATEGORIES, *sorted(set(concerns) - set(CATEGORIES))]
    nothing = Concern(0.0, 1.0)
    found = {name: concerns.get(name, nothing) for name in names}
    categories = {name: name in concerns and each.score >= each.threshold for name, each in found.items()}
    return Moderation(
        flagged=any(categories.values()),
        categories=categories,
        scores={name: each.score for name, each in found.items()},
        language=read.language,
        language_confidence=read.confidence,
        unsupported=[name for name in names if name not in concerns],
    )
