"""Operations that are answered without credentials, and failures that keep what was written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.dispatch import Answer, Application, Message
from mainstay.kernel.gathering import ROWS_EACH
from mainstay.kernel.guard import NOBODYS, STRANGER, RateLimited, stranger
from mainstay.kernel.interface import Interface, operations_of, reads, writes
from mainstay.kernel.work import become, caller, note_target
from mainstay.kit.errors import Invalid, Unauthenticated
from mainstay.ports.database import SYSTEM, AllRows
from makers import ADMIN_KEY, FrozenClock, client, opened_house

TENANT = "tenant_of_guests"


class CodeUsed(Invalid):
    """The code is used up from now on."""

    keeps = True


class CodeWrong(Unauthenticated):
    """Nobody has such a code."""


class Porter(Interface):
    """Lets strangers in."""

    @reads("GET /porter", may=STRANGER)
    async def greet(self) -> str:
        """Say whom you greet."""

    @writes("POST /porter", may=STRANGER, fails=(CodeUsed, CodeWrong))
    async def enter(self, code: str) -> str:
        """Come in with a code."""


class PorterService(Porter):
    """Writes guests down as tenants, for want of a table of guests."""

    def __init__(self, rows: AllRows) -> None:
        self._rows = rows

    async def greet(self) -> str:
        return caller().subject

    async def enter(self, code: str) -> str:
        row = {"tenant_id": f"tenant_{code}", "name": code, "operator": 0, "created_ms": 1, "suspended": 0}
        note_target(code)
        await self._rows.insert("tenants", [row])
        if code == "used":
            become(_guest())
            raise CodeUsed
        if code == "wrong":
            raise CodeWrong
        become(_guest())
        return caller().subject


def _guest() -> Caller:
    return Caller(tenant_id=TENANT, subject="user_guest", roles=(), permissions=frozenset())


class Door:
    """Walks the road to the porter from an address."""

    def __init__(self, house: House) -> None:
        self.house = house
        parts = house.application._parts
        service = PorterService(house._wiring._known[AllRows])
        self._application = Application(parts, {Porter: service})
        self.headers: dict[str, str] = {}

    async def ask(self, name: str, address: str = "192.0.2.1", **values: Any) -> Answer:
        async def read() -> Mapping[str, Any]:
            return values

        operation = next(each for each in operations_of(Porter) if each.name == name)
        credential = Credential("mk_nobody_knows_this_one_at_all_000", "header")
        message = Message(credential, read, "req", "test", address, idempotency_key="the same")
        try:
            return await self._application.dispatch(operation, message)
        finally:
            self.headers = message.headers

    async def rows(self, sql: str) -> list[Mapping[str, Any]]:
        await self.house.audit.flush()
        return list(await self.house.engines.database.fetch(SYSTEM, sql))

    async def audited(self) -> list[tuple[Any, ...]]:
        sql = "SELECT * FROM audit WHERE operation = 'porter.enter' ORDER BY seq"
        found = await self.rows(sql)
        return [(row["tenant_id"], row["subject"], row["target"], row["outcome"]) for row in found]


async def test_strangers_are_answered_and_their_credentials_are_not_looked_at(house: House) -> None:
    assert (await Door(house).ask("greet")).value == "stranger:192.0.2.1/32"


async def test_whom_an_operation_recognises_is_written_down(house: House) -> None:
    door = Door(house)
    assert (await door.ask("enter", code="good")).value == "user_guest"
    assert await door.audited() == [(TENANT, "user_guest", "good", "ok")]


async def test_a_failure_may_keep_what_was_written(house: House) -> None:
    door = Door(house)
    with pytest.raises(CodeUsed):
        await door.ask("enter", code="used")
    with pytest.raises(CodeWrong):
        await door.ask("enter", code="wrong")
    names = {row["name"] for row in await door.rows("SELECT name FROM tenants")}
    assert names == {"operator", "used"}
    assert await door.audited() == [
        (TENANT, "user_guest", "used", "CodeUsed"),
        (NOBODYS, "stranger:192.0.2.1/32", "wrong", "CodeWrong"),
    ]


async def test_two_strangers_never_share_an_answer(house: House) -> None:
    door = Door(house)
    for code in ("one", "two"):
        await door.ask("enter", code=code)
    assert len(await door.rows("SELECT name FROM tenants")) == 3
    assert await door.rows("SELECT * FROM idempotency") == []


async def test_strangers_are_counted_by_address(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data", rate_limit_strangers_per_minute=2) as house:
        door = Door(house)
        for _ in range(2):
            await door.ask("greet", "2001:db8::1")
        with pytest.raises(RateLimited, match="2 requests a minute"):
            await door.ask("greet", "2001:db8::ffff")
        assert door.headers["RateLimit-Policy"] == '"minute";q=2;w=60'
        await door.ask("greet", "2001:db8:0:1::1")
        await client(house, ADMIN_KEY).call("identity.whoami")


async def test_a_flood_of_strangers_is_counted_and_not_written_down_one_by_one(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with opened_house(tmp_path / "data", clock=clock) as house:
        door = Door(house)
        for number in range(50):
            with pytest.raises(CodeWrong):
                await door.ask("enter", code="wrong")
            assert len(await door.audited()) == min(number + 1, ROWS_EACH)
        clock.move(60)
        targets = [target for _, _, target, _ in await door.audited()]
        assert targets == ["wrong"] * ROWS_EACH + [f"{50 - ROWS_EACH} like this within a minute"]


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.7", "stranger:192.0.2.7/32"),
        ("2001:db8:1:2:3:4:5:6", "stranger:2001:db8:1:2::/64"),
        ("2001:0DB8:0:1:0:0:0:6", "stranger:2001:db8:0:1::/64"),
        ("fe80::1%eth0", "stranger:fe80::/64"),
        ("::1", "stranger:::/64"),
        ("::ffff:192.0.2.7", "stranger:192.0.2.7/32"),
        ("", "stranger:"),
        ("testclient", "stranger:testclient"),
        ("192.0.2.07", "stranger:192.0.2.07"),
        ("2001:db8:::", "stranger:2001:db8:::"),
        ("\0\ud800", "stranger:\0\ud800"),
    ],
)
def test_a_household_is_counted_once(address: str, subject: str) -> None:
    made = stranger(address, 5)
    assert (made.subject, made.tenant_id, made.permissions) == (subject, NOBODYS, frozenset())
