"""A running Mainstay server as a way to search: collections go in and questions are asked over HTTP."""

import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from datasets import Collection, Document

Mode = Literal["hybrid", "dense", "lexical"]

_BATCH = 200
_DEPTH = 100
_TIMEOUT_S = 600
_OK = range(200, 300)


class DoorClosedError(RuntimeError):
    """The server refused, or did not store everything."""


def _sent(document: Document) -> dict[str, Any]:
    sent = {"doc_id": document.id, "text": document.text or document.title}
    return {**sent, "title": document.title} if document.title else sent


class Door:
    """One kept-alive connection to a server; a collection is named like its set."""

    def __init__(self, url: str, key: str) -> None:
        """Take the server's address and an API key that may read and write documents."""
        parts = urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._wire = kind(parts.netloc, timeout=_TIMEOUT_S)
        self._path = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def __enter__(self) -> Self:
        """Give the door itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        self._wire.close()

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        self._wire.request("POST", self._path + path, json.dumps(body), self._headers)
        answer = self._wire.getresponse()
        content = answer.read()
        if answer.status not in _OK:
            raise DoorClosedError(f"{path} answered {answer.status}: {content[:500]!r}")
        return json.loads(content)

    def ingest(self, collection: Collection) -> None:
        """Send every document and wait until each can be found; documents that are there cost nothing.

        Ids are the set's own within the collection's name, since ids are one space for a whole server. Raises
        DoorClosedError when a document was not stored.
        """
        documents = collection.documents
        for start in range(0, len(documents), _BATCH):
            part = [_sent(document) for document in documents[start : start + _BATCH]]
            for document in part:
                document["doc_id"] = f"{collection.name}/{document['doc_id']}"
            body = {"collection": _name(collection), "documents": part}
            receipt = self._post("/v1/documents/batch?wait=true", body)
            if receipt["failed"] or receipt["state"] == "failed":
                raise DoorClosedError(f"Not every document was stored: {json.dumps(receipt)[:500]}")

    def rank(self, collection: Collection, mode: Mode) -> Callable[[Mapping[str, str]], dict[str, list[str]]]:
        """Make a way to search one collection by one mode."""

        def asked(text: str) -> list[str]:
            body = {"query": text, "top_k": _DEPTH, "collection": _name(collection), "mode": mode}
            hits: Sequence[Mapping[str, Any]] = self._post("/v1/search/vector", body)
            return [str(hit["doc_id"]).partition("/")[2] for hit in hits]

        return lambda queries: {name: asked(text) for name, text in queries.items()}


def _name(collection: Collection) -> str:
    return collection.name.replace("→", " to ")
