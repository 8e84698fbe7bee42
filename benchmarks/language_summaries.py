"""Summaries: ROUGE on plain-English summaries of contracts beside Lead-k and TextRank, at the same length.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/language_summaries.py [--json FILE]

Manor and Li 2019, 446 pairs. Each way chooses among the same sentences: so many of them, or as many as fit
into so many words, best first. Lead-k takes the first; TextRank those that are central among sentences that
share words (Mihalcea and Tarau 2004). The weights were chosen on every second pair. Differences of less than
0.008 are within the spread of 446 pairs.
"""

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from datasets import folder
from figures import Figure, at_least, options, tell
from language_peers import asked
from numpy.typing import NDArray

from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.services.language.summaries import (
    Length,
    by_words,
    central,
    chosen,
    cut,
    near_whole,
    sentences_of,
)

Scores = NDArray[np.float64]
LENGTHS = (Length(1, None), Length(2, None), Length(None, 20), Length(None, 40))
_GATED = LENGTHS[0]


def lead(texts: Sequence[str]) -> Scores:
    """Like the first sentences best."""
    return -np.arange(len(texts), dtype=np.float64)


def shortened(text: str, scores: Scores, vectors: NDArray[np.float32] | None, length: Length) -> str:
    """Choose sentences and put them together."""
    spans = sentences_of(text)
    texts = [text[start:end] for start, end in spans]
    numbers = chosen(texts, scores, vectors, length)
    kept = [cut(text, spans[each], length.words) if length.words else spans[each] for each in numbers]
    return " ".join(text[start:end] for start, end in kept)


async def encoded(texts: Sequence[str]) -> list[tuple[Scores, NDArray[np.float32]]]:
    """Give our scores of each text's sentences, and their vectors."""
    encoder = OnnxEncoder(Path(os.environ["MAINSTAY_ENCODER"]))
    found = []
    for text in texts:
        said = [text[start:end] for start, end in sentences_of(text)]
        vectors = await encoder.embed([text, *said], lane="ingest")
        near = near_whole(vectors[1:], vectors[0])
        found.append((by_words(said, "en") + central(said, "en") + near, vectors[1:]))
    await encoder.close()
    return found


def told(length: Length) -> str:
    """Say a length."""
    return f"{length.sentences} sentence(s)" if length.sentences else f"≤ {length.words} words"


def main() -> None:
    """Measure."""
    arguments = options(__doc__ or "").parse_args()
    pairs = list(json.loads((folder() / "legal-summ/all_v1.json").read_text("utf-8")).values())
    texts = [pair["original_text"] for pair in pairs]
    wanted = [pair["reference_summary"] for pair in pairs]
    ours = asyncio.run(encoded(texts))
    said = [[text[start:end] for start, end in sentences_of(text)] for text in texts]
    peers: dict[str, Callable[[Sequence[str]], Scores]] = {
        "Lead-k": lead,
        "TextRank": lambda each: central(each, "en"),
    }
    ways: dict[str, list[tuple[Scores, NDArray[np.float32] | None]]] = {"ours": list(ours)}
    ways |= {name: [(score(each), None) for each in said] for name, score in peers.items()}
    figures = []
    for length in LENGTHS:
        means = {}
        for name, scored in ways.items():
            made = [shortened(text, *each, length) for text, each in zip(texts, scored, strict=True)]
            means[name] = np.mean(asked("rouge", list(zip(wanted, made, strict=True))), axis=0)
            shown = " / ".join(f"{each:.4f}" for each in means[name])
            figures.append(Figure(f"{told(length)}: ROUGE-1 / 2 / L, {name}", shown))
        for name in peers:
            ratio = float(means["ours"].sum() / means[name].sum())
            what = f"{told(length)}: the three together over {name}'s"
            figures.append(
                at_least(what, ratio, 1, "×") if length == _GATED else Figure(what, f"{ratio:.3f} ×")
            )
    tell(figures, arguments.json)


if __name__ == "__main__":
    main()
