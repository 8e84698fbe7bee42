"""The 30,000 most common passwords, which come with the package zxcvbn."""

import re
from collections.abc import Sequence
from functools import cache

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from mainstay.engines.breaches.guessable import guessable, once, spellings, words_of

_CORE = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)


class BundledBreaches:
    """Refuses common passwords however they are spelled, doubled, or decorated at their ends."""

    def __init__(self) -> None:
        """Take the list."""
        self._common = _common()

    async def known(self, password: str, about: Sequence[str] = ()) -> bool:
        """Say whether a password is common, or can be guessed from a few patterns."""
        said = {form for text in spellings(password) for form in (text, once(text))}
        forms = said | {_core(form) for form in said}
        common = forms & self._common
        return not common.isdisjoint(spellings(password)) or guessable(password, words_of(about) | common)

    async def close(self) -> None:
        """Have nothing to give back."""


@cache
def _common() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["passwords"])


def _core(text: str) -> str:
    """Give a text without the digits and signs at its ends."""
    found = _CORE.search(text)
    return found[0] if found else ""
