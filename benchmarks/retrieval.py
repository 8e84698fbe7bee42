"""How well search finds: nDCG@10 and recall@100 of words, meaning, known fusions and the product's pipeline.

    MAINSTAY_BENCH_DATA=… python benchmarks/retrieval.py --encoder FOLDER [--cache FOLDER] [--share] [SET …]
    MAINSTAY_BENCH_DATA=… python benchmarks/retrieval.py --url http://127.0.0.1:8180 --key KEY [SET …]

Both legs are exact (numpy), so that the figures speak of the method and not of an index; documents stand
whole, cut where the encoder cuts. `--glosses FOLDER` (FreeDict dictionaries, such as Debian's package
dict-freedict-deu-eng puts into /usr/share/dictd) adds the product with dictionaries where the questions
are in another language than the documents. `--share` also chooses the share of meaning on four fifths of the
questions and scores the last fifth, over all fifths. `--url` measures a running server through its front
door instead: the documents are ingested as a user would send them (what is there already costs nothing),
then searched by each mode. Whoever has another way to search gives `scoring.report` a `Rank`: questions in,
ranked document ids out.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from datasets import READERS, Collection, folder
from door import Door
from legs import Found, Legs, best_of, fetch_legs, ids_of, scored, text_of
from numpy.typing import NDArray
from scoring import SHOWN, Rank, first_hits, measure, report

from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.engines.glosses.freedict import FreedictGlosses
from mainstay.engines.glosses.none import NoGlosses
from mainstay.ports.glosses import Glosses
from mainstay.services.knowledge.lexical import heaviest_terms
from mainstay.services.knowledge.ranking import (
    FEEDBACK_PASSAGES,
    FEEDBACK_TERMS,
    LEG_LIMIT,
    MEANING_SHARE,
    MEANING_SHARE_FOREIGN,
    floor_of,
    fuse,
    moved,
    nothing_stands_out,
)
from mainstay.services.knowledge.unrelated import UNRELATED

ENGLISH = ("cacm", "vaswani", "xquad-en", "inspec", "debian")
USUAL = ("cacm", "vaswani", "xquad-en", "xquad-es", "xquad-de")
SHARES = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
_FOLDS = 5


def _sum(parts: Sequence[Mapping[str, float]]) -> list[str]:
    total: dict[str, float] = {}
    for part in parts:
        for name, score in part.items():
            total[name] = total.get(name, 0.0) + score
    return sorted(total, key=lambda name: (-total[name], name))[:SHOWN]


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

    def fused(dense: list[Found], sparse: list[Found]) -> list[str]:
        found: list[str] = fuse(scored(dense), scored(sparse), meaning=share).ids[:SHOWN].tolist()
        return found

    return fused


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
            dense, sparse = scored(self.legs.dense[name]), scored(self.legs.sparse[name])
            ranked = fuse(dense, sparse, meaning=share, floor=self.floor)
            if nothing_stands_out(dense, sparse, floor=self.floor):
                first = [places[id_] for id_ in ranked.ids[:FEEDBACK_PASSAGES].tolist()]
                nearer = moved(query, [self.passages[place] for place in first])
                dense = scored(best_of(names, self.passages @ nearer, LEG_LIMIT))
                texts = [text_of(self.legs.collection, place) for place in first]
                terms = heaviest_terms(
                    [(text, self.legs.collection.language) for text in texts], FEEDBACK_TERMS
                )
                sparse = scored(self.legs.words_for(name, terms))
                ranked = fuse(dense, sparse, meaning=share, floor=self.floor)
            found: list[str] = ranked.ids[:SHOWN].tolist()
            return found

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
        fuse(scored(legs.dense[name]), scored(legs.sparse[name]))
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
        "meaning, glossed": legs.rank(lambda dense, _: ids_of(dense)),
        "product, glossed": Feedback(legs, passages, queries, floor).rank(usual_share(collection)),
    }


def in_process(
    folder_of_encoder: Path, names: Sequence[str], cache: Path | None, glosses: Glosses, *, choose_share: bool
) -> None:
    """Measure the product's methods on exact legs, beside the fusions that others use."""
    encoder = OnnxEncoder(folder_of_encoder)
    floor = floor_of(asyncio.run(encoder.embed(UNRELATED)))
    for name in names:
        collection = READERS[name](folder())
        texts = [text_of(collection, place) for place in range(len(collection.documents))]
        if collection.language == collection.query_language:
            source = asked = name
        else:
            source, asked = f"xquad-{collection.language}", f"xquad-{collection.query_language}"
        passages = _vectors(encoder, texts, cache, f"{source}.docs")
        queries = _vectors(encoder, list(collection.queries.values()), cache, f"{asked}.queries")
        legs = fetch_legs(collection, passages, queries, {})
        ways = {
            "words (BM25)": legs.rank(lambda _, sparse: ids_of(sparse)),
            "meaning": legs.rank(lambda dense, _: ids_of(dense)),
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
