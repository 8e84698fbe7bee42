"""Glosses with the dictionaries of the FreeDict project, in a folder that the operator names."""

import logging
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from threading import Lock

from mainstay.engines.glosses.dictd import Entry, entries, senses
from mainstay.engines.glosses.lexicon import Lexicon
from mainstay.ports.glosses import GlossesUnavailable

WORDS_GLOSSED_MAX = 64

_CODES = {
    "af": ("afr", ""), "ar": ("ara", "arabic"), "bg": ("bul", ""), "br": ("bre", ""),
    "ca": ("cat", "catalan"), "cs": ("ces", ""), "cy": ("cym", ""), "da": ("dan", "danish"),
    "de": ("deu", "german"), "el": ("ell", "greek"), "en": ("eng", "english"), "eo": ("epo", ""),
    "es": ("spa", "spanish"), "fi": ("fin", "finnish"), "fr": ("fra", "french"), "ga": ("gle", "irish"),
    "gd": ("gla", ""), "hi": ("hin", "hindi"), "hr": ("hrv", ""), "hu": ("hun", "hungarian"),
    "id": ("ind", "indonesian"), "is": ("isl", ""), "it": ("ita", "italian"), "ja": ("jpn", ""),
    "ku": ("kur", ""), "la": ("lat", ""), "lt": ("lit", "lithuanian"), "mk": ("mkd", ""),
    "nl": ("nld", "dutch"), "no": ("nor", "norwegian"), "oc": ("oci", ""), "pl": ("pol", ""),
    "pt": ("por", "portuguese"), "ro": ("ron", "romanian"), "ru": ("rus", "russian"), "sk": ("slk", ""),
    "sl": ("slv", ""), "sr": ("srp", "serbian"), "sv": ("swe", "swedish"), "sw": ("swh", ""),
    "tr": ("tur", "turkish"), "uk": ("ukr", ""), "zh": ("zho", ""),
}  # fmt: skip
_COMPOUNDS = frozenset({"da", "de", "nl", "no", "sv"})
_PAIR = re.compile(r"(?:^|[^a-z])([a-z]{3})-([a-z]{3})(?:[^a-z]|$)")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_FILES_MAX = 10_000
_SMALL_BYTES = 2 * 1024 * 1024

Pair = tuple[str, str]

logger = logging.getLogger("mainstay.glosses")


class FreedictGlosses:
    """Glosses with every dictionary `…-SOURCE-TARGET.index` (ISO 639-3) that lies in a folder.

    A small dictionary is helped out by the one of the opposite direction, read backwards. A dictionary is
    read at its first use, German to English (520,000 entries) in seconds; afterwards a query takes well under
    a millisecond. One that is damaged is told in the log and left alone. Raises GlossesUnavailable when the
    folder has no dictionary at all.
    """

    def __init__(self, folder: Path) -> None:
        """Look what is there; nothing is read yet."""
        self._files = _by_pair(_found(folder))
        if not self._files:
            raise GlossesUnavailable(
                f"{folder} has no dictionary: install, say, the package dict-freedict-deu-eng "
                "and name /usr/share/dictd."
            )
        self._lexicons: dict[Pair, Lexicon] = {}
        self._locks = {pair: Lock() for pair in self._files}

    @property
    def pairs(self) -> list[Pair]:
        """Give the pairs of languages that can be glossed."""
        return sorted(self._files)

    def gloss(self, text: str, source: str, target: str, *, translations: int = 1) -> str:
        """Give a text word by word in another language; empty when there is no dictionary for it."""
        if (source, target) not in self._files:
            return ""
        lexicon = self._lexicon((source, target))
        words = _WORD.findall(text)[:WORDS_GLOSSED_MAX]
        told = [lexicon.translations(word) for word in words]
        if not any(told):
            return ""
        said = (" ".join(found[:translations]) for found in told)
        return " ".join(entry or word for entry, word in zip(said, words, strict=True))

    def _lexicon(self, pair: Pair) -> Lexicon:
        known = self._lexicons.get(pair)
        if known is not None:
            return known
        with self._locks[pair]:
            if pair not in self._lexicons:
                self._lexicons[pair] = self._read(pair)
            return self._lexicons[pair]

    def _read(self, pair: Pair) -> Lexicon:
        stemmer, compounds = _CODES[pair[0]][1], pair[0] in _COMPOUNDS
        read = [_readable(file, backwards=backwards) for file, backwards in self._files[pair]]
        return Lexicon(chain.from_iterable(read), stemmer, compounds=compounds)


def _readable(index: Path, *, backwards: bool) -> Iterator[Entry]:
    """Give a dictionary's entries; none, and a word in the log, when it is damaged."""
    try:
        yield from _backwards(entries(index)) if backwards else entries(index)
    except GlossesUnavailable as failure:
        logger.warning("A dictionary is left alone: %s", failure)


def _backwards(read: Iterator[Entry]) -> Iterator[Entry]:
    """Turn translations into words, and words into their translations."""
    for word, length, head in read:
        for told in senses(length, head):
            if " " not in told:
                yield told, 0, word.encode()


def _by_pair(found: dict[Pair, Path]) -> dict[Pair, list[tuple[Path, bool]]]:
    """Give for each pair the files to read, and whether backwards."""
    files: dict[Pair, list[tuple[Path, bool]]] = {pair: [(file, False)] for pair, file in found.items()}
    for (source, target), file in found.items():
        direct = found.get((target, source))
        small = max(each.stat().st_size for each in (file, direct or file)) < _SMALL_BYTES
        if small:
            files.setdefault((target, source), []).append((file, True))
    return files


def _found(folder: Path) -> dict[Pair, Path]:
    """Give the dictionaries by their pair of languages; of two for one pair, the larger."""
    short = {code: name for name, (code, _) in _CODES.items()}
    try:
        files = sorted(folder.glob("*.index"))[:_FILES_MAX]
    except OSError as problem:
        raise GlossesUnavailable(f"{folder} cannot be read: {problem.strerror}.") from problem
    found: dict[Pair, Path] = {}
    for file in files:
        named = _PAIR.search(file.stem)
        if named is None or named[1] not in short or named[2] not in short or not file.is_file():
            continue
        pair = (short[named[1]], short[named[2]])
        if pair not in found or file.stat().st_size > found[pair].stat().st_size:
            found[pair] = file
    return found
