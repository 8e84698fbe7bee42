"""The index is derived: lost, it is filled again from the database, once."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.errands import HouseCloses
from mainstay.ports.database import SYSTEM
from mainstay.ports.failures import VectorsUnavailable
from mainstay.ports.vectors import Point, Space
from makers import ADMIN_KEY, Client, FrozenClock, client, opened_house

_APPLYING = "SELECT seq FROM outbox WHERE reaction = 'knowledge.apply_changes' AND state = 'waiting'"


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


async def test_what_a_rebuild_did_is_durable_when_it_is_done(admin: Client) -> None:
    engines = admin.house.engines
    await admin.call("knowledge.add_document", collection="c", text="The first pump.", wait=True)
    await admin.call("knowledge.rebuild", wait=True)
    [row] = await engines.database.fetch(
        SYSTEM, "SELECT tenant_id, max(change) AS newest FROM index_changes GROUP BY tenant_id"
    )
    space = Space(str(row["tenant_id"]), engines.encoder.name, engines.encoder.dimensions)
    assert await engines.vectors.applied(space) == row["newest"]


async def test_a_rebuild_keeps_what_was_stored_just_before_it(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the index is busy, a document and a rebuild queue up and are applied together."""
    engine, database = admin.house.engines.vectors, admin.house.engines.database
    await admin.call("knowledge.add_document", collection="c", text="The first pump.", wait=True)
    upsert, busy, free = engine.upsert, asyncio.Event(), asyncio.Event()

    async def slow(space: Space, points: Sequence[Point], *changes: int) -> None:
        busy.set()
        await free.wait()
        await upsert(space, points, *changes)

    monkeypatch.setattr(engine, "upsert", slow)
    await admin.call("knowledge.add_document", collection="c", text="The second valve.")
    await busy.wait()
    stored = await admin.call("knowledge.add_document", collection="c", doc_id="late", text="A third casing.")
    waiting = "SELECT event_id FROM outbox WHERE reaction = 'knowledge.apply_changes' AND state = 'waiting'"
    while not await database.fetch(SYSTEM, waiting):
        await asyncio.sleep(0.01)
    rebuilt = await admin.call("knowledge.rebuild")
    free.set()
    for job_id in (stored.job_id, rebuilt.job_id):
        assert (await admin.call("jobs.get_job", job_id=job_id, wait_s=20)).state == "done"
    for query, mode in (("casing", "lexical"), ("casing", "dense")):
        hits = await admin.call("knowledge.search", query=query, mode=mode, top_k=1)
        assert [hit.doc_id for hit in hits] == ["late"]


@pytest.mark.parametrize("broken", [2, 3])
async def test_a_refill_that_was_cut_off_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: int
) -> None:
    """The third thing put in is the FAQ entries, after two portions of documents."""
    async with opened_house(tmp_path) as house:
        admin = Client(house, ADMIN_KEY, {})
        documents = [{"doc_id": f"d{n}", "text": f"Pump number {n} of the hall."} for n in range(130)]
        await admin.call("knowledge.add_documents", collection="c", documents=documents, wait=True)
        await admin.call("knowledge.add_faq", collection="c", question="Which pumps?", answer="All of them.")
    shutil.rmtree(tmp_path / "vectors")
    async with opened_house(tmp_path) as house:
        engine, calls = house.engines.vectors, 0
        upsert = engine.upsert

        async def breaks(space: Space, points: Sequence[Point], *changes: int) -> None:
            nonlocal calls
            calls += 1
            if calls == broken:
                raise VectorsUnavailable("the disk is full")
            await upsert(space, points, *changes)

        monkeypatch.setattr(engine, "upsert", breaks)
        admin = Client(house, ADMIN_KEY, {})
        with pytest.raises(VectorsUnavailable):
            await admin.call("knowledge.search", query="pump hall")
        await engine.flush()
        monkeypatch.undo()
    async with opened_house(tmp_path) as house:
        admin = Client(house, ADMIN_KEY, {})
        [space] = await spaces(house)
        assert await house.engines.vectors.applied(space) == 0
        for number in (0, 64, 129):
            hits = await admin.call("knowledge.search", query=f"number {number}", top_k=1, mode="lexical")
            assert [hit.doc_id for hit in hits] == [f"d{number}"]
        told = await admin.call("knowledge.query", query="Which pumps?", collections=["c"])
        assert [faq.question for faq in told.faqs] == ["Which pumps?"]
        await house.engines.vectors.flush()
        assert await house.engines.vectors.applied(space) > 0


