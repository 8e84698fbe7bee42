"""Questions that belong together: found by their vectors, named by their words."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainstay.services.assistant.wording import words

NEAR = 0.6
"""The least cosine between the middle question of a group and another one in it."""

_NAME_WORDS = 3
_WORD_MAX = 32
"""What is longer is no word that would name anything; three and what joins them fit an intent's name."""
_COMMON = frozenset(
    word
    for line in (
        "a about an and any are as at be been by can cannot could did do does for from get had has have how",
        "i if in is it its me my need no not of on or our please should so some that the their them there",
        "they this to up us want was we were what when where which who why will with would you your",
    )
    for word in line.split()
)


@dataclass(frozen=True)
class Group:
    """Places of texts that belong together, nearest to the middle first, and a name for them."""

    places: Sequence[int]
    name: str


def grouped(texts: Sequence[str], vectors: NDArray[np.float32], least: int) -> list[Group]:
    """Give groups of `least` texts or more with their unit vectors (n, d), the largest first.

    The text with most others near it becomes the middle of a group, with all that are near and in no group
    yet; then again (the community detection of Sentence-Transformers; Reimers and Gurevych, 2019). Texts that
    are alone are in no group.
    """
    near = vectors @ vectors.T
    left = np.ones(len(texts), bool)
    found: list[list[int]] = []
    while left.any():
        counts = ((near >= NEAR) & left[None, :]).sum(axis=1) * left
        middle = int(counts.argmax())
        if counts[middle] < max(1, least):
            break
        members = np.flatnonzero((near[middle] >= NEAR) & left)
        found.append(members[np.argsort(-near[middle][members], kind="stable")].tolist())
        left[members] = False
    spread = Counter(word for text in texts for word in set(words(text)))
    return [Group(places, _named([texts[place] for place in places], spread, len(texts))) for places in found]


def _named(texts: Sequence[str], spread: Counter[str], every: int) -> str:
    """Give the words that most of these texts have and few others, in the order in which they are said."""
    inside = Counter(word for text in texts for word in set(words(text)))
    telling = {
        word: count * (math.log((1 + every) / (1 + spread[word])) + 1)
        for word, count in inside.items()
        if word not in _COMMON and not word.isdigit() and len(word) <= _WORD_MAX
    }
    best = sorted(telling, key=lambda word: (-telling[word], word))[:_NAME_WORDS]
    said = words(texts[0])
    ordered = sorted(best, key=lambda word: said.index(word) if word in said else len(said))
    return "_".join(ordered) or "questions"
