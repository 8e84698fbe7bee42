"""Trains the head that finds names: a network upon frozen layers, its transitions, and its calibration."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from mainstay.engines.encoder.model import OnnxModel
from mainstay.engines.readers.corpora import Named
from mainstay.engines.readers.folds import FOLDS
from mainstay.engines.readers.gathering import Progress, gather
from mainstay.engines.readers.layers import Seen
from mainstay.engines.readers.measures import Name, calibration_error, names_f1
from mainstay.engines.readers.sheets import Sheet, Sheets
from mainstay.engines.readers.stored import Head
from mainstay.engines.readers.tagger import IMPOSSIBLE, KIND, OUTSIDE, Tagger, features

_SMOOTHING = 0.1
_APART = 7_919
"""How far the seeds of two epochs are apart, so that neighbouring seeds share no order."""
_UNSEEN, _SMALLEST = -20.0, 1e-9
_TRANSITION = 0.3
"""How much the order of labels counts beside the words' own scores, which know their neighbours already."""


@dataclass(frozen=True)
class TaggerPlan:
    """How to train: which layers a word and its neighbours are seen in, and the network's size and pace."""

    own: Sequence[str] = ("layer_3",)
    beside: Sequence[str] = ("layer_3",)
    hidden: int = 32
    epochs: int = 6
    decay: float = 1e-4
    seed: int = 0


def labels_of(sheet: Sheet, named: Named) -> list[str]:
    """Give each word its BIO label; a word that a name only touches belongs to it."""
    labels = [OUTSIDE] * len(sheet.spans)
    for kind, start, end in named.names:
        inside = [n for n, (first, last) in enumerate(sheet.spans) if first < end and last > start]
        for place, word in enumerate(inside):
            labels[word] = f"{'I' if place else 'B'}-{kind}"
    return labels


def train_tagger(
    model: OnnxModel,
    sheets: Sheets,
    texts: Sequence[Named],
    groups: Sequence[int],
    card: Mapping[str, Any],
    plan: TaggerPlan,
    progress: Progress,
) -> Head:
    """Train a head; its calibration is of five that held out a fifth of the texts each.

    Texts of one of `groups` are held out together.
    """
    pages = [sheets.make(named.text) for named in texts]
    golden = [labels_of(page, named) for page, named in zip(pages, texts, strict=True)]
    _, seen = gather(model, pages, list(dict.fromkeys([*plan.own, *plan.beside])), progress)
    labels = [OUTSIDE, *sorted({label for text in golden for label in text} - {OUTSIDE})]
    if len(labels) == 1:
        raise ValueError("no name is marked in the texts: write `[PER Ada Lovelace] wrote to [LOC Turin].`")
    rows = [features(each, plan.own, plan.beside) for each in seen]
    trials = []
    for fold in range(FOLDS):
        progress("Trying the names on texts held out", fold, FOLDS)
        held = [n for n, group in enumerate(groups) if group % FOLDS == fold]
        kept = [n for n, group in enumerate(groups) if group % FOLDS != fold]
        head = _fitted(rows, golden, kept, labels, card, plan)
        trials.append(_tried(head, [(seen[n], pages[n], texts[n]) for n in held]))
    progress("Trying the names on texts held out", FOLDS, FOLDS)
    whole = _fitted(rows, golden, range(len(texts)), labels, card, plan)
    return Head(whole.arrays, {**whole.card, **_calibrated(trials)})


def _fitted(
    rows: Sequence[NDArray[np.float32]],
    golden: Sequence[Sequence[str]],
    chosen: Sequence[int],
    labels: Sequence[str],
    card: Mapping[str, Any],
    plan: TaggerPlan,
) -> Head:
    number = {label: n for n, label in enumerate(labels)}
    inputs = np.concatenate([rows[n] for n in chosen])
    outputs = np.asarray([number[label] for n in chosen for label in golden[n]])
    network = _network(inputs, outputs, plan)
    first, after = _transitions([golden[n] for n in chosen], labels)
    arrays: dict[str, NDArray[Any]] = {"first": first, "after": after}
    layers = [(network.coefs_[0], network.intercepts_[0]), _whole(network, len(labels))]
    for n, (weight, bias) in enumerate(layers):
        scale = np.maximum(np.abs(weight).max(axis=0), _SMALLEST) / 127
        arrays[f"weight_{n}"] = np.rint(weight / scale).astype(np.int8)
        arrays[f"scale_{n}"] = scale.astype(np.float32)
        arrays[f"bias_{n}"] = bias.astype(np.float32)
    facts = {"kind": KIND, "own": list(plan.own), "beside": list(plan.beside), "labels": list(labels)}
    return Head(arrays, {**facts, **card, "seed": plan.seed, "calibration": [1.0, 0.0]})


