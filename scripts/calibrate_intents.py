"""Learn what is held of small bots in general, and write `services/assistant/priors.py`.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python scripts/calibrate_intents.py

Small bots are drawn from the training part of BANKING77 (PolyAI-LDN/task-specific-datasets, CC BY 4.0): 2 to
12 intents with 3 to 20 examples each. In scope are other sentences of the same intents; out of scope are, in
equal parts, sentences of other intents, and questions on electronics and computing (vaswani, CACM).
"""

import asyncio
import csv
import os
import random
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from datasets import cacm, folder, vaswani

from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.engines.learners.scikit import ScikitLearner
from mainstay.services.assistant.model import Head
from mainstay.services.assistant.training import ACCEPTED, Example, Training, calibrated

SEED, BOTS, TRIED = 7, 240, 40
RIGHT, STRANGE = 1, 2
INTENTS, EXAMPLES = (2, 3, 5, 8, 12), (3, 5, 10, 20)
PLACE = Path(__file__).parent.parent / "src/mainstay/services/assistant/priors.py"
PAGE = '''"""What is held of small bots in general; written by `scripts/calibrate_intents.py`, not by hand.

Data: the training part of BANKING77 (CC BY 4.0), from which {bots} bots of 2 to 12 intents with 3 to 20
examples each were drawn, seed {seed}; out of scope are other intents, and questions of vaswani and CACM.
Encoder: {encoder}. On the bots that every fourth draw left out:

    intents right {accuracy:.3f}  scope AUROC {auroc:.3f}  accepted {accepted:.3f}  refused {refused:.3f}
"""

from mainstay.services.assistant.model import Head, Heads

PRIOR = Heads(
    right={right},
    known={known},
    threshold={threshold:.4f},
)
'''


def _written(head: Head) -> str:
    return f"Head(({', '.join(f'{each:.5g}' for each in head.weights)}), {head.bias:.5g})"


async def _drawn(training: Training, encoder: OnnxEncoder) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Give the figures of what each bot was tried on, and whether it was RIGHT, wrong or STRANGE."""
    root, draw = folder(), random.Random(SEED)  # noqa: S311 - no secret is drawn
    with (root / "banking77/train.csv").open() as lines:
        said: dict[str, list[str]] = {}
        for row in csv.DictReader(lines):
            said.setdefault(row["category"], []).append(row["text"])
    foreign = [*vaswani(root).queries.values(), *cacm(root).queries.values()]
    figures, kinds = [], []
    for _ in range(BOTS):
        names = draw.sample(sorted(said), draw.choice(INTENTS))
        count, examples, held = draw.choice(EXAMPLES), list[Example](), list[tuple[str, str]]()
        for name in names:
            texts = draw.sample(said[name], min(len(said[name]), count + TRIED // len(names) + 1))
            examples += [Example(text, name) for text in texts[:count]]
            held += [(text, name) for text in texts[count:]]
        others = [name for name in said if name not in names]
        strange = [draw.choice(said[draw.choice(others)]) for _ in range(len(held) // 2)]
        strange += draw.sample(foreign, len(held) - len(strange))
        texts = [text for text, _ in held] + strange
        classifier = (await training.train(examples))[0].classifier
        made = classifier.understand(texts, await encoder.embed(texts, role="query", lane="ingest"))
        right = [
            classifier.intents[chosen] == name for chosen, (_, name) in zip(made.chosen, held, strict=False)
        ]
        figures.append(made.figures)
        kinds.append(np.array([*map(int, right), *[STRANGE] * len(strange)]))
    return figures, kinds


def _auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    return float((known[:, None] > unknown[None, :]).mean())


async def main() -> None:
    """Draw bots, fit, tell how it does on those that were left out, and write it down."""
    encoder, learner = OnnxEncoder(Path(os.environ["MAINSTAY_ENCODER"])), ScikitLearner()
    figures, kinds = await _drawn(Training(encoder, learner), encoder)
    learned = [place for place in range(BOTS) if place % 4]
    figure = np.concatenate([figures[place] for place in learned])
    kind = np.concatenate([kinds[place] for place in learned])
    right = await calibrated(learner, figure[kind < STRANGE], kind[kind < STRANGE])
    known = await calibrated(learner, figure, (kind < STRANGE).astype(np.int64))
    threshold = float(np.quantile(known.chance(figure[kind < STRANGE]), 1 - ACCEPTED))
    tried = np.concatenate(figures[::4])
    truth = np.concatenate(kinds[::4])
    scores = known.chance(tried)
    told = {
        "accuracy": float((truth[truth < STRANGE] == RIGHT).mean()),
        "auroc": _auroc(scores[truth < STRANGE], scores[truth == STRANGE]),
        "accepted": float((scores[truth < STRANGE] >= threshold).mean()),
        "refused": float((scores[truth == STRANGE] < threshold).mean()),
    }
    page = PAGE.format(
        bots=BOTS,
        seed=SEED,
        encoder=encoder.name,
        right=_written(right),
        known=_written(known),
        threshold=threshold,
        **told,
    )
    PLACE.write_text(page)
    print(page)
    await encoder.close()


if __name__ == "__main__":
    asyncio.run(main())
