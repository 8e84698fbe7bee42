r"""Learn when an answer can be given: fit the coefficients in `services/knowledge/calibration.py`.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… PYTHONPATH=benchmarks \
        python scripts/calibrate_answers.py [--write]

MAINSTAY_ENCODER is the folder of all-MiniLM-L6-v2 as ONNX (`model.onnx` with the outputs `embedding` and
`tokens`, `tokenizer.json`). A question is unanswerable when its paragraph is not in the collection, though
the other paragraphs of its article may be. The figures printed are of articles that were not learned from
(cross-validation over articles); what is written is learned from every second article alone, so that the
others stay unseen for `benchmarks/answers.py`.
"""

import argparse
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from answers import Encoder, Retriever, calibration_error, hold_out, unseen
from near_misses import NearMisses
from numpy.typing import NDArray
from xquad import Paragraph, Question, read_xquad

from mainstay.services.knowledge.answering import CANDIDATES_MAX
from mainstay.services.knowledge.evidence import (
    CLOSE_PASSAGES,
    Look,
    Word,
    answer_figures,
    look_by_tokens,
    look_by_words,
    question_words,
    rarity,
    sentence_figures,
)
from mainstay.services.knowledge.heads import Head, chance
from mainstay.services.knowledge.sought import sought

FOLDS = 6
SEED = 7
PENALTY = 3.0
STEPS = 30
ANSWERED_LEAST = 0.85
NEAR_MISS_SHARE = 0.2
"""How much a near miss counts beside a question whose paragraph is gone; more teaches little more."""

RANKED = 60
TARGET = Path(__file__).parents[1] / "src/mainstay/services/knowledge/calibration.py"
Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """How collections are drawn: what is held out, and of how many articles they consist (0: of all)."""

    variant: str
    articles: int
    draws: int
    near: bool = False


SETTINGS = {
    "paragraphs": Setting("paragraphs", 0, 2),
    "few articles": Setting("paragraphs", 3, 1),
    "one article": Setting("paragraphs", 1, 1),
    "articles": Setting("articles", 0, 1),
    "near misses": Setting("none", 0, 1, near=True),
    "few, near": Setting("none", 3, 1, near=True),
}


@dataclass(frozen=True)
class Case:
    """One question to one collection: the figures of its sentences, which hold the answer, and the rest."""

    setting: str
    article: int
    answerable: bool
    words: tuple[Word, ...]
    looks: list[Look]
    weights: Rows
    figures: Rows
    places: list[tuple[int, int]]
    holds: NDArray[np.bool_]


class Cases:
    """Draws collections and looks at their passages; looks are remembered."""

    def __init__(self, paragraphs: list[Paragraph], questions: list[Question], encoder: Encoder) -> None:
        """Rank the passages of the whole collection for each question once."""
        self._paragraphs, self._questions, self._encoder = paragraphs, questions, encoder
        self._retriever = Retriever(paragraphs, encoder)
        every = range(len(self._retriever.passages))
        near, rng = NearMisses(paragraphs, questions, encoder.embed), np.random.default_rng(SEED)
        self._real = len(questions)
        self._questions = questions = [*questions, *filter(None, (near.twin(q, rng) for q in questions))]
        encoder.read([question.text for question in questions])
        self._ranked = [self._retriever.rank(question.text, every, RANKED) for question in questions]
        self._looks: dict[tuple[int, int, bool], Look] = {}

    def draw(self, name: str, setting: Setting, *, closely: bool) -> Iterator[Case]:
        """Ask every question to a collection drawn anew in each round."""
        for turn in range(setting.draws):
            rng = np.random.default_rng([SEED, turn])
            gone = hold_out(self._paragraphs, setting.variant, rng)
            for number, question in enumerate(self._questions):
                if number >= self._real and not setting.near:
                    break
                near = set(rng.permutation(48)[: setting.articles - 1].tolist()) | {question.article}
                ranked = [
                    row
                    for row in self._ranked[number]
                    if (paragraph := self._retriever.passages[row].paragraph) not in gone
                    and (not setting.articles or self._paragraphs[paragraph].article in near)
                ][:CANDIDATES_MAX]
                answerable = number < self._real and question.paragraph not in gone
                case = self._case(name, number, ranked, answerable, closely=closely)
                if case is not None:
                    yield case

    def _case(
        self, name: str, number: int, ranked: Sequence[int], answerable: bool, *, closely: bool
    ) -> Case | None:
        question = self._questions[number]
        words = question_words(question.text, "en")
        if not words or not ranked:
            return None
        looks = [
            self._look(number, words, row, closely and rank < CLOSE_PASSAGES)
            for rank, row in enumerate(ranked)
        ]
        weights = rarity(looks)
        figures, places = sentence_figures(looks, weights, closely=closely)
        holds = []
        for rank, sentence in places:
            passage = self._retriever.passages[ranked[rank]]
            start, end = (passage.start + at for at in looks[rank].spans[sentence])
            hit = passage.paragraph == question.paragraph and start < question.end and end > question.start
            holds.append(hit)
        return Case(
            name, question.article, answerable, words, looks, weights, figures, places, np.array(holds, bool)
        )

    def _look(self, number: int, words: tuple[Word, ...], row: int, closely: bool) -> Look:
        key = (number, row, closely)
        if key not in self._looks:
            text = self._retriever.passages[row].text
            look = (
                self._look(number, words, row, False)
                if closely
                else look_by_words(words, text, "en", sought(self._questions[number].text, "en"))
            )
            if closely:
                asked, said = self._encoder.read([self._questions[number].text, text])
                look = look_by_tokens(words, asked[1], look, said[1])
            self._looks[key] = look
        return self._looks[key]


