"""Word stems, so that a word counts as the same in its singular and plural."""

from collections.abc import Callable
from functools import cache

import Stemmer

_STEMMERS = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}


@cache
def stemmer(language: str) -> Callable[[str], str]:
    """Give what makes stems of a language's words (Snowball); words stay as they are without one."""
    name = _STEMMERS.get(language)
    stem: Callable[[str], str] = Stemmer.Stemmer(name).stemWord if name else str
    return stem
