"""Topics: how well groups agree with people's, beside k-means and NMF on words.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/language_topics.py [--json FILE]

banking77 (Casanueva et al. 2020), 2,000 questions of its test part, 77 intents; normalised mutual information
with the intents, texts that are in no topic counted as one more. The peers, of scikit-learn, group TF-IDF of
words without stop words: k-means (ten beginnings) and the largest part of a non-negative factorisation, told
the true number. Coherence is the mean normalised pointwise mutual information of each topic's eight terms
among the same texts (Bouma 2009), the peers' terms being their heaviest words. That a term has to stand in
two texts was decided looking at these figures.
"""

import asyncio
import itertools
import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from datasets import folder
from figures import Figure, at_least, options, tell
from language_labels import pairs
from sklearn.cluster import KMeans
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import normalized_mutual_info_score

from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.engines.languages.ensemble import EnsembleLanguages
from mainstay.services.language.topic_records import TopicAnswer
from mainstay.services.language.topics import Topics

TEXTS, TERMS = 2_000, 8


def places(found: TopicAnswer, texts: int) -> list[int]:
    """Give each text's topic; outliers have one of their own."""
    groups = [-1] * texts
    for number, topic in enumerate(found.topics):
        for place in topic.texts:
            groups[place] = number
    return groups


def coherence(topics: Sequence[Sequence[str]], texts: Sequence[str]) -> float:
    """Give the mean NPMI of the pairs of each topic's terms that stand in some text."""
    told = [text.lower() for text in texts]
    holding = {term: {n for n, text in enumerate(told) if term in text} for terms in topics for term in terms}
    scores = []
    for terms in topics:
        for one, other in itertools.combinations([term for term in terms if holding[term]], 2):
            both = len(holding[one] & holding[other]) / len(told)
            apart = len(holding[one]) * len(holding[other]) / len(told) ** 2
            certain = both == 1
            scores.append(-1.0 if not both else 1.0 if certain else math.log(both / apart) / -math.log(both))
    return float(np.mean(scores))


def main() -> None:
    """Measure."""
    arguments = options(__doc__ or "").parse_args()
    order = np.random.default_rng(0).permutation(len(asked := pairs(folder() / "banking77" / "test.csv")))
    chosen = [asked[place] for place in order[:TEXTS]]
    texts, intents = [text for text, _ in chosen], [intent for _, intent in chosen]
    count = len(set(intents))
    encoder = OnnxEncoder(Path(os.environ["MAINSTAY_ENCODER"]))
    topics = Topics(encoder, EnsembleLanguages())

    async def ours() -> tuple[TopicAnswer, TopicAnswer]:
        return await topics.find(texts, count), await topics.find(texts, None)

    told, free = asyncio.run(ours())
    words = TfidfVectorizer(stop_words="english", sublinear_tf=True, min_df=2)
    table = words.fit_transform(texts)
    names = words.get_feature_names_out()
    means = KMeans(count, n_init=10, random_state=0).fit(table)
    parts = NMF(count, init="nndsvd", max_iter=400, random_state=0)
    shares = parts.fit_transform(table)
    peers = {
        "k-means on words": (means.labels_, means.cluster_centers_),
        "NMF on words": (shares.argmax(axis=1), parts.components_),
    }
    agreed = {name: normalized_mutual_info_score(intents, groups) for name, (groups, _) in peers.items()}
    mine = normalized_mutual_info_score(intents, places(told, TEXTS))
    figures = [
        at_least("topics, the number given: NMI over the best peer's", mine / max(agreed.values()), 1, "×"),
        Figure("… NMI with banking77's intents, ours", f"{mine:.3f} ({len(told.outliers)} outliers)"),
        *[Figure(f"… NMI, {name}", f"{score:.3f}") for name, score in agreed.items()],
        Figure(
            "topics, the number found: NMI, ours",
            f"{normalized_mutual_info_score(intents, places(free, TEXTS)):.3f} ({len(free.topics)} topics)",
        ),
        Figure(
            "coherence of eight terms (NPMI), ours",
            f"{coherence([[term.text.lower() for term in each.terms] for each in told.topics], texts):.3f}",
        ),
        *[
            Figure(
                f"… {name}",
                f"{coherence([[names[n] for n in np.argsort(-row)[:TERMS]] for row in rows], texts):.3f}",
            )
            for name, (_, rows) in peers.items()
        ],
    ]
    tell(figures, arguments.json)


if __name__ == "__main__":
    main()
