"""How well search finds: nDCG@10 and recall@100 of words, meaning, known fusions and the product's pipeline.

    MAINSTAY_BENCH_DATA=… python benchmarks/retrieval.py --encoder FOLDER [--cache FOLDER] [--share] [SET …]
    MAINSTAY_BENCH_DATA=… python benchmarks/retrieval.py --url http://127.0.0.1:8180 --key KEY [SET …]

Both legs are exact (numpy), so that the figures speak of the method and not of an index; documents stand
whole, cut where the encoder cuts. `--glosses FOLDER` (FreeDict dictionaries, such as Debian's package
dict-freedict-deu-eng puts into /usr/share/dictd) adds the product with dictionaries where the questions
are in another language than the documents. `--share` also chooses the share of meaning on four fifths of the
questions and scores the last fifth, over all fifths. `--url` measures a running server through its front
door instead: the documents are ingested as a user would send them (what is there already costs nothing),
then searched by each mode. Whoever has another way to search gives `report` a `Rank`: questions in, ranked
document ids out.
"""

import argparse
import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from datasets import READERS, Collection, folder
from door import Door
from numpy.typing import NDArray

from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.engines.glosses.freedict import FreedictGlosses
from mainstay.engines.glosses.none import NoGlosses
from mainstay.ports.glosses import Glosses
from mainstay.ports.vectors import Sparse
from mainstay.services.knowledge.lexical import heaviest_terms, passage_weights, query_weights
from mainstay.services.knowledge.ranking import (
    FEEDBACK_PASSAGES,
    FEEDBACK_TERMS,
    LEG_LIMIT,
    MEANING_SHARE,
    MEANING_SHARE_FOREIGN,
    Found,
    floor_of,
    fuse,
    moved,
    nothing_stands_out,
    widened,
)
from mainstay.services.knowledge.unrelated import UNRELATED

Run = Mapping[str, Sequence[str]]
Rank = Callable[[Mapping[str, str]], Run]

ENGLISH = ("cacm", "vaswani", "xquad-en", "inspec", "debian")
USUAL = ("cacm", "vaswani", "xquad-en", "xquad-es", "xquad-de")
SHARES = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
_FOLDS = 5
_SHOWN = 100


def ndcg(found: Sequence[str], relevant: Mapping[str, int], depth: int = 10) -> float:
    """Score a ranking by normalised discounted cumulative gain, gain 2^grade - 1 (Järvelin 2002)."""
    gains = [
        (2 ** relevant.get(name, 0) - 1) / math.log2(place + 2) for place, name in enumerate(found[:depth])
    ]
    ideal = sorted(relevant.values(), reverse=True)[:depth]
    return sum(gains) / sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(ideal))


def recall(found: Sequence[str], relevant: Mapping[str, int], depth: int = _SHOWN) -> float:
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


def _best(names: Sequence[str], scores: NDArray[np.floating], limit: int) -> list[Found]:
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
    words = Words([_text(collection, place) for place in range(len(names))], collection.language)
    asked, dense, sparse = {}, {}, {}
    for place, (name, query) in enumerate(collection.queries.items()):
        dense[name] = _best(names, passages @ queries[place], LEG_LIMIT)
        languages = collection.query_language, collection.language
        asked[name] = words.asked(query, *languages, glossed.get(name, ""))
        sparse[name] = _worded(names, words.scores(asked[name]))
    return Legs(collection, words, asked, dense, sparse)


def _worded(names: Sequence[str], scores: NDArray[np.floating]) -> list[Found]:
    return [found for found in _best(names, scores, LEG_LIMIT) if found[1] > 0]


def _text(collection: Collection, place: int) -> str:
    document = collection.documents[place]
    return f"{document.title}\n{document.text}" if document.title else document.text


def _names(found: Sequence[Found]) -> list[str]:
    return [name for name, _ in found]


def _sum(parts: Sequence[Mapping[str, float]]) -> list[str]:
    total: dict[str, float] = {}
    for part in parts:
        for name, score in part.items():
            total[name] = total.get(name, 0.0) + score
    return sorted(total, key=lambda name: (-total[name], name))[:_SHOWN]


def reciprocal_ranks(dense: list[Found], sparse: list[Found]) -> list[str]:
    """Fuse by ranks alone: the sum of 1 / (10 + rank) (Cormack, Clarke and Büttcher 2009)."""
    return _sum([{name: 1 / (11 + place) for place, (name, _) in enumerate(leg)} for leg in (dense, sparse)])


