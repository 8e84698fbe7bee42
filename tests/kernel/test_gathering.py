"""What no rate limit holds back is counted: a few rows a minute, however many come, from wherever."""

from typing import Any

import pytest

from mainstay.kernel.gathering import GROUPS_MAX, OTHERS, ROWS_EACH, Gathering
from mainstay.kernel.guard import NOBODYS
from makers import FrozenClock


@pytest.fixture
def gathering(clock: FrozenClock) -> Gathering:
    return Gathering(clock)


def row(subject: str = "s", operation: str = "o", outcome: str = "RateLimited", target: str = "") -> Any:
    texts = {"subject": subject, "operation": operation, "outcome": outcome, "target": target}
    return {**texts, "origin": "10.0.0.1", "request_id": "r"}


def test_a_few_are_told_and_the_rest_is_counted_when_the_minute_is_over(
    gathering: Gathering, clock: FrozenClock
) -> None:
    told = [gathering.passes("t", row(target=f"t{number}")) for number in range(20)]
    assert told == [True] * ROWS_EACH + [False] * (20 - ROWS_EACH)
    assert gathering.due() == []
    clock.move(60)
    [one] = gathering.due()
    assert one == {**row(target=f"{20 - ROWS_EACH} like this within a minute"), "tenant_id": "t"}
    assert gathering.due() == []
    assert gathering.passes("t", row())


def test_what_ends_tells_at_once(gathering: Gathering) -> None:
    for _ in range(ROWS_EACH + 1):
        gathering.passes(NOBODYS, row(), stranger=True)
    assert len(gathering.due(ends=True)) == 1


def test_what_is_not_alike_is_told_apart(gathering: Gathering) -> None:
    for different in ({"subject": "b"}, {"operation": "b"}, {"outcome": "TenantSuspended"}):
        for _ in range(ROWS_EACH):
            assert gathering.passes("t", row())
        assert gathering.passes("t", row(**different))
        gathering.due(ends=True)


@pytest.mark.parametrize("outcome", ["ok", "PermissionMissing", "RequestInvalid", "left", "replayed"])
def test_what_a_rate_limit_holds_back_is_never_counted(gathering: Gathering, outcome: str) -> None:
    for _ in range(20):
        assert gathering.passes("t", row(outcome=outcome))
    told = [gathering.passes("t", row(outcome=outcome), stranger=True) for _ in range(20)]
    assert sum(told) == ROWS_EACH


def test_a_flood_from_everywhere_is_a_bounded_number_of_rows(gathering: Gathering) -> None:
    told = 0
    for number in range(20_000):
        told += gathering.passes("t", row(subject=f"stranger:{number % 5000}"), stranger=True)
    rows = gathering.due(ends=True)
    assert told == GROUPS_MAX * ROWS_EACH
    counted = sum(int(str(each["target"]).split()[0]) for each in rows)
    assert told + counted == 20_000
    others = [each for each in rows if each["subject"] == OTHERS]
    assert [(each["origin"], each["request_id"]) for each in others] == [("", "")]
    assert len(rows) <= GROUPS_MAX + 1


def test_strangers_take_no_room_from_a_tenants_own(gathering: Gathering) -> None:
    for number in range(GROUPS_MAX):
        gathering.passes("t", row(subject=f"stranger:{number}"), stranger=True)
    assert gathering.passes("t", row(subject="key"))
