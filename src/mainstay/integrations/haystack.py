"""A Haystack document store and retriever over a collection (extra `haystack`).

>>> from haystack import Document
>>> from mainstay.integrations.haystack import MainstayDocumentStore, MainstayRetriever
>>> store = MainstayDocumentStore("handbook", url="http://127.0.0.1:8080")
>>> store.write_documents([Document(content="The ferry leaves at nine.", meta={"year": 2026})])
>>> MainstayRetriever(store, top_k=3).run("When does the ferry leave?")["documents"]

Texts are encoded by the server: embeddings of documents are not sent, and not given back. Document
permissions hold for the key that is used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from haystack import Document, component, default_from_dict, default_to_dict
from haystack.document_stores.errors import DocumentStoreError, DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError
from haystack.utils import Secret, deserialize_secrets_inplace
from haystack.utils.filters import document_matches_filter

from mainstay.integrations.shelf import NotStored, Shelf, Text

_TOP_K = 10
_OPERATORS: Mapping[str, str] = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


class MainstayDocumentStore:
    """A collection as a document store; it is made when the first document is written.

    `filter_documents`, and what is deleted or changed by a filter, goes through the whole collection, by the
    rules of Haystack; the retriever's filters act inside the index. `groups` are those that written documents
    are kept to; none: new ones are for everybody, and those that are replaced keep theirs.
    """

    def __init__(
        self,
        collection: str,
        *,
        url: str | None = None,
        key: Secret = Secret.from_env_var("MAINSTAY_API_KEY", strict=False),  # noqa: B008 - frozen
        groups: Sequence[str] | None = None,
    ) -> None:
        """Take the collection's name, and where the server is (else MAINSTAY_URL)."""
        self._given = {"collection": collection, "url": url, "groups": groups}
        self._key = key
        self._shelf = Shelf(collection, url, key.resolve_value(), groups)

    def to_dict(self) -> dict[str, Any]:
        """Write down how the store is made, the key's name but not the key."""
        return default_to_dict(self, **self._given, key=self._key.to_dict())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "MainstayDocumentStore":
        """Make a store as it was written down."""
        deserialize_secrets_inplace(data["init_parameters"], keys=["key"])
        made: MainstayDocumentStore = default_from_dict(cls, data)
        return made

    def count_documents(self) -> int:
        """Count the documents that the key may see."""
        return self._shelf.count()

    def filter_documents(self, filters: dict[str, Any] | None = None) -> list[Document]:
        """Give the documents that meet a filter; all of them without one."""
        return [_document(each) for each in self._meeting(filters)]

    def write_documents(
        self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE
    ) -> int:
        """Store documents, which are searchable then; count those that were written.

        Without a policy, a document that is there already is refused, and nothing is written.
        """
        if not isinstance(documents, list) or not all(isinstance(each, Document) for each in documents):
            raise ValueError("Give a list of Haystack documents.")
        if any(not each.content for each in documents):
            raise DocumentStoreError("Only documents with text can be stored here.")
        wanted = {each.id: each for each in documents}
        if policy != DuplicatePolicy.OVERWRITE:
            present = self._shelf.present(list(wanted))
            repeated = present | ({each.id for each in documents} if len(wanted) < len(documents) else set())
            if policy != DuplicatePolicy.SKIP and repeated:
                raise DuplicateDocumentError(
                    f"{len(repeated)} documents are there already: {min(repeated)} …"
                )
            wanted = {id_: each for id_, each in wanted.items() if id_ not in present}
        write = self._shelf.put if policy == DuplicatePolicy.OVERWRITE else self._shelf.add
        self._written(write, [Text(each.id, each.content or "", each.meta) for each in wanted.values()])
        return len(wanted)

    def delete_documents(self, document_ids: list[str]) -> None:
        """Delete documents at once and for good; those that are not there are left out."""
        self._shelf.delete(document_ids)

    def delete_all_documents(self) -> None:
        """Delete the collection with all of its documents."""
        self._shelf.delete_all()

    def delete_by_filter(self, filters: dict[str, Any]) -> int:
        """Delete the documents that meet a filter; count them."""
        return self._shelf.remove(self._meeting(filters))

    def update_by_filter(self, filters: dict[str, Any], meta: dict[str, Any]) -> int:
        """Change some of the metadata of the documents that meet a filter; count them."""
        found = self._meeting(filters)
        self._written(self._shelf.add, [replace(each, metadata={**each.metadata, **meta}) for each in found])
        return len(found)

    def search(self, query: str, filters: dict[str, Any] | None, top_k: int) -> list[Document]:
        """Find the documents nearest to a query, best first, each with its best passage and its score."""
        sent = None if not filters else conditions(filters)
        return [
            replace(_document(each), score=each.score)
            for each in self._shelf.find(query, top_k, sent, passages=False)
        ]

    def _meeting(self, filters: dict[str, Any] | None) -> list[Text]:
        if filters and "operator" not in filters:
            raise FilterError("A filter has an `operator`; see Haystack's documentation of metadata filters.")
        return [
            each
            for each in self._shelf.all()
            if not filters or document_matches_filter(filters, _document(each))
        ]

    def _written(self, write: Callable[[Sequence[Text]], None], texts: Sequence[Text]) -> None:
        try:
            write(texts)
        except NotStored as error:
            raise DocumentStoreError(str(error)) from error


@component
class MainstayRetriever:
    """Finds documents of a store by meaning and words."""

    def __init__(
        self,
        document_store: MainstayDocumentStore,
        filters: dict[str, Any] | None = None,
        top_k: int = _TOP_K,
    ) -> None:
        """Take the store, and what holds where a run says nothing else."""
        self.document_store = document_store
        self.filters = filters
        self.top_k = top_k

    def to_dict(self) -> dict[str, Any]:
        """Write down how the retriever is made."""
        return default_to_dict(
            self, document_store=self.document_store.to_dict(), filters=self.filters, top_k=self.top_k
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "MainstayRetriever":
        """Make a retriever as it was written down."""
        given = data["init_parameters"]
        given["document_store"] = MainstayDocumentStore.from_dict(given["document_store"])
        made: MainstayRetriever = default_from_dict(cls, data)
        return made

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, filters: dict[str, Any] | None = None, top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """Find the documents nearest to a query."""
        found = self.document_store.search(query, filters or self.filters, top_k or self.top_k)
        return {"documents": found}


def conditions(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Give a filter of Haystack as the server takes it; raises FilterError."""
    try:
        operator = str(filters["operator"])
        if "conditions" in filters:
            inner = [conditions(each) for each in filters["conditions"]]
            if operator == "NOT":
                return {"not": {"and": inner}}
            if operator in {"AND", "OR"}:
                return {operator.lower(): inner}
            raise FilterError(f"`{operator}` does not combine conditions.")
        field, value = _field(str(filters["field"])), filters["value"]
    except KeyError as missing:
        raise FilterError(f"A condition lacks {missing}.") from missing
    if operator in _OPERATORS:
        return {field: {_OPERATORS[operator]: value}}
    listed = list(value) if operator in {"in", "not in"} else [value]
    if operator in {"==", "in"}:
        return {field: {"in": listed}}
    if operator in {"!=", "not in"}:
        return {field: {"not": {"in": listed}}}
    raise FilterError(f"`{operator}` is no operator of filters.")


def _field(name: str) -> str:
    return f"metadata.{name.removeprefix('meta.')}"


def _document(text: Text) -> Document:
    return Document(id=text.id, content=text.text, meta=dict(text.metadata))
