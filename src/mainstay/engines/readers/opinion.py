"""What a text as a whole is like: a linear classifier over the encoder's layers and its n-grams."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mainstay.engines.readers.stored import Head
from mainstay.engines.readers.tagger import log_softmax

KIND = "sentiment"
_WORD = re.compile(r"\w+|[^\w\s]")
_TEXT_MAX = 4_000


def grams(text: str, words_max: int, letters_max: int) -> list[str]:
    """Give a text's n-grams of words, and of the letters within words; of the first 4,000 letters at most."""
    words = _WORD.findall(text[:_TEXT_MAX].lower())
    found = [
        " ".join(words[start : start + size])
        for size in range(1, words_max + 1)
        for start in range(len(words) - size + 1)
    ]
    if letters_max:
        for word in words:
            edged = f"\x02{word}\x03"
            found.extend(
                "\x01" + edged[start : start + size]
                for size in range(2, letters_max + 1)
                for start in range(len(edged) - size + 1)
            )
    return found


class Opinion:
    """Classifies texts."""

    def __init__(self, head: Head) -> None:
        """Take a trained head."""
        card, arrays = head.card, head.arrays
        self.labels: Sequence[str] = card["labels"]
        self._words_max, self._letters_max = int(card["words_max"]), int(card["letters_max"])
        self._weight = arrays["weight"].astype(np.float32)
        self.width = len(self._weight)
        """So many numbers of a text's means it reads, from below."""
        self._bias = arrays["bias"].astype(np.float32)
        self._places = {gram: n for n, gram in enumerate(bytes(arrays["grams"]).decode().split("\n")) if gram}
        self._rarity = arrays["rarity"].astype(np.float32)
        self._gram_weight = arrays["gram_weight"].astype(np.float32)
        self._temperature = float(card["temperature"])

    def weigh(self, texts: Sequence[str], means: NDArray[np.float32]) -> list[Mapping[str, float]]:
        """Give each text's labels with their probabilities; `means` are its mean tokens, a line each."""
        scores = means[..., : self.width] @ self._weight + self._bias
        if self._places:
            scores = scores + np.stack([self._by_grams(text) for text in texts])
        likely = np.exp(log_softmax(scores / self._temperature)).tolist()
        return [dict(zip(self.labels, shares, strict=True)) for shares in likely]

    def _by_grams(self, text: str) -> NDArray[np.float32]:
        counted = Counter(grams(text, self._words_max, self._letters_max))
        known = [(self._places[gram], n) for gram, n in counted.items() if gram in self._places]
        if not known:
            return np.zeros(len(self.labels), np.float32)
        rows = [place for place, _ in known]
        weights = np.asarray([1 + math.log(n) for _, n in known], np.float32) * self._rarity[rows]
        found: NDArray[np.float32] = (weights / np.linalg.norm(weights)) @ self._gram_weight[rows]
        return found
