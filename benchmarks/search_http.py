"""Search over HTTP at 100,000 passages: alone, in a crowd, during ingest; beside txtai, Chroma and bare.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/search_http.py [--scratch FOLDER]

Mainstay: `POST /v1/search/vector`, hybrid (meaning and words), within a collection, top 10 with text; key
checked, limits counted, audited; no query cache. Bare: the same encoder, index and fusion in this process,
without HTTP, guard, audit and reading the rows. txtai: its API, dense only, HNSW, content on, its own (torch)
encoder with the same model. Chroma: its server, HNSW defaults, dense only; the client encodes by the
product's encoder and sends the vector. With sixteen clients, what is bare and the encoder alone show what any
server around them is bounded by. All hold the same vectors; all take turns. The first run fills the folder,
which takes a quarter of an hour on two cores; it is kept.
"""

import argparse
import asyncio
import itertools
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from figures import Figure, at_least, at_most, median, options, quantile_ms, spread, tell
from filling import fill, filled, searchable, settle, vectors
from passages import COLLECTION, PASSAGES, Corpus, corpus
from serving import KEY, Client, mainstay

import peers
from mainstay.app.settings import Settings
from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors
from mainstay.ports.vectors import Leg, Space, Sparse
from mainstay.services.knowledge.lexical import query_weights
from mainstay.services.knowledge.ranking import LEG_LIMIT, Scored, fuse

Value = TypeVar("Value")

TOP = 10
CLIENTS = 16
ALONE = 120
CROWD_S = 6.0
INGEST_S = 30.0
INGEST_PER_S = 20
INCOMING = "incoming"
ENCODER, BARE = "the encoder alone", "bare engine and encoder"
_WARM = 40
_CHROMA = "/api/v2/tenants/default_tenant/databases/default_database/collections"

Ask = Callable[[str], int]
"""Asks one question, waits for the answer, counts the hits."""
Connect = Callable[[], Ask]
"""Makes a client of its own connection."""


