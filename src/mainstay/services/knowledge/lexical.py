"""The words of a text: what search by words compares, in any language and any script.

A text becomes terms (normalised, without stop words, stemmed), and terms become numbers with weights
whose products, times the index's IDF, sum up to BM25 (Robertson and Zaragoza 2009, "The Probabilistic
Relevance Framework: BM25 and Beyond"). Beginnings of words stand beside them, for queries in another
language than the passages: names, numbers and cognates begin alike (McNamee and Mayfield 2004,
"Character N-Gram Tokenization for European Language Text Retrieval").
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2s

import numpy as np
import Stemmer
from numpy.typing import NDArray

from mainstay.kit.stopwords import STOP_WORDS

SNOWBALL = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish",
    "nl": "dutch", "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french",
    "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish",
    "it": "italian", "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "nb": "norwegian",
    "nn": "norwegian", "fa": "persian", "pl": "polish", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "st": "sesotho", "es": "spanish", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Languages that are stemmed, by their ISO 639-1 code, with the name of their Snowball stemmer."""

SATURATION = 1.2
"""BM25's k1: how soon a word's repetition stops counting."""

LENGTH_SHARE = 0.7
"""BM25's b: how much of a passage's length is held against it."""

LENGTH_USUAL = 50.0
"""The length, in terms, that is neither favoured nor held against a passage.

A weight is made before the other passages are known, so this is a constant where the textbook has the
collection's mean; from 40 to 80 the quality on the development sets moves by less than a hundredth.
"""

_TERM_LETTERS_MAX = 64
_CACHED_WORDS = 32_768
_CHUNK_LETTERS_MAX = 256
_BEGINNINGS = (4, 6)
_WRITTEN_MAX = 4

# Python's \w leaves out the signs that Indic, Thai, Arabic or Hebrew words are written with
_SIGNS = "\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
_SIGNS += "\u0e01-\u0e3e\u0e40-\u0ecf\u1000-\u1049\u1050-\u109f\u1780-\u17d3\u3099\u309a\u0300-\u036f"
_RUN = rf"[^\W_]+(?:[{_SIGNS}]+[^\W_]*)*"
# words held together by the signs that identifiers, numbers and compounds use
_CHUNK = re.compile(rf"{_RUN}(?:[_\-.'’:@,/‐‑]{{1,2}}{_RUN})*(?:\+\+|#)?")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"  # kana, Han, Hangul
    "\U00020000-\U0003134f]+"
)
_PART = re.compile(_RUN)
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_HUMP = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]{2}")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")
_DECIMAL = re.compile(r"[0-9]+[.,][0-9]+")
_HYPHEN = re.compile("[-‐‑]")
_JOINT = re.compile("[_.:@/]")
_MARKS = re.compile("[\u0300-\u036f]")


def _fold(word: str) -> str:
    """Take accents off Latin, Greek and Cyrillic letters, so that `café` and `cafe` meet."""
    if word.isascii():
        return word
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", word)))


def _pairs(run: str) -> Iterable[str]:
    if len(run) == 1:
        return (run,)
    return (run[at : at + 2] for at in range(len(run) - 1))


@lru_cache(maxsize=64)
def _stemmer(language: str) -> Callable[[str], str]:
    name = SNOWBALL.get(language)
    if name is None:
        return str
    stem: Callable[[str], str] = Stemmer.Stemmer(name, 0).stemWord  # we remember words ourselves
    return stem


@lru_cache(maxsize=_CACHED_WORDS)
def _word(word: str, language: str) -> str:
    """Give a lower-case word's term, empty for a stop word."""
    if word in STOP_WORDS.get(language, ()):
        return ""
    # nothing that long is a word of a language, and stemming time grows with length
    return _fold(_stemmer(language)(word[:_TERM_LETTERS_MAX]))


def _run(part: str, language: str) -> list[str]:
    """Give the terms of a run of letters and digits; scripts without spaces give pairs of letters."""
    if part.isascii() or not _UNSPACED.search(part):
        return [_word(part.casefold(), language)]
    found: list[str] = []
    at = 0
    for run in _UNSPACED.finditer(part):
        if run.start() > at:
            found.append(_word(part[at : run.start()].casefold(), language))
        found.extend(_pairs(run.group()))
        at = run.end()
    if at < len(part):
        found.append(_word(part[at:].casefold(), language))
    return found


def _compound(chunk: str, language: str) -> list[str]:
    """Give the terms of what signs or humps hold together: its parts, and itself as one."""
    if _GROUPED.fullmatch(chunk):  # 1,000 and 1.000 are one number, whoever wrote it
        return [chunk.replace(",", "").replace(".", "")]
    if _DECIMAL.fullmatch(chunk):
        return [chunk.replace(",", ".")]
    parts = _PART.findall(chunk)
    # what an apostrophe cuts off to one letter is grammar: l'eau, the user's
    kept = [part for part in parts if len(part) > 1] if "'" in chunk else parts
    found = [term for part in kept for term in _run(part, language)]
    if _HYPHEN.search(chunk):
        found.append(_word("".join(parts).casefold(), language))
    elif _JOINT.search(chunk):
        found.append(chunk.casefold()[:_TERM_LETTERS_MAX])
    if _HUMP.search(chunk):
        humps = [hump for part in parts for hump in _CAMEL.findall(part) if hump != part]
        found += [_word(hump.lower(), language) for hump in humps]
    if chunk.endswith(("+", "#")):
        found.append(chunk.casefold()[:_TERM_LETTERS_MAX])
    return found


