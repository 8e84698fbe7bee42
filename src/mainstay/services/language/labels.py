"""How likely labels fit a text, from how near its meaning is to theirs, and how likely none does.

A label is what its name and description mean; with examples it is their mean (Snell et al. 2017), moved
towards the name, and the nearest example counts too. Nearness is taken beyond what the text has to anything
at all, since some encoders find all texts alike; to short names (`sports`) everything is less near than to
long ones. The figures below turn nearness into chances; `scripts/calibrate_labels.py` learns them from labels
of four matters, with those that fit, those that are near, and texts of another kind. Of names alone, one fits
four texts of five; with examples, every second.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Figures = NDArray[np.float64]
Vectors = NDArray[np.float32]

BACKGROUND = (
    "The train leaves at seven.",
    "Preheat the oven and peel the potatoes.",
    "Shares fell after the annual report.",
    "The goalkeeper saved the penalty.",
    "Install the update and restart.",
    "Her grandmother was born in a small village.",
    "It will rain in the mountains tomorrow.",
    "The court dismissed the appeal.",
)
"""Sentences of eight matters: what a text has in common with all of them is the encoder's."""

_NAME = 0.4
_NEAREST = 0.5
_STEEP, _EVEN, _LONGER = 12.1, 0.155, 0.061
_STEEP_TAUGHT, _EVEN_TAUGHT = 11.9, 0.47
"""How fast odds grow with nearness, where a label is as likely as none, how much further for long names."""

_LENGTH_MAX = 2.0
_RAW_MAX = 60.0


@dataclass(frozen=True)
class Meaning:
    """What a label means: its name's vector (d) and words, and its examples' vectors (n, d), n from 0."""

    name: Vectors
    examples: Vectors
    words: int = 1


def evidence(texts: Vectors, labels: Sequence[Meaning], background: Vectors) -> Figures:
    """Give the log-odds that each label fits each text rather than none: shape (texts, labels)."""
    further = _LONGER * length(labels)
    taught = np.array([len(label.examples) > 0 for label in labels])
    steep = np.where(taught, _STEEP_TAUGHT, _STEEP)
    even = np.where(taught, _EVEN_TAUGHT, _EVEN + further)
    raw: Figures = np.clip(steep * (nearness(texts, labels, background) - even), -_RAW_MAX, _RAW_MAX)
    return raw


def length(labels: Sequence[Meaning]) -> float:
    """Give how long names without examples are: the mean of the words' binary logarithms, capped."""
    logarithms = [min(math.log2(label.words), _LENGTH_MAX) for label in labels if not len(label.examples)]
    return sum(logarithms) / len(logarithms) if logarithms else 0.0


def nearness(texts: Vectors, labels: Sequence[Meaning], background: Vectors) -> Figures:
    """Give how near texts are to labels, beyond what they have to anything: (texts, labels), 1 at most."""
    usual = np.clip((texts @ background.T).mean(axis=1), 0, 0.99)
    columns = []
    for label in labels:
        near = texts @ label.name
        if len(label.examples):
            middle = _unit(_unit(label.examples.mean(axis=0)) + _NAME * label.name)
            nearest = (texts @ label.examples.T).max(axis=1)
            near = (texts @ middle + _NEAREST * nearest) / (1 + _NEAREST)
        columns.append((near - usual) / (1 - usual))
    return np.stack(columns, axis=1).astype(np.float64)


def _unit(vector: Vectors) -> Vectors:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def one_of(raw: Figures) -> tuple[Figures, Figures]:
    """Give the chances of the labels (texts, labels) and of none (texts), which are one together."""
    weights = np.exp(raw)
    whole = 1 + weights.sum(axis=1)
    return weights / whole[:, np.newaxis], 1 / whole


def any_of(raw: Figures) -> tuple[Figures, Figures]:
    """Give each label's own chance, and that none fits: that the likeliest does not."""
    chances = 1 / (1 + np.exp(-raw))
    return chances, 1 - chances.max(axis=1)


def always(chances: Figures) -> tuple[Figures, Figures]:
    """Give the chances if one of the labels is known to fit."""
    return chances / chances.sum(axis=1, keepdims=True), np.zeros(len(chances))
