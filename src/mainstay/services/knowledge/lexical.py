"""The words of a text: what search by words compares, in any language and any script.

A text becomes terms (normalised, without stop words, stemmed), and terms become numbers with weights
whose products, times the index's IDF, sum up to BM25.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2s

import numpy as np
import snowballstemmer
from numpy.typing import NDArray

from mainstay.services.knowledge.stopwords import STOP_WORDS

SNOWBALL = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "fa": "persian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "st": "sesotho",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Languages that are stemmed, by their ISO 639-1 code, with the name of their Snowball stemmer."""

SATURATION = 1.2
LENGTH_SHARE = 0.75
LENGTH_USUAL = 100.0

_TERM_LETTERS_MAX = 64
_CACHED_WORDS = 65_536

# a word, or words held together by signs that identifiers, numbers and compounds use
_CHUNK = re.compile(r"[^\W_]+(?:[_\-.'’:@,/‐‑]{1,2}[^\W_]+)*(?:\+\+|#)?")
_UNSPACED_SCRIPTS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"  # kana, Han, Hangul
    "\U00020000-\U0003134f"
)
_UNSPACED = re.compile(f"[{_UNSPACED_SCRIPTS}]+")
_PART = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_HUMP = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]{2}")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")
_DECIMAL = re.compile(r"[0-9]+[.,][0-9]+")
_MARKS = re.compile("[\u0300-\u036f]")


def _fold(word: str) -> str:
    """Take accents off Latin, Greek and Cyrillic letters, so that `café` and `cafe` meet."""
    if word.isascii():
        return word
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", word)))


def _bigrams(run: str) -> Iterable[str]:
    if len(run) == 1:
        return (run,)
    return (run[at : at + 2] for at in range(len(run) - 1))


@lru_cache(maxsize=64)
def _stemmer(language: str) -> Callable[[str], str]:
    name = SNOWBALL.get(language)
    if name is None:
        return str
    stem: Callable[[str], str] = snowballstemmer.stemmer(name).stemWord
    return stem


@lru_cache(maxsize=_CACHED_WORDS)
def _word(word: str, language: str) -> str:
    """Give a lower-case word's term, empty for a stop word."""
    if word in STOP_WORDS.get(language, ()):
        return ""
    return _fold(_stemmer(language)(word))[:_TERM_LETTERS_MAX]


def _words(part: str, language: str) -> list[str]:
    """Give the terms of a run of letters and digits; scripts without spaces give pairs of letters."""
    if part.isascii() or not _UNSPACED.search(part):
        return [_word(part.casefold(), language)]
    found: list[str] = []
    at = 0
    for run in _UNSPACED.finditer(part):
        if run.start() > at:
            found.append(_word(part[at : run.start()].casefold(), language))
        found.extend(_bigrams(run.group()))
        at = run.end()
    if at < len(part):
        found.append(_word(part[at:].casefold(), language))
    return found


HYPHEN_JOIN = True


def _compound(chunk: str, language: str) -> list[str]:
    """Give the terms of what signs or humps hold together: its parts, and itself as one."""
    if _GROUPED.fullmatch(chunk):
        return [re.sub("[.,]", "", chunk)]
    if _DECIMAL.fullmatch(chunk):
        return [chunk.replace(",", ".")]
    parts = _PART.findall(chunk)
    found = [term for part in parts for term in _words(part, language) if len(part) > 1 or "'" not in chunk]
    if re.search("[-‐‑]", chunk) and HYPHEN_JOIN:
        found.append(_word("".join(parts).casefold(), language))
    elif re.search("[_.:@/]", chunk):
        found.append(chunk.casefold()[:_TERM_LETTERS_MAX])
    if _HUMP.search(chunk):
        found += [
            _word(hump.casefold(), language)
            for part in parts
            for hump in _CAMEL.findall(part)
            if hump != part
        ]
    if chunk.endswith(("+", "#")):
        found.append(chunk.casefold())
    return found


@lru_cache(maxsize=_CACHED_WORDS)
def _chunk(chunk: str, language: str) -> tuple[str, ...]:
    if chunk.isascii() and chunk.isalpha() and not _HUMP.search(chunk):
        found = [_word(chunk.lower(), language)]
    else:
        found = _compound(chunk.replace("’", "'"), language)
    return tuple(term for term in found if term)


def terms(text: str, language: str) -> list[str]:
    found: list[str] = []
    for chunk in _CHUNK.findall(unicodedata.normalize("NFKC", text)):
        found += _chunk(chunk, language)
    return found


@lru_cache(maxsize=_CACHED_WORDS)
def number(term: str) -> int:
    return int.from_bytes(blake2s(term.encode("utf-8", "surrogatepass"), digest_size=4).digest())
