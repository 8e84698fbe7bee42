"""How fast and how right is the bare vector index? Recall@10 against brute force, latency, ingest, memory.

    python benchmarks/vectors.py [--points 100000] [--dimensions 384] [--queries 500] [--postgres URL]

Vectors are random but clustered, as embeddings are; words follow Zipf's law. The peer is NumPy's brute force
in the same process, on one core, over the same vectors.
"""

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from mainstay.engines.vectors.pgvector import PgvectorVectors
from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors
from mainstay.ports.vectors import Equals, Filter, Leg, Point, Space, Sparse, Vector, Vectors

CLUSTERS = 500
VOCABULARY = 30_000
WORDS = 40
BATCH = 500
TOP = 10
PAUSE_S = 0.005


class Corpus:
    """Unit vectors around random centres, and word vectors."""

    def __init__(self, points: int, dimensions: int, queries: int) -> None:
        """Draw everything from one seed."""
        self._random = np.random.default_rng(42)
        self._centres = self._random.normal(size=(CLUSTERS, dimensions)).astype(np.float32)
        self.dense = self._near(points)
        self.queries = self._near(queries)
        self.space = Space("bench", "random", dimensions)

    def _near(self, count: int) -> Vector:
        centres = self._centres[self._random.integers(0, CLUSTERS, count)]
        drawn = centres + self._random.normal(size=centres.shape).astype(np.float32)
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

    def words(self, count: int) -> Sparse:
        """Draw a text's words; the most frequent ones are left out, as stop words are."""
        drawn = np.unique(self._random.zipf(1.15, count) % VOCABULARY + 10).astype(np.uint32)
        return Sparse(drawn, self._random.uniform(0.5, 2.0, drawn.size).astype(np.float32))

    def points(self, start: int, stop: int) -> list[Point]:
        """Make the points of one batch; one in a hundred is in the rare collection."""
        return [
            Point(
                number,
                self.dense[number],
                self.words(WORDS),
                {
                    "collection": "rare" if number % 100 == 0 else "common",
                    "doc_id": f"doc_{number // 10}",
                    "groups": ["all"],
                    "text": "word " * 100,
                },
            )
            for number in range(start, min(stop, len(self.dense)))
        ]


def truth(corpus: Corpus, members: np.ndarray) -> tuple[list[set[int]], float]:
    """Give the true nearest of each query among members, and brute force's median time in ms."""
    rows, times, nearest = corpus.dense[members], [], []
    for query in corpus.queries:
        began = time.perf_counter()
        scores = rows @ query
        top = np.argpartition(-scores, TOP)[:TOP]
        times.append(time.perf_counter() - began)
        nearest.append(set(members[top].tolist()))
    return nearest, float(np.median(times) * 1e3)


async def timed(engine: Vectors, space: Space, legs: Sequence[Leg]) -> tuple[list[set[int]], np.ndarray]:
    """Search each leg alone; give what was found and the times in ms."""
    found, times = [], []
    for leg in legs:
        began = time.perf_counter()
        [matches] = await engine.search(space, [leg])
        times.append((time.perf_counter() - began) * 1e3)
        found.append(set(matches.ids.tolist()))
    return found, np.array(times)


async def watch(engine: Vectors, corpus: Corpus, stop: asyncio.Event) -> np.ndarray:
    """Search every few milliseconds until told to stop; give by how many ms each turn was late."""
    times, number = [], 0
    while not stop.is_set():
        number += 1
        began = time.perf_counter()
        await asyncio.sleep(PAUSE_S)
        await engine.search(corpus.space, [Leg(corpus.queries[number % len(corpus.queries)], TOP)])
        times.append((time.perf_counter() - began - PAUSE_S) * 1e3)
    return np.array(times)


