"""Who is remembered at the door: whoever came last, and whom strangers cannot push out."""

from collections.abc import Iterable

import pytest

from mainstay.kernel import sources as module
from mainstay.kernel.caller import Caller
from mainstay.kernel.shedding import Overloaded, Shedding, SheddingSettings
from mainstay.kernel.sources import BEYOND, Source, Sources
from makers import FrozenClock

REGULAR, ANOTHER = Source("tenant_a", "key_regular"), Source("tenant_b", "key_another")
ROOM = 20


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KNOWN_MAX", ROOM)


@pytest.fixture
def sources(clock: FrozenClock) -> Sources:
    return Sources(clock)


def steady(sources: Sources, clock: FrozenClock) -> None:
    """Ask 20 times a second for an hour."""
    for _ in range(72_000):
        clock.move(0.05)
        sources.note(REGULAR)


def households(sources: Sources, number: int) -> Iterable[Source]:
    return (sources.of(b"unknown", f"2001:db8:0:{each:x}::1") for each in range(number))


def test_strangers_push_out_nobody_who_is_known(sources: Sources, clock: FrozenClock) -> None:
    sources.learn(b"Bearer regular", Caller(*REGULAR, (), frozenset()))
    steady(sources, clock)
    usual = sources.times_usual(REGULAR)
    for source in households(sources, 3 * ROOM):
        sources.note(source)
    assert sources.times_usual(REGULAR) == usual > 1
    assert sources.of(b"Bearer regular", "192.0.2.1") == REGULAR


def test_one_network_is_one_source_whatever_address_it_takes(sources: Sources, clock: FrozenClock) -> None:
    for number in range(200):
        sources.note(sources.of(None, f"2001:db8::{number:x}"))
    assert sources.times_usual(sources.of(None, "2001:db8::ffff:ffff")) > BEYOND
    assert sources.times_usual(sources.of(None, "2001:db8:0:1::1")) == 0


def test_whoever_keeps_coming_is_not_forgotten_for_many_who_come_once(
    sources: Sources, clock: FrozenClock
) -> None:
    sources.learn(b"Bearer regular", Caller(*REGULAR, (), frozenset()))
    stranger = sources.of(None, "192.0.2.1")
    for number in range(3 * ROOM):
        sources.learn(b"Bearer %d" % number, Caller("tenant_b", f"key_{number}", (), frozenset()))
        sources.note(Source("tenant_b", f"key_{number}"))
        sources.note(sources.of(None, f"198.51.100.{number}"))
        assert sources.of(b"Bearer regular", "192.0.2.1") == REGULAR
        sources.note(REGULAR)
        sources.note(stranger)
    for source in (REGULAR, stranger):
        assert sources.times_usual(source) == pytest.approx(3 * ROOM / module.RECENT_S)
    assert sources.of(b"Bearer 0", "192.0.2.1") == stranger
    assert sources.times_usual(Source("tenant_b", "key_0")) == 0


def test_what_is_remembered_has_an_end(sources: Sources) -> None:
    for number, source in enumerate(households(sources, 3 * ROOM)):
        sources.note(source)
        sources.note(Source("tenant", str(number)))
        sources.learn(b"%d" % number, Caller("tenant", str(number), (), frozenset()))
    assert [len(table) for table in (sources._known, sources._habits, sources._strangers)] == [ROOM] * 3


def test_a_flood_of_addresses_throttles_no_regular_customer(clock: FrozenClock) -> None:
    shedding = Shedding(clock, SheddingSettings())
    steady(shedding.sources, clock)
    for source in households(shedding.sources, 3 * ROOM):
        shedding.admit("search", source).leave()
    for _ in range(400):
        clock.move(0.05)
        shedding.admit("search", REGULAR).leave()
    held = [shedding.admit("slow", Source("tenant_c", "key")) for _ in range(32)]
    assert isinstance(shedding.turned_away(Source("tenant_c", "key")), Overloaded)
    for _ in range(100):
        clock.move(0.05)
        shedding.admit("search", ANOTHER).leave()
        shedding.admit("search", REGULAR).leave()  # or Throttled
    assert shedding.running == len(held)
