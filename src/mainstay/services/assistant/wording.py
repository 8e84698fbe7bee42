"""A text's words and pairs of words as figures: TF-IDF, over those that examples have in common."""

import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mainstay.ports.learners import Features

TERMS_MAX = 20_000
_MANY_TEXTS = 100
CHARACTERS_READ = 2000
"""What stands further back in a text tells no more of what somebody wants."""

_WORD = re.compile(r"\w+")
_UNSEEN = {"Cf", "Cc", "Cs", "Co"}


def cleaned(text: str) -> str:
    """Give a text in one form: compatible signs folded (NFKC), invisible ones and spare spaces gone."""
    # Some signs fold into eighteen: what a text becomes is cut off as it was.
    folded = unicodedata.normalize("NFKC", text[:CHARACTERS_READ])[:CHARACTERS_READ]
    seen = "".join(sign if unicodedata.category(sign) not in _UNSEEN else " " for sign in folded)
    return " ".join(seen.split())


def tidy(text: str) -> str:
    """Give a text in one form, in small letters."""
    return cleaned(text).casefold()


def words(text: str) -> list[str]:
    """Give the words of a text, in small letters."""
    return _WORD.findall(tidy(text))


def terms(text: str) -> list[str]:
    """Give the words of a text, and each two that stand beside each other."""
    single = words(text)
    return single + [f"{one} {other}" for one, other in itertools.pairwise(single)]


@dataclass(frozen=True)
class Wording:
    """Terms that count, each with its weight (inverse document frequency, smoothed)."""

    terms: Sequence[str]
    weights: NDArray[np.float32]

    @cached_property
    def places(self) -> dict[str, int]:
        """Give the column of each term."""
        return {term: place for place, term in enumerate(self.terms)}

    def features(self, texts: Sequence[str], vectors: NDArray[np.float32], scale: float) -> Features:
        """Give the rows of texts: their unit vectors times `scale`, then their terms, of length 1 each."""
        size = vectors.shape[1]
        values, columns, starts = [], [], [0]
        dense = np.arange(size, dtype=np.int32)
        for text, vector in zip(texts, vectors, strict=True):
            places, weights = self.row(text)
            values += [vector * np.float32(scale), weights]
            columns += [dense, places + size]
            starts.append(starts[-1] + size + len(places))
        return Features(
            np.concatenate(values, dtype=np.float32),
            np.concatenate(columns, dtype=np.int32),
            np.array(starts, np.int64),
            size + len(self.terms),
        )

    def row(self, text: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Give the columns of a text's terms, upwards, and their weights, of length 1 together."""
        counted = Counter(place for term in terms(text) if (place := self.places.get(term)) is not None)
        places = np.array(sorted(counted), np.int32)
        if not len(places):
            return places, np.zeros(0, np.float32)
        counts = np.array([counted[place] for place in places.tolist()], np.float32)
        weights = (1 + np.log(counts)) * self.weights[places]
        return places, (weights / np.linalg.norm(weights)).astype(np.float32)


def learned(texts: Sequence[str]) -> Wording:
    """Give the terms that two texts at least have in common (all, where there are few texts)."""
    found: Counter[str] = Counter()
    for text in texts:
        found.update(set(terms(text)))
    least = 2 if len(texts) >= _MANY_TEXTS else 1
    common = sorted(
        (term for term, count in found.items() if count >= least), key=lambda term: (-found[term], term)
    )
    kept = sorted(common[:TERMS_MAX])
    weights = [math.log((1 + len(texts)) / (1 + found[term])) + 1 for term in kept]
    return Wording(kept, np.array(weights, np.float32))