def distribution(dense: list[Found], sparse: list[Found]) -> list[str]:
    """Fuse by scores scaled to three standard deviations around their mean (DBSF, as Qdrant does)."""

    def scaled(leg: list[Found]) -> dict[str, float]:
        scores = np.array([score for _, score in leg])
        low, span = scores.mean() - 3 * scores.std(), max(6 * scores.std(), 1e-9)
        return {name: min(max((score - low) / span, 0.0), 1.0) for name, score in leg}

    return _sum([scaled(leg) for leg in (dense, sparse) if leg])


def product(share: float) -> Callable[[list[Found], list[Found]], list[str]]:
    """Fuse as the product does."""
    return lambda dense, sparse: [found.id for found in fuse(dense, sparse, meaning=share)[:_SHOWN]]


@dataclass(frozen=True)
class Feedback:
    """The product's whole pipeline: fusion, and once more by a moved query where nothing stands out."""

    legs: Legs
    passages: NDArray[np.float32]
    queries: NDArray[np.float32]
    floor: float

    def rank(self, share: float) -> Rank:
        """Make a way to search with a share of meaning."""
        names = [document.id for document in self.legs.collection.documents]
        places = {name: place for place, name in enumerate(names)}

        def asked(name: str, query: NDArray[np.float32]) -> list[str]:
            dense, sparse = self.legs.dense[name], self.legs.sparse[name]
            ranked = fuse(dense, sparse, meaning=share, floor=self.floor)
            if nothing_stands_out(dense, sparse, floor=self.floor):
                first = [self.passages[places[one.id]] for one in ranked[:FEEDBACK_PASSAGES]]
                dense = _best(names, self.passages @ moved(query, first), LEG_LIMIT)
                texts = [_text(self.legs.collection, places[one.id]) for one in ranked[:FEEDBACK_PASSAGES]]
                terms = heaviest_terms(
                    [(text, self.legs.collection.language) for text in texts], FEEDBACK_TERMS
                )
                sparse = self.legs.words_for(name, terms)
                ranked = fuse(dense, sparse, meaning=share, floor=self.floor)
            return [one.id for one in ranked[:_SHOWN]]

        vectors = dict(zip(self.legs.collection.queries, self.queries, strict=True))
        return lambda queries: {name: asked(name, vectors[name]) for name in queries}


def usual_share(collection: Collection) -> float:
    """Give the share of meaning that the product takes with an English encoder."""
    return MEANING_SHARE if collection.language == "en" else MEANING_SHARE_FOREIGN