async def test_changes_that_failed_are_overtaken_and_come_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the disk is full three documents are stored, and one of them deleted before they come again."""
    clock = FrozenClock()
    async with opened_house(tmp_path, clock=clock) as house:
        admin, engine, database = client(house), house.engines.vectors, house.engines.database
        await admin.call("knowledge.add_document", collection="c", doc_id="a", text="The pump.", wait=True)
        with monkeypatch.context() as patch:
            patch.setattr(engine, "_free_min", 1 << 62)
            documents = [{"doc_id": name, "text": f"The valve {name}."} for name in ("x", "y", "z")]
            stored = await admin.call("knowledge.add_documents", collection="c", documents=documents)
            while len(await database.fetch(SYSTEM, f"{_APPLYING} AND attempts > 0")) < 3:
                await asyncio.sleep(0.01)
        await admin.call("knowledge.delete_document", doc_id="x")
        for number in range(3):
            added = {"doc_id": f"d{number}", "text": f"The casing {number}."}
            await admin.call("knowledge.add_document", collection="c", wait=True, **added)
        await engine.flush()
        [living] = engine._opening.living()
        told, upsert = list[tuple[int, ...]](), engine.upsert

        async def noted(space: Space, points: Sequence[Point], *changes: int) -> None:
            told.append(changes)
            await upsert(space, points, *changes)

        monkeypatch.setattr(engine, "upsert", noted)
        clock.move(60)
        assert (await admin.call("jobs.get_job", job_id=stored.job_id, wait_s=20)).state == "done"
        assert told == [(2, 3, 4)]
        assert not living.unsynced
        await admin.call("knowledge.add_document", collection="c", doc_id="last", text="End.", wait=True)
        [left] = await database.fetch(
            SYSTEM, "SELECT count(*) AS n, max(change) AS newest FROM index_changes"
        )
        assert left["n"] == 2
        await engine.flush()
        assert await engine.applied(living.space) == left["newest"]


class Refill:
    """A house whose index was lost; its refill stops at each portion until it is let."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.admin = client(house)
        self.begun, self.free = asyncio.Event(), asyncio.Event()
        self.portions: list[int] = []
        self.failure: Exception | None = None
        self.upsert = house.engines.vectors.upsert
        monkeypatch.setattr(house.engines.vectors, "upsert", self.held)

    async def held(self, space: Space, points: Sequence[Point], *changes: int) -> None:
        self.portions.append(len(points))
        self.begun.set()
        await self.free.wait()
        if self.failure is not None:
            raise self.failure
        await self.upsert(space, points, *changes)

    def search(self) -> "asyncio.Task[list[Any]]":
        return asyncio.create_task(self.admin.call("knowledge.search", query="pump", top_k=100))


@contextlib.asynccontextmanager
async def refilling(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Refill]:
    """Lose the index of a house with 130 documents."""
    async with opened_house(folder) as house:
        documents = [{"doc_id": f"d{n}", "text": f"Pump number {n}."} for n in range(130)]
        await client(house).call("knowledge.add_documents", collection="c", documents=documents, wait=True)
    shutil.rmtree(folder / "vectors")
    async with opened_house(folder) as house:
        yield Refill(house, monkeypatch)


async def test_a_refill_goes_on_when_who_asked_first_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with refilling(tmp_path, monkeypatch) as refill:
        first, second = refill.search(), refill.search()
        await refill.begun.wait()
        for search in (first, second):
            search.cancel()
            with pytest.raises(asyncio.CancelledError):
                await search
        third = refill.search()
        refill.free.set()
        assert len(await third) == 100
        assert refill.portions == [100, 30, 0, 0]  # documents, FAQ entries, and the number of it all
        stored = {"doc_id": "d130", "text": "Pump number 130."}
        await refill.admin.call("knowledge.add_document", collection="c", wait=True, **stored)


async def test_a_refill_that_fails_tells_all_who_wait_and_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with refilling(tmp_path, monkeypatch) as refill:
        searches = [refill.search() for _ in range(3)]
        await refill.begun.wait()
        refill.failure = VectorsUnavailable("the disk is full")
        refill.free.set()
        for search in searches:
            with pytest.raises(VectorsUnavailable, match="disk is full"):
                await search
        assert refill.portions == [100]
        assert "broke off: the disk is full" in caplog.text
        refill.failure = None
        assert len(await refill.search()) == 100


async def test_a_refill_ends_when_the_house_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with refilling(tmp_path, monkeypatch) as refill:
        search = refill.search()
        await refill.begun.wait()
    with pytest.raises(HouseCloses):
        await search
    refill.free.set()
    await asyncio.sleep(0)
    assert refill.portions == [100]
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def spaces(house: House) -> list[Space]:
    tenants = await house.engines.database.fetch(SYSTEM, "SELECT DISTINCT tenant_id FROM documents")
    encoder = house.engines.encoder
    return [Space(str(row["tenant_id"]), encoder.name, encoder.dimensions) for row in tenants]
