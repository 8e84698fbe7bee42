"""The one road: admission first, one unit of work, idempotency, events, audit."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Message, RequestInvalid
from mainstay.kernel.guard import (
    STRANGER,
    CredentialsMissing,
    CredentialsUnknown,
    PermissionMissing,
    RateLimited,
)
from mainstay.kernel.idempotency import IdempotencyKeyInvalid, IdempotencyKeyReused
from mainstay.kernel.tracing import Span
from mainstay.kernel.work import current, forbid_in_unit
from mainstay.kit.errors import Failure
from mainstay.ports.database import SYSTEM, DatabaseUnavailable
from mainstay.ports.failures import EncoderUnavailable
from makers import ADMIN_KEY, Client, FrozenClock, WordEncoder, client, opened_house


async def rows(house: House, table: str) -> list[Mapping[str, Any]]:
    return list(await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table}"))


@pytest.mark.parametrize("credential", [None, Credential("mk_" + "0" * 64, "header")])
async def test_without_valid_credentials_nothing_is_read(house: House, credential: Credential | None) -> None:
    async def read() -> Mapping[str, Any]:
        raise AssertionError("the message was read")

    for operation in (each for each in house.application.operations if each.may != STRANGER):
        message = Message(credential, read, "req", "test")
        with pytest.raises((CredentialsMissing, CredentialsUnknown)):
            await house.application.dispatch(operation, message)


async def test_a_missing_permission_is_told_before_anything_is_read(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="reader", role="user")

    async def read() -> Mapping[str, Any]:
        raise AssertionError("the message was read")

    operation = admin.operation("knowledge.add_document")
    with pytest.raises(PermissionMissing, match="documents:write"):
        await house.application.dispatch(
            operation, Message(Credential(made.key, "header"), read, "req", "test")
        )


async def test_the_rate_limit_lets_through_what_it_says_and_no_more(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="slow", limit_per_minute=3)
    slow = client(house, made.key)
    for left in (2, 1, 0):
        await slow.call("identity.whoami")
        assert f"r={left};" in slow.headers["RateLimit"]
    with pytest.raises(RateLimited) as caught:
        await slow.call("identity.whoami")
    assert 0 < (caught.value.retry_after_s or 0) <= 60
    assert slow.headers["RateLimit-Policy"] == '"minute";q=3;w=60'


async def test_all_limits_of_a_request_count_or_none_does(tmp_path: Any, clock: FrozenClock) -> None:
    settings = {"rate_limit_tenant_per_minute": 5, "rate_limit_writes_per_minute": 2}
    async with opened_house(tmp_path / "data", clock=clock, **settings) as house:
        admin = client(house, ADMIN_KEY)
        made = await admin.call("identity.create_key", name="one", role="admin", limit_per_minute=100)
        one, two = client(house, made.key), client(house, ADMIN_KEY)
        me = await one.call("identity.whoami")
        assert (me.limit_per_minute, me.writes_per_minute, me.tenant_limit_per_minute) == (100, 2, 5)
        assert one.headers["RateLimit-Policy"] == '"minute";q=100;w=60, "tenant";q=5;w=60'
        assert one.headers["RateLimit"] == '"tenant";r=3;t=0'
        await two.call("identity.create_key", name="two")
        assert two.headers["RateLimit"] == '"writes";r=0;t=60'
        with pytest.raises(RateLimited, match="2 writes a minute") as caught:
            await two.call("identity.create_key", name="three")
        assert caught.value.retry_after_s == 60
        # What was refused has not counted for the tenant: two of five are left.
        await two.call("identity.whoami")
        assert two.headers["RateLimit"] == '"tenant";r=1;t=0'
        await one.call("identity.whoami")
        for caller in (one, two):
            with pytest.raises(RateLimited, match="All keys of this tenant"):
                await caller.call("identity.whoami")
            assert caller.headers["RateLimit"] == '"tenant";r=0;t=60'
        clock.move(60)
        await one.call("identity.whoami")
        assert one.headers["RateLimit"] == '"tenant";r=4;t=0'


async def test_what_a_key_may_not_do_counts_against_its_limit(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="prying", role="user", limit_per_minute=3)
    prying = client(house, made.key)
    for left in (2, 1, 0):
        with pytest.raises(PermissionMissing):
            await prying.call("identity.list_keys")
        assert f"r={left};" in prying.headers["RateLimit"]
        assert prying.headers["RateLimit-Policy"] == '"minute";q=3;w=60'
    for operation in ("identity.list_keys", "identity.whoami"):
        with pytest.raises(RateLimited):
            await prying.call(operation)
    await house.audit.flush()
    told = [row["outcome"] for row in await rows(house, "audit") if row["subject"] == made.key_id]
    assert told == [*["PermissionMissing"] * 3, *["RateLimited"] * 2]


async def test_wrong_fields_are_named_and_their_values_are_not(admin: Client) -> None:
    with pytest.raises(RequestInvalid) as caught:
        await admin.call("knowledge.search", query="", top_k="many", secret_word="hunter2")
    fields = {problem["field"] for problem in caught.value.problems}
    assert fields == {"query", "top_k", "secret_word"}
    assert "hunter2" not in str(caught.value.problems) + caught.value.detail


async def test_a_repeated_key_gives_the_first_answer_once(house: House, admin: Client) -> None:
    first = await admin.answer("identity.create_key", idempotency_key="k1", name="one")
    again = await admin.answer("identity.create_key", idempotency_key="k1", name="one")
    assert again.value == first.value
    assert admin.headers["Idempotency-Replayed"] == "true"
    assert len([row for row in await rows(house, "api_keys") if row["name"] == "one"]) == 1
    with pytest.raises(IdempotencyKeyReused):
        await admin.answer("identity.create_key", idempotency_key="k1", name="two")
    with pytest.raises(IdempotencyKeyInvalid):
        await admin.answer("identity.create_key", idempotency_key="", name="two")


async def test_an_answer_is_kept_sealed(house: House, admin: Client) -> None:
    answer = await admin.answer("identity.create_key", idempotency_key="k1", name="one")
    [kept] = await rows(house, "idempotency")
    assert isinstance(kept["answer"], bytes)
    assert answer.value.key.encode() not in kept["answer"]


async def test_concurrent_requests_with_one_key_have_one_effect(house: House, admin: Client) -> None:
    calls = [
        client(house).answer("identity.create_key", idempotency_key="same", name="one") for _ in range(8)
    ]
    assert len({answer.value.key_id for answer in await asyncio.gather(*calls)}) == 1
    assert len([row for row in await rows(house, "api_keys") if row["name"] == "one"]) == 1


async def test_every_change_has_one_audit_row_and_a_failed_one_says_so(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="one")
    with pytest.raises(Failure):
        await admin.call("identity.revoke_key", key_id="key_none")
    await house.audit.flush()
    told = [(row["operation"], row["target"], row["outcome"]) for row in await rows(house, "audit")]
    assert told.count(("identity.create_key", made.key_id, "ok")) == 1
    assert ("identity.revoke_key", "key_none", "KeyMissing") in told


async def test_a_replayed_answer_and_a_bug_are_audited_too(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await admin.answer("identity.create_key", idempotency_key="k1", name="one")
    service = house.application._services[admin.operation("identity.list_keys").interface]

    async def breaks(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(service, "list_keys", breaks)
    with pytest.raises(ZeroDivisionError):
        await admin.call("identity.list_keys")
    await house.audit.flush()
    told = [(row["operation"], row["outcome"]) for row in await rows(house, "audit")]
    assert told.count(("identity.create_key", "ok")) == 1
    assert told.count(("identity.create_key", "replayed")) == 1
    assert ("identity.list_keys", "bug:ZeroDivisionError") in told


async def test_reads_are_audited_soon(house: House, admin: Client) -> None:
    await admin.call("knowledge.search", query="anything")
    await house.audit.flush()
    assert "knowledge.search" in {row["operation"] for row in await rows(house, "audit")}


async def test_a_failing_operation_leaves_nothing_behind(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {table: len(await rows(house, table)) for table in ("api_keys", "audit", "outbox")}

    async def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(house.application._parts.outbox, "write", breaks)
    with pytest.raises(ZeroDivisionError):
        await admin.call("identity.create_key", name="one")
    assert before == {table: len(await rows(house, table)) for table in before}


async def test_a_failed_commit_is_not_acknowledged(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = house.engines.database.unit

    def failing(scope: Any) -> Any:
        context = unit(scope)
        leave = context.__aexit__

        class Failing:
            async def __aenter__(self) -> Any:
                return await context.__aenter__()

            async def __aexit__(self, *error: object) -> None:
                failure = DatabaseUnavailable("the disk is full")
                await leave(*((type(failure), failure, None) if error[0] is None else error))
                raise failure

        return Failing()

    monkeypatch.setattr(house.engines.database, "unit", failing)
    with pytest.raises(DatabaseUnavailable):
        await admin.call("identity.create_key", name="one")
    monkeypatch.undo()
    assert "one" not in {row["name"] for row in await rows(house, "api_keys")}
    await admin.call("identity.create_key", name="one")


async def test_nobody_leaves_the_road_while_a_unit_of_work_is_open(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = house.application._services[admin.operation("identity.create_key").interface]

    async def strays(**_: object) -> None:
        await current().open()
        forbid_in_unit("the encoder")

    monkeypatch.setattr(service, "create_key", strays)
    with pytest.raises(RuntimeError, match="Compute first and write last"):
        await admin.call("identity.create_key", name="one")
    monkeypatch.undo()
    await admin.call("identity.create_key", name="one")


async def test_a_cancelled_request_does_not_hold_up_others(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = house.application._services[admin.operation("identity.create_key").interface]
    entered = asyncio.Event()

    async def hangs(**_: object) -> None:
        await current().open()
        entered.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(service, "create_key", hangs)
    task = asyncio.create_task(admin.call("identity.create_key", name="one"))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    monkeypatch.undo()
    async with asyncio.timeout(5):
        await admin.call("identity.create_key", name="two")


async def test_a_hook_sees_every_operation_and_may_fail(house: House, admin: Client) -> None:
    seen: list[tuple[str, str]] = []

    def breaks(_: object) -> None:
        raise ZeroDivisionError

    house.tracing.add(breaks)
    house.tracing.add(lambda span: seen.append((span.operation, span.outcome)))
    await admin.call("identity.whoami")
    assert seen == [("identity.whoami", "ok")]


async def test_a_stream_is_told_of_when_it_has_ended(house: House, admin: Client) -> None:
    spans: list[Span] = []
    house.tracing.add(spans.append)
    answer = await admin.answer("knowledge.stream_answer", question="Where is the harbour?")
    assert spans == []
    assert [piece async for piece in answer.value]
    assert [(span.operation, span.outcome) for span in spans] == [("knowledge.stream_answer", "ok")]

    left = await admin.answer("knowledge.stream_answer", question="Where is the harbour?")
    await anext(left.value)
    await left.value.aclose()
    assert [span.outcome for span in spans] == ["ok", "left"]


async def test_asking_whether_it_is_ready_costs_nothing(tmp_path: Any, clock: FrozenClock) -> None:
    encoder = WordEncoder()
    looked: list[str] = []

    class Counting(WordEncoder):
        async def embed(self, texts: Any, **more: Any) -> Any:
            looked.extend(texts)
            return await encoder.embed(texts, **more)

    async with opened_house(tmp_path / "data", encoder=Counting(), clock=clock) as house:
        told = await asyncio.gather(*(house.ready() for _ in range(50)))
        assert all(parts == {"database": "ok", "encoder": "ok", "cache": "ok"} for parts in told)
        assert looked == ["ready"]
        clock.move(1.1)
        await house.ready()
        assert looked == ["ready", "ready"]


async def test_asking_whether_it_is_ready_costs_no_more_while_a_part_is_out(
    tmp_path: Any, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []

    class Out(WordEncoder):
        async def embed(self, texts: Any, **_: Any) -> Any:
            looked.extend(texts)
            raise EncoderUnavailable("down")

    class Hanging(WordEncoder):
        async def embed(self, texts: Any, **_: Any) -> Any:
            looked.extend(texts)
            await asyncio.Event().wait()

    async with opened_house(tmp_path / "out", encoder=Out(), clock=clock) as house:
        told = await asyncio.gather(*(house.ready() for _ in range(20)), return_exceptions=True)
        assert all(isinstance(each, EncoderUnavailable) for each in told)
        assert looked == ["ready"]
    monkeypatch.setattr("mainstay.app.readiness._WAIT_S", 0.05)
    async with opened_house(tmp_path / "hanging", encoder=Hanging(), clock=clock) as house:
        told = await asyncio.gather(*(house.ready() for _ in range(20)))
        assert all("does not answer" in each["encoder"] for each in told)
        assert looked == ["ready", "ready"]


async def test_the_first_key_is_made_once_and_told_once(tmp_path: Any) -> None:
    async with opened_house(tmp_path / "a", admin_key=None) as house:
        first = house.new_key
        assert first is not None
        assert (await client(house, first).call("identity.whoami")).operator
        stored = str(await rows(house, "api_keys"))
        assert first not in stored
    async with opened_house(tmp_path / "a", admin_key=None) as house:
        assert house.new_key is None
        assert (await client(house, first).call("identity.whoami")).roles == ["admin"]
    async with opened_house(tmp_path / "b") as house:
        assert house.new_key is None
        assert (await client(house, ADMIN_KEY).call("identity.whoami")).roles == ["admin"]
