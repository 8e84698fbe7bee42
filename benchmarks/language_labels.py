"""Labels of one's own: accuracy on banking77 and sentence polarity, and how true the chances are.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/language_labels.py [--json FILE]

banking77 (Casanueva et al. 2020): 77 labels told by their names alone, then with five training examples each
(means of three draws); the peer is ridge regression on the same vectors of the same examples.
"None fits": the true label is left out of 20, or the text is a sentence on films. The figures that turn
nearness into chances were learned by `scripts/calibrate_labels.py`, from the training part and three other
matters. The everyday labels (`corpora/held_out`: 96 short texts, three or four labels of one or two words
each, a fifth of the texts fits none) were written for this, and nothing was learned from them.
"""

import asyncio
import csv
import json
import os
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
from datasets import folder
from figures import Figure, options, tell
from numpy.typing import NDArray

from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.services.language.labels import BACKGROUND, Meaning, always, evidence, one_of

SHOTS, DRAWS, TRIALS = 5, 3, 4_000
EVERYDAY = Path(__file__).parents[1] / "corpora/held_out/everyday_labels.tsv"
Vectors = NDArray[np.float32]


def pairs(file: Path) -> list[tuple[str, str]]:
    """Read texts with their categories."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [(row["text"], row["category"]) for row in csv.DictReader(lines)]


def regression(examples: Vectors, classes: NDArray[np.int64], texts: Vectors, count: int) -> Vectors:
    """Give the classes' scores by ridge regression on one-hot targets, the usual few-shot baseline."""
    targets = np.eye(count, dtype=np.float32)[classes]
    kernel = examples @ examples.T + 0.1 * np.eye(len(examples), dtype=np.float32)
    return texts @ (examples.T @ np.linalg.solve(kernel, targets))


