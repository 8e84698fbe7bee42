"""The cipher with a key for each tenant and person, and the ring that holds the keys."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.engines.ciphers.aesgcm import AesGcmCipher
from mainstay.engines.ciphers.envelope import EnvelopeCipher, NoEarlierKey
from mainstay.engines.ciphers.ring import SETTLE_MS, DataKeys
from mainstay.engines.keystores.sqlite import SqliteKeyStore
from mainstay.engines.wrappers.local import LocalWrapper
from mainstay.kit.random import SystemRandom
from mainstay.ports.ciphers import CipherUnavailable, KeyDestroyed
from makers import FrozenClock

MASTER = bytes(range(32))
CONTEXT = ("people", "t1", "email", "user_1")
RANDOM = SystemRandom()


class House:
    """One process's keys."""

    def __init__(self, folder: Path, clock: FrozenClock, *, keys: list[bytes] | None = None) -> None:
        self.store = SqliteKeyStore(folder / "keys.db")
        wrappers = [LocalWrapper(key, "file", RANDOM) for key in keys or [MASTER]]
        self.ring = DataKeys(self.store, wrappers, clock, RANDOM)
        self.cipher = EnvelopeCipher(self.ring, AesGcmCipher(MASTER, RANDOM), RANDOM)


@asynccontextmanager
async def opened(
    folder: Path, clock: FrozenClock, *, keys: list[bytes] | None = None
) -> AsyncIterator[House]:
    house = House(folder, clock, keys=keys)
    await house.ring.open()
    try:
        yield house
    finally:
        await house.ring.close()


