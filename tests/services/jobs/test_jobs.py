"""Jobs: how far they are, why they failed, tried again, cancelled."""

import asyncio

import pytest

from mainstay.app.house import House
from mainstay.ports.encoder import EncoderUnavailable
from mainstay.services.jobs.interface import JobMissing
from mainstay.services.knowledge.failures import IndexBehind
from makers import Client, WordEncoder, client, tenant_client


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
    monkeypatch.setattr("mainstay.kernel.reactor.ATTEMPTS_MAX", 1)
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
    monkeypatch.setattr("mainstay.kernel.reactor.ATTEMPTS_MAX", 1)
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
