"""Learning a bot's intents from examples, and calibrating it on examples that are held out meanwhile."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import eq

import numpy as np
from numpy.typing import NDArray

from mainstay.kit.together import together
from mainstay.ports.encoder import Encoder
from mainstay.ports.learners import Features, Learner, Linear
from mainstay.services.assistant.model import Classifier, Head, Heads, Model, Understanding
from mainstay.services.assistant.priors import PRIOR
from mainstay.services.assistant.wording import Wording, cleaned, learned, tidy

SCALE = 1.5
"""How much a text's vector weighs against its terms, of length 1 each."""
NOTHING = "?"
"""What is encoded where nothing can be seen of a text."""
ACCEPTED = 0.90
"""How much of what a bot was made for is taken as in scope."""

_FOLDS = 5
_ALL_FOLDS_UP_TO = 2000  # above, one fold tells enough
_ROUNDS = 3
_SCOPE_INTENTS_LEAST = 9
_SCOPE_EXAMPLES_LEAST = 90
_SCOPE_EXAMPLES_MOST = 4000  # in a round; more take longer and tell hardly more
_SCOPE_HELD = 0.15
_OUTCOMES_LEAST = 20
_VECTORS_AT_ONCE = 512


def drawn(text: str) -> int:
    """Draw a number below 2^63 for a text, whatever its case: by chance, and always the same."""
    return int.from_bytes(hashlib.blake2s(tidy(text).encode(), digest_size=8).digest()) >> 1


@dataclass(frozen=True)
class Example:
    """Something that people say, and which intent it is; `given` with the bot, or learned since."""

    text: str
    intent: str
    given: bool = True


@dataclass(frozen=True)
class Outcome:
    """How well a model did on examples that were held out.

    `calibrated` says whether its chances were calibrated on the bot's own examples; else, where these are
    too few, they are those of small bots in general.
    """

    held: int
    accuracy: float | None
    calibrated: bool


@dataclass(frozen=True)
class _Set:
    """Examples as figures."""

    intents: Sequence[str]
    texts: Sequence[str]
    wording: Wording
    features: Features
    vectors: NDArray[np.float32]
    labels: NDArray[np.int64]
    lots: NDArray[np.int64]
    given: NDArray[np.bool_]


