"""A user's whole way through knowledge, in one process and over the wire between two."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from mainstay.kernel.guard import CredentialsUnknown, PermissionMissing
from mainstay.kernel.remote import close, remote
from mainstay.kit.clock import SystemClock
from mainstay.services.identity.interface import Identity
from mainstay.services.jobs.interface import Jobs
from mainstay.services.knowledge.failures import DocumentMissing
from mainstay.services.knowledge.interface import Knowledge
from makers import ADMIN_KEY, FrozenClock, opened_house
from served import served

HARBOUR = "# Opening hours\n\nThe harbour office opens at nine. On Sundays it stays closed."
KEYS = "# Keys\n\nA key is shown once. To rotate it, make a new key and revoke the old one."


@asynccontextmanager
async def one_process(folder: Path) -> AsyncIterator[tuple[str, str]]:
    async with opened_house(folder, clock=SystemClock()) as house, served(house) as url:
        yield url, url


@asynccontextmanager
async def two_processes(folder: Path) -> AsyncIterator[tuple[str, str]]:
    async with AsyncExitStack() as stack:
        below = await stack.enter_async_context(
            opened_house(folder, clock=SystemClock(), only=("identity", "jobs"))
        )
        lower = await stack.enter_async_context(served(below))
        remotes = {"identity": lower, "jobs": lower}
        above = await stack.enter_async_context(
            opened_house(folder, clock=SystemClock(), only=("knowledge", "files"), remotes=remotes)
        )
        yield await stack.enter_async_context(served(above)), lower


Shape = Callable[[Path], AbstractAsyncContextManager[tuple[str, str]]]


@pytest.mark.parametrize("shape", [one_process, two_processes], ids=["one-process", "two-processes"])
async def test_from_the_first_document_to_the_last(shape: Shape, tmp_path: Path) -> None:
    async with shape(tmp_path / "data") as (url, lower):
        knowledge = remote(Knowledge, url, credential=ADMIN_KEY)
        identity, jobs = (
            remote(Identity, lower, credential=ADMIN_KEY),
            remote(Jobs, lower, credential=ADMIN_KEY),
        )
        closing = [knowledge, identity, jobs]
        try:
            await walk(knowledge, identity, jobs, url, closing)
        finally:
            for stand_in in closing:
                await close(stand_in)


async def walk(knowledge: Knowledge, identity: Identity, jobs: Jobs, url: str, closing: list[object]) -> None:
    receipt = await knowledge.add_document("handbook", HARBOUR, doc_id="harbour", wait=True)
    assert receipt.state == "indexed"
    queued = await knowledge.add_document("handbook", KEYS, doc_id="keys", groups=["staff"])
    job = await jobs.get_job(queued.job_id or "", wait_s=20.0)
    assert (job.state, job.failures) == ("done", [])

    [hit] = await knowledge.search("harbour office opens", top_k=1)
    assert (hit.doc_id, hit.headings) == ("harbour", ["Opening hours"])
    answer = await knowledge.answer("When does the harbour office open?")
    assert answer.answered
    document = await knowledge.get_document(answer.citations[0].doc_id)
    cited = answer.citations[0]
    assert document.text[cited.start : cited.end] == cited.text

    made = await identity.create_key("website", role="user", groups=["public"])
    website = remote(Knowledge, url, credential=made.key)
    closing.append(website)
    assert {found.doc_id for found in await website.search("key rotate office")} == {"harbour"}
    with pytest.raises(DocumentMissing):
        await website.get_document("keys")
    with pytest.raises(PermissionMissing):
        await website.delete_document("harbour")

    pieces = [piece async for piece in knowledge.stream_answer("When does the harbour office open?")]
    assert pieces[-1].result is not None
    assert pieces[-1].result.answer == answer.answer

    await knowledge.delete_document("harbour")
    assert "harbour" not in {found.doc_id for found in await knowledge.search("harbour office")}
    await identity.revoke_key(made.key_id)
    with pytest.raises(CredentialsUnknown):
        await website.search("office")


async def test_a_part_of_the_house_must_know_where_the_rest_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="MAINSTAY_REMOTES must say where it is"):
        async with opened_house(tmp_path / "data", clock=FrozenClock(), only=("knowledge",)):
            pass
    with pytest.raises(ValueError, match="There is no service nothing"):
        async with opened_house(tmp_path / "data", clock=FrozenClock(), only=("nothing",)):
            pass
