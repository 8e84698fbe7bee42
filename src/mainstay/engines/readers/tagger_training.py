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
from mainstay.engines.readers.gathering import Progress, gather
from mainstay.engines.readers.layers import Seen
from mainstay.engines.readers.measures import Name, calibration_error, names_f1
from mainstay.engines.readers.sheets import Sheet, Sheets
from mainstay.engines.readers.stored import Head
from mainstay.engines.readers.tagger import IMPOSSIBLE, KIND, OUTSIDE, Tagger, features

_SMOOTHING = 0.1
_TRANSITION = 0.3
"""How much the order of labels counts beside the words' own scores, which know their neighbours already."""


@dataclass(frozen=True)
class TaggerPlan:
    """How to train: which layers a word and its neighbours are seen in, and the network's size and pace."""

    own: Sequence[str] = ("layer_0", "layer_3")
    beside: Sequence[str] = ("layer_3",)
    hidden: int = 32
    epochs: int = 6
    decay: float = 1e-4
    seed: int = 0
    held_out: float = 0.2


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
    card: Mapping[str, Any],
    plan: TaggerPlan,
    progress: Progress,
) -> Head:
    """Train a head; a fifth of the texts, in blocks of ten, is held out for its calibration."""
    pages = [sheets.make(named.text) for named in texts]
    golden = [labels_of(page, named) for page, named in zip(pages, texts, strict=True)]
    _, seen = gather(model, pages, list(dict.fromkeys([*plan.own, *plan.beside])), progress)
    labels = [OUTSIDE, *sorted({label for text in golden for label in text} - {OUTSIDE})]
    rows = [features(each, plan.own, plan.beside) for each in seen]
    every = round(1 / plan.held_out)
    held = [n for n in range(len(texts)) if (n // 10) % every == every - 1]
    kept = sorted(set(range(len(texts))) - set(held))
    progress("Training the names", 0, 2)
    head = _fitted(rows, golden, kept, labels, card, plan)
    trial = _tried(head, [seen[n] for n in held], [pages[n] for n in held], [texts[n] for n in held])
    progress("Training the names", 1, 2)
    whole = _fitted(rows, golden, range(len(texts)), labels, card, plan)
    progress("Training the names", 2, 2)
    return Head(whole.arrays, {**whole.card, **_calibrated(trial)})


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
    network = MLPClassifier(
        (plan.hidden,),
        batch_size=256,
        max_iter=plan.epochs,
        alpha=plan.decay,
        random_state=plan.seed,
        n_iter_no_change=plan.epochs,
    ).fit(inputs, outputs)
    first, after = _transitions([golden[n] for n in chosen], labels)
    arrays: dict[str, NDArray[Any]] = {"first": first, "after": after}
    for n, (weight, bias) in enumerate(zip(network.coefs_, network.intercepts_, strict=True)):
        scale = np.abs(weight).max(axis=0) / 127
        arrays[f"weight_{n}"] = np.rint(weight / scale).astype(np.int8)
        arrays[f"scale_{n}"] = scale.astype(np.float32)
        arrays[f"bias_{n}"] = bias.astype(np.float32)
    facts = {"kind": KIND, "own": list(plan.own), "beside": list(plan.beside), "labels": list(labels)}
    return Head(arrays, {**facts, **card, "seed": plan.seed, "calibration": [1.0, 0.0]})


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

    odds: NDArray[np.float64]
    right: NDArray[np.bool_]
    f1: float


def _tried(head: Head, seen: Sequence[Seen], pages: Sequence[Sheet], texts: Sequence[Named]) -> _Trial:
    tagger = Tagger(head)
    odds, right, pairs = list[float](), list[bool](), list[tuple[list[Name], Sequence[Name]]]()
    for each, page, named in zip(seen, pages, texts, strict=True):
        mentions = tagger.mentions(page, tagger.tag(each, 1)[0])
        found = [(mention.kind, mention.start, mention.end) for mention in mentions]
        odds += [math.log(mention.score / (1 - mention.score)) for mention in mentions]  # not calibrated yet
        right += [name in set(named.names) for name in found]
        pairs.append((found, named.names))
    return _Trial(np.asarray(odds), np.asarray(right), names_f1(pairs))


def _calibrated(trial: _Trial) -> dict[str, Any]:
    """Fit the line from the network's log odds to those that a mention is right (Platt 1999).

    The error told is that of one half of the mentions by a line fitted to the other.
    """
    if len(set(trial.right)) < 2:  # noqa: PLR2004 - nothing to tell apart
        return {"calibration": [1.0, 0.0], "held_out_f1": round(trial.f1, 4)}
    odds = trial.odds[:, None]
    half = LogisticRegression(C=100).fit(odds[::2], trial.right[::2])
    likely = half.predict_proba(odds[1::2])[:, 1]
    line = LogisticRegression(C=100).fit(odds, trial.right)
    return {
        "calibration": [float(line.coef_[0, 0]), float(line.intercept_[0])],
        "held_out_f1": round(trial.f1, 4),
        "held_out_calibration_error": round(calibration_error(likely, trial.right[1::2]), 4),
    }
