"""How words are written (capitals, digits, marks): what an encoder that reads lower case cannot see."""

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_REMEMBERED_MAX = 50_000
_SHORT, _LONG = 3, 8
_TITLED, _UPPER = 0, 1


def _shape(word: str) -> list[bool]:
    first, rest = word[0], word[1:]
    upper = word.isupper()
    return [
        first.isupper() and rest.islower(),
        upper and bool(rest),
        word.islower(),
        first.isupper(),
        any(map(str.isdigit, word)),
        word.isdigit(),
        len(word) == 1,
        not first.isalnum(),
        any(map(str.isupper, rest)) and not upper,
        len(word) <= _SHORT,
        len(word) >= _LONG,
        word in ".!?",
        word in "-'’&./",
        not word.isascii(),
    ]


WIDTH = len(_shape("word"))
FEATURES = 5 * WIDTH + 3


class Shapes:
    """Gives the shapes of words; those seen lately are remembered."""

    def __init__(self) -> None:
        """Remember nothing yet; several threads may ask."""
        self._lock = threading.Lock()
        self._seen: dict[str, int] = {}
        self._rows = np.zeros((_REMEMBERED_MAX, WIDTH), np.float32)

    def give(self, texts: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Give each word's shape with those of two words on either side, (words, FEATURES)."""
        words = [word for text in texts for word in text]
        with self._lock:
            self._learn(set(words).difference(self._seen), words)
            own = self._rows[[self._seen[word] for word in words]]
        counts = np.fromiter(map(len, texts), np.int64, len(texts))
        inside = np.repeat(np.arange(len(texts)), counts)
        firsts = np.zeros((len(words), 1), np.float32)
        firsts[(np.cumsum(counts) - counts)[counts > 0]] = 1
        # A text that is written in capitals throughout says nothing by them.
        share = np.zeros((len(texts), 2), np.float32)
        np.add.at(share, inside, own[:, [_UPPER, _TITLED]])
        share /= np.maximum(counts, 1)[:, None]
        sides = [shifted(own, inside, by) for by in (-2, -1, 1, 2)]
        return np.hstack([own, *sides, firsts, share[inside]])

    def _learn(self, new: set[str], words: Sequence[str]) -> None:
        """Remember new words; where there is no room, those of this batch stay alone, all of them."""
        if len(self._seen) + len(new) > _REMEMBERED_MAX:
            self._seen, new = {}, set(words)
            self._rows = np.zeros((max(len(new), _REMEMBERED_MAX), WIDTH), np.float32)
        if new:
            first = len(self._seen)
            self._rows[first : first + len(new)] = [_shape(word) for word in new]
            self._seen.update(zip(new, range(first, first + len(new)), strict=True))


def shifted(rows: NDArray[np.float32], inside: NDArray[np.int64], by: int) -> NDArray[np.float32]:
    """Give each row's neighbour `by` places on, of the same text; zeros beyond its ends."""
    out = np.zeros_like(rows)
    if abs(by) >= len(rows):
        return out
    if by > 0:
        same = inside[by:] == inside[:-by]
        out[:-by][same] = rows[by:][same]
    else:
        same = inside[:by] == inside[-by:]
        out[-by:][same] = rows[:by][same]
    return out