class Thinking:
    """The product's encoder on a loop of its own, for whoever must encode before asking."""

    def __init__(self) -> None:
        """Load it."""
        self.encoder = OnnxEncoder(Path(Settings().encoder))
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, work: Coroutine[Any, Any, Value]) -> Value:
        """Run something on the loop and give its value."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def vector(self, text: str) -> list[float]:
        """Encode one question; waiting callers are batched."""
        found: list[float] = self.run(self.encoder.embed([text], role="query"))[0].tolist()
        return found


def ask_mainstay(port: int) -> Connect:
    """Connect to the product."""

    def connect() -> Ask:
        client = Client(port, KEY)
        return lambda query: len(
            client.call("POST", "/v1/search/vector", {"query": query, "top_k": TOP, "collection": COLLECTION})
        )

    return connect


def ask_txtai(port: int) -> Connect:
    """Connect to txtai."""

    def connect() -> Ask:
        client = Client(port)
        return lambda query: len(client.call("GET", f"/search?query={quote(query)}&limit={TOP}"))

    return connect


def ask_chroma(port: int, thinking: Thinking) -> Connect:
    """Connect to Chroma, the encoder in front."""
    [collection] = Client(port).call("GET", _CHROMA)
    path = f"{_CHROMA}/{collection['id']}/query"

    def connect() -> Ask:
        client = Client(port)

        def ask(query: str) -> int:
            body = {"query_embeddings": [thinking.vector(query)], "n_results": TOP}
            return len(client.call("POST", path, body)["ids"][0])

        return ask

    return connect


def ask_here(thinking: Thinking, bare: "Bare") -> dict[str, Connect]:
    """Connect to the encoder alone, and to it and the index, in this process: servers can only be slower."""
    return {
        ENCODER: lambda: lambda query: len(thinking.vector(query)),
        BARE: lambda: lambda query: thinking.run(bare.ask(query)),
    }


class Bare:
    """The engine and the encoder in this process: the same questions on a copy of the same index."""

    def __init__(self, data: Path, encoder: OnnxEncoder) -> None:
        """Open the copy."""
        with closing(sqlite3.connect(data / "mainstay.db")) as connection:
            [(tenant,)] = connection.execute(
                "SELECT DISTINCT tenant_id FROM collections WHERE name = ?", (COLLECTION,)
            )
        self._space = Space(tenant, encoder.name, encoder.dimensions)
        self._encoder = encoder
        self._vectors = QdrantEdgeVectors(data.with_name(data.name + ".copy"), optimize_points=0)

    async def ask(self, query: str) -> int:
        """Answer one question."""
        vector = (await self._encoder.embed([query], role="query"))[0]
        words = Sparse(*query_weights(query, "en", ("en",)))
        legs = [Leg(vector, LEG_LIMIT, fields=()), Leg(words, LEG_LIMIT, fields=())]
        dense, sparse = await self._vectors.search(self._space, legs)
        found = fuse(Scored(dense.ids, dense.scores), Scored(sparse.ids, sparse.scores))
        return len(found.ids[:TOP])

    async def times(self, queries: Sequence[str]) -> list[float]:
        """Ask one after another and give the seconds of each."""
        taken = []
        for query in queries:
            began = time.perf_counter()
            found = await self.ask(query)
            taken.append(time.perf_counter() - began)
            assert found == TOP, query
        return taken

    async def close(self) -> None:
        """Close the copy."""
        await self._vectors.close()


def alone(ask: Ask, queries: Sequence[str]) -> list[float]:
    """Ask one after another and give the seconds of each."""
    taken = []
    for query in queries:
        began = time.perf_counter()
        found = ask(query)
        taken.append(time.perf_counter() - began)
        assert found == TOP, query
    return taken


def crowd(connect: Connect, queries: Iterator[str], seconds: float) -> tuple[float, list[float]]:
    """Let many clients ask at once for some seconds; give answers a second, and the seconds of each."""
    taken: list[float] = []
    asks = [connect() for _ in range(CLIENTS)]
    for ask in asks:
        ask(next(queries))
    end = time.perf_counter() + seconds
    turn = threading.Lock()

    def client(ask: Ask) -> None:
        while (began := time.perf_counter()) < end:
            with turn:
                query = next(queries)
            ask(query)
            taken.append(time.perf_counter() - began)

    threads = [threading.Thread(target=client, args=(ask,)) for ask in asks]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(taken) / (time.perf_counter() - began), taken


@contextmanager
def ingesting(port: int) -> Iterator[list[str]]:
    """Store INGEST_PER_S new documents a second while the block runs, each by a request of its own."""
    stop, jobs = threading.Event(), []
    texts = [*corpus(4_000, 1).passages.values()]

    def send() -> None:
        client, began = Client(port, KEY), time.perf_counter()
        for number in itertools.count():
            if stop.wait(max(0.0, began + number / INGEST_PER_S - time.perf_counter())):
                return
            document = {
                "collection": INCOMING,
                "doc_id": f"new-{number}",
                "text": f"{number}: {texts[number % len(texts)]}",
            }
            jobs.append(client.call("POST", "/v1/documents", document)["job_id"])

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield jobs
    finally:
        stop.set()
        thread.join()


def while_ingesting(port: int, queries: Iterator[str]) -> list[Figure]:
    """Measure one client while documents come in."""
    ask, taken = ask_mainstay(port)(), []
    with ingesting(port) as jobs:
        end = time.perf_counter() + INGEST_S
        while time.perf_counter() < end:
            taken += alone(ask, [next(queries)])
    client, began = Client(port, KEY), time.perf_counter()
    searchable(client, jobs[-1])
    lag = time.perf_counter() - began
    client.call("DELETE", f"/v1/collections/{INCOMING}")
    name = f"while {len(jobs) / INGEST_S:.1f} documents/s come in"
    return [
        Figure(f"{name}: p50", f"{quantile_ms(taken, 0.5):.1f} ms, {len(taken) / INGEST_S:.0f} searches/s"),
        at_most(f"{name}: p99", quantile_ms(taken, 0.99), 60, "ms", f"; longest {max(taken) * 1e3:.0f} ms"),
        Figure("the last document was searchable after", f"{lag:.2f} s"),
    ]


def prepare(scratch: Path, made: Corpus) -> Path:
    """Fill what is not filled yet; give the product's data folder."""
    data = scratch / "hundred"
    if not filled(data, made):
        print("filling the product through its API …", flush=True)
        with mainstay(data) as (port, _):
            client = Client(port, KEY)
            fill(client, made)
            settle(client)
    for peer in ("txtai", "chroma") if peers.there() else ():
        if not (scratch / peer).exists():
            print(f"filling {peer} …", flush=True)
            peers.index(peer, made.passages, vectors(data, made), scratch / f"{peer}.new")
            (scratch / f"{peer}.new").rename(scratch / peer)
    return data


