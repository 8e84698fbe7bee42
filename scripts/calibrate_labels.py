r"""Learn when a label fits: the figures of `services/language/labels.py` that turn nearness into chances.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… PYTHONPATH=benchmarks python scripts/calibrate_labels.py

Four matters: banking77's training part (intents), articles of the GDPR (titles), clauses of contracts (CUAD's
kinds) and security requirements (OWASP ASVS's sections). A trial is a text and 2 to 6 labels of its matter,
told by their names, or with 1, 3 or 8 examples each. In half of the trials one label fits; in a quarter
none of them does; in a quarter the text is a sentence on films. Names alone are mostly those of all that
there is, so the trials with a fitting one weigh FITTING times as much; who gives examples wants other texts
told apart as well. `left out` tells how a matter does with figures learned from the three others.
"""

import ast
import asyncio
import csv
import json
import os
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from datasets import folder
from language_labels import pairs
from numpy.typing import NDArray
from scipy.optimize import minimize

from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.services.language.labels import BACKGROUND, Meaning, length, nearness

FITTING = {"alone": 4, "taught": 1}
SEED, TRIALS, TEXTS = 7, 600, 1_500
LEAST, MOST = 40, 600
"""Characters of a text."""

SHOTS = {"alone": (0,), "taught": (1, 3, 8)}
Rows = NDArray[np.float64]
Vectors = NDArray[np.float32]
Trial = tuple[Rows, float, bool]
"""The nearness of each label, the fitting one first; how long their names are; and whether one fits."""


@dataclass(frozen=True)
class Matter:
    """Texts, the number of each one's label, and the labels' names, as vectors."""

    texts: Vectors
    true: NDArray[np.int64]
    names: Vectors
    words: Sequence[int]


def clauses(file: Path) -> list[tuple[str, str]]:
    """Read clauses with their kinds; names, dates and parties are none."""
    found = []
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            for kind, written in list(row.items())[10:]:
                quoted = written.startswith("[") and not kind.endswith("-Answer")
                parts = ast.literal_eval(written) if quoted else []
                found += [(part, kind) for part in parts[:1] if LEAST < len(part) < MOST]
    return found


def read() -> tuple[dict[str, list[tuple[str, str]]], list[str]]:
    """Read the matters, and the sentences on films."""
    place = folder()
    articles = json.loads((place / "gdpr/gdpr.json").read_text("utf-8"))
    security = json.loads((place / "asvs/asvs-5.0.0.flat.json").read_text("utf-8"))["requirements"]
    with zipfile.ZipFile(place / "sentence-polarity/sentence_polarity.zip") as archive:
        films = archive.read("sentence_polarity/rt-polarity.pos").decode("latin-1").splitlines()[:600]
    return {
        "banking77": [(text, name.replace("_", " ")) for text, name in pairs(place / "banking77/train.csv")],
        "gdpr": [(each["text"], each["subtitle"]) for each in articles if len(each["text"]) > LEAST],
        "cuad": clauses(place / "cuad/master_clauses.csv"),
        "asvs": [(each["req_description"], each["section_name"]) for each in security],
    }, films


def trials(
    matter: Matter, films: Vectors, background: Vectors, shots: Sequence[int], rng: np.random.Generator
) -> list[Trial]:
    """Draw trials."""
    least = max(shots) + 2
    counts = np.bincount(matter.true, minlength=len(matter.names))
    usable = np.flatnonzero(counts >= least)
    found = []
    for number in range(TRIALS):
        fits, foreign = number % 2 == 0, number % 4 == 1
        true = int(rng.choice(usable))
        picked = rng.permutation(usable[usable != true])[: int(rng.integers(2, 7))]
        if fits:
            picked = np.concatenate(([true], picked[1:]))
        own = int(rng.choice(np.flatnonzero(matter.true == true)))
        text = films[rng.integers(len(films))] if foreign else matter.texts[own]
        count = int(rng.choice(list(shots)))
        meanings = []
        for label in picked:
            others = np.setdiff1d(np.flatnonzero(matter.true == label), [own])
            shown = matter.texts[rng.choice(others, count, replace=False)]
            meanings.append(Meaning(matter.names[label], shown, matter.words[label]))
        found.append((nearness(text[np.newaxis], meanings, background)[0], length(meanings), fits))
    return found


def chances(figures: Rows, trial: Trial) -> tuple[Rows, float]:
    """Give the labels' chances and that of none."""
    steep, even, longer = figures
    weights = np.exp(np.clip(steep * (trial[0] - even - longer * trial[1]), -60, 60))
    return weights / (1 + weights.sum()), float(1 / (1 + weights.sum()))


def learned(drawn: Sequence[Trial], fitting: int) -> Rows:
    """Give the steepness, where a label is as likely as none, and by how much further for longer names."""

    def loss(figures: Rows) -> float:
        told = [(chances(figures, each), each[2]) for each in drawn]
        gained = [fitting * np.log(some[0]) if fits else np.log(none) for (some, none), fits in told]
        return -float(sum(gained))

    found: Rows = minimize(loss, np.array([10.0, 0.2, 0.1]), method="Nelder-Mead").x
    return found


def told(figures: Rows, drawn: Sequence[Trial]) -> str:
    """Tell the share of right answers where a label fits, of nones where none does, and of the forced."""
    fitting, none, forced = [], [], []
    for each in drawn:
        some, rest = chances(figures, each)
        sure = some.max() > rest
        if each[2]:
            fitting.append(sure and some.argmax() == 0)
            forced.append(some.argmax() == 0)
        else:
            none.append(not sure)
    return f"fitting {np.mean(fitting):.3f} (forced {np.mean(forced):.3f}), none {np.mean(none):.3f}"


async def main() -> None:
    """Learn and tell."""
    encoder, rng = OnnxEncoder(Path(os.environ["MAINSTAY_ENCODER"])), np.random.default_rng(SEED)

    async def encode(texts: Sequence[str]) -> Vectors:
        return await encoder.embed(texts, lane="ingest")

    read_matters, films = read()
    background, on_films = await encode(BACKGROUND), await encode(films)
    matters = {}
    for name, rows in read_matters.items():
        kept = [rows[each] for each in rng.permutation(len(rows))[:TEXTS]]
        names = sorted({label for _, label in kept})
        true = np.array([names.index(label) for _, label in kept])
        words = [len(each.split()) for each in names]
        matters[name] = Matter(await encode([text for text, _ in kept]), true, await encode(names), words)
    for kind, shots in SHOTS.items():
        drawn = {name: trials(matter, on_films, background, shots, rng) for name, matter in matters.items()}
        figures = learned([each for some in drawn.values() for each in some], FITTING[kind])
        sys.stdout.write(f"{kind}: steep {figures[0]:.2f}, even {figures[1]:.3f}, longer {figures[2]:.3f}\n")
        for name, some in drawn.items():
            rest = [each for other, all_of in drawn.items() if other != name for each in all_of]
            others = learned(rest, FITTING[kind])
            sys.stdout.write(f"  {name}, left out: {told(others, some)}\n")
    await encoder.close()


if __name__ == "__main__":
    asyncio.run(main())
