"""Each call to an engine fails once: nothing is acknowledged falsely, nothing hangs, all ends well."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from faulty import Fault, FaultyDatabase, FaultyEncoder, FaultyVectors

from mainstay.app.house import House
from mainstay.app.settings import Settings
from mainstay.kernel import leases, reactor
from mainstay.kit.errors import Unavailable
from mainstay.ports.database import SYSTEM, DatabaseUnavailable
from mainstay.ports.failures import EncoderUnavailable, VectorsUnavailable
from mainstay.ports.vectors import Equals, Space
from makers import ADMIN_KEY, Client, FrozenClock, client, engines_for

HANG_S = 5.0
_OPEN = (
    "SELECT state, attempts, due_ms, lease_ms, reason FROM outbox"
    " WHERE state IN ('waiting', 'running') ORDER BY seq LIMIT 3"
)
_FAULTS_MAX = 300
_TEXT = "The harbour office opens at nine. Its keeper signs with kwzfrbtlm."
_LATER = "The harbour office opens at ten. Its keeper signs with pqdvnhgcr."
_CALM = "The lighthouse is lit at dusk by jxmtwplkq."


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the reactor look for work often; its waiting times are the clock's."""
    monkeypatch.setattr(reactor, "_TICK_S", 0.02)


@pytest.fixture
async def moving(clock: FrozenClock) -> AsyncIterator[FrozenClock]:
    """Let a second pass in a fiftieth of one."""

    async def move() -> None:
        while True:
            await asyncio.sleep(0.02)
            clock.move(1)

    task = asyncio.create_task(move())
    yield clock
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def faulty_house(
    folder: Path, clock: FrozenClock, part: str, fault: Fault
) -> AsyncIterator[tuple[House, FaultyEncoder]]:
    settings = Settings(data=folder, admin_key=ADMIN_KEY)
    chosen = engines_for(settings, clock=clock)
    encoder = FaultyEncoder(fault if part == "encoder" else Fault(EncoderUnavailable))
    chosen = replace(chosen, encoder=encoder)
    if part == "database":
        chosen = replace(chosen, database=FaultyDatabase(chosen.database, fault))
    if part == "vectors":
        chosen = replace(chosen, vectors=FaultyVectors(chosen.vectors, fault))
    async with House(settings, chosen, clock=clock) as house:
        yield house, encoder


async def settled(house: House) -> None:
    """Wait until no step waits or runs."""
    until = time.perf_counter() + HANG_S
    while True:
        with contextlib.suppress(Unavailable):
            left = await rows(house, _OPEN)
            if not left:
                return
            assert time.perf_counter() < until, (house.clock.now_ms(), left)
        await asyncio.sleep(0.01)


async def hits(admin: Client, word: str) -> list[str]:
    found = await admin.call("knowledge.search", query=word, mode="lexical", group="passage", top_k=5)
    return [hit.doc_id for hit in found]


async def check(house: House, admin: Client, alive: dict[str, str], dead: list[str]) -> None:
    """See that exactly these documents are there and found, and that rows and points agree."""
    await settled(house)
    page = await admin.call("knowledge.list_documents")
    assert sorted(each.doc_id for each in page.documents) == sorted(alive)
    assert all(each.state == "indexed" for each in page.documents)
    for doc_id, word in alive.items():
        assert await hits(admin, word) == [doc_id]
    for word in dead:
        assert await hits(admin, word) == []
    assert await points(house) == len(await rows(house, "SELECT point_id FROM passages")) == len(alive)
    assert not await rows(house, "SELECT seq FROM outbox WHERE state = 'dead'")


async def rows(house: House, sql: str) -> list[Any]:
    return await house.engines.database.fetch(SYSTEM, sql)


async def points(house: House) -> int:
    engines, count = house.engines, 0
    for row in await rows(house, "SELECT tenant_id FROM tenants"):
        space = Space(row["tenant_id"], engines.encoder.name, engines.encoder.dimensions)
        count += await engines.vectors.count(space, Equals("kind", "passage"))
    return count


Attempt = Callable[[str], Coroutine[Any, Any, Any]]


async def attempted(attempt: Attempt, key: str) -> bool:
    """Try a request; tell whether it was acknowledged. It must not hang, and fail only as Unavailable."""
    started = time.perf_counter()
    try:
        await attempt(key)
    except Unavailable:
        return False  # any other failure would be a bug, and ends the test
    finally:
        assert time.perf_counter() - started < HANG_S
    return True


@pytest.mark.parametrize(
    ("part", "failure"),
    [("database", DatabaseUnavailable), ("encoder", EncoderUnavailable), ("vectors", VectorsUnavailable)],
)
async def test_every_call_may_fail_once(
    tmp_path: Path, moving: FrozenClock, part: str, failure: type[Unavailable]
) -> None:
    fault = Fault(lambda: failure("Try again."))
    async with faulty_house(tmp_path / "data", moving, part, fault) as (house, _):
        admin = client(house)
        await admin.call("knowledge.add_document", collection="c", doc_id="calm", text=_CALM, wait=True)

        def adding(text: str) -> Attempt:
            async def add(key: str) -> None:
                values = {"collection": "c", "doc_id": "one", "text": text, "wait": True}
                await admin.answer("knowledge.add_document", idempotency_key=key, **values)

            return add

        async def delete(key: str) -> None:
            await admin.answer("knowledge.delete_document", idempotency_key=key, doc_id="one")

        steps: list[tuple[str, Attempt, dict[str, str], list[str]]] = [
            ("add", adding(_TEXT), {"one": "kwzfrbtlm"}, ["pqdvnhgcr"]),
            ("replace", adding(_LATER), {"one": "pqdvnhgcr"}, ["kwzfrbtlm"]),
            ("delete", delete, {}, ["kwzfrbtlm", "pqdvnhgcr"]),
        ]
        fired = dict.fromkeys([name for name, *_ in steps], 0)
        refused = dict.fromkeys([name for name, *_ in steps], 0)
        missed = set[str]()
        for at in range(1, _FAULTS_MAX):
            for name, attempt, alive, dead in steps:
                fault.arm(at if name not in missed else 1 << 40)
                key = f"{name}-{at}"
                good = await attempted(attempt, key)
                await settled(house)
                fault.disarm()
                if not fault.fired:
                    missed.add(name)
                fired[name] += fault.fired
                if not good:
                    refused[name] += 1
                    assert await attempted(attempt, key)
                await check(house, admin, {"calm": "jxmtwplkq", **alive}, dead)
            if len(missed) == len(steps):
                break
        else:
            raise AssertionError("the faults never end")
        versions = await rows(house, "SELECT version FROM document_versions WHERE doc_id = 'one'")
        assert not versions
    assert fired["add"] > 0
    print(f"\n{part}: faults {fired}, of which refused at once {refused}; all ended well")  # noqa: T201


