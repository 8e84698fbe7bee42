"""What is done with vectors: shortened, compared, and joined with the words that texts share."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

_WORD = re.compile(r"\w+")
_WORDS_WEIGHT = 0.3


def shortened(vectors: Matrix, dimensions: int) -> Matrix:
    """Keep the first numbers of each vector (n, d) and make unit vectors of them again."""
    kept = vectors[:, :dimensions]
    lengths = np.linalg.norm(kept, axis=1, keepdims=True)
    result: Matrix = np.divide(kept, lengths, out=np.zeros_like(kept), where=lengths > 0)
    return result


def by_meaning_and_words(query: str, texts: Sequence[str], cosines: NDArray[np.float32]) -> list[float]:
    """Score texts by cosine and by the share of the query's words they have, rare ones weighing more.

    A word's weight is its inverse document frequency among the texts (Spärck Jones 1972).
    """
    asked = set(_WORD.findall(query.casefold()))
    held = [asked & set(_WORD.findall(text.casefold())) for text in texts]
    rarity = {
        word: float(np.log1p(len(texts) / (1 + sum(word in words for words in held)))) for word in asked
    }
    whole = sum(rarity.values()) or 1.0
    shared = [sum(rarity[word] for word in words) / whole for words in held]
    return [
        (1 - _WORDS_WEIGHT) * float(near) + _WORDS_WEIGHT * share
        for near, share in zip(cosines, shared, strict=True)
    ]
