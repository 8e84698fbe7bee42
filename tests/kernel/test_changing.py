"""The hashes of what was changed: the same for the same things, and nothing to whoever has not the salt."""

import hashlib
import json

from mainstay.kernel.chain import framed
from mainstay.kernel.changing import UNCHANGED

SALT, OTHER = bytes(16), bytes(15) + b"x"
KEY = {"key_id": "key_1", "name": "Kai – ü", "groups": ("a", "b"), "expires_ms": None}


def test_what_was_made_has_no_before_and_what_was_erased_no_after() -> None:
    assert UNCHANGED.salted(SALT) == (None, None)
    made = UNCHANGED.and_then(None, KEY).salted(SALT)
    erased = UNCHANGED.and_then(KEY, None).salted(SALT)
    assert made[0] is erased[1] is None
    assert made[1] == erased[0]


def test_the_same_thing_has_the_same_hash_in_whatever_order_its_fields_come() -> None:
    turned = dict(reversed(KEY.items()))
    before, after = UNCHANGED.and_then(KEY, turned).salted(SALT)
    assert before == after
    for name in KEY:
        before, after = UNCHANGED.and_then(KEY, {**KEY, name: "other"}).salted(SALT)
        assert before != after
    assert UNCHANGED.and_then(None, KEY).salted(SALT) != UNCHANGED.and_then(None, KEY).salted(OTHER)


def test_several_things_are_hashed_in_their_order() -> None:
    one, two = {"n": 1}, {"n": 2}
    there = UNCHANGED.and_then(None, one).and_then(None, two)
    turned = UNCHANGED.and_then(None, two).and_then(None, one)
    second_alone = UNCHANGED.and_then(one, None).and_then(None, two)
    first_alone = UNCHANGED.and_then(None, two).and_then(one, None)
    hashes = [each.salted(SALT)[1] for each in (there, turned, second_alone, first_alone)]
    assert len(set(hashes)) == 4


def test_who_has_the_thing_and_the_salt_finds_the_same_hash() -> None:
    """As the module says: SHA-256 of framed parts, which other languages can write."""
    text = json.dumps(KEY, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    states = hashlib.sha256(framed(b"mainstay audit states v1", b"", "0", text)).digest()
    salted = hashlib.sha256(framed(b"mainstay audit state v1", SALT, states)).digest()
    assert UNCHANGED.and_then(None, KEY).salted(SALT) == (None, salted)