async def test_a_poisoned_document_is_buried_and_its_neighbours_live(
    tmp_path: Path, moving: FrozenClock
) -> None:
    async with faulty_house(tmp_path / "data", moving, "none", Fault(EncoderUnavailable)) as (house, encoder):
        encoder.poison = "mnqrstvwx"
        admin = client(house)
        documents = [
            {"doc_id": "first", "text": _CALM},
            {"doc_id": "poisoned", "text": "Whoever reads mnqrstvwx breaks."},
            {"doc_id": "last", "text": _TEXT},
        ]
        batch = await admin.call("knowledge.add_documents", collection="c", documents=documents)
        assert batch.stored == 3
        async with asyncio.timeout(60):
            while not (job := await admin.call("jobs.get_job", job_id=batch.job_id)).ended():
                moving.move(100)
                await asyncio.sleep(0.01)
        assert job.state == "failed"
        [told] = job.failures
        assert (told.subject, told.code, told.attempts) == ("poisoned", "Bug", leases.ATTEMPTS_MAX)
        assert "look for event_" in told.detail
        assert await hits(admin, "jxmtwplkq") == ["first"]
        assert await hits(admin, "kwzfrbtlm") == ["last"]
        assert await hits(admin, "mnqrstvwx") == []
        encoder.poison = ""
        await admin.call("jobs.retry_job", job_id=batch.job_id)
        alive = {"first": "jxmtwplkq", "poisoned": "mnqrstvwx", "last": "kwzfrbtlm"}
        await check(house, admin, alive, [])
        assert (await admin.call("jobs.get_job", job_id=batch.job_id)).state == "done"


async def test_a_document_deleted_while_it_is_encoded_leaves_nothing(
    tmp_path: Path, moving: FrozenClock
) -> None:
    async with faulty_house(tmp_path / "data", moving, "none", Fault(EncoderUnavailable)) as (house, encoder):
        admin = client(house)

        async def deleted() -> None:
            await admin.call("knowledge.delete_document", doc_id="one")

        encoder.meanwhile = deleted
        await admin.call("knowledge.add_document", collection="c", doc_id="one", text=_TEXT, wait=True)
        await check(house, admin, {}, ["kwzfrbtlm"])


async def test_a_document_stored_anew_while_it_is_encoded_shows_its_new_text(
    tmp_path: Path, moving: FrozenClock
) -> None:
    async with faulty_house(tmp_path / "data", moving, "none", Fault(EncoderUnavailable)) as (house, encoder):
        admin = client(house)

        async def replaced() -> None:
            await admin.call("knowledge.delete_document", doc_id="one")
            await admin.call("knowledge.add_document", collection="c", doc_id="one", text=_LATER)

        encoder.meanwhile = replaced
        await admin.call("knowledge.add_document", collection="c", doc_id="one", text=_TEXT)
        await check(house, admin, {"one": "pqdvnhgcr"}, ["kwzfrbtlm"])


async def test_a_late_removal_spares_a_document_that_was_stored_anew(
    tmp_path: Path, clock: FrozenClock
) -> None:
    fault = Fault(lambda: VectorsUnavailable("Try again."))
    async with faulty_house(tmp_path / "data", clock, "vectors", fault) as (house, _):
        admin = client(house)
        values = {"collection": "c", "doc_id": "one", "wait": True}
        await admin.call("knowledge.add_document", text=_TEXT, **values)
        fault.arm(1)
        await admin.call("knowledge.delete_document", doc_id="one")
        async with asyncio.timeout(HANG_S):
            while not await rows(house, "SELECT seq FROM outbox WHERE attempts > 0 AND state = 'waiting'"):
                await asyncio.sleep(0.01)
        await admin.call("knowledge.add_document", text=_LATER, **values)
        clock.move(60)
        await check(house, admin, {"one": "pqdvnhgcr"}, ["kwzfrbtlm"])


async def test_a_step_goes_on_soon_after_the_database_was_out(tmp_path: Path, clock: FrozenClock) -> None:
    fault = Fault(lambda: DatabaseUnavailable("Try again."))
    async with faulty_house(tmp_path / "data", clock, "database", fault) as (house, encoder):
        admin = client(house)

        async def out() -> None:
            fault.arm(1, lasting=12)  # the step's commit, and the note that it failed

        encoder.meanwhile = out
        await admin.call("knowledge.add_document", collection="c", doc_id="one", text=_TEXT)
        async with asyncio.timeout(HANG_S):
            while not fault.fired or fault.calls < 20:
                await asyncio.sleep(0.01)
        clock.move(leases.LEASE_MS / 1000 / 2)
        await check(house, admin, {"one": "kwzfrbtlm"}, [])
