"""The two legs of a search, both exact: what words and what meaning find for a collection's questions."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from datasets import Collection
from numpy.typing import NDArray
from scoring import Rank

from mainstay.ports.vectors import Sparse
from mainstay.services.knowledge.lexical import passage_weights, query_weights
from mainstay.services.knowledge.ranking import LEG_LIMIT, Scored, widened

Found = tuple[str, float]
"""A document and one leg's score."""


class Words:
    """The leg by words, exact: the sum of weight × weight × IDF, as the index engine computes it."""

    def __init__(self, texts: Sequence[str], language: str) -> None:
        """Weigh every text and file it under its terms."""
        postings: dict[int, list[tuple[int, float]]] = {}
        for place, text in enumerate(texts):
            names, weights = passage_weights(text, language)
            for name, weight in zip(names.tolist(), weights.tolist(), strict=True):
                postings.setdefault(name, []).append((place, weight))
        self._size = len(texts)
        self._postings = {
            name: (np.array([p for p, _ in found]), np.array([w for _, w in found]))
            for name, found in postings.items()
        }

    @staticmethod
    def asked(query: str, language: str, written: str, gloss: str = "") -> Sparse:
        """Give the terms of a query, and of its gloss if there is one."""
        asked: dict[int, float] = {}
        for names, weights in (query_weights(query, language, (written,)), query_weights(gloss, written)):
            for name, weight in zip(names.tolist(), weights.tolist(), strict=True):
                asked[name] = max(weight, asked.get(name, 0.0))
        return Sparse(np.array([*asked], np.uint32), np.array([*asked.values()], np.float32))

    def scores(self, asked: Sparse) -> NDArray[np.float64]:
        """Score every text against a query's terms."""
        total = np.zeros(self._size)
        for name, weight in zip(asked.indices.tolist(), asked.weights.tolist(), strict=True):
            if name in self._postings:
                places, held = self._postings[name]
                idf = math.log((self._size - len(places) + 0.5) / (len(places) + 0.5) + 1)
                total[places] += weight * idf * held
        return total


def best_of(names: Sequence[str], scores: NDArray[np.floating], limit: int) -> list[Found]:
    """Give the best of the names, ties in their order."""
    places = np.lexsort((np.arange(len(scores)), -scores))[:limit]
    return [(names[place], float(scores[place])) for place in places]


@dataclass(frozen=True)
class Legs:
    """What both legs returned for each question of a collection."""

    collection: Collection
    words: Words
    asked: dict[str, Sparse]
    dense: dict[str, list[Found]]
    sparse: dict[str, list[Found]]

    def words_for(self, name: str, terms: Mapping[int, float]) -> list[Found]:
        """Search by a question's words once more, with further terms."""
        names = [document.id for document in self.collection.documents]
        return _worded(names, self.words.scores(widened(self.asked[name], terms)))

    def rank(self, fusion: Callable[[list[Found], list[Found]], list[str]]) -> Rank:
        """Make a way to search out of a fusion."""
        return lambda queries: {name: fusion(self.dense[name], self.sparse[name]) for name in queries}


def fetch_legs(
    collection: Collection,
    passages: NDArray[np.float32],
    queries: NDArray[np.float32],
    glossed: Mapping[str, str],
) -> Legs:
    """Search a collection by words and by meaning; `glossed` are the glosses of some questions."""
    names = [document.id for document in collection.documents]
    words = Words([text_of(collection, place) for place in range(len(names))], collection.language)
    asked, dense, sparse = {}, {}, {}
    for place, (name, query) in enumerate(collection.queries.items()):
        dense[name] = best_of(names, passages @ queries[place], LEG_LIMIT)
        languages = collection.query_language, collection.language
        asked[name] = words.asked(query, *languages, glossed.get(name, ""))
        sparse[name] = _worded(names, words.scores(asked[name]))
    return Legs(collection, words, asked, dense, sparse)


def _worded(names: Sequence[str], scores: NDArray[np.floating]) -> list[Found]:
    return [found for found in best_of(names, scores, LEG_LIMIT) if found[1] > 0]


def scored(leg: Sequence[Found]) -> Scored:
    """Give a leg as the product's ranking takes it."""
    names = [name for name, _ in leg]
    return Scored(np.array(names, np.str_), np.array([score for _, score in leg], np.float64))


def text_of(collection: Collection, place: int) -> str:
    """Give a document's text as it is indexed, beneath its title."""
    document = collection.documents[place]
    return f"{document.title}\n{document.text}" if document.title else document.text


def ids_of(found: Sequence[Found]) -> list[str]:
    """Give what was found without its scores."""
    return [name for name, _ in found]