def _network(inputs: NDArray[np.float32], outputs: NDArray[np.int64], plan: TaggerPlan) -> MLPClassifier:
    """Train a network; its weights are their means after each epoch of the second half.

    What single weights are when training stops is chance by several hundredths of recall; their mean is less
    so, and finds more (Izmailov et al. 2018, Averaging weights leads to wider optima).
    """
    network = MLPClassifier((plan.hidden,), batch_size=min(256, len(inputs)), alpha=plan.decay)
    classes = np.unique(outputs)
    late: list[list[NDArray[np.float32]]] = []
    for epoch in range(plan.epochs):
        network.random_state = plan.seed + _APART * epoch  # each epoch has an order of its own
        network.partial_fit(inputs, outputs, classes=classes)
        if epoch >= plan.epochs // 2:
            late.append([weights.copy() for weights in (*network.coefs_, *network.intercepts_)])
    means = [np.mean(each, axis=0) for each in zip(*late, strict=True)]
    network.coefs_, network.intercepts_ = means[: len(network.coefs_)], means[len(network.coefs_) :]
    return network


def _whole(network: MLPClassifier, labels: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the last layer with a column for every label; one that was not seen is all but impossible."""
    weight, bias = network.coefs_[1], network.intercepts_[1]
    if weight.shape[1] == 1:  # of two labels, the network says how much likelier the second is
        weight, bias = np.hstack([np.zeros_like(weight), weight]), np.append(0.0, bias)
    every = np.zeros((len(weight), labels)), np.full(labels, _UNSEEN)
    every[0][:, network.classes_] = weight
    every[1][network.classes_] = bias
    return every


def _transitions(
    golden: Sequence[Sequence[str]], labels: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give what is added for a first label, and for one label after another; the impossible is."""
    number = {label: n for n, label in enumerate(labels)}
    counts = np.full((len(labels), len(labels)), _SMOOTHING)
    for text in golden:
        for before, then in itertools.pairwise(text):
            counts[number[before], number[then]] += 1
    usual = np.log(counts.sum(axis=0) / counts.sum())
    after = _TRANSITION * (np.log(counts / counts.sum(axis=1, keepdims=True)) - usual)
    first = np.zeros(len(labels))
    for then in labels:
        if then[0] == "I":
            first[number[then]] = IMPOSSIBLE
            for before in labels:
                if before[2:] != then[2:]:
                    after[number[before], number[then]] = IMPOSSIBLE
    return first.astype(np.float32), after.astype(np.float32)


@dataclass(frozen=True)
class _Trial:
    """What a head found in texts that it has not seen: each mention's log odds, and whether it is right."""

    odds: Sequence[float]
    right: Sequence[bool]
    found: Sequence[tuple[Sequence[Name], Sequence[Name]]]


def _tried(head: Head, texts: Sequence[tuple[Seen, Sheet, Named]]) -> _Trial:
    tagger = Tagger(head)
    odds, right, found = list[float](), list[bool](), list[tuple[list[Name], Sequence[Name]]]()
    for seen, page, named in texts:
        mentions = tagger.mentions(page, tagger.tag(seen, 1)[0])
        names = [(mention.kind, mention.start, mention.end) for mention in mentions]
        odds += [math.log(mention.score / (1 - mention.score)) for mention in mentions]  # not calibrated yet
        right += [name in set(named.names) for name in names]
        found.append((names, named.names))
    return _Trial(odds, right, found)


def _calibrated(trials: Sequence[_Trial]) -> dict[str, Any]:
    """Fit the line from the network's log odds to those that a mention is right (Platt 1999).

    The error told is that of each fold by a line fitted to the others.
    """
    likely = list[float]()
    for fold in range(len(trials)):
        others = [trial for n, trial in enumerate(trials) if n != fold]
        line = _line(others)
        likely += [_sigmoid(line, odds) for odds in trials[fold].odds]
    right = [each for trial in trials for each in trial.right]
    return {
        "calibration": list(_line(trials)),
        "held_out_f1": round(names_f1([pair for trial in trials for pair in trial.found]), 4),
        "held_out_calibration_error": round(calibration_error(likely, right), 4),
    }


def _line(trials: Sequence[_Trial]) -> tuple[float, float]:
    odds = np.asarray([each for trial in trials for each in trial.odds])
    right = np.asarray([each for trial in trials for each in trial.right])
    if len(set(right)) < 2:  # noqa: PLR2004 - nothing to tell apart
        return 1.0, 0.0
    line = LogisticRegression(C=100).fit(odds[:, None], right)
    return float(line.coef_[0, 0]), float(line.intercept_[0])


def _sigmoid(line: tuple[float, float], odds: float) -> float:
    return 1 / (1 + math.exp(-line[0] * odds - line[1]))