@pytest.fixture
async def house(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[House]:
    async with opened(tmp_path, clock) as one:
        yield one


@pytest.fixture
async def twin(house: House, tmp_path: Path, clock: FrozenClock) -> AsyncIterator[House]:
    """Give another process on the same keys."""
    async with opened(tmp_path, clock) as one:
        yield one


async def test_opens_what_it_sealed(house: House, twin: House) -> None:
    @given(
        content=st.binary(max_size=2000),
        place=st.lists(st.text(max_size=20), max_size=4),
        owner=st.sampled_from(["", "t1/user_1", "t1/user_2"]),
    )
    def holds(content: bytes, place: list[str], owner: str) -> None:
        context = ("table", "t1", *place)
        sealed = house.cipher.seal(content, context, owner=owner)
        assert len(sealed) == len(content) + 41
        assert house.cipher.open(sealed, context) == twin.cipher.open(sealed, context) == content
        assert not twin.cipher.stale(sealed)

    holds()


async def test_every_bit_counts(house: House) -> None:
    sealed = house.cipher.seal(b"hello", CONTEXT)
    for place in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[place] ^= 1 << bit
            with pytest.raises(CipherUnavailable):
                house.cipher.open(bytes(changed), CONTEXT)


async def test_every_cut_counts(house: House) -> None:
    sealed = house.cipher.seal(b"hello", CONTEXT)
    for size in range(len(sealed)):
        with pytest.raises(CipherUnavailable):
            house.cipher.open(sealed[:size], CONTEXT)


@pytest.mark.parametrize(
    "other",
    [
        ("people", "t2", "email", "user_1"),
        ("people", "t1", "name", "user_1"),
        ("people", "t1", "email", "user_2"),
        ("other", "t1", "email", "user_1"),
        ("people", "t1", "emailuser_1"),
        ("people", "t1", "email", "user_1", ""),
    ],
)
async def test_every_part_of_the_context_counts(house: House, other: tuple[str, ...]) -> None:
    sealed = house.cipher.seal(b"hello", CONTEXT)
    with pytest.raises(CipherUnavailable, match="changed or moved"):
        house.cipher.open(sealed, other)


async def test_the_first_format_still_opens(house: House) -> None:
    earlier = AesGcmCipher(MASTER, RANDOM).seal(b"old", CONTEXT)
    assert house.cipher.open(earlier, CONTEXT) == b"old"
    assert house.cipher.stale(earlier)
    without = EnvelopeCipher(house.ring, NoEarlierKey(), RANDOM)
    with pytest.raises(CipherUnavailable, match="secret"):
        without.open(earlier, CONTEXT)


async def test_a_new_version_seals_and_the_one_before_opens(house: House, twin: House) -> None:
    before = house.cipher.seal(b"one", CONTEXT)
    assert twin.cipher.open(before, CONTEXT) == b"one"
    assert house.ring.rotate("t1") == 2
    after = house.cipher.seal(b"two", CONTEXT)
    assert house.cipher.open(before, CONTEXT) == b"one"
    assert house.cipher.stale(before)
    assert twin.cipher.open(after, CONTEXT) == b"two", "a twin that has not looked yet"
    await twin.ring.look()
    assert twin.cipher.stale(before)
    assert not twin.cipher.stale(twin.cipher.seal(b"three", CONTEXT))


async def test_a_person_destroyed_is_unreadable_and_the_tenant_is_not(house: House, twin: House) -> None:
    person = house.cipher.seal(b"Ada", CONTEXT, owner="t1/user_1")
    tenant = house.cipher.seal(b"text", ("documents", "t1", "one"))
    assert twin.cipher.open(person, CONTEXT) == b"Ada"
    assert [each.owner for each in house.ring.destroy("t1/user_1")] == ["t1/user_1"]
    await twin.ring.look()
    for one in (house, twin):
        with pytest.raises(KeyDestroyed):
            one.cipher.open(person, CONTEXT)
        with pytest.raises(KeyDestroyed):
            one.cipher.stale(person)
        with pytest.raises(KeyDestroyed):
            one.cipher.seal(b"Ada again", CONTEXT, owner="t1/user_1")
        assert one.cipher.open(tenant, ("documents", "t1", "one")) == b"text"


async def test_a_tenant_destroyed_takes_its_people_along(house: House) -> None:
    person = house.cipher.seal(b"Ada", CONTEXT, owner="t1/user_1")
    other = house.cipher.seal(b"Bob", ("people", "t2", "x"), owner="t2/user_9")
    house.ring.destroy("t1")
    with pytest.raises(KeyDestroyed):
        house.cipher.open(person, CONTEXT)
    with pytest.raises(KeyDestroyed):
        house.cipher.blind(b"ada@example.com", ("people", "t1", "email"))
    assert house.cipher.open(other, ("people", "t2", "x")) == b"Bob"


async def test_an_older_copy_of_the_store_brings_no_key_back(
    house: House, tmp_path: Path, clock: FrozenClock
) -> None:
    sealed = house.cipher.seal(b"Ada", CONTEXT, owner="t1/user_1")
    older = (tmp_path / "keys.db").read_bytes()
    gone = house.ring.destroy("t1/user_1")
    again = tmp_path / "again"
    again.mkdir()
    (again / "keys.db").write_bytes(older)
    async with opened(again, clock) as restored:
        assert restored.cipher.open(sealed, CONTEXT) == b"Ada", "else this shows nothing"
        restored.ring.refuse(gone)
        with pytest.raises(KeyDestroyed):
            restored.cipher.open(sealed, CONTEXT)


async def test_the_root_key_is_replaced_while_two_processes_work(
    house: House, twin: House, clock: FrozenClock
) -> None:
    sealed = [house.cipher.seal(b"x", ("table", f"t{n}")) for n in range(20)]
    first = house.ring.state().root_made_ms
    clock.move(10)
    await house.ring.rotate_root()
    for one in (twin, house):
        await one.ring.look()
    assert house.ring.state().roots == 2
    new = twin.cipher.seal(b"new", ("table", "t_new"))
    clock.move(SETTLE_MS / 1000)
    await house.ring.look()
    assert {key.root_id for n in range(20) for key in house.store.of_owner(f"t{n}")} == {
        house.store.roots()[-1].root_id
    }
    await twin.ring.look()
    for n in range(20):
        assert twin.cipher.open(sealed[n], ("table", f"t{n}")) == b"x"
    assert house.cipher.open(new, ("table", "t_new")) == b"new"
    clock.move(120)
    await house.ring.look()
    state = house.ring.state()
    assert state.roots == 1
    assert state.root_made_ms > first
    await twin.ring.look()
    assert twin.cipher.open(sealed[0], ("table", "t0")) == b"x"


async def test_another_wrapper_takes_over(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened(tmp_path, clock) as house:
        sealed = house.cipher.seal(b"x", CONTEXT)
    new = bytes(32)
    clock.move(1)
    async with opened(tmp_path, clock, keys=[new, MASTER]) as house:
        await house.ring.rotate_root()
        clock.move(5)
        await house.ring.look()
        clock.move(120)
        await house.ring.look()
    async with opened(tmp_path, clock, keys=[new]) as house:
        assert house.cipher.open(sealed, CONTEXT) == b"x"
    with pytest.raises(CipherUnavailable, match="put that key back"):
        async with opened(tmp_path, clock, keys=[MASTER]):
            pass


async def test_a_key_that_is_not_here_is_named(house: House, tmp_path: Path, clock: FrozenClock) -> None:
    sealed = house.cipher.seal(b"x", CONTEXT)
    other = tmp_path / "other"
    other.mkdir()
    async with opened(other, clock) as stranger:
        with pytest.raises(CipherUnavailable, match="put the newest copy of the keys back"):
            stranger.cipher.open(sealed, CONTEXT)


async def test_a_key_moved_to_another_owner_in_the_store_does_not_open(house: House) -> None:
    house.cipher.seal(b"x", CONTEXT)
    with house.store.transaction() as execute:
        execute("UPDATE keys SET owner = 't2' WHERE owner = 't1'")
    house.ring.refuse([])
    with pytest.raises(CipherUnavailable, match="was changed"):
        house.cipher.seal(b"x", ("people", "t2"))


async def test_blind_indexes_are_the_same_for_the_same_and_tell_nothing(house: House, twin: House) -> None:
    blind = house.cipher.blind(b"ada@example.com", ("people", "t1", "email"))
    assert len(blind) == 32
    house.ring.rotate("t1")
    assert twin.cipher.blind(b"ada@example.com", ("people", "t1", "email")) == blind
    others = [
        twin.cipher.blind(b"eve@example.com", ("people", "t1", "email")),
        twin.cipher.blind(b"ada@example.com", ("people", "t1", "name")),
        twin.cipher.blind(b"ada@example.com", ("people", "t2", "email")),
    ]
    assert blind not in others


async def test_many_threads_make_one_key(house: House, twin: House) -> None:
    sealed: list[bytes] = []

    def seal(one: House) -> None:
        sealed.append(one.cipher.seal(b"x", CONTEXT))

    threads = [threading.Thread(target=seal, args=(one,)) for one in (house, twin) * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sealed) == 16
    assert len({each[1:9] for each in sealed}) == 1
    assert len(house.store.of_owner("t1")) == 1


async def test_few_keys_are_known_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mainstay.engines.ciphers.ring._OWNERS_KNOWN_MAX", 10)
    sealed = [house.cipher.seal(b"x", ("table", f"t{n}")) for n in range(50)]
    assert len(house.ring._owned) <= 10
    assert all(house.cipher.open(each, ("table", f"t{n}")) == b"x" for n, each in enumerate(sealed))
