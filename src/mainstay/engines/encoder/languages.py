"""Which languages an encoder was trained on, as its authors' model card or the operator says."""

import re
from pathlib import Path

Languages = frozenset[str]
"""Codes of ISO 639-1; the code `*` stands for every language."""

EVERY: Languages = frozenset({"*"})
USUAL: Languages = frozenset({"en"})
"""What is supposed of a model that does not say: most are trained on English."""

_CARD_BYTES_MAX = 1 << 20
_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*$", re.DOTALL | re.MULTILINE)
_LANGUAGE = re.compile(r"^language:[ \t]*(.*(?:\n[ \t]*-[ \t].*)*)", re.MULTILINE)
_CODE = re.compile(r"\*|[A-Za-z]{2,}(?:-[A-Za-z]+)*")
_CODE_LENGTH = 2


def knows(languages: Languages, language: str) -> bool:
    """Say whether a language is among them."""
    return language in languages or languages >= EVERY


def languages_of(named: object) -> Languages:
    """Read languages out of text such as `en, de`, or a list of such; the usual ones where none is named.

    `multilingual` and `*` stand for every language.
    """
    text = " ".join(str(each) for each in named) if isinstance(named, list) else str(named or "")
    codes = {code.lower() for code in _CODE.findall(text)}
    if not codes:
        return USUAL
    if "*" in codes or "multilingual" in codes:
        return EVERY
    return frozenset(code[:_CODE_LENGTH] for code in codes)


def read_languages(card: Path) -> Languages:
    """Read the languages that a model card (a README with YAML in front) names; the usual ones without."""
    if not card.is_file():
        return USUAL
    with card.open("rb") as file:
        text = file.read(_CARD_BYTES_MAX).decode("utf-8", "replace").replace("\r\n", "\n")
    front = _FRONT_MATTER.match(text)
    found = _LANGUAGE.search(front[1]) if front is not None else None
    return languages_of(found[1]) if found is not None else USUAL