@lru_cache(maxsize=_CACHED_WORDS)
def _chunk(chunk: str, language: str) -> tuple[str, ...]:
    if chunk.isascii() and chunk.isalpha() and not _HUMP.search(chunk):
        found = [_word(chunk.lower(), language)]
    else:
        found = _compound(chunk.replace("’", "'"), language)
    return tuple(term for term in found if term)


def _pieces(chunk: str) -> list[str]:
    if len(chunk) <= _CHUNK_LETTERS_MAX:
        return [chunk]
    step = _CHUNK_LETTERS_MAX
    parts = _PART.findall(chunk)
    return [part[at : at + step] for part in parts for at in range(0, len(part), step)]


def _chunks(text: str) -> list[str]:
    found: list[str] = _CHUNK.findall(text if text.isascii() else unicodedata.normalize("NFKC", text))
    if max(map(len, found), default=0) <= _CHUNK_LETTERS_MAX:
        return found
    # a blob held together by signs: its pieces are enough, and caches stay small
    return [piece for chunk in found for piece in _pieces(chunk)]


def terms(text: str, language: str) -> list[str]:
    """Give a text's terms in order, with repetitions.

    `language` is an ISO 639-1 code; one without a stemmer (such as `und`) keeps words as they are. Words
    are NFKC-normalised, case-folded, stemmed (Porter 2001, "Snowball") and freed of accents; stop words
    fall away. Thai, Khmer, Burmese, Lao, Chinese, Japanese and Korean runs give pairs of letters. What
    signs or humps hold together (`snake_case`, `getUserById`, `ORA-00942`, `time-sharing`) gives its parts
    and itself as one term.
    """
    found: list[str] = []
    for chunk in _chunks(text):
        found += _chunk(chunk, language)
    return found


def _number(name: str) -> int:
    return int.from_bytes(blake2s(name.encode("utf-8", "surrogatepass"), digest_size=4).digest())


def _beginnings(chunk: str) -> tuple[int, ...]:
    """Give the numbers of how a chunk's words begin, in a namespace of their own, whatever the language."""
    words = [_fold(part.casefold()) for part in _PART.findall(chunk)]
    return tuple(
        _number(f"~{word[:letters]}")
        for word in words
        if not _UNSPACED.search(word)
        for letters in _BEGINNINGS
        if len(word) >= letters
    )


@lru_cache(maxsize=_CACHED_WORDS)
def _numbers(chunk: str, language: str) -> tuple[tuple[int, ...], int]:
    """Give the numbers of a chunk's terms, then of its beginnings, and how many are terms."""
    found = _chunk(chunk, language)
    # a stop word's beginning says as little as the word
    begun = _beginnings(chunk) if found else ()
    return (*map(_number, found), *begun), len(found)


def _sparse(weights: Mapping[int, float]) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    size = len(weights)
    return np.fromiter(weights.keys(), np.uint32, size), np.fromiter(weights.values(), np.float32, size)


def _slowness(length: int) -> float:
    """Give how slowly a term's weight grows with its repetitions, in a passage of so many terms."""
    return SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / LENGTH_USUAL)


def passage_weights(text: str, language: str) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    """Give a passage's distinct term numbers and their BM25 weights without IDF (each in 0 … 2.2).

    Beginnings of words (4 and 6 letters) are among them, for `query_weights` of other languages. Numbers
    are stable over processes and versions of Python: 32 bits of BLAKE2s.
    """
    numbers: list[int] = []
    length = 0
    for chunk in _chunks(text):
        found, count = _numbers(chunk, language)
        numbers += found
        length += count
    slowness = _slowness(length)
    return _sparse({name: n * (SATURATION + 1) / (n + slowness) for name, n in Counter(numbers).items()})


def heaviest_terms(passages: Sequence[tuple[str, str]], count: int) -> dict[int, float]:
    """Give the terms that weigh most in passages (text, language), by their mean BM25 weight without IDF.

    Beginnings of words are left out.
    """
    total: dict[int, float] = {}
    for text, language in passages:
        found = [_numbers(chunk, language) for chunk in _chunks(text)]
        slowness = _slowness(sum(size for _, size in found))
        repeated = Counter(name for numbers, size in found for name in numbers[:size])
        for name, n in repeated.items():
            total[name] = total.get(name, 0.0) + n * (SATURATION + 1) / (n + slowness) / len(passages)
    heaviest = sorted(total, key=lambda name: (-total[name], name))[:count]
    return {name: total[name] for name in heaviest}


def query_weights(
    text: str, language: str, written: Sequence[str] = ()
) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    """Give a query's distinct term numbers and their weights (how often each is asked for).

    `written` are the languages of the passages (the first four count; none means the query's own). Words
    are stemmed by the query's language and by each of them, so that a short query whose language was
    guessed wrongly still meets its passages. When the query's language is known and not among them, the
    beginnings of its words are asked for too.
    """
    others = [other for other in written[:_WRITTEN_MAX] if other != language]
    foreign = bool(written) and language in SNOWBALL and language not in written
    counts: Counter[int] = Counter()
    for chunk in _chunks(text):
        own, count = _numbers(chunk, language)
        if not count:
            continue  # a stop word where it is asked is none of another language's words
        asked = set(own[:count])
        for other in others:
            found, terms_only = _numbers(chunk, other)
            asked.update(found[:terms_only])
        counts.update(asked)
        if foreign:
            counts.update(own[count:])
    return _sparse({name: float(n) for name, n in counts.items()})
