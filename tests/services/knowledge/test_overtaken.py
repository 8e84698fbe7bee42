"""What happens to a document while it is on its way into the index: stored anew, cancelled."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mainstay.app.house import House
from mainstay.ports.database import SYSTEM
from mainstay.ports.encoder import Lane, Role
from mainstay.ports.failures import EncoderUnavailable
from mainstay.ports.vectors import Point, Space
from mainstay.services.knowledge.encoding import Encoding
from mainstay.services.knowledge.failures import IndexBehind
from mainstay.services.knowledge.passage_store import Sealed
from mainstay.services.knowledge.store import DocumentRow
from makers import Client, WordEncoder, client, opened_house

_APPLIED = (
    "SELECT seq FROM outbox WHERE job_id = :job AND reaction = 'knowledge.apply_changes' AND state = 'done'"
)

_ON_THE_WAY = "SELECT seq FROM outbox WHERE state IN ('waiting', 'running')"


class Held(WordEncoder):
    """An encoder that encodes documents only while it is let."""

    name = "held"

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()
        self.free.set()

    async def embed(
        self, texts: Sequence[str], *, role: Role = "passage", lane: Lane = "query"
    ) -> NDArray[np.float32]:
        if lane == "ingest":
            await self.free.wait()
        return await super().embed(texts, role=role, lane=lane)


class HeldIndex:
    """Holds up what goes into a house's index, until it is let."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.busy, self.free = asyncio.Event(), asyncio.Event()
        upsert = house.engines.vectors.upsert

        async def slow(space: Space, points: Sequence[Point], *changes: int) -> None:
            if points:
                self.busy.set()
                await self.free.wait()
            await upsert(space, points, *changes)

        monkeypatch.setattr(house.engines.vectors, "upsert", slow)


async def add(admin: Client, text: str, **more: Any) -> Any:
    return await admin.call("knowledge.add_document", collection="c", doc_id="d", text=text, **more)


async def ended(admin: Client, job_id: str) -> str:
    return (await admin.call("jobs.get_job", job_id=job_id, wait_s=20)).state


async def found(who: Client, query: str) -> list[str]:
    return [hit.snippet for hit in await who.call("knowledge.search", query=query)]


async def test_a_version_that_was_replaced_while_it_was_indexed_is_not_shown_to_whom_the_new_one_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Held()
    async with opened_house(tmp_path, encoder=encoder) as house:
        admin = client(house)
        await admin.call("knowledge.add_document", collection="c", text="The pump.", wait=True)
        made = await admin.call("identity.create_key", name="staff", role="user", groups=["staff"])
        index = HeldIndex(house, monkeypatch)
        secret = await add(admin, "SECRET salary 9000", groups=["board"])
        await index.busy.wait()
        encoder.free.clear()
        told = await add(admin, "salaries are fair", groups=["staff"])
        index.free.set()
        assert await ended(admin, secret.job_id) == "done"
        await admin.call("knowledge.rebuild", wait=True)
        assert not [text for text in await found(client(house, made.key), "salary") if "SECRET" in text]
        encoder.free.set()
        assert await ended(admin, told.job_id) == "done"
        assert "salaries are fair" in await found(client(house, made.key), "salaries")


async def test_a_document_stored_during_a_change_of_encoder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened_house(tmp_path) as house:
        await add(client(house), "The first pump.", wait=True)
    encoder = Held()
    async with opened_house(tmp_path, encoder=encoder) as house:
        admin = client(house)
        await admin.call("knowledge.add_faq", collection="c", question="Which pump?", answer="The second.")
        while await house.engines.database.fetch(SYSTEM, _ON_THE_WAY):
            await asyncio.sleep(0.01)
        index = HeldIndex(house, monkeypatch)
        rebuilt = await admin.call("knowledge.rebuild")
        await index.busy.wait()
        encoder.free.clear()
        stored = await add(admin, "The second valve.")
        index.free.set()
        while not await house.engines.database.fetch(SYSTEM, _APPLIED, {"job": rebuilt.job_id}):
            await asyncio.sleep(0.01)
        encoder.free.set()
        for job_id in (rebuilt.job_id, stored.job_id):
            assert await ended(admin, job_id) == "done"
        assert await found(admin, "valve") == ["The second valve."]


async def test_waiting_for_a_job_that_is_cancelled_does_not_say_indexed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(self: WordEncoder, texts: Sequence[str], **_: object) -> NDArray[np.float32]:
        raise EncoderUnavailable("down")

    monkeypatch.setattr(WordEncoder, "embed", down)
    async with opened_house(tmp_path) as house:
        admin = client(house)
        waiting = asyncio.create_task(add(admin, "The pump.", wait=True))
        while not waiting.done():
            for job in await admin.call("jobs.list_jobs"):
                if job.state == "waiting":
                    await admin.call("jobs.cancel_job", job_id=job.job_id)
            await asyncio.sleep(0.01)
        with pytest.raises(IndexBehind, match="was cancelled"):
            await waiting


async def test_long_documents_are_taken_on_in_small_portions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portions: list[list[int]] = []
    encode = Encoding.encode

    async def noted(self: Encoding, documents: Sequence[DocumentRow]) -> list[tuple[str, list[Sealed]]]:
        portions.append([document.characters for document in documents])
        return await encode(self, documents)

    monkeypatch.setattr(Encoding, "encode", noted)
    async with opened_house(tmp_path) as house:
        texts = ["pump " * words for words in (16_000, 16_000, 16_000, 50_000, 2)]
        admin = client(house)
        await admin.call("knowledge.add_documents", collection="c", documents=[{"text": t} for t in texts])
        while await house.engines.database.fetch(SYSTEM, _ON_THE_WAY):
            await asyncio.sleep(0.01)
    assert sorted(portions) == [[10], [80_000], [80_000, 80_000], [250_000]]
