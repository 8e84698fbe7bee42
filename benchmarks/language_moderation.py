"""Moderation: what the head's card says of texts held out, and what it flags of ordinary texts.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/language_moderation.py [--json FILE]

No public set of unwanted texts has rights that would let it be kept here; so precision and recall are those
of texts of the project's own, held out by files, each of which is another kind of writing. Beside them: the
share that is flagged of questions to a bank (banking77), sentences of film reviews (sentence-polarity), and
English tweets (UMSAB), none of which the head has seen. Tweets do hold some insults: their share is no rate
of errors. A minute.
"""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets import folder, sentence_polarity, tweets
from figures import Figure, at_most, options, tell

from mainstay.engines.encoder.folder import read_folder
from mainstay.engines.encoder.model import OnnxModel, load_tokenizer, pad_id
from mainstay.engines.readers.gathering import gather
from mainstay.engines.readers.heads import TRAINED
from mainstay.engines.readers.judgement import KIND, Judgement
from mainstay.engines.readers.sheets import Sheets
from mainstay.engines.readers.stored import load_heads

_SOME = 1_000


def flagged(judgement: Judgement, sheets: Sheets, model: OnnxModel, texts: Sequence[str]) -> float:
    """Give the share of texts, a thousand of them at most, that are of any kind."""
    some = texts[:: max(1, len(texts) // _SOME)]
    means, _ = gather(
        model, [sheets.make(text) for text in some], [], lambda _step, _done, _of: None, whole=True
    )
    found = [any(each.score >= each.threshold for each in judgement.weigh(row).values()) for row in means]
    return sum(found) / len(found)


def main() -> None:
    """Measure."""
    arguments: Any = options(__doc__ or "").parse_args()
    [head] = [head for head in load_heads(TRAINED) if head.kind == KIND]
    encoder = read_folder(Path(os.environ["MAINSTAY_ENCODER"]))
    tokenizer = load_tokenizer(encoder)
    model, sheets = OnnxModel(encoder, pad_id(tokenizer)), Sheets(tokenizer, encoder.tokens_max)
    weak = set(head.card["weak"])
    figures = [
        Figure(
            f"{name}, held out ({told['texts']} texts): precision / recall",
            f"{told['precision']:.2f} / {told['recall']:.2f} (average precision "
            f"{told['average_precision']:.2f}, calibration error {told['calibration_error']:.3f})"
            + ("; not told" if name in weak else ""),
        )
        for name, told in head.card["held_out"].items()
    ]
    with (folder() / "banking77" / "test.csv").open(encoding="utf-8") as lines:
        questions = [row["text"] for row in csv.DictReader(lines)]
    judgement = Judgement(head)
    for what, texts, most in (
        ("questions to a bank", questions, 0.02),
        ("sentences of film reviews", sentence_polarity(folder())[0], 0.02),
        ("English tweets", tweets(folder(), "english", "test")[0], 0.10),
    ):
        share = flagged(judgement, sheets, model, texts)
        figures.append(at_most(f"flagged of {what}", 100 * share, 100 * most, "%"))
    tell(figures, arguments.json)


if __name__ == "__main__":
    main()
