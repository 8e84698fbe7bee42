"""What may be in progress at once: by tenant and key, uploads and long waits apart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.at_once import TooManyAtOnce
from mainstay.kernel.guard import RateLimited
from mainstay.kernel.interface import Upload
from makers import Client, FrozenClock, client, opened_house, tenant_client

_FILE = Upload("note.txt", "text/plain", b"A note about the ferry.")


@pytest.fixture
async def house(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[House]:
    async with opened_house(tmp_path / "data", clock=clock) as opened:
        yield opened


async def capped(house: House, name: str = "Ferry", **caps: int) -> Client:
    who = await tenant_client(house, name)
    tenants = await client(house).call("identity.list_tenants")
    (tenant_id,) = [each.tenant_id for each in tenants if each.name == name]
    await client(house).call("gateway.replace_tenant_quotas", tenant_id=tenant_id, **caps)
    return who


@asynccontextmanager
async def held(house: House, who: Client, operation: str, count: int, **values: Any) -> AsyncIterator[None]:
    """Keep some requests in progress: each has been admitted, and its body does not come."""
    reading, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def one() -> None:
        async def read() -> dict[str, Any]:
            reading.release()
            await go_on.wait()
            return values

        message = client(house, who.key).message(read)
        await house.application.dispatch(who.operation(operation), message)

    tasks = [asyncio.create_task(one()) for _ in range(count)]
    for _ in tasks:
        await reading.acquire()
    try:
        yield
    finally:
        go_on.set()
        await asyncio.gather(*tasks)


async def test_a_tenant_has_so_many_requests_in_progress_and_another_is_not_touched(house: House) -> None:
    who, other = await capped(house, requests_at_once=2), await tenant_client(house, "Barge")
    made = await who.call("identity.create_key", name="second")
    async with held(house, who, "jobs.list_jobs", 2), held(house, other, "jobs.list_jobs", 20):
        with pytest.raises(TooManyAtOnce, match=r"2 in progress at once \(requests_at_once\)") as refused:
            await client(house, made.key).call("jobs.list_jobs")
        assert refused.value.retry_after_s == 1.0
        await other.call("jobs.list_jobs")
    for _ in range(3):
        await who.call("jobs.list_jobs")


async def test_a_key_has_so_many_and_other_keys_of_its_tenant_go_on(house: House) -> None:
    who = await capped(house, key_requests_at_once=1)
    made = await who.call("identity.create_key", name="second")
    async with held(house, who, "jobs.list_jobs", 1):
        with pytest.raises(TooManyAtOnce, match="key_requests_at_once"):
            await who.call("jobs.list_jobs")
        await client(house, made.key).call("jobs.list_jobs")
    await who.call("jobs.list_jobs")


async def test_uploads_are_counted_apart_and_refused_unread(house: House) -> None:
    who = await capped(house, uploads_at_once=1, requests_at_once=1)
    given = {"file": _FILE, "collection": "c"}
    async with held(house, who, "knowledge.upload_document", 1, **given):
        with pytest.raises(TooManyAtOnce, match="uploads_at_once"):
            await who.call("knowledge.upload_document", **given)
        await who.call("jobs.list_jobs")
    await who.call("knowledge.upload_document", **given)


async def test_whoever_waits_is_counted_as_that_and_leaves_room_for_requests(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await capped(house, waits_at_once=1, requests_at_once=1)
    embed, begun, go_on = house.engines.encoder.embed, asyncio.Event(), asyncio.Event()

    async def slowly(*given: Any, **named: Any) -> Any:
        begun.set()
        await go_on.wait()
        return await embed(*given, **named)

    monkeypatch.setattr(house.engines.encoder, "embed", slowly)
    add = "knowledge.add_document"
    waiting = asyncio.create_task(who.call(add, collection="c", text="One.", wait=True))
    await begun.wait()
    with pytest.raises(TooManyAtOnce, match="waits_at_once"):
        await who.call(add, collection="c", text="Two.", wait=True)
    await client(house, who.key).call(add, collection="c", text="Two.")
    go_on.set()
    await waiting
    await who.call(add, collection="c", text="Three.", wait=True)


async def test_streams_are_waits_until_their_end_however_they_end(house: House) -> None:
    who = await capped(house, waits_at_once=1)
    ask = {"question": "Where is the ferry?"}
    first = await who.answer("knowledge.stream_answer", **ask)
    piece = await anext(first.value)
    with pytest.raises(TooManyAtOnce):
        await who.answer("knowledge.stream_answer", **ask)
    await first.value.aclose()
    assert piece
    unheard = await who.answer("knowledge.stream_answer", **ask)
    await unheard.value.aclose()  # the client left before the first piece
    del unheard
    again = await who.answer("knowledge.stream_answer", **ask)
    assert [piece async for piece in again.value]
    await who.answer("knowledge.stream_answer", **ask)


async def test_whatever_ends_leaves_its_place(house: House) -> None:
    who = await capped(house, requests_at_once=1)
    made = await who.call("identity.create_key", name="slow", role="user", limit_per_minute=1)
    slow = client(house, made.key)
    await slow.call("jobs.list_jobs")
    for _ in range(3):
        with pytest.raises(RateLimited):
            await slow.call("jobs.list_jobs")
    await who.call("jobs.list_jobs")


async def test_what_a_cap_refuses_counts_under_no_limit(house: House) -> None:
    who = await capped(house, requests_at_once=1, requests_per_day=50)
    async with held(house, who, "jobs.list_jobs", 1):
        for _ in range(5):
            with pytest.raises(TooManyAtOnce):
                await who.call("jobs.list_jobs")
    told = await who.call("gateway.get_quotas")
    assert [(line.name, line.used) for line in told.quotas] == [("requests_per_day", 2)]
    assert told.at_once == {"requests_at_once": 1}
    await house.counting.go()
    report = await who.call("gateway.get_usage", since="2026-09-01", until="2026-10-01")
    assert report.totals.refused == 5
    assert set((await who.call("gateway.get_limits")).at_once) == {"requests_at_once"}