def measure(data: Path, scratch: Path, made: Corpus, given: argparse.Namespace) -> list[Figure]:
    """Run everything in turn."""
    thinking = Thinking()
    copy = data.with_name(data.name + ".copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(data / "vectors", copy)
    queries = itertools.cycle(made.queries)
    print("starting the servers …", flush=True)
    with ExitStack() as stack:
        port, _ = stack.enter_context(mainstay(data))
        asked: dict[str, Connect] = {"Mainstay": ask_mainstay(port)}
        if peers.there():
            asked["txtai"] = ask_txtai(stack.enter_context(peers.txtai(scratch / "txtai")))
            asked["Chroma"] = ask_chroma(stack.enter_context(peers.chroma(scratch / "chroma")), thinking)
        print("one client …", flush=True)
        bare = Bare(data, thinking.encoder)
        found = by_one(asked, lambda part: thinking.run(bare.times(part)), queries, given.repeats)
        print(f"{CLIENTS} clients …", flush=True)
        found += by_many(asked | ask_here(thinking, bare), queries, given.repeats)
        thinking.run(bare.close())
        print("during ingest …", flush=True)
        found += while_ingesting(port, queries)
    return found


def by_one(
    asked: dict[str, Connect],
    bare: Callable[[Sequence[str]], list[float]],
    queries: Iterator[str],
    repeats: int,
) -> list[Figure]:
    """Measure one client, everybody in turn; `bare` gives the seconds of each question without a server."""
    taken: dict[str, list[float]] = {name: [] for name in (*asked, "bare")}
    asks = {name: connect() for name, connect in asked.items()}
    for ask in asks.values():
        alone(ask, list(itertools.islice(queries, _WARM)))
    bare(list(itertools.islice(queries, _WARM)))
    for _ in range(repeats):
        part = list(itertools.islice(queries, ALONE))
        taken["bare"] += bare(part)
        for name, ask in asks.items():
            taken[name] += alone(ask, part)
    middle = {name: quantile_ms(times, 0.5) for name, times in taken.items()}
    tail = {name: quantile_ms(times, 0.99) for name, times in taken.items()}
    figures = [
        at_most("one client: p50", middle["Mainstay"], 9, "ms"),
        at_most("one client: p99", tail["Mainstay"], 25, "ms"),
        Figure("bare engine and encoder: p50, p99", f"{middle['bare']:.1f} ms, {tail['bare']:.1f} ms"),
        at_most("HTTP and the whole road over bare: p50", middle["Mainstay"] - middle["bare"], 3, "ms"),
    ]
    return figures + [
        Figure(
            f"{name}, one client: p50, p99",
            f"{middle[name]:.1f} ms, {tail[name]:.1f} ms; "
            f"{middle[name] / middle['Mainstay']:.2f} × Mainstay's p50",
        )
        for name in asked
        if name != "Mainstay"
    ]


def by_many(asked: dict[str, Connect], queries: Iterator[str], repeats: int) -> list[Figure]:
    """Measure sixteen clients, everybody in turn, the order turned round each time."""
    rates: dict[str, list[float]] = {name: [] for name in asked}
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(repeats):
        names = list(asked) if turn % 2 == 0 else list(reversed(asked))
        for name in names:
            rate, times = crowd(asked[name], queries, CROWD_S)
            rates[name].append(rate)
            taken[name] += times
    figures = [
        Figure(
            f"{CLIENTS} clients, {name}",
            f"{median(rates[name]):.0f} searches/s{spread(rates[name])}, "
            f"p50 {quantile_ms(times, 0.5):.0f} ms, p99 {quantile_ms(times, 0.99):.0f} ms",
        )
        for name, times in taken.items()
    ]
    for name, goal in (("txtai", 3.0), ("Chroma", 2.0)):
        if name in asked:
            ratios = [ours / theirs for ours, theirs in zip(rates["Mainstay"], rates[name], strict=True)]
            figures.append(
                at_least(f"{CLIENTS} clients: Mainstay / {name}", median(ratios), goal, "×", spread(ratios))
            )
    for name in (ENCODER, BARE) if "Chroma" in asked else ():
        bounds = [most / theirs for most, theirs in zip(rates[name], rates["Chroma"], strict=True)]
        figures.append(
            Figure(f"{CLIENTS} clients: {name} / Chroma", f"{median(bounds):.2f} ×{spread(bounds)}")
        )
    return figures


def main() -> None:
    """Prepare, measure, tell."""
    parser = options(__doc__)
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()) / "mainstay-bench")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--passages", type=int, default=PASSAGES)
    given = parser.parse_args()
    given.scratch.mkdir(parents=True, exist_ok=True)
    made = corpus(given.passages)
    data = prepare(given.scratch, made)
    if not peers.there():
        print("The peers are not installed (python benchmarks/peers.py): measured without them.")
    size = Figure("passages", f"{len(made.passages):,}")
    tell([size, *measure(data, given.scratch, made, given)], given.json)


if __name__ == "__main__":
    main()