class Training:
    """Trains models."""

    def __init__(self, encoder: Encoder, learner: Learner) -> None:
        """Take what makes vectors, and what fits classifiers."""
        self._encoder = encoder
        self._learner = learner

    async def train(self, examples: Sequence[Example]) -> tuple[Model, Outcome]:
        """Learn from examples, of which there is one at least; raises EncoderUnavailable.

        Of examples that say the same the last one counts.
        """
        kept = await asyncio.to_thread(lambda: {drawn(example.text): example for example in examples})
        vectors = await self._vectors([example.text for example in kept.values()])
        known = await asyncio.to_thread(_prepared, kept, vectors)
        async with together() as work:  # the longest first
            whole = work.create_task(self._fitted(known, np.arange(len(kept))))
            judged = work.create_task(self._held_out(known))
            scoped = work.create_task(self._scope(known))
        (held, right), scope = judged.result(), scoped.result()
        heads = Heads(
            right or PRIOR.right,
            PRIOR.known if scope is None else scope[0],
            PRIOR.threshold if scope is None else scope[1],
        )
        accuracy = sum(held.values()) / len(held) if held else None
        outcome = Outcome(len(held), accuracy, calibrated=right is not None and scope is not None)
        return Model(whole.result(), heads, self._encoder.name, held), outcome

    async def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        shown = await asyncio.to_thread(lambda: [cleaned(text) or NOTHING for text in texts])
        ordered = sorted(range(len(texts)), key=lambda place: len(shown[place]))
        vectors = np.zeros((len(texts), self._encoder.dimensions), np.float32)
        for start in range(0, len(ordered), _VECTORS_AT_ONCE):
            part = ordered[start : start + _VECTORS_AT_ONCE]
            said = [shown[place] for place in part]
            vectors[part] = await self._encoder.embed(said, role="query", lane="ingest")
        return vectors

    async def _fitted(self, known: _Set, chosen: NDArray[np.int64]) -> Classifier:
        """Fit a classifier to some examples; intents of which none is among them are left out."""
        present, labels = np.unique(known.labels[chosen], return_inverse=True)
        if len(present) > 1:
            rows = await asyncio.to_thread(known.features.rows, chosen)
            linear = await self._learner.fit(rows, labels)
        else:
            linear = Linear(np.zeros((known.features.width, 1), np.float32), np.zeros(1, np.float32))
        return Classifier(
            [known.intents[place] for place in present],
            known.wording,
            linear,
            SCALE,
            known.vectors[chosen],
            labels,
        )

    async def _held_out(self, known: _Set) -> tuple[dict[str, bool], Head | None]:
        """Try examples that were given on what is learned without them; what came since is no judge."""
        folds = known.lots % _FOLDS
        count = _FOLDS if len(folds) <= _ALL_FOLDS_UP_TO else 1
        async with together() as work:
            left = [work.create_task(self._without(known, folds == fold)) for fold in range(count)]
        tried = [each.result() for each in left]
        held = {lot: right for right_by_lot, _ in tried for lot, right in right_by_lot.items()}
        outcomes = np.array(list(held.values()), np.int64)
        if min(outcomes.sum(), len(outcomes) - outcomes.sum()) < _OUTCOMES_LEAST:
            return held, None
        figures = np.concatenate([figures for right_by_lot, figures in tried if right_by_lot])
        return held, await calibrated(self._learner, figures, outcomes)

    async def _without(
        self, known: _Set, fold: NDArray[np.bool_]
    ) -> tuple[dict[str, bool], NDArray[np.float32]]:
        """Learn without a fold; give whether each of it that was given is understood, and their figures."""
        out, rest = np.flatnonzero(fold & known.given), np.flatnonzero(~fold | ~known.given)
        if not len(out) or not len(rest):
            return {}, np.zeros(0, np.float32)
        classifier = await self._fitted(known, rest)
        made = await asyncio.to_thread(_understood, classifier, known, out)
        truth = [known.intents[label] for label in known.labels[out].tolist()]
        chosen = [classifier.intents[place] for place in made.chosen.tolist()]
        lots = [f"{lot:016x}" for lot in known.lots[out].tolist()]
        return dict(zip(lots, map(eq, chosen, truth), strict=True)), made.figures

    async def _scope(self, known: _Set) -> tuple[Head, float] | None:
        """Learn what is out of scope: each intent is unknown once, to a classifier of the others."""
        names = len(known.intents)
        if names < _SCOPE_INTENTS_LEAST or len(known.texts) < _SCOPE_EXAMPLES_LEAST:
            return None
        order = np.argsort([drawn(name) for name in known.intents])
        unknown = [np.isin(known.labels, order[number::_ROUNDS]) for number in range(_ROUNDS)]
        async with together() as work:
            rounds = [work.create_task(self._strangers(known, each)) for each in unknown]
        tried = [made for each in rounds if (made := each.result()) is not None]
        if len(tried) < len(rounds):
            return None
        every, truth = (np.concatenate(parts) for parts in zip(*tried, strict=True))
        head = await calibrated(self._learner, every, truth.astype(np.int64))
        return head, float(np.quantile(head.chance(every[truth]), 1 - ACCEPTED))

    async def _strangers(
        self, known: _Set, unknown: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]] | None:
        """Learn without what is to be unknown; give the figures of examples, and which were in scope."""
        inside = _shuffled(np.flatnonzero(~unknown), known.lots)[:_SCOPE_EXAMPLES_MOST]
        held, rest = np.split(inside, [round(_SCOPE_HELD * len(inside))])
        strange = _shuffled(np.flatnonzero(unknown), known.lots)[: len(held)]
        if not len(held) or not len(strange) or not len(rest):
            return None
        classifier = await self._fitted(known, np.sort(rest))
        both = np.concatenate([held, strange])
        made = await asyncio.to_thread(_understood, classifier, known, both)
        return made.figures, np.arange(len(both)) < len(held)


async def calibrated(learner: Learner, figures: NDArray[np.float32], truth: NDArray[np.int64]) -> Head:
    """Fit a logistic regression to figures brought to one scale, and give it for the figures as they are."""
    middle, spread = figures.mean(axis=0), figures.std(axis=0) + 1e-3
    rows = ((figures - middle) / spread).astype(np.float32)
    count, width = rows.shape
    columns = np.tile(np.arange(width, dtype=np.int32), count)
    starts = np.arange(count + 1, dtype=np.int64) * width
    linear = await learner.fit(Features(rows.ravel(), columns, starts, width), truth, loss="logistic")
    weights = linear.weights[:, 1] / spread
    bias = float(linear.bias[1] - middle @ weights)
    return Head(tuple(float(weight) for weight in weights), bias)


def _prepared(drawn_by_lot: Mapping[int, Example], vectors: NDArray[np.float32]) -> _Set:
    examples = list(drawn_by_lot.values())
    intents = sorted({example.intent for example in examples})
    places = {intent: place for place, intent in enumerate(intents)}
    texts = [example.text for example in examples]
    wording = learned(texts)
    return _Set(
        intents,
        texts,
        wording,
        wording.features(texts, vectors, SCALE),
        vectors,
        np.array([places[example.intent] for example in examples], np.int64),
        np.array(list(drawn_by_lot), np.int64),
        np.array([example.given for example in examples]),
    )


def _shuffled(places: NDArray[np.int64], lots: NDArray[np.int64]) -> NDArray[np.int64]:
    return places[np.argsort(lots[places], kind="stable")]


def _understood(classifier: Classifier, known: _Set, places: NDArray[np.int64]) -> Understanding:
    return classifier.understand([known.texts[place] for place in places.tolist()], known.vectors[places])
