"""LlamaIndex over a served house: stored, found, filtered, deleted."""

import itertools
from collections.abc import Iterator

import pytest

from makers import ADMIN_KEY
from transports.real_house import Running, running

pytest.importorskip("llama_index.core", reason="needs llama-index-core")

from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.schema import Document, NodeRelationship, TextNode
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
)

from mainstay.integrations.llamaindex import MainstayVectorStore

_NUMBERS = itertools.count()
_TEXTS = ["The ferry leaves at nine.", "The ferry was sold.", "Owls sleep by day."]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("llamaindex") / "data") as opened:
        yield opened


@pytest.fixture
def store(house: Running) -> MainstayVectorStore:
    return MainstayVectorStore(f"shelf {next(_NUMBERS)}", url=house.url, key=ADMIN_KEY)


def _index(store: MainstayVectorStore) -> VectorStoreIndex:
    documents = [
        Document(text=text, id_=f"source {number}", metadata={"year": 2024 + number, "tag": "ab"[number % 2]})
        for number, text in enumerate(_TEXTS)
    ]
    context = StorageContext.from_defaults(vector_store=store)
    return VectorStoreIndex.from_documents(documents, context, embed_model=MockEmbedding(embed_dim=1))


def _found(store: MainstayVectorStore, filters: MetadataFilters | None = None) -> list[str]:
    query = VectorStoreQuery(query_str="ferry", similarity_top_k=10, filters=filters)
    return sorted(node.get_content() for node in store.query(query).nodes or [])


async def test_an_index_finds_what_was_stored(store: MainstayVectorStore) -> None:
    index = _index(store)
    [first, *_] = index.as_retriever(similarity_top_k=2).retrieve("The ferry leaves at nine")
    assert (first.text, first.metadata) == (_TEXTS[0], {"year": 2024, "tag": "a"})
    assert 0 < (first.score or 0) <= 1
    [again, *_] = await index.as_retriever(similarity_top_k=1).aretrieve("The ferry leaves at nine")
    assert again.node_id == first.node_id
    assert first.node.relationships[NodeRelationship.SOURCE].node_id == "source 0"  # type: ignore[union-attr]  # one


def test_documents_leave_with_all_of_their_nodes(store: MainstayVectorStore) -> None:
    index = _index(store)
    index.delete_ref_doc("source 0")
    assert _found(store) == sorted(_TEXTS[1:])


def test_nodes_are_given_replaced_and_deleted_by_id(store: MainstayVectorStore) -> None:
    nodes = [TextNode(text=text, id_=str(number)) for number, text in enumerate(_TEXTS)]
    assert store.add(nodes) == ["0", "1", "2"]
    store.add([TextNode(text="Replaced.", id_="1")])
    assert [node.get_content() for node in store.get_nodes(["1", "none", "0"])] == ["Replaced.", _TEXTS[0]]
    store.delete_nodes(["0", "none"])
    assert store.get_nodes(["0"]) == []
    store.clear()
    assert _found(store) == []


@pytest.mark.parametrize(
    ("key", "operator", "value", "numbers"),
    [
        ("year", FilterOperator.EQ, 2024, {0}),
        ("year", FilterOperator.NE, 2024, {1, 2}),
        ("year", FilterOperator.GTE, 2025, {1, 2}),
        ("year", FilterOperator.LT, 2025, {0}),
        ("tag", FilterOperator.IN, ["a", "c"], {0, 2}),
        ("tag", FilterOperator.NIN, ["a"], {1}),
        ("missing", FilterOperator.IS_EMPTY, None, {0, 1, 2}),
    ],
)
def test_filters_narrow_what_is_found(
    store: MainstayVectorStore, key: str, operator: FilterOperator, value: object, numbers: set[int]
) -> None:
    _index(store)
    one = MetadataFilter(key=key, operator=operator, value=value)  # type: ignore[arg-type]  # each kind of value
    assert _found(store, MetadataFilters(filters=[one])) == sorted(_TEXTS[number] for number in numbers)


def test_filters_combine(store: MainstayVectorStore) -> None:
    _index(store)
    pair = [MetadataFilter(key="year", value=2024), MetadataFilter(key="tag", value="b")]
    assert _found(store, MetadataFilters(filters=pair)) == []
    either = MetadataFilters(filters=pair, condition=FilterCondition.OR)  # type: ignore[arg-type]  # a list of both
    assert _found(store, either) == sorted(_TEXTS[:2])
    neither = MetadataFilters(filters=pair, condition=FilterCondition.NOT)  # type: ignore[arg-type]  # a list of both
    assert _found(store, neither) == sorted(_TEXTS[2:])


def test_what_the_server_cannot_do_is_told(store: MainstayVectorStore) -> None:
    with pytest.raises(ValueError, match="query's text"):
        store.query(VectorStoreQuery(query_embedding=[0.1]))
    filters = MetadataFilters(
        filters=[MetadataFilter(key="a", operator=FilterOperator.TEXT_MATCH_INSENSITIVE, value="b")]
    )
    with pytest.raises(ValueError, match="no filter"):
        store.query(VectorStoreQuery(query_str="a", filters=filters))


def test_what_came_another_way_is_found_and_deleted_by_its_id(house: Running) -> None:
    name = f"shelf {next(_NUMBERS)}"
    house.call("knowledge.add_document", collection=name, doc_id="owls", text=_TEXTS[2], wait=True)
    store = MainstayVectorStore(name, url=house.url, key=ADMIN_KEY)
    assert _found(store) == [_TEXTS[2]]
    assert [(node.node_id, node.get_content()) for node in store.get_nodes(["owls"])] == [("owls", _TEXTS[2])]
    store.delete_nodes(["owls"])
    assert _found(store) == []
