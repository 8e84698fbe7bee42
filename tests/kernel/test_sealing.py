"""Committed rows get their places, once, whoever seals; what is erased or old is explained by a signature."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kernel.trails import OTHER, TENANT, Trail
from mainstay.engines.database.postgres import PostgresDatabase
from mainstay.kernel import sealing
from mainstay.kernel.audit_chain import AuditChain
from mainstay.kernel.chain import (
    ERASURE,
    UNSIGNED_MAX,
    Entry,
    as_ranges,
    commitment_of,
    genesis,
    hidden_of,
    link_of,
    ranges_of,
)
from mainstay.kernel.sealing import LEASE_MS, SIGN_EVERY_MS, TurnLost
from mainstay.kernel.tidying import DAY_MS


async def count(trail: Trail, table: str, tenant: str = TENANT) -> int:
    rows = await trail.database.fetch(tenant, f"SELECT count(*) AS rows FROM {table}")
    return int(rows[0]["rows"] or 0)


async def test_every_committed_row_has_one_place_in_its_tenants_chain(trail: Trail) -> None:
    await trail.note(450)
    await trail.note(30, OTHER)
    assert (await trail.verify()).waiting == 450
    assert await trail.sealer.catch_up() == 480
    for tenant, rows in ((TENANT, 450), (OTHER, 30)):
        verdict = await trail.verify(tenant=tenant)
        assert (verdict.finding, verdict.checked, verdict.last_place) == ("", rows, rows)
        assert (verdict.unsigned, verdict.waiting) == (0, 0)
    assert await trail.sealer.catch_up() == 0


async def test_rows_that_are_committed_out_of_order_are_sealed_when_they_come(trail: Trail) -> None:
    await trail.note(3)
    await trail.sealer.catch_up()
    late = 1_000 if isinstance(trail.database, PostgresDatabase) else 900
    name = "overriding system value " if trail.is_postgres else ""
    columns = "seq, tenant_id, at_ms, request_id, subject, operation, target, outcome, door, origin"
    values = "?, ?, 5, 'r', 's', 'o', 't', 'ok', 'd', 'a', 0, ?"
    sql = f"INSERT INTO audit ({columns}, sealed, salt) {name}VALUES ({values})"
    for seq in (late, late - 500, late - 200):
        trail.ask(sql, seq, TENANT, bytes(16))
        await trail.sealer.catch_up()
    piece = await trail.chain.page(TENANT, 0, 0)
    assert [sealed.seq for sealed in piece.entries][3:] == [late, late - 500, late - 200]
    verdict = await trail.verify()
    assert (verdict.finding, verdict.checked) == ("", 6)


async def test_the_end_is_signed_after_a_minute_or_a_thousand_entries(trail: Trail) -> None:
    await trail.note(3)
    sealer = trail.another_sealer()
    sealer.start()
    until = time.monotonic() + 20
    while (await trail.verify()).waiting and time.monotonic() < until:
        await asyncio.sleep(0.05)
    assert (await trail.verify()).unsigned == 3
    await trail.note(UNSIGNED_MAX + 500)
    while (await trail.verify()).waiting and time.monotonic() < until:
        await asyncio.sleep(0.05)
    verdict = await trail.verify()
    assert verdict.last_place == UNSIGNED_MAX + 503
    assert 0 < verdict.unsigned < UNSIGNED_MAX
    trail.clock.move(SIGN_EVERY_MS / 1000)
    while (await trail.verify()).unsigned and time.monotonic() < until:
        await asyncio.sleep(0.05)
    assert (await trail.verify()).unsigned == 0
    await sealer.stop()


async def test_who_stops_has_sealed_and_signed_and_left_its_turn(trail: Trail) -> None:
    trail.sealer.start()
    await trail.note(5)
    await trail.sealer.stop()
    verdict = await trail.verify()
    assert (verdict.checked, verdict.unsigned, verdict.waiting) == (5, 0, 0)
    await trail.note(1)
    assert await trail.another_sealer().catch_up() == 1


async def test_one_seals_at_a_time_and_another_takes_over_when_it_is_gone(trail: Trail) -> None:
    await trail.note(2)
    await trail.sealer.catch_up()
    other = trail.another_sealer()
    await trail.note(2)
    with pytest.raises(TurnLost):
        await other.catch_up()
    trail.clock.move(LEASE_MS / 1000 + 1)
    assert await other.catch_up() == 2
    await trail.note(2)
    with pytest.raises(TurnLost):
        await trail.sealer.catch_up()
    assert await trail.another_sealer(exclusive=True).catch_up() == 2
    assert (await trail.verify()).checked == 6


async def test_several_that_seal_at_once_make_one_chain(trail: Trail, tmp_path: Path) -> None:
    """Even with clocks so wrong that each believes the turn is free."""
    sealers = [trail.another_sealer(exclusive=True) for _ in range(3)]

    async def seal() -> int:
        done = 0
        for turn in range(60):
            try:
                done += await sealers[turn % 3].catch_up()
            except TurnLost:
                continue
            await asyncio.sleep(0)
        return done

    async def write() -> None:
        for number in range(30):
            await trail.note(7, TENANT if number % 2 else OTHER)
            await asyncio.sleep(0)

    await asyncio.gather(write(), seal(), seal(), seal())
    await trail.another_sealer(exclusive=True).catch_up()
    for tenant in (TENANT, OTHER):
        verdict = await trail.verify(tenant=tenant)
        assert (verdict.finding, verdict.checked, verdict.waiting) == ("", 105, 0)


async def test_a_crash_leaves_a_chain_that_is_signed_later(trail: Trail) -> None:
    """Sealed, and gone before it signed: who takes over signs the end although nothing new comes."""
    await trail.note(4)
    await trail.sealer._round(all_of_it=True)
    assert (await trail.verify()).unsigned == 4
    trail.clock.move(LEASE_MS / 1000 + 1)
    other = trail.another_sealer()
    await other.catch_up()
    assert (await trail.verify()).unsigned == 0


async def test_a_row_that_is_marked_as_not_sealed_again_does_not_stop_the_rest(trail: Trail) -> None:
    await trail.note(3)
    await trail.sealer.catch_up()
    trail.ask("UPDATE audit SET sealed = 0 WHERE seq = 2")
    await trail.note(3)
    await trail.sealer.catch_up()
    verdict = await trail.verify()
    assert (verdict.finding, verdict.checked, verdict.waiting) == ("", 6, 0)


async def test_what_is_erased_is_gone_and_the_chain_holds(trail: Trail) -> None:
    await trail.note(10, subject="key_leaver")
    await trail.note(10, subject="key_stays")
    await trail.note(10, OTHER, subject="key_leaver")
    await trail.sealer.catch_up()
    assert await trail.eraser.erase(TENANT, "key_leaver") == 10
    await trail.sealer.catch_up()
    rows = await trail.database.fetch(TENANT, "SELECT subject, target, origin, salt FROM audit ORDER BY seq")
    assert [tuple(row.values()) for row in rows][:10] == [("", "", "", None)] * 10
    assert {row["subject"] for row in rows} == {"", "key_stays", "house:audit"}
    note = trail.ask("SELECT target FROM audit WHERE operation = ?", ERASURE)
    assert note == [("1-10",)]
    anchor = await trail.newest()
    verdict = await trail.verify(anchor)
    assert (verdict.finding, verdict.checked) == ("", 21)
    assert (await trail.verify(after=5, limit=3)).finding == ""
    assert await count(trail, "audit", OTHER) == 10
    assert (await trail.verify(tenant=OTHER)).finding == ""
    for nobody in ("", "house:audit"):
        with pytest.raises(ValueError, match="nobody"):
            await trail.eraser.erase(TENANT, nobody)


async def test_a_hole_without_a_signed_note_is_a_finding(trail: Trail) -> None:
    await trail.note(6, subject="key_leaver")
    await trail.sealer.catch_up()
    await trail.eraser.erase(TENANT, "key_leaver")
    await trail.sealer.catch_up()
    trail.ask("UPDATE audit SET origin = 'x:00' WHERE operation = ?", ERASURE)
    verdict = await trail.verify()
    assert verdict.finding == "Entry 1 was emptied, and no signed erasure names it."


async def test_old_entries_go_in_portions_and_the_rest_still_verifies(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "_FORGOTTEN_AT_ONCE", 7)
    await trail.note(50)
    await trail.note(5, OTHER)
    await trail.sealer.catch_up()
    await trail.eraser.erase(TENANT, "key_3")
    anchor = await trail.newest()
    trail.clock.move(20 * DAY_MS / 1000)
    await trail.note(20)
    await trail.sealer.catch_up()
    assert await trail.sealer.forget() == 0
    trail.clock.move(11 * DAY_MS / 1000)
    assert await trail.sealer.forget() == 51 + 4
    verdict = await trail.verify()
    assert (verdict.finding, verdict.begins, verdict.checked, verdict.unsigned) == ("", 51, 20, 0)
    assert (await trail.verify(anchor)).finding == ""
    assert (await trail.verify(tenant=OTHER)).checked == 1
    assert await count(trail, "audit") == 20
    await trail.note(5)
    await trail.sealer.catch_up()
    assert (await trail.verify()).checked == 25
    trail.clock.move(60 * DAY_MS / 1000)
    assert await trail.sealer.forget() == 24
    verdict = await trail.verify()
    assert (verdict.finding, verdict.begins, verdict.checked) == ("", 75, 1)
    trail.ask("DELETE FROM audit_links")
    assert "cut off" in (await trail.verify()).finding


async def test_what_was_tampered_with_is_kept_although_it_is_old(trail: Trail) -> None:
    """Else whoever makes entries look old could have the house remove them, with its signature."""
    await trail.note(30)
    await trail.sealer.catch_up()
    trail.ask("UPDATE audit SET at_ms = 1 WHERE seq > 10")
    assert await trail.sealer.forget() == 0
    assert (await trail.verify()).wrong_place == 11
    assert await count(trail, "audit") == 30


async def test_a_chain_is_checked_in_parts(trail: Trail) -> None:
    await trail.note(250)
    await trail.sealer.catch_up()
    after, checked = 0, 0
    for _ in range(10):
        verdict = await trail.verify(after=after, limit=60)
        assert verdict.finding == ""
        checked += verdict.checked
        if verdict.following is None:
            break
        after = verdict.following
    assert checked == 250
    trail.ask("UPDATE audit SET door = 'x' WHERE seq = 100")
    assert (await trail.verify(after=60, limit=60)).wrong_place == 100
    assert (await trail.verify(after=100)).finding == ""


async def test_another_key_is_a_finding(trail: Trail) -> None:
    await trail.note(3)
    await trail.sealer.catch_up()
    stranger = AuditChain(trail.database, lambda *_: None)
    assert "is not the one it is checked with" in (await stranger.verify(TENANT)).finding


async def test_a_backlog_is_caught_up_without_holding_the_loop(trail: Trail) -> None:
    await trail.note(3_000)
    worst = 0.0
    done = False

    async def watch() -> None:
        nonlocal worst
        while not done:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    assert await trail.sealer.catch_up() == 3_000
    done = True
    await watching
    assert worst < 0.25  # 10 ms on a quiet machine; benchmarks/audit.py measures it


def test_what_is_chained_is_pinned() -> None:
    """Other programs check exports too: what is hashed must not change unnoticed."""
    entry = Entry(1, 2, "req", "key", "op", "target", "ok", "rest", "10.0.0.1", bytes(16), None)
    erased = replace(entry, subject="", target="", origin="", salt=None, hidden=hidden_of(entry))
    commitment = "5a746e98dc440787e6f404edabafa9858272f2c28e858147e6a8bc6b6d9d0ee6"
    assert genesis("t").hex() == "c9873d2d912c2a18e4377289032949f73615552f8c0ef8609c54eea2f26ea778"
    assert commitment_of("t", entry).hex() == commitment_of("t", erased).hex() == commitment
    assert (
        link_of(genesis("t"), 1, bytes.fromhex(commitment)).hex()
        == "7b15cee6a4ba74cde30536d5d971476ae7baa9fdf2d972dc6b9864b55773269a"
    )
    assert commitment_of("t", replace(entry, request_id="re", subject="qkey")) != commitment_of("t", entry)


@pytest.mark.parametrize(
    ("places", "text"), [([], ""), ([4], "4"), ([3, 1, 2], "1-3"), ([9, 3, 4, 5, 11, 9], "3-5,9,11")]
)
def test_places_are_written_as_ranges(places: list[int], text: str) -> None:
    assert as_ranges(places) == text
    assert [place for start, end in ranges_of(text) for place in range(start, end + 1)] == sorted(set(places))


@pytest.mark.parametrize("text", ["a", "-1", "1,,2", "1-2-3", "1;2"])
def test_what_is_no_range_explains_nothing(text: str) -> None:
    assert ranges_of(text) == []


def test_what_was_chained_before_there_were_hashes_of_changes_is_chained_as_it_was() -> None:
    texts = ("req_1", "key_1", "knowledge.search", "handbook", "ok", "rest", "10.0.0.1")
    entry = Entry(7, 1_790_000_000_000, *texts, salt=bytes(range(16)), hidden=None)
    first = "fa05e75991fb6c60f286eed1624c8550203fa083940aa000ceabfe0b1b7833d6"
    assert commitment_of("tenant_a", entry).hex() == first
    sides = [{"before": b""}, {"after": b""}, {"before": b"x"}, {"before": b"x", "after": b""}]
    others = {commitment_of("tenant_a", replace(entry, **each)).hex() for each in sides}
    assert len(others | {first}) == len(sides) + 1
