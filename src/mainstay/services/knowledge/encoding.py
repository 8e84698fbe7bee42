"""Turning stored documents into passages with vectors; what did not change is not encoded again."""

import asyncio
from collections import ChainMap, Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mainstay.ports.encoder import Encoder
from mainstay.ports.languages import Languages
from mainstay.services.knowledge.chunking import Chunk, chunk
from mainstay.services.knowledge.naming import passage_id
from mainstay.services.knowledge.passage_store import Passage, PassageStore, Stored
from mainstay.services.knowledge.points import content_hash, embedded_text
from mainstay.services.knowledge.records import Chunking
from mainstay.services.knowledge.store import CollectionRow, DocumentRow, KnowledgeStore

_TEXTS_AT_ONCE = 256
_TITLE_TOKENS = 24
"""Room that is left in the encoder's window for the title and the headings of a passage."""


@dataclass(frozen=True)
class Cut:
    """A document's version, cut into passages that have no vectors yet."""

    document: DocumentRow
    language: str
    chunks: Sequence[Chunk]
    texts: Sequence[str]
    embedded: Sequence[str]
    hashes: Sequence[str]


def passage_text(text: str, piece: Chunk) -> str:
    """Give a passage's text; a part of a table is shown under the table's header."""
    body = text[piece.start : piece.end]
    if piece.header is None:
        return body
    return f"{text[piece.header[0] : piece.header[1]]}\n{body}"


def told_by_neighbours(cuts: Sequence[Cut]) -> list[Cut]:
    """Take documents too short to tell their language for what most others that came along are in."""
    told = Counter(cut.language for cut in cuts if cut.language != "und")
    if not told:
        return list(cuts)
    [(main, count)] = told.most_common(1)
    if 2 * count < told.total():
        return list(cuts)
    return [replace(cut, language=main) if cut.language == "und" else cut for cut in cuts]


def _passages_of(cut: Cut, vectors: Mapping[str, NDArray[np.float32]]) -> Iterator[Passage]:
    document = cut.document
    for ordinal, (piece, text, text_hash) in enumerate(zip(cut.chunks, cut.texts, cut.hashes, strict=True)):
        yield Passage(
            point_id=passage_id(document.doc_id, document.version, ordinal),
            doc_id=document.doc_id,
            collection=document.collection,
            version=document.version,
            ordinal=ordinal,
            start=piece.start,
            end=piece.end,
            headings=piece.headings,
            kind=piece.kind,
            content_hash=text_hash,
            text=text,
            dense=vectors[text_hash],
        )


class Encoding:
    """Cuts and encodes documents."""

    def __init__(
        self, store: KnowledgeStore, passages: PassageStore, encoder: Encoder, languages: Languages
    ) -> None:
        """Take the parts."""
        self._languages = languages
        self._store = store
        self._passages = passages
        self._encoder = encoder

    async def encode(self, documents: Sequence[DocumentRow]) -> list[tuple[str, list[Stored]]]:
        """Give the language and the sealed passages of each document's present version."""
        collections = {row.name: row for row in await self._store.collections()}
        texts = await self._store.texts({document.doc_id: document.version for document in documents})
        cuts = await asyncio.to_thread(self._cut, documents, texts, collections)
        before = {one.doc_id: one.indexed_version or one.version - 1 for one in documents}
        known = await self._passages.vectors_of(
            {doc_id: version for doc_id, version in before.items() if version}
        )
        wanted = {
            text_hash: text
            for cut in cuts
            for text_hash, text in zip(cut.hashes, cut.embedded, strict=True)
            if text_hash not in known.get(cut.document.doc_id, ())
        }
        fresh = await self._vectors(wanted)
        sealed = await self._passages.sealed(
            [_passages_of(cut, ChainMap(known.get(cut.document.doc_id, {}), fresh)) for cut in cuts]
        )
        return [(cut.language, rows) for cut, rows in zip(cuts, sealed, strict=True)]

    def _cut(
        self,
        documents: Sequence[DocumentRow],
        texts: Mapping[str, str],
        collections: Mapping[str, CollectionRow],
    ) -> list[Cut]:
        return told_by_neighbours(
            [self._cut_one(document, texts.get(document.doc_id, ""), collections) for document in documents]
        )

    def _cut_one(self, document: DocumentRow, text: str, collections: Mapping[str, CollectionRow]) -> Cut:
        settings = collections.get(document.collection) or CollectionRow(document.collection)
        budget = Chunking(**settings.chunking).tokens_max
        budget = max(16, min(budget, self._encoder.tokens_max - _TITLE_TOKENS))
        language = self._languages.detect(text)
        if settings.languages and language not in settings.languages:
            language = settings.languages[0]
        chunks = chunk(text, self._encoder.count_tokens, tokens_max=budget)
        texts = [passage_text(text, piece) for piece in chunks]
        embedded = [
            embedded_text(document.given_title, piece.headings, body)
            for piece, body in zip(chunks, texts, strict=True)
        ]
        hashes = [content_hash(self._encoder.name, body) for body in embedded]
        return Cut(document, language, chunks, texts, embedded, hashes)

    async def _vectors(self, wanted: Mapping[str, str]) -> dict[str, NDArray[np.float32]]:
        hashes, texts = list(wanted), list(wanted.values())
        vectors: dict[str, NDArray[np.float32]] = {}
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            part = slice(start, start + _TEXTS_AT_ONCE)
            found = await self._encoder.embed(texts[part], role="passage", lane="ingest")
            vectors.update(zip(hashes[part], found, strict=True))
        return vectors
