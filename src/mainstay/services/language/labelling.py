"""Says which of the caller's labels fit texts."""

import asyncio
from collections.abc import Sequence

import numpy as np

from mainstay.ports.encoder import Encoder
from mainstay.services.language.failures import LabelsUnclear
from mainstay.services.language.labels import (
    BACKGROUND,
    Figures,
    Meaning,
    Vectors,
    always,
    any_of,
    evidence,
    one_of,
)
from mainstay.services.language.lengths import whole
from mainstay.services.language.records import Classification, Label, LabelScore

_EXAMPLES_MAX = 1_000
_FEW = 8
_FITS = 0.5


class Labelling:
    """Classification without training."""

    def __init__(self, encoder: Encoder) -> None:
        """Take the encoder."""
        self._encoder = encoder
        self._background: Vectors | None = None

    async def classify(
        self, texts: Sequence[str], labels: Sequence[Label], *, multi: bool, forced: bool
    ) -> list[Classification]:
        """Judge each text; raises LabelsUnclear."""
        _check(labels)
        meanings = await self._meanings(labels)
        found = await whole(self._encoder, texts, _FEW)
        raw = await asyncio.to_thread(evidence, found, meanings, await self._usual())
        chances, none = any_of(raw) if multi else one_of(raw)
        if forced and not multi:
            chances, none = always(chances)
        names = [label.name for label in labels]
        return [
            _classification(names, row, float(rest), multi=multi, forced=forced)
            for row, rest in zip(chances, none, strict=True)
        ]

    async def _meanings(self, labels: Sequence[Label]) -> list[Meaning]:
        named = [_described(label) for label in labels]
        examples = [example for label in labels for example in label.examples]
        told = [*named, *examples]
        vectors = await whole(self._encoder, told, _FEW)
        meanings, at = [], len(labels)
        for place, label in enumerate(labels):
            shown = vectors[at : at + len(label.examples)]
            meanings.append(Meaning(vectors[place], shown, len(named[place].split())))
            at += len(label.examples)
        return meanings

    async def _usual(self) -> Vectors:
        """Give the vectors of what is compared with every text, which stay the same."""
        if self._background is None:
            self._background = await self._encoder.embed(BACKGROUND)
        return self._background


def _described(label: Label) -> str:
    name = label.name.replace("_", " ")
    return f"{name}: {label.description}" if label.description else name


def _check(labels: Sequence[Label]) -> None:
    names = [label.name for label in labels]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise LabelsUnclear(
            "Give each label a name of its own.", problems=[_problem("two have the same name")]
        )
    if sum(len(label.examples) for label in labels) > _EXAMPLES_MAX:
        raise LabelsUnclear(
            "Train a model instead.", problems=[_problem(f"they have more than {_EXAMPLES_MAX:,} examples")]
        )


def _problem(what: str) -> dict[str, str]:
    return {"field": "labels", "problem": what}


def _classification(
    names: Sequence[str], chances: Figures, none: float, *, multi: bool, forced: bool
) -> Classification:
    order = np.argsort(-chances, kind="stable")
    scores = [LabelScore(label=names[each], score=float(chances[each])) for each in order]
    best = scores[0]
    if multi:
        fitting = [each.label for each in scores if each.score >= _FITS]
    else:
        fitting = [best.label] if forced or best.score > none else []
    if multi and forced and not fitting:
        fitting = [best.label]
    return Classification(
        label=fitting[0] if fitting else None,
        labels=fitting,
        confidence=best.score if fitting else none,
        none=none,
        scores=scores,
    )
