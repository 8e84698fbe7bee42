"""One dictionary in memory: words and their translations, packed into a few large blocks."""

import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from threading import Lock

import Stemmer

from mainstay.engines.glosses.dictd import Entry, senses

TRANSLATIONS_MAX = 2

_REMEMBERED = 16_384
_LETTERS_MAX = 64
_NEIGHBOURS_MAX = 64
_STEMMED_MAX = 8
_ENDING_MAX = 5
_STEM_LEAST = 3
_PART_LEAST = 4
_PARTS_MAX = 4
_LINKS = ("", "s", "es", "n", "en", "er", "e")
_BETWEEN = b"\x1e"
_ENTRIES_MAX = 48


class Packed(Sequence[bytes]):
    """Byte strings one after the other, with where each ends: a tenth of what a list of them costs."""

    def __init__(self, items: Iterable[bytes]) -> None:
        """Pack them."""
        blob = bytearray()
        self._ends = array("Q", [0])
        for item in items:
            blob += item
            self._ends.append(len(blob))
        self._blob = bytes(blob)

    def __len__(self) -> int:
        """Give their number."""
        return len(self._ends) - 1

    def __getitem__(self, place: int) -> bytes:  # type: ignore[override]  # no slices
        """Give one of them."""
        return self._blob[self._ends[place] : self._ends[place + 1]]


class Lexicon:
    """Gives a word's translations: of the word itself, of its base form, of its parts.

    `stemmer` names a Snowball stemmer, or is empty; `compounds` says that the language writes several words
    as one.
    """

    def __init__(self, words: Iterable[Entry], stemmer: str, *, compounds: bool) -> None:
        """Pack the words with their entries, which are read when somebody asks for them."""
        merged: dict[str, bytes] = {}
        for word, length, head in words:
            key = folded(word)
            entry = b"%d\t%s" % (length, head.replace(_BETWEEN, b" "))
            before = merged.get(key)
            if before is None:
                merged[key] = entry
            elif before.count(_BETWEEN) < _ENTRIES_MAX:
                merged[key] = before + _BETWEEN + entry
        order = sorted((key.encode(), key) for key in merged)
        self._words = Packed(key for key, _ in order)
        self._told = Packed(merged[key] for _, key in order)
        self._stem: Callable[[str], str] = Stemmer.Stemmer(stemmer).stemWord if stemmer else str
        self._stems = bool(stemmer)
        self._compounds = compounds
        self._lock = Lock()  # a stemmer keeps the word that it works on
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._look)

    def __len__(self) -> int:
        """Give how many words it has."""
        return len(self._words)

    def translations(self, word: str) -> tuple[str, ...]:
        """Give a word's translations, the likeliest first; none when it has no entry."""
        return self._remembered(word[:_LETTERS_MAX])

    def _look(self, word: str) -> tuple[str, ...]:
        key = folded(word)
        forms = tuple(dict.fromkeys((key, _without_accents(key))))
        for look in (self._entry, self._inflected):
            for form in forms:
                found = look(form)
                if found:
                    return found
        return self._parts(key) if self._compounds else ()

    def _entry(self, key: str) -> tuple[str, ...]:
        wanted = key.encode("utf-8", "replace")
        place = bisect_left(self._words, wanted)
        if place < len(self._words) and self._words[place] == wanted:
            return _best(self._told[place])
        return ()

    def _inflected(self, key: str) -> tuple[str, ...]:
        """Give what the word with the same stem has that begins alike for longest."""
        if not self._stems:
            return ()
        with self._lock:
            stem = self._stem(key)
            if len(stem) < _STEM_LEAST:
                return ()
            # A stem may write letters anew (German ü as u), so the word itself says where to look.
            near = [(-_shared(word, key), len(word), word) for word in self._beginning(key[: len(stem)])]
            likely = [word for _, _, word in sorted(near)[:_STEMMED_MAX]]
            return next((self._entry(word) for word in likely if self._stem(word) == stem), ())

    def _beginning(self, start: str) -> Iterator[str]:
        wanted = start.encode("utf-8", "replace")
        place = bisect_left(self._words, wanted)
        for at in range(place, min(place + _NEIGHBOURS_MAX, len(self._words))):
            if not self._words[at].startswith(wanted):
                return
            word = self._words[at].decode()
            if len(word) <= len(start) + _ENDING_MAX:
                yield word

    def _parts(self, key: str) -> tuple[str, ...]:
        """Give the first translation of each part of a compound, the longest parts first taken."""
        parts = self._split(key, _PARTS_MAX)
        return (" ".join(told[0] for told in parts),) if len(parts) > 1 else ()

    def _split(self, key: str, parts_max: int) -> list[tuple[str, ...]]:
        for ending in _LINKS:
            whole = self._entry(key.removesuffix(ending))
            if whole:
                return [whole]
        if parts_max == 1:
            return []
        for end in range(len(key) - _PART_LEAST, _PART_LEAST - 1, -1):
            first = self._entry(key[:end])
            if not first:
                continue
            for link in _LINKS:
                if key.startswith(link, end) and len(key) - end - len(link) >= _PART_LEAST:
                    rest = self._split(key[end + len(link) :], parts_max - 1)
                    if rest:
                        return [first, *rest]
        return []


def folded(word: str) -> str:
    """Give a word as dictionaries are asked for it: composed letters, no capitals."""
    return unicodedata.normalize("NFC", word).casefold()


def _without_accents(word: str) -> str:
    parts = unicodedata.normalize("NFD", word)
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def _shared(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))


def _best(kept: bytes) -> tuple[str, ...]:
    """Give the translations that most speaks for, over all entries of a word."""
    found: dict[str, float] = {}
    for entry in kept.split(_BETWEEN):
        length, _, head = entry.partition(b"\t")
        for told, weight in senses(int(length), head).items():
            found[told] = found.get(told, 0.0) + weight
    return tuple(sorted(found, key=lambda told: -found[told])[:TRANSLATIONS_MAX])
