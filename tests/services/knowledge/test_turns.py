"""Work on many documents asks the database seldom, and gives others their turns meanwhile."""

import asyncio
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.caller import house as house_caller
from mainstay.kernel.work import Work, entered
from mainstay.ports.database import SYSTEM
from mainstay.services.knowledge.indexing import Indexing
from makers import Client, WordEncoder

_MANY = 60


async def stored(admin: Client, ending: str) -> None:
    text = "Pump {} of the hall is red.\n\n# Care\n\nOil the valve of pump {} on Mondays{}"
    documents = [{"doc_id": f"d{n:02}", "text": text.format(n, n, ending)} for n in range(_MANY)]
    await admin.call("knowledge.add_documents", collection="c", documents=documents, wait=True)


async def test_what_is_known_of_many_documents_is_asked_for_at_once(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stored(admin, ".")
    engine, encoder = admin.house.engines.database, admin.house.engines.encoder
    assert isinstance(encoder, WordEncoder)
    encoded = len(encoder.encoded)
    asked: list[str] = []
    fetch = engine.fetch

    async def noted(scope: Any, sql: str, values: Any = None) -> Any:
        asked.append(sql)
        return await fetch(scope, sql, values)

    monkeypatch.setattr(engine, "fetch", noted)
    await stored(admin, " and on Fridays.")
    assert len(encoder.encoded) == encoded + _MANY  # of each document the one passage that changed
    assert sum("FROM passages p" in sql for sql in asked) < _MANY / 4


async def test_looking_for_documents_of_another_encoder_gives_others_their_turns(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stored(admin, ".")
    monkeypatch.setattr("mainstay.services.knowledge.indexing._DOCUMENTS_AT_ONCE", 5)
    [row] = await house.engines.database.fetch(SYSTEM, "SELECT DISTINCT tenant_id FROM documents")
    tenant = str(row["tenant_id"])
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    await asyncio.sleep(0)
    before = turns
    with entered(Work(house_caller(tenant, "test"), house.engines.database, "req")):
        assert await house._wiring.make(Indexing).of_another_encoder() == []
    assert turns - before >= _MANY / 5
    task.cancel()
