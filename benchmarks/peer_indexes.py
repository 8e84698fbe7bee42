"""Runs in the peers' environment: fills their indexes with ready vectors, and times txtai's ingest.

    PEERS/bin/python peer_indexes.py txtai|chroma|txtai-ingest MODEL PASSAGES.json VECTORS.npy FOLDER

Called by `peers.py`; imports nothing of the product.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

_CHROMA_BATCH = 5_000
TXTAI_SETTINGS = {"content": True, "format": "json", "faiss": {"components": "IDMap,HNSW32"}}
CHROMA_COLLECTION = "packages"


def build_txtai(model: str, passages: dict[str, str], vectors: np.ndarray, folder: Path) -> None:
    """Build an index with content; its vectors are given, its queries it encodes itself with the model."""
    from txtai import Embeddings

    place = {text: number for number, text in enumerate(passages.values())}

    def known(texts: list[str]) -> np.ndarray:
        return vectors[[place[text] for text in texts]]

    embeddings = Embeddings({"method": "external", "transform": known, **TXTAI_SETTINGS})
    embeddings.index((name, text, None) for name, text in passages.items())
    for setting in ("transform", "method"):
        embeddings.config.pop(setting)
    embeddings.config["path"] = model
    embeddings.save(str(folder))


def build_chroma(passages: dict[str, str], vectors: np.ndarray, folder: Path) -> None:
    """Build a collection with its defaults (HNSW), cosine."""
    import chromadb

    client = chromadb.PersistentClient(str(folder))
    collection = client.create_collection(
        CHROMA_COLLECTION, embedding_function=None, metadata={"hnsw:space": "cosine"}
    )
    names, texts = list(passages), list(passages.values())
    for start in range(0, len(names), _CHROMA_BATCH):
        part = slice(start, start + _CHROMA_BATCH)
        collection.add(ids=names[part], embeddings=vectors[part], documents=texts[part])


def ingest_txtai(model: str, passages: dict[str, str]) -> None:
    """Print the seconds that txtai takes to encode, index and store the passages, its model loaded before."""
    from txtai import Embeddings

    embeddings = Embeddings({"path": model, **TXTAI_SETTINGS})
    embeddings.batchtransform(["warm"] * 8)
    began = time.perf_counter()
    embeddings.index((name, text, None) for name, text in passages.items())
    print(json.dumps({"seconds": time.perf_counter() - began}))


def main(what: str, model: str, passages_file: str, vectors_file: str, folder: str) -> None:
    """Do what was asked."""
    passages = json.loads(Path(passages_file).read_text("utf-8"))
    if what == "txtai-ingest":
        ingest_txtai(model, passages)
    elif what == "txtai":
        build_txtai(model, passages, np.load(vectors_file), Path(folder))
    else:
        build_chroma(passages, np.load(vectors_file), Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
