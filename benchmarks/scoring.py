"""How well a way to search did: nDCG@10, recall@100 and first hits over the questions of a collection."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from datasets import Collection
from numpy.typing import NDArray

Run = Mapping[str, Sequence[str]]
Rank = Callable[[Mapping[str, str]], Run]
SHOWN = 100


def ndcg(found: Sequence[str], relevant: Mapping[str, int], depth: int = 10) -> float:
    """Score a ranking by normalised discounted cumulative gain, gain 2^grade - 1 (Järvelin 2002)."""
    gains = [
        (2 ** relevant.get(name, 0) - 1) / math.log2(place + 2) for place, name in enumerate(found[:depth])
    ]
    ideal = sorted(relevant.values(), reverse=True)[:depth]
    return sum(gains) / sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(ideal))


def recall(found: Sequence[str], relevant: Mapping[str, int], depth: int = SHOWN) -> float:
    """Give the share of the relevant documents among the first `depth`."""
    return sum(name in relevant for name in found[:depth]) / len(relevant)


@dataclass(frozen=True)
class Quality:
    """What a way to search reached on one collection, one figure a question."""

    ndcg: NDArray[np.float64]
    recall: NDArray[np.float64]

    def __str__(self) -> str:
        """Give the means as `nDCG@10 / recall@100`."""
        return f"{self.ndcg.mean():.4f} / {self.recall.mean():.3f}"


def measure(collection: Collection, rank: Rank) -> Quality:
    """Ask every question of a collection and score the answers."""
    run = rank(collection.queries)
    judged = [(run.get(name, ()), collection.relevant[name]) for name in collection.queries]
    return Quality(np.array([ndcg(*pair) for pair in judged]), np.array([recall(*pair) for pair in judged]))


def first_hits(collection: Collection, rank: Rank) -> float:
    """Give the share of questions whose first document is a right one."""
    run = rank(collection.queries)
    return float(np.mean([found[0] in collection.relevant[name] for name, found in run.items() if found]))


def report(collection: Collection, ways: Mapping[str, Rank]) -> dict[str, Quality]:
    """Measure several ways to search on one collection and print them."""
    print(f"\n{collection.name}: {len(collection.documents)} documents, {len(collection.queries)} questions")
    found = {}
    for name, rank in ways.items():
        found[name] = measure(collection, rank)
        print(f"  {name:24s} {found[name]}", flush=True)
    return found
