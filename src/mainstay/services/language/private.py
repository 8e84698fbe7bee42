"""Finds, hides and brings back personal data, with the cipher of the caller's tenant."""

import asyncio
from collections.abc import Sequence

from mainstay.kit.errors import NotFound
from mainstay.ports.ciphers import Cipher, CipherUnavailable
from mainstay.ports.personal_data import KINDS, Kind, PersonalDatum
from mainstay.ports.personal_data import PersonalData as Finder
from mainstay.services.language import records
from mainstay.services.language.personal_data import masked, replaced, restored, tokenizing

_PURPOSE = "personal_data_tokens"


class Private:
    """Personal data of texts."""

    def __init__(self, finder: Finder, cipher: Cipher) -> None:
        """Take what finds, and what seals."""
        self._finder = finder
        self._cipher = cipher

    async def find(
        self, texts: Sequence[str], action: str, kinds: Sequence[Kind] | None, region: str
    ) -> list[records.PersonalData]:
        """Find what each text holds and do with it what was asked for."""
        return await asyncio.to_thread(self._find, texts, action, kinds or KINDS, region)

    async def restore(self, text: str) -> records.Restored:
        """Turn tokens back."""
        whole, done, unknown = await asyncio.to_thread(restored, text, self._opened)
        return records.Restored(text=whole, restored=done, unknown=unknown)

    def _find(
        self, texts: Sequence[str], action: str, kinds: Sequence[Kind], region: str
    ) -> list[records.PersonalData]:
        token = tokenizing(self._sealed)
        answers = []
        for text in texts:
            found = self._finder.find(text, kinds, region)
            without = None
            if action == "mask":
                without = masked(text, found)
            elif action == "tokenize":
                without = replaced(text, found, token)
            answers.append(records.PersonalData(found=[_told(text, each) for each in found], text=without))
        return answers

    def _sealed(self, kind: str, value: str) -> bytes:
        return self._cipher.seal(value.encode(), (_PURPOSE, kind))

    def _opened(self, kind: str, sealed: bytes) -> str | None:
        try:
            return self._cipher.open(sealed, (_PURPOSE, kind)).decode()
        except (CipherUnavailable, NotFound):
            return None


def _told(text: str, found: PersonalDatum) -> records.PersonalDatum:
    return records.PersonalDatum(
        kind=found.kind,
        text=text[found.start : found.end],
        start=found.start,
        end=found.end,
        confidence=found.confidence,
        rule=found.rule,
    )
