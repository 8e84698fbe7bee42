"""Two callers do the same at once: one succeeds, the other is told of a conflict, in both databases."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.app.settings import Settings
from mainstay.engines.ciphers.aesgcm import load_or_make_key
from mainstay.engines.signers.ed25519 import load_or_make_signer
from mainstay.kernel.interface import Upload
from mainstay.kit.errors import Conflict
from mainstay.kit.random import SystemRandom
from mainstay.ports.database import SYSTEM
from mainstay.services.identity.keyring import LOCAL_KEY
from makers import ADMIN_KEY, FrozenClock, client, engines_for

AT_ONCE = 6


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest) -> dict[str, str]:
    """Give the setting of each database."""
    return {"database": request.getfixturevalue("empty_postgres")} if request.param == "postgres" else {}


def closed_house(folder: Path, where: dict[str, str], **more: Any) -> House:
    settings = Settings(data=folder, **{"admin_key": ADMIN_KEY, **where, **more})
    return House(settings, engines_for(settings, clock=FrozenClock()))


@pytest.fixture
async def house(tmp_path: Path, where: dict[str, str]) -> AsyncIterator[House]:
    async with closed_house(tmp_path / "data", where) as opened:
        yield opened


async def at_once(house: House, operation: str, **values: Any) -> tuple[list[Any], list[str]]:
    """Call an operation several times at once; give the answers, and the codes of the refusals."""
    calls = [client(house).call(operation, **values) for _ in range(AT_ONCE)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Conflict):
            raise outcome
    return (
        [each for each in outcomes if not isinstance(each, BaseException)],
        [each.code() for each in outcomes if isinstance(each, Conflict)],
    )


@pytest.mark.parametrize(
    ("operation", "name", "code"),
    [
        ("knowledge.create_collection", "harbour", "CollectionExists"),
        ("identity.create_tenant", "Harbour", "TenantNameTaken"),
    ],
)
async def test_a_name_is_given_once(house: House, operation: str, name: str, code: str) -> None:
    given, refused = await at_once(house, operation, name=name)
    assert [each.name for each in given] == [name]
    assert refused == [code] * (AT_ONCE - 1)


@pytest.mark.parametrize(
    ("operation", "values"),
    [
        ("knowledge.create_collection", {"name": "harbour"}),
        ("identity.create_tenant", {"name": "Harbour"}),
        ("knowledge.add_document", {"collection": "new", "doc_id": "d", "text": "Pump."}),
        ("knowledge.delete_document", {"doc_id": "gone"}),
        ("knowledge.delete_collection", {"name": "c"}),
    ],
)
async def test_one_request_that_comes_several_times_at_once_has_one_answer(
    house: House, operation: str, values: dict[str, Any]
) -> None:
    await client(house).call("knowledge.add_document", collection="c", doc_id="gone", text="Old.", wait=True)
    walkers = [client(house) for _ in range(AT_ONCE)]
    answers = await asyncio.gather(
        *(each.answer(operation, idempotency_key="k", **values) for each in walkers)
    )
    assert all(answer == answers[0] for answer in answers)
    assert sum("Idempotency-Replayed" not in each.headers for each in walkers) == 1
    await house.audit.flush()
    rows = await house.engines.database.fetch(SYSTEM, "SELECT operation, outcome FROM audit")
    told = [str(row["outcome"]) for row in rows if row["operation"] == operation]
    assert sorted(told)[-AT_ONCE:] == ["ok", *["replayed"] * (AT_ONCE - 1)]


async def test_a_keys_name_may_be_used_again(house: House) -> None:
    given, refused = await at_once(house, "identity.create_key", name="Website")
    assert len({each.key_id for each in given}) == AT_ONCE
    assert refused == []


async def test_faqs_and_feedback_are_given_side_by_side(house: House) -> None:
    await client(house).call("knowledge.add_document", collection="c", doc_id="d", text="Pumps.", wait=True)
    for operation, values in (
        ("knowledge.add_faq", {"collection": "c", "question": "Which pumps?", "answer": "All."}),
        ("knowledge.give_feedback", {"query": "pumps", "doc_id": "d", "helpful": True}),
        ("knowledge.rebuild", {}),
    ):
        given, refused = await at_once(house, operation, **values)
        assert (len(given), refused) == (AT_ONCE, [])


@pytest.mark.parametrize("doc_id", ["d", None])
async def test_a_document_is_stored_once_into_a_new_collection(house: House, doc_id: str | None) -> None:
    for n in range(4):
        values = {"collection": f"new{n}", "doc_id": doc_id, "text": f"Pump {n}."}
        given, refused = await at_once(house, "knowledge.add_document", **values)
        assert given
        assert set(refused) <= {"DocumentBusy"}
        assert len({each.doc_id for each in given}) == (1 if doc_id else len(given))


async def test_a_file_is_stored_once(house: House) -> None:
    file = Upload("a.md", "text/markdown", b"# Pumps")
    given, refused = await at_once(house, "knowledge.upload_document", file=file, collection="c", doc_id="d")
    assert given
    assert set(refused) <= {"DocumentBusy"}


@pytest.mark.parametrize("admin_key", [ADMIN_KEY, None])
async def test_processes_start_on_an_empty_database_at_once(
    tmp_path: Path, empty_postgres: str, admin_key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_key, side_by_side = House._first_key, asyncio.Barrier(4)

    async def together(self: House) -> None:
        await side_by_side.wait()
        await first_key(self)

    monkeypatch.setattr(House, "_first_key", together)
    where = {"database": empty_postgres}
    kept = tmp_path / "0"  # processes of one installation have the same keys
    kept.mkdir()
    load_or_make_key(kept / "secret.key", SystemRandom())
    load_or_make_signer(kept / "audit.key", SystemRandom())
    for number in range(1, 4):
        shutil.copytree(kept, tmp_path / str(number))
    houses = [closed_house(tmp_path / str(number), where, admin_key=admin_key) for number in range(4)]
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(house) for house in houses))
        fetch = houses[0].engines.database.fetch
        assert [row["name"] for row in await fetch(SYSTEM, "SELECT name FROM tenants")] == ["operator"]
        keys = [row["key_id"] for row in await fetch(SYSTEM, "SELECT key_id FROM api_keys")]
        assert (len(keys), keys.count(LOCAL_KEY)) == (2, 1)
        made = [house.new_key for house in houses if house.new_key is not None]
        assert len(made) == (admin_key is None)
        for house in houses:
            await client(house, *(made or [ADMIN_KEY])).call("identity.whoami")
