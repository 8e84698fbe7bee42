"""Every key store behind ports.keystores."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mainstay.engines.keystores.postgres import PostgresKeyStore
from mainstay.engines.keystores.sqlite import SqliteKeyStore, copied
from mainstay.ports.ciphers import CipherUnavailable
from mainstay.ports.keystores import Destroyed, KeyStore, WrappedKey, WrappedRoot

ROOT = WrappedRoot("root_1", "file:1", b"wrapped", 1)
KEY = WrappedKey("t1", b"key-of-1", 1, "root_1", b"secret-of-t1", 5)
PERSON = replace(KEY, owner="t1/user_1", key_id=b"person-1", wrapped=b"secret-of-user-1")
OTHER = replace(KEY, owner="t10", key_id=b"key-of-2")


@pytest.fixture(params=["sqlite", "postgres"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[KeyStore, KeyStore]]:
    """Give the same store twice, as two processes have it."""
    stores: list[KeyStore]
    if request.param == "sqlite":
        stores = [SqliteKeyStore(tmp_path / "keys.db") for _ in range(2)]
    else:
        url = request.getfixturevalue("empty_postgres")
        stores = [PostgresKeyStore(url) for _ in range(2)]
    for store in stores:
        store.open()
    yield stores[0], stores[1]
    for store in stores:
        store.close()


def test_what_one_process_adds_the_other_has(pair: tuple[KeyStore, KeyStore]) -> None:
    one, two = pair
    before = two.epoch()
    assert one.add([KEY])
    assert two.epoch() > before
    assert two.of_owner("t1") == two.of_key(b"key-of-1") == [KEY]
    assert not two.add([replace(KEY, key_id=b"another!", wrapped=b"another")]), "the first one stays"
    second = replace(KEY, version=2)
    assert two.add([second])
    assert list(one.of_owner("t1")) == [KEY, second]


def test_the_first_root_is_made_once(pair: tuple[KeyStore, KeyStore]) -> None:
    one, two = pair
    assert one.add_root(ROOT, first=True)
    assert not two.add_root(replace(ROOT, root_id="root_2"), first=True)
    assert two.add_root(replace(ROOT, root_id="root_3", made_ms=9), first=False)
    assert [root.root_id for root in one.roots()] == ["root_1", "root_3"]


def test_roots_that_wrap_nothing_are_forgotten(pair: tuple[KeyStore, KeyStore]) -> None:
    one, _ = pair
    for number in range(3):
        one.add_root(replace(ROOT, root_id=f"root_{number}", made_ms=number), first=False)
    one.add([replace(KEY, root_id="root_0")])
    one.forget_roots(100)
    assert [root.root_id for root in one.roots()] == ["root_0", "root_2"]
    assert [key.owner for key in one.wrapped_by_others("root_2", 10)] == ["t1"]
    one.rewrap([replace(KEY, root_id="root_2", wrapped=b"anew")])
    assert one.of_owner("t1")[0].wrapped == b"anew"
    assert one.wrapped_by_others("root_2", 10) == []
    one.forget_roots(100)
    assert [root.root_id for root in one.roots()] == ["root_2"]


def test_a_tenants_end_is_the_end_of_everybody_in_it(pair: tuple[KeyStore, KeyStore]) -> None:
    one, two = pair
    for key in (KEY, PERSON, OTHER):
        one.add([key])
    assert [key.owner for key in one.within("t1")] == ["t1", "t1/user_1"]
    assert one.destroy("t1", 7) == 2
    assert two.of_owner("t1") == two.of_owner("t1/user_1") == []
    assert [key.owner for key in two.of_owner("t10")] == ["t10"]
    assert two.destroyed_key(b"key-of-1")
    assert two.destroyed_key(b"person-1")
    assert two.destroyed_owner("t1/user_2"), "nobody in it comes again"
    assert not two.add([replace(PERSON, owner="t1/user_2", key_id=b"person-2")])
    assert one.destroy("t1", 9) == 0
    assert {each.at_ms for each in one.destroyed()} == {7}


def test_a_person_ends_alone_and_for_good_even_without_a_key(pair: tuple[KeyStore, KeyStore]) -> None:
    one, two = pair
    one.add([KEY])
    assert one.destroy("t1/user_1", 7) == 0
    assert not two.add([PERSON])
    assert two.of_owner("t1") == [KEY]


def test_a_key_that_an_older_copy_brings_back_is_refused(pair: tuple[KeyStore, KeyStore]) -> None:
    one, two = pair
    one.add([KEY])
    one.refuse([Destroyed(KEY.key_id, KEY.owner, 3)])
    assert two.of_key(KEY.key_id) == []
    assert two.destroyed_key(KEY.key_id)
    assert dict(two.counts()) == {"owners": 0, "keys": 0, "destroyed": 1}


def test_what_is_settled_does_not_wait(pair: tuple[KeyStore, KeyStore]) -> None:
    one, two = pair
    one.add([KEY])
    one.add([replace(KEY, version=2, made_ms=8)])
    assert [key.version for key in two.unsettled()] == [1, 2]
    two.settle([("t1", 1)])
    assert [key.version for key in one.unsettled()] == [2]


def test_a_destroyed_key_is_overwritten_on_the_disk(tmp_path: Path) -> None:
    store = SqliteKeyStore(tmp_path / "keys.db")
    store.open()
    store.add([PERSON])
    assert b"secret-of-user-1" in (tmp_path / "keys.db").read_bytes()
    store.destroy(PERSON.owner, 1)
    assert b"secret-of-user-1" not in (tmp_path / "keys.db").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["keys.db"], "no journal keeps it"
    assert (tmp_path / "keys.db").stat().st_mode & 0o077 == 0
    store.close()


def test_a_copy_is_whole(tmp_path: Path) -> None:
    store, again = SqliteKeyStore(tmp_path / "keys.db"), SqliteKeyStore(tmp_path / "copy.db")
    store.open()
    store.add([KEY])
    copied(tmp_path / "keys.db", tmp_path / "copy.db")
    again.open()
    assert again.of_owner("t1") == [KEY]
    store.close()
    again.close()


def test_a_store_that_is_no_store_says_so(tmp_path: Path) -> None:
    (tmp_path / "keys.db").write_bytes(b"no database" * 100)
    with pytest.raises(CipherUnavailable, match="key store"):
        SqliteKeyStore(tmp_path / "keys.db").open()
    closed = SqliteKeyStore(tmp_path / "other.db")
    with pytest.raises(CipherUnavailable, match="closed"):
        closed.epoch()


def test_postgresql_that_does_not_answer_says_so() -> None:
    with pytest.raises(CipherUnavailable, match="does not answer"):
        PostgresKeyStore("postgresql://nobody@127.0.0.1:9/none").open()