def error(chances: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Give the expected calibration error over ten bins (Guo et al. 2017)."""
    bins = np.minimum((chances * 10).astype(int), 9)
    parts = [(right[bins == each], chances[bins == each]) for each in np.unique(bins)]
    return float(sum(abs(hit.mean() - told.mean()) * len(hit) for hit, told in parts) / len(chances))


def open_set(
    raw: NDArray[np.float64], films: NDArray[np.float64], true: NDArray[np.int64], rng: np.random.Generator
) -> tuple[float, float, float]:
    """Give accuracy with `none` as an answer, the share of nones that are told, and the calibration error."""
    right, sure, nones = [], [], []
    for trial in range(TRIALS):
        row = int(rng.integers(len(raw)))
        kept = rng.choice(raw.shape[1], 20, replace=False)
        kept = kept[kept != true[row]]
        fits = trial % 2 == 0
        if fits:
            kept = np.append(kept, true[row])
        values = films[rng.integers(len(films)), kept] if trial % 4 == 1 else raw[row, kept]
        chances, none = one_of(values[np.newaxis])
        told = -1 if none[0] >= chances.max() else int(kept[chances[0].argmax()])
        right.append(told == (true[row] if fits else -1))
        sure.append(max(float(none[0]), float(chances.max())))
        if not fits:
            nones.append(told == -1)
    return float(np.mean(right)), float(np.mean(nones)), error(np.array(sure), np.array(right))


async def main() -> None:
    """Measure."""
    arguments = options(__doc__ or "").parse_args()
    encoder = OnnxEncoder(Path(os.environ["MAINSTAY_ENCODER"]))

    async def encode(texts: Sequence[str]) -> Vectors:
        return await encoder.embed(texts, lane="ingest")

    place = folder() / "banking77"
    train, test = pairs(place / "train.csv"), pairs(place / "test.csv")
    names = json.loads((place / "categories.json").read_text("utf-8"))
    with zipfile.ZipFile(folder() / "sentence-polarity/sentence_polarity.zip") as archive:
        sides = [
            archive.read(f"sentence_polarity/rt-polarity.{side}").decode("latin-1").splitlines()[::4]
            for side in ("pos", "neg")
        ]
    background, named = await encode(BACKGROUND), await encode([name.replace("_", " ") for name in names])
    texts, films = await encode([text for text, _ in test]), await encode([*sides[0], *sides[1]])
    true = np.array([names.index(category) for _, category in test])
    none = np.zeros((0, named.shape[1]), np.float32)
    rng = np.random.default_rng(77)
    bare = [Meaning(row, none, name.count("_") + 1) for row, name in zip(named, names, strict=True)]
    raw, on_films = evidence(texts, bare, background), evidence(films, bare, background)
    figures = [Figure("banking77, names alone: accuracy", f"{(raw.argmax(1) == true).mean():.4f}")]
    figures += _told("names alone", open_set(raw, on_films, true, rng))
    ours, theirs, opened = [], [], []
    for _ in range(DRAWS):
        drawn = [
            rng.choice([text for text, category in train if category == name], SHOTS, replace=False)
            for name in names
        ]
        shown = (await encode([str(text) for each in drawn for text in each])).reshape(len(names), SHOTS, -1)
        taught = [Meaning(row, some) for row, some in zip(named, shown, strict=True)]
        raw = evidence(texts, taught, background)
        ours.append(float((raw.argmax(1) == true).mean()))
        flat = shown.reshape(len(names) * SHOTS, -1)
        scores = regression(flat, np.repeat(np.arange(len(names)), SHOTS), texts, len(names))
        theirs.append(float((scores.argmax(1) == true).mean()))
        opened.append(open_set(raw, evidence(films, taught, background), true, rng))
    figures += [
        Figure(f"banking77, {SHOTS} examples each: accuracy", f"{np.mean(ours):.4f}"),
        Figure("… of ridge regression on the same vectors", f"{np.mean(theirs):.4f}"),
        Figure("… ratio", f"{np.mean(ours) / np.mean(theirs):.3f} ×"),
        *_told(f"{SHOTS} examples", tuple(np.mean(opened, axis=0))),
    ]
    figures += await _everyday(encode, background)
    moods = await encode(["positive: praise, good, enjoyable", "negative: criticism, bad, boring"])
    chances, _ = always(one_of(evidence(films, [Meaning(row, none, 4) for row in moods], background))[0])
    sides_true = np.repeat([0, 1], [len(sides[0]), len(sides[1])])
    right = chances.argmax(1) == sides_true
    figures += [
        Figure("sentence polarity, names with descriptions, forced: accuracy", f"{right.mean():.4f}"),
        Figure("… calibration error", f"{error(chances.max(1), right):.3f}"),
    ]
    await encoder.close()
    tell(figures, arguments.json)


async def _everyday(
    encode: Callable[[Sequence[str]], Awaitable[Vectors]], background: Vectors
) -> list[Figure]:
    rows = [line.split("\t") for line in EVERYDAY.read_text("utf-8").splitlines()]
    right, sure = [], []
    nones: list[bool] = []
    forced: list[bool] = []
    for written, label, text in rows:
        names = written.split("; ")
        empty = np.zeros((0, background.shape[1]), np.float32)
        vectors = await encode(names)
        meanings = [Meaning(row, empty, len(name.split())) for row, name in zip(vectors, names, strict=True)]
        some, rest = one_of(evidence(await encode([text]), meanings, background))
        best = names[int(some[0].argmax())]
        told = best if some.max() > rest[0] else "none"
        right.append(told == label)
        sure.append(max(float(some.max()), float(rest[0])))
        (nones if label == "none" else forced).append((told if label == "none" else best) == label)
    return [
        Figure("everyday labels, names alone, or none: accuracy", f"{np.mean(right):.4f}"),
        Figure("… none told where none fits", f"{np.mean(nones):.4f}"),
        Figure("… forced, where one fits: accuracy", f"{np.mean(forced):.4f}"),
        Figure("… calibration error", f"{error(np.array(sure), np.array(right)):.3f}"),
    ]


def _told(what: str, opened: tuple[float, ...]) -> list[Figure]:
    return [
        Figure(f"{what}, of 20 labels or none: accuracy", f"{opened[0]:.4f}"),
        Figure(f"{what}: none told where none fits", f"{opened[1]:.4f}"),
        Figure(f"{what}: calibration error", f"{opened[2]:.3f}"),
    ]


if __name__ == "__main__":
    asyncio.run(main())
