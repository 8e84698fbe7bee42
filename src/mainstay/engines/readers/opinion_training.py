"""Trains the head that weighs a text as a whole: what it sees is chosen by cross-validation."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold

from mainstay.engines.encoder.model import OnnxModel
from mainstay.engines.readers.folds import FOLDS
from mainstay.engines.readers.gathering import Progress, gather
from mainstay.engines.readers.measures import calibration_error
from mainstay.engines.readers.opinion import KIND, grams
from mainstay.engines.readers.sheets import Sheets
from mainstay.engines.readers.stored import Head
from mainstay.engines.readers.tagger import log_softmax

_SPREAD_MIN = 1e-6

Choice = tuple[int, int, float, float]
"""What a classifier sees: n-grams of so many words, of so many letters, the layers at a weight; and C."""


@dataclass(frozen=True)
class OpinionPlan:
    """What to try, simplest first."""

    tried: Sequence[Choice] = (
        (0, 0, 0.02, 1.0),
        (0, 0, 0.02, 3.0),
        (2, 0, 0.0125, 3.0),
        (2, 0, 0.025, 3.0),
        (2, 5, 0.0, 3.0),
        (2, 5, 0.0125, 3.0),
    )
    grams_max: int = 200_000
    seed: int = 0


@dataclass(frozen=True)
class Lesson:
    """Texts, their labels, the groups that are held out together, and what the head's card says of them."""

    texts: Sequence[str]
    labels: Sequence[str]
    groups: Sequence[int]
    card: Mapping[str, Any]


def train_opinion(
    model: OnnxModel, sheets: Sheets, lesson: Lesson, plan: OpinionPlan, progress: Progress
) -> Head:
    """Train a head for a text's label; the card says what was chosen and how it did out of fold."""
    [head] = train_opinions(model, sheets, [lesson], plan, progress)
    return head


def train_opinions(
    model: OnnxModel, sheets: Sheets, lessons: Sequence[Lesson], plan: OpinionPlan, progress: Progress
) -> list[Head]:
    """Train one head a lesson, of the same labels, under one temperature.

    It is found on what all of them say out of fold: the thousand texts of one language say little about it.
    """
    learned = [_learn(model, sheets, lesson, plan, progress) for lesson in lessons]
    names = sorted(set(lessons[0].labels))
    temperature = _temperature(
        np.concatenate([each.scores for each in learned]),
        np.concatenate([lesson.labels for lesson in lessons]),
        names,
    )
    return [
        _head(lesson, each, names, temperature, plan) for lesson, each in zip(lessons, learned, strict=True)
    ]


@dataclass(frozen=True)
class _Learned:
    """What a classifier sees, its scores out of fold, and its arrays."""

    choice: Choice
    scores: NDArray[np.float32]
    arrays: dict[str, NDArray[Any]]


def _learn(
    model: OnnxModel, sheets: Sheets, lesson: Lesson, plan: OpinionPlan, progress: Progress
) -> _Learned:
    means, _ = gather(model, [sheets.make(text) for text in lesson.texts], [], progress)
    golden = np.asarray(lesson.labels)
    results = []
    for done, choice in enumerate(plan.tried):
        progress("Choosing what to see", done, len(plan.tried))
        results.append((_out_of_fold(means, lesson.texts, golden, lesson.groups, choice, plan), choice))
    progress("Choosing what to see", len(plan.tried), len(plan.tried))
    scores, choice = _simplest(results, golden, sorted(set(lesson.labels)))
    return _Learned(choice, scores, _averaged(means, lesson.texts, golden, lesson.groups, choice, plan))


def _head(
    lesson: Lesson, learned: _Learned, names: Sequence[str], temperature: float, plan: OpinionPlan
) -> Head:
    golden, scores = np.asarray(lesson.labels), learned.scores
    facts = {
        "kind": KIND,
        "labels": names,
        "layers_weight": learned.choice[2],
        "strength": learned.choice[3],
        "words_max": learned.choice[0],
        "letters_max": learned.choice[1],
        "temperature": temperature,
        "seed": plan.seed,
        "out_of_fold_macro_f1": round(_macro_f1(golden, names, scores), 4),
        "out_of_fold_calibration_error": round(_error(golden, names, scores / temperature), 4),
    }
    return Head(learned.arrays, {**facts, **lesson.card})


