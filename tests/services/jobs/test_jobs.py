"""Jobs: how far they are, why they failed, tried again, cancelled."""

import asyncio
from pathlib import Path

import pytest

from mainstay.app.house import House
from mainstay.kernel.interface import Upload
from mainstay.ports.database import SYSTEM
from mainstay.ports.failures import EncoderUnavailable, VectorsUnavailable
from mainstay.ports.vectors import Space
from mainstay.services.jobs.interface import JobMissing, JobPromised
from mainstay.services.knowledge.failures import IndexBehind
from makers import Client, FrozenClock, WordEncoder, client, opened_house, tenant_client


async def stored(admin: Client, **more: object) -> str:
    receipt = await admin.call("knowledge.add_document", collection="c", text="harbour", **more)
    return str(receipt.job_id)


async def test_a_job_is_followed_to_its_end(admin: Client) -> None:
    job_id = await stored(admin)
    job = await admin.call("jobs.get_job", job_id=job_id, wait_s=30.0)
    assert (job.state, job.done, job.total, job.progress) == ("done", 2, 2, 1.0)
    assert [listed.job_id for listed in await admin.call("jobs.list_jobs")] == [job_id]


async def test_a_job_of_another_tenant_is_not_there(house: House, admin: Client) -> None:
    job_id = await stored(admin)
    other = await tenant_client(house, "other")
    for operation in ("get_job", "retry_job", "cancel_job"):
        with pytest.raises(JobMissing):
            await other.call(f"jobs.{operation}", job_id=job_id)
    assert await other.call("jobs.list_jobs") == []


