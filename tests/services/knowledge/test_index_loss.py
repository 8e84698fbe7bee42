"""The index is derived: lost, it is filled again from the database, once."""

import logging
import shutil
from pathlib import Path

import pytest

from makers import ADMIN_KEY, Client, opened_house


async def test_a_lost_index_is_filled_again_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with opened_house(tmp_path) as house:
        admin = Client(house, ADMIN_KEY, {})
        documents = [{"doc_id": f"d{n}", "text": f"Pump number {n} of the hall."} for n in range(130)]
        await admin.call("knowledge.add_documents", collection="c", documents=documents, wait=True)
        await admin.call("knowledge.delete_document", doc_id="d7")
    shutil.rmtree(tmp_path / "vectors")
    told = []
    for _ in range(3):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            async with opened_house(tmp_path) as house:
                admin = Client(house, ADMIN_KEY, {})
                hits = await admin.call("knowledge.search", query="pump hall", top_k=100, group="passage")
                assert len(hits) == 100
                [hit] = await admin.call("knowledge.search", query="number 99", top_k=1, mode="lexical")
                assert hit.doc_id == "d99"
        told.append("is being rebuilt" in caplog.text)
    assert told == [True, False, False]