@dataclass(frozen=True)
class _Sight:
    """What a classifier sees of texts; made of all of them, without their labels."""

    choice: Choice
    middle: NDArray[np.float32]
    spread: NDArray[np.float32]
    words: TfidfVectorizer | None

    def inputs(self, means: NDArray[np.float32], texts: Sequence[str]) -> Any:
        dense = (means - self.middle) / self.spread * self.choice[2]
        return (
            dense if self.words is None else hstack([csr_matrix(dense), self.words.transform(texts)]).tocsr()
        )

    def arrays(self, coefficients: NDArray[Any], bias: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Give one linear map from what is measured: the scaling is folded into it."""
        if len(coefficients) == 1:  # two labels: one line tells them apart
            coefficients, bias = np.concatenate([-coefficients, coefficients]) / 2, np.append(-bias, bias) / 2
        wide = len(self.middle)
        weight = coefficients[:, :wide].T * (self.choice[2] / self.spread)[:, None]
        vocabulary = [] if self.words is None else list(self.words.get_feature_names_out())
        rarity = np.zeros(0) if self.words is None else self.words.idf_
        return {
            "weight": weight.astype(np.float16),
            "bias": (bias - self.middle @ weight).astype(np.float32),
            "grams": np.frombuffer("\n".join(vocabulary).encode(), np.uint8),
            "rarity": rarity.astype(np.float16),
            "gram_weight": coefficients[:, wide:].T.astype(np.float16),
        }


def _sight(means: NDArray[np.float32], texts: Sequence[str], choice: Choice, plan: OpinionPlan) -> _Sight:
    words_max, letters_max, _, _ = choice
    words = None
    if words_max or letters_max:
        take = partial(grams, words_max=words_max, letters_max=letters_max)
        words = TfidfVectorizer(analyzer=take, sublinear_tf=True, min_df=2, max_features=plan.grams_max).fit(
            texts
        )
    return _Sight(choice, means.mean(axis=0), np.maximum(means.std(axis=0), _SPREAD_MIN), words)


def _line(inputs: Any, golden: NDArray[np.str_], strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=500).fit(inputs, golden)


def _folds(
    means: NDArray[np.float32], golden: NDArray[np.str_], groups: Sequence[int], seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    folds: Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]] = StratifiedGroupKFold(
        FOLDS, shuffle=True, random_state=seed
    ).split(means, golden, groups)
    return folds


def _out_of_fold(
    means: NDArray[np.float32],
    texts: Sequence[str],
    golden: NDArray[np.str_],
    groups: Sequence[int],
    choice: Choice,
    plan: OpinionPlan,
) -> NDArray[np.float32]:
    """Give each text's scores by a classifier that has not seen it."""
    scores = np.zeros((len(texts), len(set(golden))), np.float32)
    for seen, unseen in _folds(means, golden, groups, plan.seed):
        learned = [texts[n] for n in seen]
        sight = _sight(means[seen], learned, choice, plan)
        line = _line(sight.inputs(means[seen], learned), golden[seen], choice[3])
        found = line.decision_function(sight.inputs(means[unseen], [texts[n] for n in unseen]))
        scores[unseen] = found if found.ndim > 1 else np.stack([-found / 2, found / 2], axis=1)
    return scores


def _averaged(
    means: NDArray[np.float32],
    texts: Sequence[str],
    golden: NDArray[np.str_],
    groups: Sequence[int],
    choice: Choice,
    plan: OpinionPlan,
) -> dict[str, NDArray[Any]]:
    """Give the mean of classifiers that have each learned from all folds but one.

    They are as sure of themselves as those that the temperature is found on; one that learned from all texts
    would be surer.
    """
    sight = _sight(means, texts, choice, plan)
    inputs = sight.inputs(means, texts)
    lines = [
        _line(inputs[seen], golden[seen], choice[3]) for seen, _ in _folds(means, golden, groups, plan.seed)
    ]
    return sight.arrays(
        np.mean([line.coef_ for line in lines], axis=0), np.mean([line.intercept_ for line in lines], axis=0)
    )


def _simplest(
    results: Sequence[tuple[NDArray[np.float32], Choice]], golden: NDArray[np.str_], names: Sequence[str]
) -> tuple[NDArray[np.float32], Choice]:
    """Give the first that is within one standard error of the best (Breiman et al. 1984)."""
    worth = [_macro_f1(golden, names, scores) for scores, _ in results]
    best = max(worth)
    least = best - math.sqrt(best * (1 - best) / len(golden))
    return next(each for each, score in zip(results, worth, strict=True) if score >= least)


def _macro_f1(golden: NDArray[np.str_], names: Sequence[str], scores: NDArray[np.float32]) -> float:
    return float(f1_score(golden, np.asarray(names)[scores.argmax(axis=1)], average="macro"))


def _error(golden: NDArray[np.str_], names: Sequence[str], scores: NDArray[np.float32]) -> float:
    likely = np.exp(log_softmax(scores))
    right = np.asarray(names)[likely.argmax(axis=1)] == golden
    return calibration_error(likely.max(axis=1), right)


def _temperature(scores: NDArray[np.float32], golden: NDArray[np.str_], names: Sequence[str]) -> float:
    """Find the temperature under which the labels are likeliest (Guo et al. 2017)."""
    right = np.asarray([names.index(label) for label in golden])

    def cost(logarithm: float) -> float:
        likely = log_softmax(scores / np.float32(np.exp(logarithm)))
        return float(-likely[np.arange(len(right)), right].mean())

    return float(np.exp(minimize_scalar(cost, bounds=(-3, 3), method="bounded").x))