def fit(rows: Rows, truths: NDArray[np.bool_], each: Rows) -> Head:
    """Fit a logistic regression with a ridge by Newton's method; `each` is how much a row counts."""
    low, high = np.quantile(rows, 0.002, axis=0), np.quantile(rows, 0.998, axis=0)
    held = np.clip(rows, low, high)
    mean, spread = held.mean(axis=0), held.std(axis=0) + 1e-9
    design = np.column_stack([np.ones(len(rows)), (held - mean) / spread])
    penalty = np.eye(design.shape[1]) * PENALTY
    penalty[0, 0] = 0
    found = np.zeros(design.shape[1])
    for _ in range(STEPS):
        sure = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (each * (truths - sure)) - penalty @ found
        curve = (design * (each * sure * (1 - sure))[:, None]).T @ design + penalty
        found = found + np.linalg.solve(curve, slope)
    weights = found[1:] / spread
    return Head(float(found[0] - weights @ mean), *(tuple(v.tolist()) for v in (weights, low, high)))


def learn(cases: Sequence[Case], *, closely: bool) -> tuple[Head, Head]:
    """Learn which sentence holds the answer (from answerable questions), then whether any does.

    Near misses teach only who looks closely: by the words alone they cannot be told from paraphrases.
    """
    cases = [case for case in cases if closely or not SETTINGS[case.setting].near]
    shown = [case for case in cases if case.setting == "paragraphs" and case.answerable and case.holds.any()]
    figures, holds = np.concatenate([c.figures for c in shown]), np.concatenate([c.holds for c in shown])
    sentence = fit(figures, holds, np.ones(len(holds)))
    rows = np.stack([known(sentence, case)[0] for case in cases])
    truths = np.array([case.answerable for case in cases])
    share = truths.mean()  # both answers weigh the same
    each = np.where(truths, 0.5 / share, 0.5 / (1 - share))
    near = np.array([SETTINGS[case.setting].near for case in cases])
    return sentence, fit(rows, truths, np.where(near & ~truths, NEAR_MISS_SHARE * each, each))


def known(sentence: Head, case: Case) -> tuple[Rows, bool]:
    """Give what is known of a case's answer, and whether its best sentence holds it."""
    chances = chance(sentence, case.figures)
    best = int(chances.argmax())
    two = np.sort(chances)[::-1][:2]
    likely = (float(two[0]), float(two[1]) if len(two) > 1 else 0.0)
    row = answer_figures(
        case.words, case.looks, case.weights, (case.places[best][0], case.figures[best]), likely
    )
    return row, bool(case.holds[best])


def across(cases: Sequence[Case], *, closely: bool) -> tuple[Rows, NDArray[np.bool_]]:
    """Give confidences from heads that have not seen the article, and whether the best sentence hits."""
    fold = np.random.default_rng(SEED).permutation(48) % FOLDS
    sure, hits = np.zeros(len(cases)), np.zeros(len(cases), bool)
    for number in range(FOLDS):
        sentence, answer = learn([case for case in cases if fold[case.article] != number], closely=closely)
        for at, case in enumerate(cases):
            if fold[case.article] == number:
                row, hits[at] = known(sentence, case)
                sure[at] = chance(answer, row[None])[0]
    return sure, hits


