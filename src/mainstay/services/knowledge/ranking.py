"""One ranking out of two: what is near in meaning and what shares words, then one entry a document."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Found = tuple[str, float]
"""A passage's id and one leg's score."""

LEG_LIMIT = 100
"""How many passages to fetch a leg; 50 loses up to 0.01 nDCG@10 on the development sets."""

MEANING_SHARE = 0.65
"""How much meaning counts beside words when the encoder knows the language.

Chosen on every four of five English development sets alike; 0.5 … 0.7 differ by less than 0.005 on average.
"""

MEANING_SHARE_FOREIGN = 0.45
"""The same when the encoder was not trained on the language (MiniLM and anything but English)."""

_UNSEEN = 0.5


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage in the fused ranking.

    `score` is in 0 … 1. `dense` is the cosine and `sparse` the BM25 sum, None for a leg that did not find
    the passage.
    """

    id: str
    score: float
    dense: float | None
    sparse: float | None


def _best_first(found: Ranked) -> tuple[float, str]:
    return (-found.score, found.id)


def _cosine_scale(floor: float) -> Callable[[float], float]:
    """Stretch cosines so that `floor` is nothing and 1 is the same text."""
    span = max(1.0 - floor, 1e-6)
    return lambda cosine: min(max((cosine - floor) / span, 0.0), 1.0)


def fuse(
    dense: Sequence[Found], sparse: Sequence[Found], *, meaning: float = MEANING_SHARE, floor: float = 0.0
) -> list[Ranked]:
    """Fuse the two legs into one ranking, best first; equal scores stand in the order of their ids.

    score = meaning × cosine + (1 - meaning) × BM25 / the query's best BM25. This is the convex combination
    of Bruch, Gai and Ingber 2023 ("An Analysis of Fusion Functions for Hybrid Retrieval"): each leg is
    scaled by what it can be at most, not by what happened to be found, so that a leg without a good answer
    stays small instead of being blown up to full size (as ranks, z-scores and DBSF do). A passage that one
    leg did not return is somewhere below that leg's last: it gets half of the last one's scaled score; this
    measured equal to fetching every vector and computing it.

    `meaning` is in 0 (words alone) … 1 (meaning alone). `floor` is the cosine of unrelated texts in the
    encoder's space (near 0 for MiniLM, 0.7 for E5; see `floor_of`). With only one leg at hand its scaled
    score stands alone. The score can be compared between queries as far as the cosine can; its part from
    words is relative to the best passage of the same query.
    """
    near, worded = dict(dense), dict(sparse)
    best = max(worded.values(), default=0.0)
    if best <= 0.0:
        worded, meaning = {}, 1.0
    elif not near:
        meaning = 0.0
    scaled = _cosine_scale(floor)
    near_unseen = _UNSEEN * scaled(min(near.values(), default=0.0))
    word_unseen = _UNSEEN * max(min(worded.values(), default=0.0), 0.0) / best if worded else 0.0
    ranked = []
    for name in near.keys() | worded.keys():
        cosine, words = near.get(name), worded.get(name)
        by_meaning = near_unseen if cosine is None else scaled(cosine)
        by_words = word_unseen if words is None else max(words, 0.0) / best
        ranked.append(Ranked(name, meaning * by_meaning + (1.0 - meaning) * by_words, cosine, words))
    ranked.sort(key=_best_first)
    return ranked


def floor_of(unrelated: NDArray[np.float32]) -> float:
    """Give the mean cosine between unrelated texts' unit vectors (n, d), at least 0 and below 0.95.

    An encoder's vectors may fill a narrow cone (Ethayarajh 2019, "How Contextual are Contextualized Word
    Representations?"); the cone's own cosine says nothing about a passage.
    """
    count = len(unrelated)
    if count < 2:  # noqa: PLR2004 - one text has no other to be compared with
        return 0.0
    total = unrelated.sum(axis=0)
    mean = (float(total @ total) - count) / (count * (count - 1))
    return min(max(mean, 0.0), 0.95)


@dataclass(frozen=True, slots=True)
class Group:
    """A document in the ranking: its best passage's score, and its passages, best first."""

    document: str
    score: float
    passages: tuple[Ranked, ...]


def group_by_document(ranked: Sequence[Ranked], documents: Mapping[str, str], limit: int) -> list[Group]:
    """Give the best `limit` documents, each by its best passage (MaxP: Dai and Callan 2019).

    `documents` maps a passage's id to its document's; passages without one are left out.
    """
    groups: dict[str, list[Ranked]] = {}
    for passage in ranked:
        document = documents.get(passage.id)
        if document is not None:
            groups.setdefault(document, []).append(passage)
    made = [Group(name, found[0].score, tuple(found)) for name, found in groups.items()]
    made.sort(key=lambda group: (-group.score, group.document))
    return made[:limit]
