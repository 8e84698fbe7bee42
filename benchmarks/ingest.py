"""Documents a second, from the request until they are found, beside txtai and beside bare onnxruntime.

    MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/ingest.py [--documents 3000] [--repeats 3]

Twice: with pieces of at most 160 characters, where what surrounds the model weighs most, and with half as
many whole descriptions of Debian packages.

Mainstay: batches of 500 over HTTP into an empty server, durable, encoded, indexed and found (both legs), with
key and audit. txtai: `Embeddings.index` in its own process without HTTP, dense only, content on, its own
(torch) encoder with the same model. Bare: tokenizing and onnxruntime on the same model and texts, sorted by
length, in batches of 32, a thread a core. All take turns; loading models is not counted.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from figures import Figure, at_least, median, options, spread, tell
from filling import searchable, send
from passages import Corpus, corpus, whole
from serving import KEY, Client, mainstay
from tokenizers import Tokenizer

import peers
from mainstay.app.settings import Settings

_BATCH = 500
_BARE_BATCH = 32
_TOKENS_MAX = 256


def ours(made: Corpus, scratch: Path) -> float:
    """Give the seconds until every document was acknowledged and is searchable."""
    data = scratch / "ingest"
    shutil.rmtree(data, ignore_errors=True)
    with mainstay(data) as (port, _):
        client = Client(port, KEY)
        first = send(client, [{"doc_id": "first", "text": "The first document makes the index."}])
        searchable(client, str(first))
        began = time.perf_counter()
        starts = range(0, len(made.passages), _BATCH)
        jobs = [send(client, made.documents(start, start + _BATCH)) for start in starts]
        for job in jobs:
            searchable(client, str(job))
        took = time.perf_counter() - began
        sought = list(made.passages.items())[-1]
        hits = client.call("POST", "/v1/search/vector", {"query": sought[1], "top_k": 3})
        assert sought[0] in [hit["doc_id"] for hit in hits], "the last document is not found"
        client.close()
    return took


class Bare:
    """The model alone: one single-threaded session a core, batches of texts of like length."""

    def __init__(self, folder: Path) -> None:
        """Load it."""
        self._cores = len(os.sched_getaffinity(0))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_TOKENS_MAX)
        self._tokenizer.no_padding()

    def seconds(self, texts: Sequence[str]) -> float:
        """Time all texts."""
        began = time.perf_counter()
        rows = sorted((encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))), key=len)
        batches = [rows[start : start + _BARE_BATCH] for start in range(0, len(rows), _BARE_BATCH)]
        with ThreadPoolExecutor(self._cores) as threads:
            list(threads.map(self._forward, reversed(batches)))
        return time.perf_counter() - began

    def _forward(self, rows: Sequence[Sequence[int]]) -> None:
        ids = np.zeros((len(rows), len(rows[-1])), np.int64)
        mask = np.zeros_like(ids)
        for place, row in enumerate(rows):
            ids[place, : len(row)] = row
            mask[place, : len(row)] = 1
        self._session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})


def main() -> None:
    """Take turns, then tell."""
    parser = options(__doc__)
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()) / "mainstay-bench")
    parser.add_argument("--documents", type=int, default=3_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    given.scratch.mkdir(parents=True, exist_ok=True)
    bare = Bare(Path(Settings().encoder))
    figures: list[Figure] = []
    for name, made in (("pieces", corpus(given.documents)), ("descriptions", whole(given.documents // 2))):
        figures += compared(name, made, bare, given)
    tell(figures, given.json)


def compared(what: str, made: Corpus, bare: Bare, given: argparse.Namespace) -> list[Figure]:
    """Let all take turns on the same documents."""
    count = len(made.passages)
    seconds: dict[str, list[float]] = {"Mainstay": [], "bare onnxruntime": [], "txtai": []}
    for _ in range(given.repeats):
        seconds["Mainstay"].append(ours(made, given.scratch))
        seconds["bare onnxruntime"].append(bare.seconds(list(made.passages.values())))
        if peers.there():
            seconds["txtai"].append(peers.txtai_ingest(made.passages))
        print("  s:", *(f"{name} {found[-1]:.1f}" for name, found in seconds.items() if found), flush=True)
    rates = {name: [count / each for each in found] for name, found in seconds.items()}
    letters = sum(map(len, made.passages.values())) / count
    figures = [Figure(what, f"{count:,} of {letters:.0f} characters")]
    figures += [
        Figure(f"{what}: {name}", f"{median(found):.0f} documents/s{spread(found)}")
        for name, found in rates.items()
        if found
    ]
    for name, goal in (("txtai", 1.5), ("bare onnxruntime", 0.85)):
        if rates[name]:
            ratios = [a / b for a, b in zip(rates["Mainstay"], rates[name], strict=True)]
            figures.append(at_least(f"{what}: Mainstay / {name}", median(ratios), goal, "×", spread(ratios)))
    return figures


if __name__ == "__main__":
    main()
