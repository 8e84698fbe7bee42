"""Filters that really filter, or say what is wrong with them."""

import math

import pytest

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.services.knowledge.failures import FilterInvalid
from makers import Client

HUGE = 10**400


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
