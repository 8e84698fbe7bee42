"""Trains the head that judges of which unwanted kinds a text is, and says honestly how well it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.model_selection import GroupKFold

from mainstay.engines.encoder.model import OnnxModel
from mainstay.engines.readers.folds import FOLDS
from mainstay.engines.readers.gathering import Progress, gather
from mainstay.engines.readers.judgement import KIND, NONE, likelihoods
from mainstay.engines.readers.measures import calibration_error
from mainstay.engines.readers.sheets import Sheets
from mainstay.engines.readers.stored import Head

_SPREAD_MIN = 1e-6
_FEW = 50
_RECALL_COUNTS = 0.5
_LIKELIER = 0.5  # than not
_STEPS_MAX = 60
_CURVATURE = 0.05
Figures = NDArray[np.float32]
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class JudgementPlan:
    """How it is trained; `worth` is the average precision on held-out texts that a kind needs to be told.

    Kinds of fewer than 50 texts are not told either.
    """

    layers_weight: float = 0.02
    strength: float = 10.0
    worth: float = 0.5
    seed: int = 0


def train_judgement(
    model: OnnxModel,
    sheets: Sheets,
    texts: Sequence[str],
    labels: Sequence[str],
    groups: Sequence[int],
    card: Mapping[str, Any],
    plan: JudgementPlan,
    progress: Progress,
) -> Head:
    """Train a head; each text's label names all that hold, with commas, or `none`.

    Texts of one of `groups` are held out together. Calibration and thresholds of a fold come from the scores
    of the others, each by lines that had not seen its text. Those lines had seen other folds, the one that is
    judged among them, so the figures are a little kind.
    """
    means, _ = gather(model, [sheets.make(text) for text in texts], [], progress, whole=True)
    named = [frozenset(label.split(",")) for label in labels]
    names = sorted(frozenset().union(*named) - {NONE})
    truths = np.asarray([[name in held for name in names] for held in named])
    folds = list(GroupKFold(FOLDS).split(means, groups=np.asarray(groups)))
    basis = _Basis.of(means, plan)
    inputs = basis.inputs(means)
    scores = np.zeros(truths.shape, np.float32)
    for done, (seen, unseen) in enumerate(folds):
        progress("Trying it on texts held out", done, len(folds))
        lines = _weights(inputs[seen], truths[seen], basis, plan)
        scores[unseen] = inputs[unseen] @ lines[:-1] + lines[-1]
    progress("Trying it on texts held out", len(folds), len(folds))
    likely, flagged = np.zeros(truths.shape, np.float32), np.zeros(truths.shape, bool)
    for seen, unseen in folds:
        slopes, shifts, thresholds = _calibrated(scores[seen], truths[seen])
        likely[unseen] = likelihoods(scores[unseen], slopes, shifts)
        flagged[unseen] = likely[unseen] >= thresholds
    held_out = {name: _measured(truths[:, n], likely[:, n], flagged[:, n]) for n, name in enumerate(names)}
    weight, bias = basis.lines(_weights(inputs, truths, basis, plan))
    slopes, shifts, thresholds = _calibrated(scores, truths)
    facts = {
        "kind": KIND,
        "labels": names,
        "weak": [
            name
            for name, told in held_out.items()
            if told["texts"] < _FEW or told["average_precision"] < plan.worth
        ],
        "held_out": held_out,
        "layers_weight": plan.layers_weight,
        "strength": plan.strength,
        "seed": plan.seed,
    }
    arrays: dict[str, NDArray[Any]] = {
        "weight": weight.astype(np.float16),
        "bias": bias,
        "slopes": slopes,
        "shifts": shifts,
        "thresholds": thresholds,
    }
    return Head(arrays, {**facts, **card})


def _calibrated(scores: Figures, truths: Truths) -> tuple[Figures, Figures, Figures]:
    """Give slopes, shifts and thresholds, by scores of texts that the lines had not seen."""
    slopes, shifts = _platt(scores, truths)
    likely = likelihoods(scores, slopes, shifts)
    thresholds = [_threshold(truths[:, n], likely[:, n]) for n in range(truths.shape[1])]
    return slopes, shifts, np.asarray(thresholds, np.float32)


@dataclass(frozen=True)
class _Basis:
    """Directions in which lines are sought: what is measured, turned and scaled so that few steps are enough.

    No label has a part in it, and it changes no optimum: `scales` undo themselves in the penalty.
    """

    middle: Figures
    turn: Figures
    scales: Figures

    @classmethod
    def of(cls, means: Figures, plan: JudgementPlan) -> "_Basis":
        """Give the principal directions of some texts, scaled by about the curvature of the loss there."""
        middle, spread = means.mean(axis=0), np.maximum(means.std(axis=0), _SPREAD_MIN)
        inputs = (means - middle) / spread * plan.layers_weight
        lengths, directions = np.linalg.eigh(inputs.T @ inputs)
        scales = 1 / np.sqrt(1 + plan.strength * _CURVATURE * np.maximum(lengths, 0))
        turn = directions * (plan.layers_weight / spread)[:, None] * scales
        return cls(middle, turn.astype(np.float32), scales.astype(np.float32))

    def inputs(self, means: Figures) -> Figures:
        """Turn what was measured."""
        turned: Figures = ((means - self.middle) @ self.turn).astype(np.float32)
        return turned

    def lines(self, found: Figures) -> tuple[Figures, Figures]:
        """Give weights and biases of what was measured itself."""
        weight = self.turn @ found[:-1]
        return weight, found[-1] - self.middle @ weight


def _weights(inputs: Figures, truths: Truths, basis: _Basis, plan: JudgementPlan) -> Figures:
    """Fit one line a kind, its bias last (logistic regression with a penalty on the lines' length)."""
    signs = np.where(truths, np.float32(1), np.float32(-1))
    shape = (inputs.shape[1] + 1, truths.shape[1])
    penalty = np.square(basis.scales)[:, None]
    strength = np.float32(plan.strength)

    def cost(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Give the loss of all kinds, which share nothing but the multiplication, and its slope."""
        lines = flat.reshape(shape).astype(np.float32)
        margins = signs * (inputs @ lines[:-1] + lines[-1])
        pulls = -signs * strength / (1 + np.exp(np.clip(margins, -30, 30)))
        slopes = np.vstack([inputs.T @ pulls + penalty * lines[:-1], pulls.sum(axis=0)])
        loss = strength * np.logaddexp(0, -margins).sum() + 0.5 * (penalty * np.square(lines[:-1])).sum()
        return float(loss), slopes.astype(np.float64).ravel()

    start = np.zeros(shape)
    start[-1] = -2.0
    found = minimize(cost, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS_MAX})
    lines: Figures = found.x.reshape(shape).astype(np.float32)
    return lines


def _platt(scores: Figures, truths: Truths) -> tuple[Figures, Figures]:
    slopes, shifts = np.ones(truths.shape[1], np.float32), np.zeros(truths.shape[1], np.float32)
    for n, truth in enumerate(truths.T):
        if truth.any():
            line = LogisticRegression(C=1e3, max_iter=1_000).fit(scores[:, n : n + 1], truth)
            slopes[n], shifts[n] = line.coef_[0, 0], line.intercept_[0]
    return slopes, shifts


def _threshold(truth: Truths, likely: Figures) -> float:
    """Give the probability, of one half at least, from which on F0.5 is greatest.

    Precision counts for twice as much as recall: what people write is unwanted far less often than what the
    head learns from, and each false alarm costs somebody a look.
    """
    if truth.sum() < _FEW:
        return _LIKELIER
    precision, recall, places = precision_recall_curve(truth, likely)
    squared = _RECALL_COUNTS**2
    worth = (1 + squared) * precision * recall / np.maximum(squared * precision + recall, 1e-9)
    return max(_LIKELIER, float(places[worth[:-1].argmax()]))


def _measured(truth: Truths, likely: Figures, flagged: Truths) -> dict[str, float]:
    right = float((truth & flagged).sum())
    precision, recall = right / max(1.0, float(flagged.sum())), right / max(1.0, float(truth.sum()))
    return {
        "texts": int(truth.sum()),
        "precision": round(precision, 3),
        "recall": round(recall, 3),
        "f1": round(2 * precision * recall / max(1e-9, precision + recall), 3),
        "average_precision": round(float(average_precision_score(truth, likely)), 3),
        "calibration_error": round(calibration_error(likely, truth), 3),
    }
