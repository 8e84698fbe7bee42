"""How likely labels fit a text, from how near its meaning is to theirs, and how likely none does.

A label is what its name and description mean; with examples it is their mean (Snell et al. 2017), moved
towards the name, and the nearest example counts too. Nearness is taken beyond what the text has to anything
at all, since some encoders find all texts alike. The figures below turn it into chances; they were chosen on
the training part of banking77, with labels that fit, that are near, and with texts of another kind.
"""

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
_STEEP, _EVEN = 15.0, 0.45
_STEEP_TAUGHT, _EVEN_TAUGHT = 18.0, 0.55
_RAW_MAX = 60.0


@dataclass(frozen=True)
class Meaning:
    """What a label means: its name's vector (d), and those of its examples (n, d), n from 0."""

    name: Vectors
    examples: Vectors


def evidence(texts: Vectors, labels: Sequence[Meaning], background: Vectors) -> Figures:
    """Give the log-odds that each label fits each text rather than none: shape (texts, labels)."""
    usual = np.clip((texts @ background.T).mean(axis=1), 0, 0.99)
    columns = []
    for label in labels:
        near = texts @ label.name
        steep, even = _STEEP, _EVEN
        if len(label.examples):
            steep, even = _STEEP_TAUGHT, _EVEN_TAUGHT
            middle = _unit(_unit(label.examples.mean(axis=0)) + _NAME * label.name)
            nearest = (texts @ label.examples.T).max(axis=1)
            near = (texts @ middle + _NEAREST * nearest) / (1 + _NEAREST)
        columns.append(steep * ((near - usual) / (1 - usual) - even))
    raw: Figures = np.clip(np.stack(columns, axis=1).astype(np.float64), -_RAW_MAX, _RAW_MAX)
    return raw


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
