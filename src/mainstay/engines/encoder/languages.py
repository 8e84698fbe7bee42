"""Which languages an encoder was trained on, as its authors' model card or the operator says."""

import re
from pathlib import Path

from mainstay.engines.encoder.language_codes import code_of

Languages = frozenset[str]
"""Codes of ISO 639-1; the code `*` stands for every language."""

EVERY: Languages = frozenset({"*"})
USUAL: Languages = frozenset({"en"})
"""What is supposed of a model that does not say: most are trained on English."""

_CARD_BYTES_MAX = 1 << 20
_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*$", re.DOTALL | re.MULTILINE)
_LANGUAGE = re.compile(r"^language:[ \t]*(.*(?:\n[ \t]*-[ \t].*)*)", re.MULTILINE)
_BETWEEN = re.compile(r"""[][,;"']|#.*|^[ \t]*-(?=[ \t])|\n""", re.MULTILINE)
_EVERY = {"*", "multilingual", "mul"}
_BOKMAL = "nb"
"""What detectors call Norwegian is this form of it."""


class LanguageUnknown(ValueError):
    """A language was named that nobody knows."""


def knows(languages: Languages, language: str) -> bool:
    """Say whether a language is among them."""
    return language in languages or languages >= EVERY


def languages_of(named: object, *, strict: bool = False) -> Languages:
    """Read languages out of text such as `en, de`, or a list of such; the usual ones where none is named.

    They may be named by codes of ISO 639, with a region or a script, or in English; `multilingual` and `*`
    stand for every language. What is none is passed over; a `strict` reading raises LanguageUnknown.
    """
    text = "\n".join(str(each) for each in named) if isinstance(named, list) else str(named or "")
    codes: set[str] = set()
    for item in filter(None, map(str.strip, _BETWEEN.split(text))):
        found = _codes(item)
        if strict and not found:
            raise LanguageUnknown(item)
        codes |= found
    if codes & _EVERY:
        return EVERY
    return frozenset(codes | {"no"} if _BOKMAL in codes else codes) or USUAL


def _codes(item: str) -> set[str]:
    """Give what an item names: one language, or several with spaces between them; none if a word is none."""
    codes: set[str] = set()
    for word in [item] if code_of(item) else item.split():
        code = word.casefold() if word.casefold() in _EVERY else code_of(word)
        if code is None:
            return set()
        codes.add(code)
    return codes


def read_languages(card: Path) -> Languages:
    """Read the languages that a model card (a README with YAML in front) names; the usual ones without."""
    if not card.is_file():
        return USUAL
    with card.open("rb") as file:
        text = file.read(_CARD_BYTES_MAX).decode("utf-8", "replace").replace("\r\n", "\n")
    front = _FRONT_MATTER.match(text)
    found = _LANGUAGE.search(front[1]) if front is not None else None
    return languages_of(found[1]) if found is not None else USUAL
