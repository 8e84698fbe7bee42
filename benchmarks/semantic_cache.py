"""How often an answer is given again to a question in other words, and how often wrongly, on BANKING77.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/semantic_cache.py [--questions 3000]

Customers' questions of 77 intents come one after another, in an order drawn by lot (seed 1), as those of one
asker. Each is looked up among the questions before it that were asked for, the last 500 of them as the server
has it, and counts as a hit when the nearest is near enough. A hit on another intent is a wrong one: two of
the 77 would often be answered alike, so that this is an upper bound; a hit on the same intent that names
another country or card is wrong too and not seen, so that it is a lower one. Below, what the guard is worth
that asks for the same numbers and denials. The threshold is chosen on the train part: the least at which no
more than 2 of 100 hits are wrong. The test part was not looked at for it.
"""

import asyncio
import csv
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from datasets import folder
from figures import Figure, options, tell
from numpy.typing import NDArray

from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.services.generation.likeness import FAMILY_MAX
from mainstay.services.generation.marks import marks_of
from mainstay.services.generation.records import SIMILARITY

WRONG_MOST = 0.01
THRESHOLDS = (0.80, 0.85, 0.88, 0.90, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98)


@dataclass(frozen=True)
class Asked:
    """Questions in the order in which they come, with their intents, marks and vectors."""

    intents: list[str]
    marks: list[tuple[str, ...]]
    vectors: NDArray[np.float32]


async def read(part: str, most: int, encoder: OnnxEncoder) -> Asked:
    """Read some of a part, and encode it."""
    with (folder() / "banking77" / f"{part}.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    some = np.random.default_rng(1).permutation(len(rows))[:most]
    texts = [rows[place]["text"] for place in some]
    vectors = await encoder.embed(texts, role="query", lane="ingest")
    return Asked([rows[place]["category"] for place in some], [marks_of(text) for text in texts], vectors)


def tried(asked: Asked, threshold: float, *, guarded: bool) -> tuple[int, int]:
    """Give how many questions were answered from the cache, and how many of these wrongly."""
    kept: list[int] = []
    hits = wrong = 0
    for place, vector in enumerate(asked.vectors):
        known = kept[-FAMILY_MAX:]
        if guarded:
            known = [each for each in known if asked.marks[each] == asked.marks[place]]
        cosines = asked.vectors[known] @ vector if known else np.zeros(0, np.float32)
        if known and cosines.max() >= threshold:
            hits += 1
            wrong += asked.intents[known[int(cosines.argmax())]] != asked.intents[place]
        else:
            kept.append(place)
    return hits, wrong


def figures_of(part: str, asked: Asked, thresholds: Sequence[float], *, guarded: bool) -> list[Figure]:
    """Tell what came of each threshold."""
    found = []
    for threshold in thresholds:
        hits, wrong = tried(asked, threshold, guarded=guarded)
        share = f"{wrong / hits:.1%} of these wrong ({wrong})" if hits else "none"
        guard = "" if guarded else ", without the guard"
        told = f"{hits / len(asked.intents):.1%} hits ({hits} of {len(asked.intents)}), {share}"
        found.append(Figure(f"{part}, cosine {threshold:.2f}{guard}", told))
    return found


async def main() -> None:
    """Measure."""
    parser = options(__doc__ or "")
    parser.add_argument("--questions", type=int, default=3_000)
    given = parser.parse_args()
    encoder = OnnxEncoder(Path(os.environ["MAINSTAY_ENCODER"]))
    train = await read("train", given.questions, encoder)
    test = await read("test", given.questions, encoder)
    await encoder.close()
    figures = figures_of("train", train, THRESHOLDS, guarded=True)
    figures += figures_of("train", train, (0.90, SIMILARITY), guarded=False)
    chosen = next(
        (
            threshold
            for threshold in THRESHOLDS
            for hits, wrong in [tried(train, threshold, guarded=True)]
            if hits and wrong / hits <= WRONG_MOST
        ),
        None,
    )
    figures.append(Figure("chosen on train", f"{chosen}", f"the default, {SIMILARITY}", chosen == SIMILARITY))
    figures += figures_of("test", test, (SIMILARITY,), guarded=True)
    tell(figures, given.json)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
