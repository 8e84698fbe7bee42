"""Says which of the caller's labels fit texts."""

import asyncio
from collections import OrderedDict
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
from mainstay.services.language.records import Classification, Label, LabelScore

_EXAMPLES_MAX = 1_000
_FEW = 8
_KEPT_MAX = 2_000
_FITS = 0.5


class Labelling:
    """Classification without training; the vectors of labels used last are kept in memory."""

    def __init__(self, encoder: Encoder) -> None:
        """Take the encoder."""
        self._encoder = encoder
        self._kept: OrderedDict[str, Vectors] = OrderedDict()

    async def classify(
        self, texts: Sequence[str], labels: Sequence[Label], *, multi: bool, forced: bool
    ) -> list[Classification]:
        """Judge each text; raises LabelsUnclear."""
        _check(labels)
        meanings = await self._meanings(labels)
        background = await self._vectors(BACKGROUND)
        found = await self._encoder.embed(texts, lane="query" if len(texts) <= _FEW else "ingest")
        raw = await asyncio.to_thread(evidence, found, meanings, background)
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
        vectors = await self._vectors([*named, *examples])
        meanings, at = [], len(labels)
        for place, label in enumerate(labels):
            meanings.append(Meaning(vectors[place], vectors[at : at + len(label.examples)]))
            at += len(label.examples)
        return meanings

    async def _vectors(self, texts: Sequence[str]) -> Vectors:
        """Give the vectors of texts that are likely to come again."""
        new = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if new:
            made = await self._encoder.embed(new, lane="query" if len(new) <= _FEW else "ingest")
            fresh = dict(zip(new, made, strict=True))
        else:
            fresh = {}
        rows = [fresh[text] if text in fresh else self._kept[text] for text in texts]
        for text, row in zip(texts, rows, strict=True):
            self._kept[text] = row
            self._kept.move_to_end(text)
        while len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)
        return np.stack(rows)


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
