"""Whoever changes the audit's rows without the key is found out: a thousand times, each in another way."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from kernel.trails import OTHER, SEED, TENANT, Trail
from mainstay.kernel.chain import (
    ERASURE,
    Checkpoint,
    commitment_of,
    genesis,
    hidden_of,
    link_of,
    sealed_of,
)

ENTRIES = 40
TIMES = {"SqliteDatabase": 1000, "PostgresDatabase": 300}
_TEXTS = ("request_id", "subject", "operation", "target", "outcome", "door", "origin")
_HASHES = ("before_hash", "after_hash")
_SAVED = ("audit", "audit_links", "audit_checkpoints")


@dataclass
class Attacker:
    """Somebody who can write to the database, and has no key."""

    trail: Trail
    chance: random.Random

    def ask(self, sql: str, *values: Any) -> list[Any]:
        return self.trail.ask(sql, *values)

    def place(self) -> int:
        return self.chance.randint(1, self.last())

    def last(self) -> int:
        return int(self.ask("SELECT max(place) FROM audit_links WHERE tenant_id = ?", TENANT)[0][0])

    def seq(self, place: int) -> int:
        found = self.ask("SELECT seq FROM audit_links WHERE tenant_id = ? AND place = ?", TENANT, place)
        return int(found[0][0])

    def standing(self) -> int:
        """Give a place whose entry was not erased."""
        sql = (
            "SELECT l.place FROM audit_links l JOIN audit a ON a.seq = l.seq"
            " WHERE l.tenant_id = ? AND a.salt IS NOT NULL ORDER BY l.place"
        )
        return int(self.chance.choice(self.ask(sql, TENANT))[0])


def change_a_field(who: Attacker) -> None:
    seq, name = who.seq(who.standing()), who.chance.choice([*_TEXTS, "at_ms"])
    changed = "at_ms + 1" if name == "at_ms" else f"{name} || 'x'"
    who.ask(f"UPDATE audit SET {name} = {changed} WHERE seq = ?", seq)


def change_a_hash(who: Attacker) -> None:
    seq, name = who.seq(who.place()), who.chance.choice(_HASHES)
    there = who.ask(f"SELECT {name} FROM audit WHERE seq = ?", seq)[0][0]
    forged = who.chance.choice([None, b"", bytes(32)] if there else [b"", bytes(32)])
    who.ask(f"UPDATE audit SET {name} = ? WHERE seq = ?", forged, seq)


def swap_two_rows(who: Attacker) -> None:
    first = who.standing()
    second = next(place for place in iter(who.standing, 0) if place != first)
    one, two = who.seq(first), who.seq(second)
    names = (*_TEXTS, "at_ms", "salt", "hidden", *_HASHES)
    rows = {seq: who.ask(f"SELECT {', '.join(names)} FROM audit WHERE seq = ?", seq)[0] for seq in (one, two)}
    changes = ", ".join(f"{name} = ?" for name in names)
    who.ask(f"UPDATE audit SET {changes} WHERE seq = ?", *rows[two], one)
    who.ask(f"UPDATE audit SET {changes} WHERE seq = ?", *rows[one], two)


def swap_two_links(who: Attacker) -> None:
    first = who.chance.randint(1, who.last() - 1)
    for place, to in ((first, -1), (first + 1, first), (-1, first + 1)):
        who.ask("UPDATE audit_links SET place = ? WHERE tenant_id = ? AND place = ?", to, TENANT, place)


def delete_a_row(who: Attacker) -> None:
    who.ask("DELETE FROM audit WHERE seq = ?", who.seq(who.place()))


def delete_a_link(who: Attacker) -> None:
    who.ask("DELETE FROM audit_links WHERE tenant_id = ? AND place = ?", TENANT, who.place())


def delete_an_entry(who: Attacker) -> None:
    place = who.place()
    who.ask("DELETE FROM audit WHERE seq = ?", who.seq(place))
    who.ask("DELETE FROM audit_links WHERE tenant_id = ? AND place = ?", TENANT, place)


def delete_and_close_the_gap(who: Attacker) -> None:
    place = who.chance.randint(1, who.last() - 1)
    who.ask("DELETE FROM audit WHERE seq = ?", who.seq(place))
    who.ask("DELETE FROM audit_links WHERE tenant_id = ? AND place = ?", TENANT, place)
    for after in range(place + 1, who.last() + 1):
        who.ask(
            "UPDATE audit_links SET place = ? WHERE tenant_id = ? AND place = ?", after - 1, TENANT, after
        )


def cut_the_tail(who: Attacker) -> None:
    cut_after(who, who.chance.randint(0, who.last() - 1))


def cut_after(who: Attacker, place: int) -> None:
    sql = "SELECT seq FROM audit_links WHERE tenant_id = ? AND place > ?"
    for (seq,) in who.ask(sql, TENANT, place):
        who.ask("DELETE FROM audit WHERE seq = ?", seq)
    who.ask("DELETE FROM audit_links WHERE tenant_id = ? AND place > ?", TENANT, place)


def put_an_old_copy_back(who: Attacker) -> None:
    sql = "SELECT number, place FROM audit_checkpoints WHERE tenant_id = ? ORDER BY number"
    number, place = who.chance.choice(who.ask(sql, TENANT)[:-1])
    cut_after(who, place)
    who.ask("DELETE FROM audit_checkpoints WHERE tenant_id = ? AND number > ?", TENANT, number)


def insert_a_row(who: Attacker) -> None:
    names = ("tenant_id", *_TEXTS, "at_ms", "salt")
    row = who.ask(f"SELECT {', '.join(names)} FROM audit WHERE seq = ?", who.seq(who.standing()))[0]
    marks = ", ".join("?" for _ in names)
    who.ask(f"INSERT INTO audit ({', '.join(names)}, sealed) VALUES ({marks}, 1)", *row)


def change_a_salt(who: Attacker) -> None:
    seq = who.seq(who.standing())
    who.ask("UPDATE audit SET salt = ? WHERE seq = ?", who.chance.randbytes(16), seq)


def lose_a_salt(who: Attacker) -> None:
    who.ask("UPDATE audit SET salt = NULL WHERE seq = ?", who.seq(who.standing()))


def change_what_is_hidden(who: Attacker) -> None:
    seq = who.seq(who.place())
    who.ask("UPDATE audit SET hidden = ? WHERE seq = ?", who.chance.randbytes(32), seq)


def empty_a_row(who: Attacker) -> None:
    """Erase as the house does, without a signed note."""
    place = who.standing()
    entry = entries(who)[place].entry
    assert entry is not None
    _empty(who, entry)


def _empty(who: Attacker, entry: Any) -> None:
    who.ask(
        "UPDATE audit SET salt = NULL, hidden = ?, subject = '', target = '', origin = '' WHERE seq = ?",
        hidden_of(entry),
        entry.seq,
    )


def stretch_an_erasure(who: Attacker) -> None:
    """Empty a row more than the signed note names, and let the note name it."""
    place = who.standing()
    entry = entries(who)[place].entry
    assert entry is not None
    if entry.operation == ERASURE:
        who.ask("UPDATE audit SET target = '1-99' WHERE seq = ?", entry.seq)
        return
    _empty(who, entry)
    who.ask("UPDATE audit SET target = target || ? WHERE operation = ?", f",{place}", ERASURE)


def change_a_link(who: Attacker) -> None:
    name = who.chance.choice(["commitment", "link"])
    where = "WHERE tenant_id = ? AND place = ?"
    who.ask(f"UPDATE audit_links SET {name} = ? {where}", who.chance.randbytes(32), TENANT, who.place())


def write_the_rest_anew(who: Attacker) -> None:
    """Change a row and compute everything behind it again, as only the signatures can tell."""
    place = who.standing()
    seq = who.seq(place)
    who.ask("UPDATE audit SET outcome = outcome || 'x' WHERE seq = ?", seq)
    link = genesis(TENANT)
    for sealed in entries(who).values():
        assert sealed.entry is not None
        commitment = commitment_of(TENANT, sealed.entry)
        link = link_of(link, sealed.place, commitment)
        who.ask(
            "UPDATE audit_links SET commitment = ?, link = ? WHERE tenant_id = ? AND place = ?",
            commitment,
            link,
            TENANT,
            sealed.place,
        )


def _a_checkpoint(who: Attacker) -> int:
    found = who.ask("SELECT number FROM audit_checkpoints WHERE tenant_id = ?", TENANT)
    return int(who.chance.choice(found)[0])


def change_a_checkpoint(who: Attacker) -> None:
    numbers, hashes = ["place", "begins", "oldest", "at_ms"], ["link", "begins_link", "signature"]
    name = who.chance.choice([*numbers, *hashes, "key_id"])
    changed: Any = who.chance.randbytes(64 if name == "signature" else 32)
    where = "WHERE tenant_id = ? AND number = ?"
    number = _a_checkpoint(who)
    if name in hashes:
        who.ask(f"UPDATE audit_checkpoints SET {name} = ? {where}", changed, TENANT, number)
    elif name == "key_id":
        who.ask(f"UPDATE audit_checkpoints SET key_id = key_id || 'x' {where}", TENANT, number)
    else:
        who.ask(f"UPDATE audit_checkpoints SET {name} = {name} + 1 {where}", TENANT, number)


def delete_a_checkpoint(who: Attacker) -> None:
    number = _a_checkpoint(who)
    who.ask("DELETE FROM audit_checkpoints WHERE tenant_id = ? AND number = ?", TENANT, number)


def take_anothers_checkpoint(who: Attacker) -> None:
    who.ask("DELETE FROM audit_checkpoints WHERE tenant_id = ? AND number = 1", TENANT)
    who.ask("UPDATE audit_checkpoints SET tenant_id = ? WHERE tenant_id = ? AND number = 1", TENANT, OTHER)


def give_a_row_away(who: Attacker) -> None:
    who.ask("UPDATE audit SET tenant_id = ? WHERE seq = ?", OTHER, who.seq(who.place()))


def pretend_retention(who: Attacker) -> None:
    """Remove the oldest entries and say that they went by their age."""
    place = who.chance.randint(1, who.last() - 1)
    link = entries(who)[place].link
    for (seq,) in who.ask("SELECT seq FROM audit_links WHERE tenant_id = ? AND place <= ?", TENANT, place):
        who.ask("DELETE FROM audit WHERE seq = ?", seq)
    who.ask("DELETE FROM audit_links WHERE tenant_id = ? AND place <= ?", TENANT, place)
    who.ask(
        "UPDATE audit_checkpoints SET begins = ?, begins_link = ? WHERE tenant_id = ?", place, link, TENANT
    )
    who.ask("DELETE FROM audit_checkpoints WHERE tenant_id = ? AND place < ?", TENANT, place)


WAYS: tuple[Callable[[Attacker], None], ...] = (
    change_a_field,
    change_a_hash,
    swap_two_rows,
    swap_two_links,
    delete_a_row,
    delete_a_link,
    delete_an_entry,
    delete_and_close_the_gap,
    cut_the_tail,
    put_an_old_copy_back,
    insert_a_row,
    change_a_salt,
    lose_a_salt,
    change_what_is_hidden,
    empty_a_row,
    stretch_an_erasure,
    change_a_link,
    write_the_rest_anew,
    change_a_checkpoint,
    delete_a_checkpoint,
    take_anothers_checkpoint,
    give_a_row_away,
    pretend_retention,
)


def entries(who: Attacker) -> dict[int, Any]:
    """Read a chain as an attacker can."""
    names = ("place", "seq", "commitment", "link", "at_ms", *_TEXTS, "salt", "hidden", *_HASHES)
    columns = ", ".join(f"{'l' if name in names[:4] else 'a'}.{name}" for name in names)
    rows = who.ask(
        f"SELECT {columns} FROM audit_links l JOIN audit a ON a.seq = l.seq WHERE l.tenant_id = ?"
        " ORDER BY l.place",
        TENANT,
    )
    found = [sealed_of(dict(zip(names, row, strict=True))) for row in rows]
    return {sealed.place: sealed for sealed in found}


async def furnished(trail: Trail) -> Checkpoint:
    """Make a chain with several checkpoints and one erasure, beside another tenant's."""
    await trail.note(ENTRIES // 2)
    await trail.note(9, OTHER)
    await trail.sealer.catch_up()
    assert await trail.eraser.erase(TENANT, "key_3") > 1
    for _ in range(2):
        await trail.note(ENTRIES // 4)
        await trail.sealer.catch_up()
    return await trail.newest()


@pytest.mark.timeout(300)
async def test_every_tampering_is_found(trail: Trail) -> None:
    anchor = await furnished(trail)
    whole = await trail.verify(anchor)
    assert (whole.finding, whole.checked, whole.unsigned) == ("", ENTRIES + 1, 0)
    for table in _SAVED:
        trail.ask(f"CREATE TABLE saved_{table} AS SELECT * FROM {table}")
    who = Attacker(trail, random.Random(SEED))  # noqa: S311 - a seeded run can be repeated
    missed, found = Counter[str](), Counter[str]()
    times = TIMES[type(trail.database).__name__]
    for number in range(times):
        way = WAYS[number % len(WAYS)]
        way(who)
        verdict = await trail.verify(anchor)
        (found if verdict.finding else missed)[way.__name__] += 1
        _put_back(trail)
    assert not missed, missed
    assert sum(found.values()) == times
    assert (await trail.verify(anchor)).finding == ""


def _put_back(trail: Trail) -> None:
    for table in _SAVED:
        trail.ask(f"DELETE FROM {table}")
        numbered = "" if table != "audit" or not trail.is_postgres else " OVERRIDING SYSTEM VALUE"
        trail.ask(f"INSERT INTO {table}{numbered} SELECT * FROM saved_{table}")
