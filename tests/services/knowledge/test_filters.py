"""Filters that really filter, or say what is wrong with them."""

import math
from pathlib import Path

import pytest

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.ports.failures import FilterInvalid
from mainstay.services.knowledge.filters import DEPTH_MAX
from makers import Client, FrozenClock, client, opened_house

HUGE = 10**400
TODAY = "2026-09-21"
SCHEMA = {
    name: {"type": kind}
    for name, kind in (
        ("year", "integer"),
        ("price", "float"),
        ("signed", "datetime"),
        ("notes", "text"),
        ("paid", "bool"),
        ("tag", "keyword"),
    )
}


@pytest.fixture
async def contracts(admin: Client) -> Client:
    await admin.call("knowledge.create_collection", name="c", metadata_schema=SCHEMA)
    facts = {"year": 2026, "price": 2.5, "notes": "On paper.", "paid": True, "tag": ["x", 7]}
    for doc_id, signed in (("a", "2026-03-01T23:30:00Z"), ("b", "2026-03-02"), ("c", "2026-03-03T00:00:00Z")):
        await admin.call(
            "knowledge.add_document",
            collection="c",
            doc_id=doc_id,
            text="The harbour contract.",
            metadata={**facts, "signed": signed},
            wait=True,
        )
    return admin


async def found(admin: Client, filters: dict[str, object], collections: tuple[str, ...] = ("c",)) -> str:
    result = await admin.call(
        "knowledge.query", query="harbour contract", collections=list(collections), filters=filters
    )
    return "".join(sorted(hit.doc_id for hit in result.hits))


@pytest.mark.parametrize("number", [HUGE, -HUGE, math.inf, math.nan], ids=["huge", "-huge", "inf", "nan"])
async def test_numbers_that_nothing_can_compare_are_refused(admin: Client, number: float) -> None:
    document = {"doc_id": "a", "text": "The harbour."}
    for metadata, field in (({"n": number}, "metadata.n"), ({"n": {"deep": [1, number]}}, "metadata.n")):
        with pytest.raises(RequestInvalid) as refused:
            await admin.call("knowledge.add_document", collection="c", **document, metadata=metadata)
        assert refused.value.problems[0]["field"] == field
        assert "308 digits" in refused.value.problems[0]["problem"]
        batch = await admin.call(
            "knowledge.add_documents", collection="c", documents=[{**document, "metadata": metadata}]
        )
        [receipt] = batch.documents
        assert receipt.state == "failed"
    for condition in (number, {"gte": number}, {"lt": number, "gt": 1}, [1, number], {"not": number}):
        with pytest.raises(FilterInvalid, match="308 digits"):
            await admin.call("knowledge.search", query="harbour", filters={"n": condition})


@pytest.mark.parametrize(
    ("filters", "shown"),
    [
        ({"created": ["9999-12-31"]}, ""),
        ({"created": None}, ""),
        ({"signed": "2026-03-01"}, "a"),
        ({"signed": ["2026-03-01", "2026-03-03"]}, "ac"),
        ({"signed": "2026-03-02T00:00:00+00:00"}, "b"),
        ({"signed": {"in": ["2026-03-02T01:00:00+01:00"]}}, "b"),
        ({"signed": {"gte": "2026-03-02", "lt": "2026-03-03"}}, "b"),
        ({"metadata.signed": {"not": "2026-03-01"}}, "bc"),
        ({"title": ["a", "The harbour contract."]}, "abc"),
        ({"doc_id": {"gte": "2026-01-01"}}, ""),
        ({"year": [2026, 1.5, None]}, "abc"),
        ({"price": {"gt": 2, "lte": 2.5}}, "abc"),
        ({"paid": True}, "abc"),
        ({"tag": 7}, "abc"),
        ({"tag": ["x", True]}, "abc"),
    ],
)
async def test_values_are_those_of_the_fields_kind(
    contracts: Client, filters: dict[str, object], shown: str
) -> None:
    assert await found(contracts, filters) == shown


async def test_a_day_stands_for_all_of_its_moments(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        text = "The harbour contract."
        await admin.call("knowledge.add_document", collection="c", doc_id="a", text=text, wait=True)
        for day in (
            TODAY,
            ["2025-01-01", TODAY],
            {"gte": TODAY},
            {"not": "2026-09-20"},
            "2026-09-21T14:13:20Z",
        ):
            assert await found(admin, {"created": day}) == "a"
        for day in (
            "2026-09-20",
            {"not": TODAY},
            {"lt": TODAY},
            {"gt": "2026-09-22"},
            "2026-09-21T14:13:21Z",
        ):
            assert await found(admin, {"created": day}) == ""


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"created": {"gte": 5}}, "`filters.created.gte` should be an RFC 3339 date"),
        ({"created": {"gte": TODAY, "lt": 5}}, "`filters.created.lt` should be an RFC 3339 date"),
        ({"created": 5}, "`filters.created` should be an RFC 3339 date"),
        ({"created": "yesterday"}, "an RFC 3339 date"),
        ({"created": "2026-02-30"}, "an RFC 3339 date"),
        ({"created": [TODAY, 5]}, "an RFC 3339 date"),
        ({"created": {"any": {"x": 1}}}, "`filters.created.any` should be left out"),
        ({"title": 5}, "`filters.title` should be a text"),
        ({"or": [{"doc_id": [1, 2]}]}, "a text"),
        ({"language": {"not": True}}, "`filters.language.not` should be a text"),
        ({"title": {"gte": 5}}, "`filters.title.gte` should be left out"),
        ({"year": "2026"}, "`filters.year` should be a number"),
        ({"metadata.year": True}, "a number"),
        ({"year": {"gte": "2026-01-01"}}, "`filters.year.gte` should be a number"),
        ({"price": {"contains": "2"}}, "`filters.price.contains` should be left out"),
        ({"signed": 2026}, "an RFC 3339 date"),
        ({"notes": 1}, "a text"),
        ({"paid": "yes"}, "true or false"),
        ({"paid": {"gte": 1}}, "`filters.paid.gte` should be left out"),
    ],
)
async def test_a_filter_that_could_never_match_is_refused(
    contracts: Client, filters: dict[str, object], expected: str
) -> None:
    with pytest.raises(FilterInvalid, match=expected):
        await found(contracts, filters)


async def test_declared_kinds_hold_where_all_collections_agree(contracts: Client) -> None:
    year: dict[str, object] = {"year": "2026"}
    await contracts.call("knowledge.create_collection", name="same", metadata_schema=SCHEMA)
    await contracts.call("knowledge.create_collection", name="free")
    with pytest.raises(FilterInvalid):
        await found(contracts, year, ("c", "same"))
    assert await found(contracts, year, ("c", "free")) == ""
    assert await found(contracts, {"parts": {"any": {"year": "2026", "created": 5}}}) == ""


@pytest.mark.parametrize("around", range(DEPTH_MAX + 1))
async def test_no_nesting_is_deeper_than_the_limit(admin: Client, around: int) -> None:
    async def search(levels: int) -> None:
        condition: object = 1
        for _ in range(levels - around):
            condition = {"not": condition}
        filters: dict[str, object] = {"n": condition}
        for _ in range(around):
            filters = {"not": filters}
        await admin.call("knowledge.search", query="harbour", filters=filters)

    await search(DEPTH_MAX)
    with pytest.raises(FilterInvalid, match="at most 6 levels"):
        await search(DEPTH_MAX + 1)
