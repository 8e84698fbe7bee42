"""Finds, hides and brings back personal data, with the cipher of the caller's tenant."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mainstay.kit.errors import NotFound
from mainstay.ports.ciphers import Cipher, CipherUnavailable
from mainstay.ports.languages import Languages
from mainstay.ports.personal_data import KINDS, AnyKind, Kind, PersonalDatum
from mainstay.ports.personal_data import PersonalData as Finder
from mainstay.ports.readers import Mention, Reader
from mainstay.services.language import records
from mainstay.services.language.given import bearable
from mainstay.services.language.personal_data import masked, replaced, restored, tokenizing
from mainstay.services.language.taken import Taken
from mainstay.services.language.tongues import tongues_of

_PERSON: Literal["person"] = "person"
_NAMED = "name:reader"
_PURPOSE = "personal_data_tokens"


@dataclass(frozen=True)
class Wanted:
    """What is looked for, and what is done with it."""

    action: str
    kinds: Sequence[AnyKind] | None
    region: str
    language: str | None
    names_score_min: float

    @property
    def names(self) -> bool:
        """Say whether names of persons are looked for."""
        return self.kinds is None or _PERSON in self.kinds

    @property
    def ruled(self) -> Sequence[Kind]:
        """Give the kinds that rules find."""
        return KINDS if self.kinds is None else [kind for kind in KINDS if kind in self.kinds]


class Private:
    """Personal data of texts."""

    def __init__(self, finder: Finder, cipher: Cipher, reader: Reader, languages: Languages) -> None:
        """Take what finds, what seals, and what reads names."""
        self._finder = finder
        self._cipher = cipher
        self._reader = reader
        self._languages = languages

    async def find(self, texts: Sequence[str], wanted: Wanted) -> list[records.PersonalData]:
        """Find what each text holds and do with it what was asked for.

        Raises ReaderUnavailable, FindingsTooMany.
        """
        names = await self._names(texts, wanted.language) if wanted.names else [()] * len(texts)
        return await asyncio.to_thread(self._find, texts, names, wanted)

    async def restore(self, text: str) -> records.Restored:
        """Turn tokens back."""
        whole, done, unknown = await asyncio.to_thread(restored, text, self._opened)
        return records.Restored(text=whole, restored=done, unknown=unknown)

    async def _names(self, texts: Sequence[str], hint: str | None) -> Sequence[Sequence[Mention] | None]:
        """Give each text's names, or None where its language is not known."""
        known = await self._reader.languages(["mentions"])
        told = await asyncio.to_thread(tongues_of, self._languages.detect_many, texts, known, hint)
        read_in = [each.read_in for each in told]
        read = await self._reader.read(texts, read_in, ["mentions"])
        return [each.mentions for each in read]

    def _find(
        self, texts: Sequence[str], names: Sequence[Sequence[Mention] | None], wanted: Wanted
    ) -> list[records.PersonalData]:
        token = tokenizing(self._sealed)
        answers, count = [], 0
        for text, mentions in zip(texts, names, strict=True):
            ruled = self._finder.find(text, wanted.ruled, wanted.region) if wanted.ruled else []
            found = _joined(text, ruled, mentions or (), wanted.names_score_min)
            count += len(found)
            bearable(count)
            without = None
            if wanted.action == "mask":
                without = masked(text, found)
            elif wanted.action == "tokenize":
                without = replaced(text, found, token)
            answers.append(
                records.PersonalData(
                    found=[_told(text, each) for each in found],
                    text=without,
                    unsupported=[_PERSON] if mentions is None else [],
                )
            )
        return answers

    def _sealed(self, kind: str, value: str) -> bytes:
        return self._cipher.seal(value.encode(), (_PURPOSE, kind))

    def _opened(self, kind: str, sealed: bytes) -> str | None:
        try:
            return self._cipher.open(sealed, (_PURPOSE, kind)).decode()
        except (CipherUnavailable, NotFound):
            return None


def _joined(
    text: str, ruled: Sequence[PersonalDatum], mentions: Sequence[Mention], score_min: float
) -> list[PersonalDatum]:
    """Add names of persons to what rules found, which win where both claim the same characters."""
    taken = Taken(len(text))
    for each in ruled:
        taken.take(each.start, each.end)
    names = [
        PersonalDatum(_PERSON, each.start, each.end, each.score, _NAMED)
        for each in mentions
        if each.kind == _PERSON and each.score >= score_min and taken.take(each.start, each.end)
    ]
    return sorted([*ruled, *names], key=lambda each: each.start)


def _told(text: str, found: PersonalDatum) -> records.PersonalDatum:
    return records.PersonalDatum(
        kind=found.kind,
        text=text[found.start : found.end],
        start=found.start,
        end=found.end,
        confidence=found.confidence,
        rule=found.rule,
    )
