"""A LlamaIndex vector store over a collection (extra `llamaindex`).

>>> from llama_index.core import StorageContext, VectorStoreIndex
>>> from llama_index.core.embeddings import MockEmbedding
>>> from mainstay.integrations.llamaindex import MainstayVectorStore
>>> store = MainstayVectorStore("handbook", url="http://127.0.0.1:8080", key="…")
>>> index = VectorStoreIndex.from_vector_store(store, embed_model=MockEmbedding(1))
>>> index.as_retriever(similarity_top_k=3).retrieve("When does the ferry leave?")

Texts are encoded by the server, so the index needs no model of its own. Document permissions hold for the
key that is used.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode, MetadataMode, TextNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryResult,
)
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict

from mainstay.integrations.shelf import Shelf, Text

_TOP_K = 10
_SOURCE = "ref_doc_id"
_WHOLE = "_node_content"
_BOUNDS: Mapping[FilterOperator, str] = {
    FilterOperator.GT: "gt",
    FilterOperator.GTE: "gte",
    FilterOperator.LT: "lt",
    FilterOperator.LTE: "lte",
}


class MainstayVectorStore(BasePydanticVectorStore):
    """A collection as a vector store; it is made when the first node is added.

    `groups` are those that added nodes are kept to; none: new ones are for everybody, and those that are
    replaced keep theirs.
    """

    stores_text: bool = True
    is_embedding_query: bool = False
    collection: str
    url: str | None = None

    _shelf: Shelf = PrivateAttr()

    def __init__(
        self,
        collection: str,
        *,
        url: str | None = None,
        key: str | None = None,
        groups: Sequence[str] | None = None,
    ) -> None:
        """Take the collection's name, and where the server is (else MAINSTAY_URL and MAINSTAY_API_KEY)."""
        super().__init__(collection=collection, url=url)  # type: ignore[call-arg]  # the fields above
        self._shelf = Shelf(collection, url, key, groups)

    @classmethod
    def class_name(cls) -> str:
        """Give the name under which LlamaIndex writes the store down."""
        return "MainstayVectorStore"

    @property
    def client(self) -> Any:
        """Give the SDK's client."""
        return self._shelf.server

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Store nodes, which are searchable then; raises NotStored."""
        self._shelf.put([_text(node) for node in nodes])
        return [node.node_id for node in nodes]

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Delete the nodes that were made of a document; the whole collection is gone through for that."""
        self._shelf.remove(text for text in self._shelf.all() if text.metadata.get(_SOURCE) == ref_doc_id)

    def delete_nodes(
        self,
        node_ids: list[str] | None = None,
        filters: MetadataFilters | None = None,
        **delete_kwargs: Any,
    ) -> None:
        """Delete nodes by their ids; raises NotImplementedError for filters."""
        if filters is not None:
            raise NotImplementedError("Name the nodes to delete; filters are for searching here.")
        self._shelf.delete(node_ids or [])

    def get_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """Give nodes by their ids; raises NotImplementedError for filters."""
        if filters is not None:
            raise NotImplementedError("Name the nodes to get; filters are for searching here.")
        return [_node(text) for text in self._shelf.get(node_ids or [])]

    def clear(self) -> None:
        """Delete the collection with all of its nodes."""
        self._shelf.delete_all()

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """Find the nodes nearest to a query's text, best first."""
        if query.query_str is None:
            raise ValueError("The server encodes queries: give the query's text (`query_str`).")
        sent = conditions(query.filters) if query.filters is not None and query.filters.filters else None
        found = self._shelf.find(query.query_str, query.similarity_top_k or _TOP_K, sent, passages=False)
        return VectorStoreQueryResult(
            nodes=[_node(text) for text in found],
            similarities=[text.score for text in found],
            ids=[text.id for text in found],
        )


def conditions(filters: MetadataFilters) -> dict[str, Any]:
    """Give filters of LlamaIndex as the server takes them; raises ValueError for one that it has not."""
    inner = [
        conditions(each) if isinstance(each, MetadataFilters) else _condition(each)
        for each in filters.filters
    ]
    if filters.condition == FilterCondition.OR:
        return {"or": inner}
    return {"not": {"or": inner}} if filters.condition == FilterCondition.NOT else {"and": inner}


def _condition(each: MetadataFilter) -> dict[str, Any]:
    field, value, operator = f"metadata.{each.key}", each.value, each.operator
    if operator in _BOUNDS:
        return {field: {_BOUNDS[operator]: value}}
    listed = list(value) if isinstance(value, list) else [value]
    if operator in {FilterOperator.EQ, FilterOperator.IN, FilterOperator.ANY, FilterOperator.CONTAINS}:
        return {field: {"in": listed}}
    if operator in {FilterOperator.NE, FilterOperator.NIN}:
        return {field: {"not": {"in": listed}}}
    if operator == FilterOperator.ALL:
        return {"and": [{field: one} for one in listed]}
    if operator == FilterOperator.IS_EMPTY:
        return {field: {"exists": False}}
    if operator == FilterOperator.TEXT_MATCH:
        return {field: {"contains": value}}
    raise ValueError(f"The server has no filter `{operator.value}`.")


def _text(node: BaseNode) -> Text:
    facts = node_to_metadata_dict(node, remove_text=True, flat_metadata=False)
    return Text(node.node_id, node.get_content(metadata_mode=MetadataMode.NONE), facts)


def _node(text: Text) -> BaseNode:
    facts = dict(text.metadata)
    if _WHOLE not in facts:  # it did not come by LlamaIndex
        return TextNode(id_=text.id, text=text.text, metadata=facts)
    return metadata_dict_to_node(facts, text=text.text)