async def measure(name: str, engine: Vectors, corpus: Corpus, table: Table) -> None:
    """Fill, optimise while searching, then measure; adds rows to the table."""
    await engine.drop(corpus.space)
    process = psutil.Process()
    memory = process.memory_info().rss
    spent, batches = 0.0, []
    for start in range(0, len(corpus.dense), BATCH):
        batch = corpus.points(start, start + BATCH)
        began = time.perf_counter()
        await engine.upsert(corpus.space, batch, start + 1)
        batches.append(time.perf_counter() - began)
        spent += batches[-1]
    began = time.perf_counter()
    await engine.flush()
    table.add_row(
        name,
        "ingest",
        f"{len(corpus.dense) / spent:,.0f} points/s, flush {time.perf_counter() - began:.2f} s",
    )
    stop, began = asyncio.Event(), time.perf_counter()
    watching = asyncio.create_task(watch(engine, corpus, stop))
    await engine.optimize(corpus.space)
    stop.set()
    gaps = await watching
    table.add_row(
        name,
        "optimise, searching",
        f"{time.perf_counter() - began:.0f} s; {gaps.size:,} searches, p50 {np.median(gaps):.2f}, "
        f"p99 {np.quantile(gaps, 0.99):.2f}, longest {gaps.max():.0f} ms",
    )
    table.add_row(
        name, "memory", f"+{(process.memory_info().rss - memory) >> 20} MiB resident (mapped files included)"
    )
    everything = np.arange(len(corpus.dense))
    await _recall(name, "dense", engine, corpus, everything, None, table)
    await _recall(
        name, "dense, 1 % filter", engine, corpus, everything[::100], Equals("collection", "rare"), table
    )
    words = [Leg(corpus.words(6), 50) for _ in corpus.queries]
    _, times = await timed(engine, corpus.space, words)
    _row(table, name, "6 words, top 50", times)
    pairs = []
    for query, leg in zip(corpus.queries, words, strict=True):
        began = time.perf_counter()
        await engine.search(corpus.space, [Leg(query, 50), leg])
        pairs.append((time.perf_counter() - began) * 1e3)
    _row(table, name, "both legs, top 50", np.array(pairs))


async def _recall(
    name: str,
    what: str,
    engine: Vectors,
    corpus: Corpus,
    members: np.ndarray,
    where: Filter | None,
    table: Table,
) -> None:
    nearest, brute_ms = truth(corpus, members)
    legs = [Leg(query, TOP, where) for query in corpus.queries]
    await timed(engine, corpus.space, legs[:50])
    rounds = [await timed(engine, corpus.space, legs) for _ in range(5)]
    recall = float(np.mean([len(a & b) / TOP for a, b in zip(rounds[0][0], nearest, strict=True)]))
    times = np.concatenate([times for _, times in rounds])
    note = f"recall@{TOP} {recall:.3f}; brute force {brute_ms:.2f} ms = {brute_ms / np.median(times):.1f} ×"
    _row(table, name, f"{what}, top {TOP}", times, note)


def _row(table: Table, name: str, what: str, times: np.ndarray, note: str = "") -> None:
    figures = f"p50 {np.median(times):.2f} ms, p99 {np.quantile(times, 0.99):.2f} ms"
    table.add_row(name, what, f"{figures}; {note}" if note else figures)


async def main() -> None:
    """Measure each engine that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--postgres", help="URL of a PostgreSQL with pgvector, to measure it too")
    asked = parser.parse_args()
    corpus = Corpus(asked.points, asked.dimensions, asked.queries)
    table = Table("engine", "what", "figures", title=f"{asked.points:,} × {asked.dimensions}")
    folder = Path(tempfile.mkdtemp(prefix="bench-vectors-"))
    engines: list[tuple[str, Vectors]] = [("qdrant_edge", QdrantEdgeVectors(folder, optimize_points=0))]
    if asked.postgres:
        engines.append(("pgvector", PgvectorVectors(asked.postgres)))
    try:
        for name, engine in engines:
            await measure(name, engine, corpus, table)
            await engine.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    Console(width=140).print(table)


if __name__ == "__main__":
    asyncio.run(main())