async def test_a_failed_job_tells_why_and_can_be_tried_again(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(WordEncoder, "embed", broken)
    monkeypatch.setattr("mainstay.kernel.leases.ATTEMPTS_MAX", 1)
    with pytest.raises(IndexBehind, match="look for event_"):
        await admin.call("knowledge.add_document", collection="c", doc_id="d", text="x", wait=True)
    [job] = await admin.call("jobs.list_jobs")
    assert (job.state, job.failures[0].subject, job.failures[0].code) == ("failed", "d", "Bug")
    assert (await admin.call("knowledge.get_document", doc_id="d")).state == "failed"
    monkeypatch.undo()
    await admin.call("jobs.retry_job", job_id=job.job_id)
    job = await admin.call("jobs.get_job", job_id=job.job_id, wait_s=30.0)
    assert job.state == "done"
    assert (await admin.call("knowledge.get_document", doc_id="d")).state == "indexed"


async def test_what_a_job_was_about_is_told_to_who_started_it_and_to_administrators(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    keys = [await admin.call("identity.create_key", name=name, role="developer") for name in "ab"]
    mine, other = [client(house, key.key) for key in keys]
    monkeypatch.setattr(WordEncoder, "embed", broken)
    monkeypatch.setattr("mainstay.kernel.leases.ATTEMPTS_MAX", 1)
    job_id = await stored(mine, doc_id="secret-merger")
    told = {}
    for name, who in (("mine", mine), ("other", other), ("admin", admin)):
        job = await who.call("jobs.get_job", job_id=job_id, wait_s=30.0)
        assert (job.state, job.failures[0].code) == ("failed", "Bug")
        told[name] = job.failures[0].subject
    assert told == {"mine": "secret-merger", "other": "", "admin": "secret-merger"}
    assert "secret-merger" not in str(await other.call("jobs.list_jobs"))
    for who in (mine, other, admin):
        assert (await who.call("knowledge.get_document", doc_id="secret-merger")).state == "failed"


async def test_a_job_can_be_cancelled(house: House, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(*_: object, **__: object) -> None:
        raise EncoderUnavailable("down")

    monkeypatch.setattr(WordEncoder, "embed", down)
    job_id = await stored(admin, doc_id="d")
    async with asyncio.timeout(20):
        while (await admin.call("jobs.get_job", job_id=job_id)).state != "waiting":
            await asyncio.sleep(0.02)
    assert (await admin.call("jobs.cancel_job", job_id=job_id)).state == "cancelled"
    assert (await admin.call("knowledge.get_document", doc_id="d")).text == "harbour"


async def uploaded(admin: Client, text: str) -> str:
    file = Upload("travel.md", "text/markdown", text.encode())
    receipt = await admin.call("knowledge.upload_document", file=file, collection="c", doc_id="travel")
    return str(receipt.job_id)


async def until_ended(admin: Client) -> None:
    async with asyncio.timeout(20):
        while await admin.house.engines.database.fetch(
            SYSTEM, "SELECT 1 AS one FROM outbox WHERE state IN ('waiting', 'running')"
        ):
            await asyncio.sleep(0.01)


async def test_what_was_promised_cannot_be_cancelled(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: object) -> None:
        raise VectorsUnavailable("down")

    await uploaded(admin, "Trains before planes.")
    await admin.call("knowledge.add_faq", collection="c", question="Which trains?", answer="All.")
    await until_ended(admin)
    [row] = await house.engines.database.fetch(SYSTEM, "SELECT tenant_id FROM documents")
    encoder, tenant = house.engines.encoder, str(row["tenant_id"])
    space = Space(tenant, encoder.name, encoder.dimensions)
    assert await house.engines.vectors.count(space) == 2
    for name in ("delete", "upsert"):
        monkeypatch.setattr(house.engines.vectors, name, down)
    [faq] = await admin.call("knowledge.list_faqs")
    await admin.call("knowledge.delete_faq", faq_id=faq.faq_id)
    deleted = await admin.call("knowledge.delete_collection", name="c")
    for job in (await admin.call("jobs.list_jobs"))[:2]:
        assert not job.ended()
        with pytest.raises(JobPromised, match="wait_s"):
            await admin.call("jobs.cancel_job", job_id=job.job_id)
        assert (await admin.call("jobs.get_job", job_id=job.job_id)).state != "cancelled"
    monkeypatch.undo()
    job = await admin.call("jobs.get_job", job_id=deleted.job_id, wait_s=30.0)
    assert job.state == "done"
    await until_ended(admin)
    assert await house.engines.vectors.count(space) == 0
    assert list(await house.engines.blobs.keys(tenant)) == []
    assert (await admin.call("jobs.cancel_job", job_id=deleted.job_id)).state == "done"


async def test_a_replaced_file_is_erased_although_its_successors_job_is_cancelled(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: object, **__: object) -> None:
        raise EncoderUnavailable("down")

    await uploaded(admin, "Trains before planes.")
    await until_ended(admin)
    [row] = await house.engines.database.fetch(SYSTEM, "SELECT tenant_id FROM documents")
    monkeypatch.setattr(WordEncoder, "embed", down)
    job_id = await uploaded(admin, "Bicycles before trains.")
    async with asyncio.timeout(20):
        while (await admin.call("jobs.cancel_job", job_id=job_id)).state != "cancelled":
            await asyncio.sleep(0.02)
    await until_ended(admin)
    [kept] = await house.engines.blobs.keys(str(row["tenant_id"]))
    [row] = await house.engines.database.fetch(SYSTEM, "SELECT blob FROM documents")
    assert kept == row["blob"]


async def test_a_job_is_forgotten_some_days_after_it_ended(
    tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("mainstay.kernel.leases.ATTEMPTS_MAX", 1)
    monkeypatch.setattr("mainstay.kernel.reactor._TIDY_EVERY_S", 0.02)
    async with opened_house(tmp_path, clock=clock, jobs_kept_days=2) as house:
        admin = client(house)
        await stored(admin, doc_id="good", wait=True)
        [done] = [job.job_id for job in await admin.call("jobs.list_jobs")]
        monkeypatch.setattr(WordEncoder, "embed", broken)
        failed = await stored(admin, doc_id="bad")
        await until_ended(admin)
        clock.move(1.9 * 24 * 3600)
        await asyncio.sleep(0.1)
        assert {job.job_id for job in await admin.call("jobs.list_jobs")} == {done, failed}
        clock.move(0.2 * 24 * 3600)
        async with asyncio.timeout(20):
            while await admin.call("jobs.list_jobs"):
                await asyncio.sleep(0.01)
        with pytest.raises(JobMissing, match="some days"):
            await admin.call("jobs.get_job", job_id=failed)
        states = [(await admin.call("knowledge.get_document", doc_id=name)).state for name in ("good", "bad")]
        assert states == ["indexed", "failed"]


async def broken(*_: object) -> None:
    """Fail, as a bug would."""
    raise ZeroDivisionError


async def failed(admin: Client, job_id: str) -> str:
    """Wait for a job to end, and give the subject of its one failure."""
    job = await admin.call("jobs.get_job", job_id=job_id, wait_s=30.0)
    assert (job.state, [failure.code for failure in job.failures]) == ("failed", ["Bug"])
    return str(job.failures[0].subject)


@pytest.mark.parametrize("part", ["vectors", "blobs"])
async def test_the_erasure_of_a_document_that_failed_is_seen_and_tried_again(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr("mainstay.kernel.leases.ATTEMPTS_MAX", 1)
    await uploaded(admin, "Trains before planes.")
    await until_ended(admin)
    [row] = await house.engines.database.fetch(SYSTEM, "SELECT tenant_id FROM documents")
    tenant, encoder = str(row["tenant_id"]), house.engines.encoder
    with monkeypatch.context() as breaking:
        breaking.setattr(getattr(house.engines, part), "delete", broken)
        deleted = await admin.call("knowledge.delete_document", doc_id="travel")
        assert await admin.call("knowledge.search", query="trains") == []
        assert await failed(admin, deleted.job_id) == "travel"
    assert list(await house.engines.blobs.keys(tenant)) != []
    await admin.call("jobs.retry_job", job_id=deleted.job_id)
    job = await admin.call("jobs.get_job", job_id=deleted.job_id, wait_s=30.0)
    assert job.state == "done"
    assert await house.engines.vectors.count(Space(tenant, encoder.name, encoder.dimensions)) == 0
    assert list(await house.engines.blobs.keys(tenant)) == []


async def test_the_erasure_of_a_replaced_file_that_failed_is_seen_and_tried_again(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mainstay.kernel.leases.ATTEMPTS_MAX", 1)
    await uploaded(admin, "Trains before planes.")
    await until_ended(admin)
    [row] = await house.engines.database.fetch(SYSTEM, "SELECT tenant_id FROM documents")
    with monkeypatch.context() as breaking:
        breaking.setattr(house.engines.blobs, "delete", broken)
        stored_id = await uploaded(admin, "Bicycles before trains.")
        await until_ended(admin)
        assert (await admin.call("jobs.get_job", job_id=stored_id)).state == "done"
        [erasure] = [job for job in await admin.call("jobs.list_jobs") if job.state != "done"]
        assert await failed(admin, erasure.job_id) == "travel"
    await admin.call("jobs.retry_job", job_id=erasure.job_id)
    assert (await admin.call("jobs.get_job", job_id=erasure.job_id, wait_s=30.0)).state == "done"
    assert len(await house.engines.blobs.keys(str(row["tenant_id"]))) == 1
