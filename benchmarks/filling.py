"""Fills a data folder with the benchmark's passages through the product's own API; it is kept for reruns.

MAINSTAY_BENCH_DATA=… MAINSTAY_ENCODER=… python benchmarks/filling.py FOLDER [--passages 100000]
"""

import argparse
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from passages import COLLECTION, PASSAGES, Corpus, corpus
from serving import KEY, Client, mainstay

_BATCH = 1_000


def searchable(client: Client, job: str) -> None:
    """Wait until a job's documents can be found; raises RuntimeError if the job failed."""
    while True:
        told = client.call("GET", f"/v1/jobs/{job}?wait_s=60")
        if told["state"] == "done":
            return
        if told["state"] not in {"queued", "running"}:
            raise RuntimeError(f"the job ended as {told['state']}: {told}")


def send(client: Client, documents: list[dict[str, str]], collection: str = COLLECTION) -> str | None:
    """Store a batch and give its job, None when nothing had changed."""
    told = client.call("POST", "/v1/documents/batch", {"collection": collection, "documents": documents})
    if told["failed"]:
        raise RuntimeError(f"{told['failed']} documents were refused")
    job: str | None = told["job_id"]
    return job


def fill(client: Client, made: Corpus) -> float:
    """Send every passage, one batch ahead of what is being indexed; give the seconds until all are found."""
    began = time.perf_counter()
    waiting: list[str] = []
    for start in range(0, len(made.passages), _BATCH):
        job = send(client, made.documents(start, start + _BATCH))
        if job is not None:
            waiting.append(job)
        if len(waiting) > 1:
            searchable(client, waiting.pop(0))
        if start and start % (10 * _BATCH) == 0:
            rate = start / (time.perf_counter() - began)
            left = (len(made.passages) - start) / rate
            print(f"  {start:,} passages, {rate:.0f}/s, {left:.0f} s left", flush=True)
    for job in waiting:
        searchable(client, job)
    return time.perf_counter() - began


def settle(client: Client) -> None:
    """Build the index anew, as it is some time after the last document came in."""
    searchable(client, client.call("POST", "/v1/knowledge/rebuild")["job_id"])


def filled(data: Path, made: Corpus) -> bool:
    """Tell whether the folder holds every passage of the corpus."""
    database = data / "mainstay.db"
    if not database.exists():
        return False
    with closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM passages").fetchone()
    return bool(count >= len(made.passages))


def vectors(data: Path, made: Corpus) -> NDArray[np.float32]:
    """Give the passages' vectors in the corpus's order, as the product made and keeps them."""
    kept = data.with_name(data.name + ".npy")
    if kept.exists():
        found: NDArray[np.float32] = np.load(kept)
        return found
    with closing(sqlite3.connect(data / "mainstay.db")) as connection:
        rows = connection.execute("SELECT doc_id, dense FROM passages WHERE ordinal = 0 ORDER BY version")
        by_name = {name: np.frombuffer(dense, np.float16) for name, dense in rows}
    whole = np.stack([by_name[name] for name in made.passages]).astype(np.float32)
    np.save(kept, whole)
    return whole


def main() -> None:
    """Fill the folder unless it is full."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passages", type=int, default=PASSAGES)
    given = parser.parse_args()
    made = corpus(given.passages)
    if filled(given.folder, made):
        print(f"{given.folder} holds {len(made.passages):,} passages already")
        return
    with mainstay(given.folder) as (port, _):
        client = Client(port, KEY)
        took = fill(client, made)
        settle(client)
        client.close()
    print(f"{len(made.passages):,} passages in {took:.0f} s: {len(made.passages) / took:.0f} documents/s")


if __name__ == "__main__":
    main()