def report(cases: Sequence[Case], sure: Rows, hits: NDArray[np.bool_], threshold: float) -> list[str]:
    """Give a line of figures a setting."""
    lines = []
    for name in SETTINGS:
        here = np.array([case.setting == name for case in cases])
        yes = np.array([case.answerable for case in cases])
        given = here & yes & (sure >= threshold)
        lines.append(
            f"{name:12} answered {given.sum() / (here & yes).sum():.3f}"
            f"  false {(sure[here & ~yes] >= threshold).mean():.3f}"
            f"  at 15 % false {(sure[here & yes] >= np.quantile(sure[here & ~yes], 0.85)).mean():.3f}"
            f"  best hits {hits[given].mean():.3f}"
            f"  ECE {calibration_error(sure[here].tolist(), yes[here].tolist()):.3f}"
        )
    return lines


def best_threshold(cases: Sequence[Case], sure: Rows) -> float:
    """Find the highest threshold at which ANSWERED_LEAST of what can be answered is answered."""
    here = np.array([case.setting == "paragraphs" and case.answerable for case in cases])
    return math.floor(200 * float(np.quantile(sure[here], 1 - ANSWERED_LEAST))) / 200


def constant(name: str, heads: tuple[Head, Head], threshold: float, *, closely: bool) -> str:
    """Write a pair of heads as Python."""

    def numbers(values: Sequence[float]) -> str:
        return "(" + "".join(f"{value:.5g}, " for value in values) + ")"

    def head(one: Head) -> str:
        return f"Head({one.bias:.5g}, {numbers(one.weights)}, {numbers(one.low)}, {numbers(one.high)})"

    return (
        f"{name} = Heads(closely={closely}, sentence={head(heads[0])}, "
        f"answer={head(heads[1])}, threshold={threshold:.3f})\n"
    )


CARD = '''"""What was learned about when to answer; written by `scripts/calibrate_answers.py`, not by hand.

Data: XQuAD in English (google-deepmind/xquad, CC BY-SA 4.0), 48 articles, 240 paragraphs, 1,190 questions.
Learned from articles 0, 2, 4 … 46; the odd ones are unseen. Unanswerable: questions whose paragraph was
held out (a quarter of them, or whole articles; collections of all, three and one articles), and for TOKENS
near misses, in which one word is another (`benchmarks/near_misses.py`), at {near} each. Seed {seed}.
Encoder of TOKENS: all-MiniLM-L6-v2, int8. Threshold: the highest at which {least} of what can be answered is
answered where paragraphs were held out. On articles left out in turn, {folds} folds:

{figures}

ECE: expected calibration error over ten bins; the settings mix answerable and unanswerable differently.
The columns are BY_WORDS, ANSWER_BY_WORDS and BY_TOKENS, ANSWER_BY_TOKENS of `evidence.py`.
"""

from mainstay.services.knowledge.heads import Head, Heads

'''


def main() -> None:
    """Cross-validate, print, and with --write replace the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    folder = os.environ.get("MAINSTAY_ENCODER", "")
    if not folder:
        sys.exit("Set MAINSTAY_ENCODER to the folder of the encoder (model.onnx, tokenizer.json).")
    paragraphs, questions = read_xquad()
    source = Cases(paragraphs, questions, Encoder(Path(folder)))
    code, figures = "", []
    for name, closely in (("WORDS", False), ("TOKENS", True)):
        cases = [c for key, setting in SETTINGS.items() for c in source.draw(key, setting, closely=closely)]
        learned = [case for case in cases if not unseen(case.article)]
        threshold = best_threshold(learned, across(learned, closely=closely)[0])
        lines = [
            f"{name}, threshold {threshold:.3f}",
            *report(cases, *across(cases, closely=closely), threshold),
        ]
        print("\n".join(lines), flush=True)
        figures += ["    " + line for line in lines]
        heads = learn(learned, closely=closely)
        code += constant(name, heads, threshold, closely=closely)
    if options.write:
        card = CARD.format(
            seed=SEED, folds=FOLDS, near=NEAR_MISS_SHARE, least=ANSWERED_LEAST, figures="\n".join(figures)
        )
        TARGET.write_text(card + code, "utf-8")
        subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(TARGET)], check=True)  # noqa: S603 - our own file


if __name__ == "__main__":
    main()
