"""LangChain's own suites over a served house."""

import gc
import itertools
from collections.abc import Iterator

import pytest

from makers import ADMIN_KEY
from transports.real_house import Running, running

pytest.importorskip("langchain_tests", reason="needs langchain-tests")

from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import (
    EmbeddingsIntegrationTests,
    RetrieversIntegrationTests,
    VectorStoreIntegrationTests,
)

from mainstay.integrations.langchain import MainstayEmbeddings, MainstayRetriever, MainstayVectorStore
from mainstay.integrations.shelf import NotStored
from mainstay.kernel.connection import Connection

_NUMBERS = itertools.count()
_TEXTS = ["The ferry leaves at nine.", "Owls sleep by day.", "Trains before planes."]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("langchain") / "data") as opened:
        yield opened


@pytest.fixture
def store(house: Running) -> MainstayVectorStore:
    return MainstayVectorStore(f"shelf {next(_NUMBERS)}", url=house.url, key=ADMIN_KEY)


class TestVectorStore(VectorStoreIntegrationTests):
    """The suite of vector stores, by both of their ways."""

    @pytest.fixture
    def vectorstore(self, store: MainstayVectorStore) -> VectorStore:  # type: ignore[override]  # gives, not yields
        return store


class TestRetriever(RetrieversIntegrationTests):
    """The suite of retrievers."""

    @pytest.fixture(autouse=True)
    def filled(self, house: Running) -> None:
        self.url = house.url
        ids = [str(number) for number, _ in enumerate(_TEXTS)]
        MainstayVectorStore("trips", url=house.url, key=ADMIN_KEY).add_texts(_TEXTS, ids=ids)

    @property
    def retriever_constructor(self) -> type[MainstayRetriever]:
        return MainstayRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, object]:
        return {"collection": "trips", "url": self.url, "key": ADMIN_KEY}

    @property
    def retriever_query_example(self) -> str:
        return "When does the ferry leave?"


def test_a_retriever_asks_by_one_connection(house: Running) -> None:
    MainstayVectorStore("boats", url=house.url, key=ADMIN_KEY).add_texts(_TEXTS)
    retriever = MainstayRetriever(collection="boats", url=house.url, key=ADMIN_KEY, k=1)

    def connections() -> set[int]:
        return {id(each) for each in gc.get_objects() if isinstance(each, Connection)}

    retriever.invoke("When does the ferry leave?")
    before = connections()
    for _ in range(3):
        assert len(retriever.invoke("When does the ferry leave?")) == 1
    assert connections() - before == set()


class TestEmbeddings(EmbeddingsIntegrationTests):
    """The suite of embeddings."""

    @pytest.fixture(autouse=True)
    def served(self, house: Running) -> None:
        self.url = house.url

    @property
    def embeddings_class(self) -> type[MainstayEmbeddings]:
        return MainstayEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, object]:
        return {"url": self.url, "key": ADMIN_KEY}


def test_filters_narrow_what_is_found(store: MainstayVectorStore) -> None:
    store.add_texts(_TEXTS, [{"year": 1999}, {"year": 2026}, {"year": 2026}])
    found = store.similarity_search("ferry", k=3, filter={"year": {"gte": 2000}})
    assert {each.metadata["year"] for each in found} == {2026}
    assert store.similarity_search("", k=3) == []


def test_scores_go_from_near_to_far(store: MainstayVectorStore) -> None:
    store.add_texts(_TEXTS)
    scored = store.similarity_search_with_relevance_scores("The ferry leaves at nine.", k=3)
    scores = [score for _, score in scored]
    assert scored[0][0].page_content == _TEXTS[0]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] <= scores[0] <= 1


def test_two_stores_may_use_the_same_ids(house: Running, store: MainstayVectorStore) -> None:
    other = MainstayVectorStore(f"shelf {next(_NUMBERS)}", url=house.url, key=ADMIN_KEY)
    store.add_texts(["One."], ids=["1"])
    other.add_texts(["Other."], ids=["1"])
    store.delete(["1", "none"])
    assert store.get_by_ids(["1"]) == []
    assert other.get_by_ids(["1"]) == [Document(id="1", page_content="Other.")]


def test_what_came_another_way_is_given_replaced_and_deleted_by_its_id(house: Running) -> None:
    name = f"shelf {next(_NUMBERS)}"
    kept = {"text": "The safe is open.", "groups": ["board"]}
    house.call("knowledge.add_document", collection=name, doc_id="safe", wait=True, **kept)
    store = MainstayVectorStore(name, url=house.url, key=ADMIN_KEY)
    [found] = store.similarity_search("Is the safe open?")
    assert [each.page_content for each in store.get_by_ids([str(found.id)])] == ["The safe is open."]
    store.add_texts(["The safe is shut."], ids=[found.id])
    [document] = house.call("knowledge.list_documents", collection=name)["documents"]
    assert (document["doc_id"], document["groups"]) == ("safe", ["board"])
    assert [each.page_content for each in store.get_by_ids(["safe"])] == ["The safe is shut."]
    store.delete(["safe"])
    assert house.call("knowledge.list_documents", collection=name)["documents"] == []


def test_what_cannot_be_stored_is_told_and_the_rest_is_stored(store: MainstayVectorStore) -> None:
    with pytest.raises(NotStored, match="1 texts were not stored"):
        store.add_texts(["Good.", " "], ids=["good", "bad"])
    assert [each.id for each in store.get_by_ids(["good", "bad"])] == ["good"]


def test_a_store_is_made_of_texts_and_emptied(house: Running) -> None:
    name = f"shelf {next(_NUMBERS)}"
    embedding = DeterministicFakeEmbedding(size=6)
    store = MainstayVectorStore.from_texts(
        _TEXTS, embedding, collection=name, url=house.url, key=ADMIN_KEY, groups=["staff"]
    )
    assert (
        store.as_retriever(search_kwargs={"k": 1}).invoke("ferry leaves at nine")[0].page_content == _TEXTS[0]
    )
    guest = house.call("identity.create_key", name="guest", role="user")["key"]
    assert MainstayVectorStore(name, url=house.url, key=guest).similarity_search("ferry") == []
    assert store.delete()
    assert store.similarity_search("ferry") == []
