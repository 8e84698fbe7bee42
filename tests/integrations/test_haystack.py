"""Haystack's own suites over a served house."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from makers import ADMIN_KEY
from transports.real_house import Running, running

pytest.importorskip("haystack", reason="needs haystack-ai")

from haystack import Document, Pipeline
from haystack.document_stores.errors import DocumentStoreError, DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError
from haystack.testing.document_store import DocumentStoreBaseExtendedTests
from haystack.utils import Secret

from mainstay.integrations.haystack import MainstayDocumentStore, MainstayRetriever, conditions

_NUMBERS = itertools.count()
IN_2025 = {"field": "meta.year", "operator": "==", "value": 2025}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("haystack") / "data") as opened:
        yield opened


@pytest.fixture
def shelf(house: Running, monkeypatch: pytest.MonkeyPatch) -> MainstayDocumentStore:
    monkeypatch.setenv("MAINSTAY_API_KEY", ADMIN_KEY)
    return MainstayDocumentStore(f"shelf {next(_NUMBERS)}", url=house.url)


class TestDocumentStore(DocumentStoreBaseExtendedTests):
    """The suites of document stores, with what is deleted and changed by filters."""

    @pytest.fixture
    def document_store(self, shelf: MainstayDocumentStore) -> MainstayDocumentStore:
        return shelf

    @staticmethod
    def assert_documents_are_equal(received: list[Document], expected: list[Document]) -> None:
        """Compare what is kept: no embeddings, in the order of ids."""

        def kept(documents: list[Document]) -> list[tuple[str, str | None, dict[str, Any]]]:
            return sorted((each.id, each.content, each.meta) for each in documents)

        assert kept(received) == kept(expected)

    def test_write_documents(self, document_store: MainstayDocumentStore) -> None:
        docs = [Document(content="One."), Document(content="Two.")]
        assert document_store.write_documents(docs) == 2
        self.assert_documents_are_equal(document_store.filter_documents(), docs)
        with pytest.raises(DuplicateDocumentError):
            document_store.write_documents(docs[:1])


def test_a_retriever_finds_and_filters_in_a_pipeline(shelf: MainstayDocumentStore) -> None:
    texts = ["The ferry leaves at nine.", "The ferry was sold.", "Owls sleep by day."]
    shelf.write_documents(
        [Document(content=text, meta={"year": 2024 + number}) for number, text in enumerate(texts)]
    )
    pipeline = Pipeline()
    pipeline.add_component("retriever", MainstayRetriever(shelf, top_k=2))
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=["mainstay.integrations.haystack"])
    asked = {"retriever": {"query": "The ferry leaves at nine"}}
    found = again.run(asked)["retriever"]["documents"]
    assert found[0].content == texts[0]
    assert len(found) == 2
    assert 0 < found[0].score <= 1
    recent = {"field": "meta.year", "operator": ">=", "value": 2025}
    asked["retriever"]["filters"] = recent  # type: ignore[assignment]  # a filter is no text
    assert {each.meta["year"] for each in again.run(asked)["retriever"]["documents"]} == {2025, 2026}


@pytest.mark.parametrize(
    ("filters", "years"),
    [
        ({"field": "meta.year", "operator": "==", "value": 2024}, {2024}),
        ({"field": "year", "operator": "!=", "value": 2024}, {2025, 2026}),
        ({"field": "meta.year", "operator": "in", "value": [2024, 2026]}, {2024, 2026}),
        ({"field": "meta.year", "operator": "not in", "value": [2024, 2026]}, {2025}),
        (
            {
                "operator": "NOT",
                "conditions": [
                    {"field": "meta.year", "operator": ">", "value": 2024},
                    {"field": "meta.year", "operator": "<", "value": 2026},
                ],
            },
            {2024, 2026},
        ),
        (
            {
                "operator": "OR",
                "conditions": [
                    {"field": "meta.year", "operator": "<=", "value": 2024},
                    {
                        "operator": "AND",
                        "conditions": [{"field": "meta.odd", "operator": "==", "value": True}],
                    },
                ],
            },
            {2024, 2025},
        ),
    ],
)
def test_searching_filters_as_listing_does(
    shelf: MainstayDocumentStore, filters: dict[str, Any], years: set[int]
) -> None:
    shelf.write_documents(
        [
            Document(content=f"Ferry {year}.", meta={"year": year, "odd": year % 2 == 1})
            for year in (2024, 2025, 2026)
        ]
    )
    assert {each.meta["year"] for each in shelf.search("ferry", filters, 10)} == years
    assert {each.meta["year"] for each in shelf.filter_documents(filters)} == years


@pytest.mark.parametrize(
    "filters",
    [
        {"operator": "AND"},
        {"operator": "XOR", "conditions": []},
        {"operator": "~", "field": "a", "value": 1},
        {"field": "a", "value": 1},
    ],
)
def test_what_is_no_filter_is_refused(filters: dict[str, Any]) -> None:
    with pytest.raises(FilterError):
        conditions(filters)


def _kept_to_the_board(house: Running, collection: str) -> MainstayDocumentStore:
    """Give a store without groups over one document that came by it and one that did not, for the board."""
    mine = MainstayDocumentStore(collection, url=house.url, groups=["board"])
    mine.write_documents([Document(id="bonus", content="The bonus is 9000 euros.", meta={"year": 2025})])
    other = {"doc_id": "salaries", "title": "Pay", "text": "The director earns much.", "groups": ["board"]}
    house.call("knowledge.add_document", collection=collection, metadata={"year": 2025}, wait=True, **other)
    return MainstayDocumentStore(collection, url=house.url)


def _documents(house: Running, collection: str) -> dict[str, tuple[str, list[str]]]:
    listed = house.call("knowledge.list_documents", collection=collection)["documents"]
    return {each["doc_id"]: (each["title"], each["groups"]) for each in listed}


@pytest.mark.parametrize("by_filter", [True, False])
def test_documents_of_every_way_are_changed_where_they_are_and_stay_with_their_groups(
    house: Running, monkeypatch: pytest.MonkeyPatch, by_filter: bool
) -> None:
    monkeypatch.setenv("MAINSTAY_API_KEY", ADMIN_KEY)
    collection, checked = f"shelf {next(_NUMBERS)}", {"year": 2025, "checked": True}
    store = _kept_to_the_board(house, collection)
    before = _documents(house, collection)
    assert {name: groups for name, (_, groups) in before.items()} == {
        f"bonus@{collection}": ["board"],
        "salaries": ["board"],
    }
    if by_filter:
        assert store.update_by_filter(IN_2025, {"checked": True}) == 2
    else:
        found = [replace(each, meta=checked) for each in store.filter_documents()]
        assert store.write_documents(found, DuplicatePolicy.OVERWRITE) == 2
    assert _documents(house, collection) == before
    assert [each.meta for each in store.filter_documents()] == [checked, checked]
    guest = Secret.from_token(house.call("identity.create_key", name="guest", role="user")["key"])
    assert MainstayDocumentStore(collection, url=house.url, key=guest).filter_documents() == []


@pytest.mark.parametrize("by_filter", [True, False])
def test_documents_of_every_way_are_deleted_and_those_of_other_collections_are_not(
    house: Running, monkeypatch: pytest.MonkeyPatch, by_filter: bool
) -> None:
    monkeypatch.setenv("MAINSTAY_API_KEY", ADMIN_KEY)
    collection, elsewhere = f"shelf {next(_NUMBERS)}", f"shelf {next(_NUMBERS)}"
    store = _kept_to_the_board(house, collection)
    ids = [each.id for each in store.filter_documents()]
    house.call("knowledge.add_document", collection=elsewhere, doc_id="other", text="Other.", wait=True)
    with pytest.raises(DuplicateDocumentError):
        store.write_documents([Document(id="salaries", content="Again.")])
    if by_filter:
        assert store.delete_by_filter(IN_2025) == 2
    else:
        store.delete_documents([*ids, "other"])
    assert _documents(house, collection) == {}
    assert list(_documents(house, elsewhere)) == ["other"]


def test_what_cannot_be_stored_is_told(shelf: MainstayDocumentStore) -> None:
    with pytest.raises(DocumentStoreError, match="with text"):
        shelf.write_documents([Document(content=None)])
    with pytest.raises(DocumentStoreError, match="1 texts were not stored"):
        shelf.write_documents([Document(content="a", meta={"no field!": 1})])


def test_the_key_is_never_written_down(house: Running) -> None:
    with pytest.raises(ValueError, match="token"):
        MainstayDocumentStore("x", url=house.url, key=Secret.from_token(ADMIN_KEY)).to_dict()
