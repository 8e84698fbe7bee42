"""Languages: accuracy on NTREX-128 in twelve languages, of whole sentences and of pieces of 20 characters.

    MAINSTAY_BENCH_DATA=… python benchmarks/language_detection.py [--json FILE] [--peer]

Measured are the lines with an even number (from 1); the coefficients were chosen on the others. Nothing tells
the detector which languages come. With `--peer`, lingua is asked for 2,000 of each, too.
"""

import random
import re
import time
from collections.abc import Callable, Sequence

from datasets import folder
from figures import Figure, at_least, options, tell
from language_peers import asked

from mainstay.engines.languages.ensemble import EnsembleLanguages

CODES = {
    "arb": "ar",
    "deu": "de",
    "eng": "en",
    "fra": "fr",
    "hin": "hi",
    "ita": "it",
    "jpn": "ja",
    "nld": "nl",
    "por": "pt",
    "rus": "ru",
    "spa": "es",
    "zho-CN": "zh",
}
PIECE = 20
_PEER = 2_000
Told = tuple[str, str]


def texts() -> tuple[list[Told], list[Told]]:
    """Give (language, text) of sentences, and of one random piece of each sentence that is longer."""
    chance = random.Random(2019)  # noqa: S311 - which pieces are measured is no secret
    sentences: list[Told] = []
    for file in sorted((folder() / "ntrex").glob("newstest2019-*.txt")):
        language = CODES[file.name.split(".")[1]]
        lines = file.read_text("utf-8").splitlines()[1::2]
        sentences += [(language, line.strip()) for line in lines if line.strip()]
    pieces = []
    for language, text in sentences:
        if len(text) > PIECE:
            at = chance.randrange(len(text) - PIECE + 1)
            pieces.append((language, text[at : at + PIECE]))
    return sentences, [each for each in pieces if re.search(r"[^\W\d_]", each[1])]


def accuracy(told: Sequence[Told], detect: Callable[[Sequence[str]], Sequence[str]]) -> tuple[float, float]:
    """Give the share that is right, and the microseconds a text."""
    start = time.perf_counter()
    found = detect([text for _, text in told])
    spent = time.perf_counter() - start
    right = sum(language == each for (language, _), each in zip(told, found, strict=True))
    return right / len(told), spent / len(told) * 1e6


def main() -> None:
    """Measure."""
    parser = options(__doc__ or "")
    parser.add_argument("--peer", action="store_true", help="ask lingua too")
    arguments = parser.parse_args()
    detector = EnsembleLanguages()
    detector.detect("Load the models.")

    def ours(each: Sequence[str]) -> list[str]:
        return [guesses[0].language if guesses else "und" for guesses in detector.detect_many(each, 1)]

    figures = []
    goals = (0.99, 0.93)
    for name, told, least in zip(("sentences", f"{PIECE} characters"), texts(), goals, strict=True):
        right, spent = accuracy(told, ours)
        figures += [
            at_least(f"{name}: accuracy of {len(told):,}", round(right, 4), least, "", f" ({right:.4f})"),
            Figure(f"{name}: time a text", f"{spent:.0f} µs"),
        ]
        if arguments.peer:
            some = random.Random(1).sample(list(told), _PEER)  # noqa: S311 - a sample is no secret
            mine, theirs = (
                accuracy(some, ours)[0],
                accuracy(some, lambda each: asked("lingua", list(each)))[0],
            )
            figures.append(
                at_least(f"{name}: over lingua's {theirs:.4f}", mine / theirs, 1, "×", f" (of {_PEER:,})")
            )
    tell(figures, arguments.json)


if __name__ == "__main__":
    main()