def _folds(count: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    order = np.random.default_rng(0).permutation(count)
    for fold in range(_FOLDS):
        yield np.setdiff1d(order, order[fold::_FOLDS]), order[fold::_FOLDS]


def cross_validated(legs: Legs) -> tuple[float, list[float]]:
    """Choose the share on four fifths of the questions, score the last; give the mean and the choices."""
    tried = np.array([measure(legs.collection, legs.rank(product(share))).ndcg for share in SHARES])
    held: list[float] = []
    chosen: list[float] = []
    for train, test in _folds(tried.shape[1]):
        best = int(tried[:, train].mean(axis=1).argmax())
        chosen.append(SHARES[best])
        held += tried[best, test].tolist()
    return float(np.mean(held)), chosen


def report(collection: Collection, ways: Mapping[str, Rank]) -> dict[str, Quality]:
    """Measure several ways to search on one collection and print them."""
    print(f"\n{collection.name}: {len(collection.documents)} documents, {len(collection.queries)} questions")
    found = {}
    for name, rank in ways.items():
        found[name] = measure(collection, rank)
        print(f"  {name:24s} {found[name]}", flush=True)
    return found


def _vectors(
    encoder: OnnxEncoder, texts: Sequence[str], cache: Path | None, name: str
) -> NDArray[np.float32]:
    place = None if cache is None else cache / f"{name}.npy"
    if place is not None and place.exists():
        kept: NDArray[np.float32] = np.load(place)
        return kept
    made = asyncio.run(encoder.embed(texts, lane="ingest"))
    if place is not None:
        np.save(place, made)
    return made


def _fusion_time(legs: Legs) -> float:
    asked = list(legs.collection.queries)[:200]
    spent = []
    for name in asked:
        begun = time.perf_counter()
        fuse(legs.dense[name], legs.sparse[name])
        spent.append(time.perf_counter() - begun)
    return float(np.median(spent)) * 1_000


def through_the_door(url: str, key: str, names: Sequence[str]) -> None:
    """Fill a running server with collections and measure each of its modes."""
    with Door(url, key) as door:
        for name in names:
            collection = READERS[name](folder())
            begun = time.perf_counter()
            door.ingest(collection)
            spent = time.perf_counter() - begun
            report(collection, {mode: door.rank(collection, mode) for mode in ("hybrid", "dense", "lexical")})
            print(f"  ingested in              {spent:.0f} s", flush=True)


def glossed_product(
    collection: Collection,
    encoder: OnnxEncoder,
    glosses: Glosses,
    passages: NDArray[np.float32],
    floor: float,
) -> dict[str, Rank]:
    """Make the product's way to search with dictionaries; none where they have no words for the questions."""
    pair = (collection.query_language, collection.language)
    asked = {name: glosses.gloss(query, *pair) for name, query in collection.queries.items()}
    if pair[0] == pair[1] or not any(asked.values()):
        return {}
    wide = {name: glosses.gloss(query, *pair, translations=2) for name, query in collection.queries.items()}
    texts = [asked[name] or query for name, query in collection.queries.items()]
    queries = _vectors(encoder, texts, None, "")
    legs = fetch_legs(collection, passages, queries, wide)
    return {
        "meaning, glossed": legs.rank(lambda dense, _: _names(dense)),
        "product, glossed": Feedback(legs, passages, queries, floor).rank(usual_share(collection)),
    }


def first_hits(collection: Collection, rank: Rank) -> float:
    """Give the share of questions whose first document is a right one."""
    run = rank(collection.queries)
    return float(np.mean([found[0] in collection.relevant[name] for name, found in run.items() if found]))


def in_process(
    folder_of_encoder: Path, names: Sequence[str], cache: Path | None, glosses: Glosses, *, choose_share: bool
) -> None:
    """Measure the product's methods on exact legs, beside the fusions that others use."""
    encoder = OnnxEncoder(folder_of_encoder)
    floor = floor_of(asyncio.run(encoder.embed(UNRELATED)))
    for name in names:
        collection = READERS[name](folder())
        texts = [_text(collection, place) for place in range(len(collection.documents))]
        if collection.language == collection.query_language:
            source = asked = name
        else:
            source, asked = f"xquad-{collection.language}", f"xquad-{collection.query_language}"
        passages = _vectors(encoder, texts, cache, f"{source}.docs")
        queries = _vectors(encoder, list(collection.queries.values()), cache, f"{asked}.queries")
        legs = fetch_legs(collection, passages, queries, {})
        ways = {
            "words (BM25)": legs.rank(lambda _, sparse: _names(sparse)),
            "meaning": legs.rank(lambda dense, _: _names(dense)),
            "reciprocal ranks, k = 10": legs.rank(reciprocal_ranks),
            "DBSF": legs.rank(distribution),
            "fusion alone": legs.rank(product(usual_share(collection))),
            "product": Feedback(legs, passages, queries, floor).rank(usual_share(collection)),
            **glossed_product(collection, encoder, glosses, passages, floor),
        }
        found = report(collection, ways)
        best = max(found["words (BM25)"].ndcg.mean(), found["meaning"].ndcg.mean())
        if collection.language != collection.query_language:
            hits = {way: f"{first_hits(collection, rank):.3f}" for way, rank in ways.items()}
            print(f"  hit@1                    {hits}")
        print(f"  product / best leg       {found['product'].ndcg.mean() / best:.3f}")
        if choose_share:
            mean, choices = cross_validated(legs)
            print(f"  share cross-validated    {mean:.4f}  chosen {choices}")
        print(f"  fusion p50               {_fusion_time(legs):.3f} ms")


def main() -> None:
    """Measure the collections that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", metavar="SET", help=", ".join(READERS))
    parser.add_argument("--encoder", type=Path, help="a model folder, as the product builds it")
    parser.add_argument("--cache", type=Path, help="keep vectors here, for the next time")
    parser.add_argument(
        "--glosses", type=Path, help="a folder of dictionaries, for the sets in two languages"
    )
    parser.add_argument("--share", action="store_true", help="cross-validate the share of meaning")
    parser.add_argument("--url", help="a running server")
    parser.add_argument("--key", help="an API key of that server that may read and write documents")
    chosen = parser.parse_args()
    names = chosen.sets or USUAL
    if chosen.url and chosen.key:
        through_the_door(chosen.url, chosen.key, names)
    elif chosen.encoder:
        glosses = FreedictGlosses(chosen.glosses) if chosen.glosses else NoGlosses()
        in_process(chosen.encoder, names, chosen.cache, glosses, choose_share=chosen.share)
    else:
        parser.error("Give --encoder, or --url and --key.")


if __name__ == "__main__":
    main()
