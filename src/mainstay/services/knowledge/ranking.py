"""One ranking out of two, what is near in meaning and what shares words, with feedback where it helps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainstay.ports.vectors import Sparse

LEG_LIMIT = 100
"""How many passages to fetch a leg; 50 loses up to 0.01 nDCG@10 on the development sets."""

MEANING_SHARE = 0.65
"""How much meaning counts beside words when the encoder knows the language.

Chosen on every four of five English development sets alike; 0.5 … 0.7 differ by less than 0.005 on average.
"""

MEANING_SHARE_FOREIGN = 0.45
"""The same when the encoder was not trained on the language (MiniLM and anything but English)."""

FEEDBACK_PASSAGES = 3
"""How many passages, the first of the fused ranking, move the query; with 5 most of the gain is gone."""

FEEDBACK_SHARE = 0.4
"""How far they move it; 0.3 … 0.6 differ by less than 0.005 nDCG@10 on the development sets."""

FEEDBACK_TERMS = 10
"""How many terms of those passages are asked for too; 20 and 40 do as well."""

FEEDBACK_TERM_SHARE = 0.1
"""How much such a term counts, of its weight in the passages; 0.1 … 0.4 do as well, less is safer."""

FALL_OF_WORDS = 0.35
"""By how much of its first score the leg of words may fall within ten passages for feedback to be used.

Median falls: 0.26 where many documents answer (Vaswani), 0.6 … 0.8 where one does.
"""

FALL_OF_MEANING = 0.22
"""The same for the leg of meaning; without it feedback costs known-item searches three times as much."""

_PLATEAU = 10
_LENGTH_MIN = 1e-6
_UNSEEN = 0.5
_DIGITS = 7


@dataclass(frozen=True)
class Scored:
    """Passages with their scores, best first: ids (n,) and scores (n,), for a search compares hundreds."""

    ids: NDArray[Any]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        """Count them."""
        return len(self.ids)


def _stretched(cosines: NDArray[np.float64], floor: float) -> NDArray[np.float64]:
    """Stretch cosines so that `floor` is nothing and 1 is the same text."""
    return np.clip((cosines - floor) / max(1.0 - floor, 1e-6), 0.0, 1.0)


def _spread(scores: NDArray[np.float64], places: NDArray[np.intp], size: int) -> NDArray[np.float64]:
    """Give all passages one leg's scores; those that it did not return get half of its last."""
    spread = np.full(size, _UNSEEN * scores.min(initial=np.inf) if scores.size else 0.0)
    spread[places] = scores
    return spread


def fuse(dense: Scored, sparse: Scored, *, meaning: float = MEANING_SHARE, floor: float = 0.0) -> Scored:
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
    best = float(sparse.scores.max(initial=0.0))
    if best <= 0.0:
        sparse, meaning = Scored(sparse.ids[:0], sparse.scores[:0]), 1.0
    elif not len(dense):
        meaning = 0.0
    ids, places = np.unique(np.concatenate([dense.ids, sparse.ids]), return_inverse=True)
    near, worded = places[: len(dense)], places[len(dense) :]
    by_meaning = meaning * _stretched(dense.scores, floor)
    by_words = (1.0 - meaning) * np.maximum(sparse.scores, 0.0) / (best or 1.0)
    scores = _spread(by_meaning, near, len(ids)) + _spread(by_words, worded, len(ids))
    scores = scores.round(_DIGITS)  # beyond that an engine computes as it goes, and its order would be chance
    order = np.argsort(-scores, kind="stable")
    return Scored(ids[order], scores[order])


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


def nothing_stands_out(dense: Scored, sparse: Scored, *, floor: float = 0.0) -> bool:
    """Say whether both legs' scores hardly fall from their first passage to their tenth.

    Then many passages answer about equally well, and what the first ones have in common tells more than the
    query alone (`moved`). Where one passage is the answer, it stands out, and feedback from those below it
    would only harm: how far the scores spread predicts how well a query is understood (Shtok, Kurland,
    Carmel, Raiber and Markovits 2012, "Predicting Query Performance by Query-Drift Estimation"), and
    expansion pays only if it is chosen by query (Amati, Carpineto and Romano 2004, "Query Difficulty,
    Robustness, and Selective Application of Query Expansion"). Legs are best first; with fewer than ten
    passages in either the answer is False. The cosine's fall is taken above `floor`.
    """
    if len(dense) < _PLATEAU or len(sparse) < _PLATEAU:
        return False
    near, near_last = (float(cosine) for cosine in _stretched(dense.scores[[0, _PLATEAU - 1]], floor))
    words, words_last = (float(total) for total in sparse.scores[[0, _PLATEAU - 1]])
    if near <= 0.0 or words <= 0.0:
        return False
    return near - near_last < FALL_OF_MEANING * near and words - words_last < FALL_OF_WORDS * words


def moved(query: NDArray[np.float32], passages: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Move a query's unit vector (d,) towards the mean of its first passages' unit vectors (d,).

    This is Rocchio's feedback without judges on dense vectors (Li, Mourad, Zhuang, Koopman and Zuccon 2021,
    "Pseudo Relevance Feedback with Deep Language Models and Dense Retrievers"). The result has length 1; no
    passages, or such as cancel the query out, leave the query as it is.
    """
    if not passages:
        return query
    mean = np.mean(passages, axis=0)
    mean /= max(float(np.linalg.norm(mean)), 1e-9)
    there = (1.0 - FEEDBACK_SHARE) * query + FEEDBACK_SHARE * mean
    length = float(np.linalg.norm(there))
    return (there / length).astype(np.float32) if length > _LENGTH_MIN else query


def widened(query: Sparse, terms: Mapping[int, float]) -> Sparse:
    """Ask for further terms besides a query's own, each for a small share of its weight.

    This is relevance-model feedback mixed with the query (Abdul-Jaleel et al. 2004, "UMass at TREC 2004",
    RM3), with BM25 weights for probabilities; the index multiplies by IDF, so common words change little.
    """
    own = set(query.indices.tolist())
    more = {name: FEEDBACK_TERM_SHARE * weight for name, weight in terms.items() if name not in own}
    return Sparse(
        np.concatenate([query.indices, np.fromiter(more.keys(), np.uint32, len(more))]),
        np.concatenate([query.weights, np.fromiter(more.values(), np.float32, len(more))]),
    )
