"""A LangChain vector store and retriever over a collection, and the server's encoder (extra `langchain`).

>>> from mainstay.integrations.langchain import MainstayVectorStore
>>> store = MainstayVectorStore("handbook", url="http://127.0.0.1:8080", key="…")
>>> store.add_texts(["The ferry leaves at nine."], [{"year": 2026}])
>>> store.similarity_search("When does the ferry leave?", k=3, filter={"year": 2026})

Texts are encoded by the server: embeddings that LangChain is given are not asked. Filters are the server's
(`{"year": {"gte": 2020}}`, see its handbook), and document permissions hold for the key that is used.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import VectorStore
from pydantic import PrivateAttr

from mainstay.client import Mainstay
from mainstay.integrations.shelf import Shelf, Text, new_id

_K = 4
_TEXTS_AT_ONCE = 100


class MainstayVectorStore(VectorStore):
    """A collection as a vector store; it is made when the first text is added.

    A result is the best passage of each text, which is the whole of a short one, as LangChain cuts texts
    before it stores them; with `passages` any passage is one, for collections of long documents. `groups` are
    those that added texts are kept to; none: new ones are for everybody, and those that are replaced keep
    theirs.
    """

    def __init__(
        self,
        collection: str,
        *,
        url: str | None = None,
        key: str | None = None,
        passages: bool = False,
        groups: Sequence[str] | None = None,
    ) -> None:
        """Take the collection's name, and where the server is (else MAINSTAY_URL and MAINSTAY_API_KEY)."""
        self._shelf = Shelf(collection, url, key, groups)
        self._passages = passages

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,  # noqa: ARG003 - the server encodes
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        collection: str = "langchain",
        **kwargs: Any,
    ) -> Self:
        """Make a store with texts in it; further arguments are those of the constructor."""
        store = cls(collection, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Store texts, which are searchable then, and give their ids.

        A text with an id that exists replaces the one before. Raises NotStored naming what hindered some; the
        others are stored.
        """
        given = list(texts)
        known = [None] * len(given) if ids is None else list(ids)
        said: list[dict[str, Any]] = [{} for _ in given] if metadatas is None else metadatas
        named = [each or new_id() for each in known]
        store = self._shelf.put if any(known) else self._shelf.add
        store([Text(id_, text, facts) for id_, text, facts in zip(named, given, said, strict=True)])
        return named

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Give texts by their ids, in that order; those that are not there are left out."""
        return [_document(each) for each in self._shelf.get(ids)]

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Delete texts at once and for good; without ids all of them, with the collection."""
        if ids is None:
            self._shelf.delete_all()
        else:
            self._shelf.delete(ids)
        return True

    def similarity_search(
        self,
        query: str,
        k: int = _K,
        filter: dict[str, Any] | None = None,  # noqa: A002 - what LangChain's stores call it
        **kwargs: Any,
    ) -> list[Document]:
        """Find the texts nearest to a query, best first, by meaning and words."""
        return [found for found, _ in self.similarity_search_with_score(query, k, filter, **kwargs)]

    def similarity_search_with_score(
        self,
        query: str,
        k: int = _K,
        filter: dict[str, Any] | None = None,  # noqa: A002 - what LangChain's stores call it
        **kwargs: Any,
    ) -> list[tuple[Document, float]]:
        """Find texts with their scores, from 0 to 1; higher is nearer."""
        found = self._shelf.find(query, k, filter, passages=self._passages)
        return [(_document(each), each.score) for each in found]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return _as_it_is


class MainstayRetriever(BaseRetriever):
    """Finds passages of a collection; `k` how many, `filter` which, in the server's own language.

    >>> retriever = MainstayRetriever(collection="handbook", k=3)
    >>> retriever.invoke("How do I rotate a key?")
    """

    collection: str
    url: str | None = None
    key: str | None = None
    k: int = _K
    filter: dict[str, Any] | None = None

    _shelf: Shelf = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Take the collection and the server once, for all queries."""
        super().model_post_init(context)
        self._shelf = Shelf(self.collection, self.url, self.key)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[Document]:
        found = self._shelf.find(query, self.k if k is None else k, self.filter, passages=True)
        return [_document(each, {"score": each.score}) for each in found]


class MainstayEmbeddings(Embeddings):
    """The server's encoder, for what LangChain compares by itself; vectors have the length 1."""

    def __init__(self, *, url: str | None = None, key: str | None = None) -> None:
        """Take where the server is (else MAINSTAY_URL and MAINSTAY_API_KEY)."""
        self._server = Mainstay(url, key)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Encode texts that are to be found."""
        made: list[list[float]] = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            portion = texts[start : start + _TEXTS_AT_ONCE]
            made += self._server.language.embed(portion, role="passage").embeddings
        return made

    def embed_query(self, text: str) -> list[float]:
        """Encode a text that is looked for."""
        return self._server.language.embed([text], role="query").embeddings[0]


def _as_it_is(score: float) -> float:
    return score


def _document(text: Text, more: dict[str, Any] | None = None) -> Document:
    return Document(id=text.id, page_content=text.text, metadata={**text.metadata, **(more or {})})
