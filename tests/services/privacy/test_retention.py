"""What is old is removed every day, as a tenant says, and nothing of what is younger or another tenant's."""

from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.ports.vectors import Equals, Space
from mainstay.services.knowledge import ageing
from mainstay.services.privacy.failures import PersonRequestMissing, RetentionInvalid
from makers import Client, FrozenClock, client, tenant_client
from services.houses import house
from services.privacy.test_persons import calm

__all__ = ["house"]

DAY_S = 24 * 3600


async def days_pass(house: House, by: Client, clock: FrozenClock, days: int) -> None:
    for _ in range(days):
        clock.move(DAY_S + 1)
        await calm(house, by)


async def stored(by: Client, *names: str) -> None:
    for name in names:
        await by.call(
            "knowledge.add_document", collection="c", doc_id=name, text=f"{name} is red.", wait=True
        )


async def ids(by: Client) -> list[str]:
    page = await by.call("knowledge.list_documents")
    return [each.doc_id for each in page.documents]


async def test_documents_and_judgements_end_by_their_age(
    house: House, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ageing, "AT_ONCE", 2)
    admin, other = client(house), await tenant_client(house, "other")
    for each in (admin, other):
        await stored(each, "old1", "old2", "old3")
    clock.move(40 * DAY_S)
    await stored(admin, "young")
    await admin.call("knowledge.give_feedback", doc_id="young", query="Red?", helpful=True)
    told = await admin.call("privacy.preview_retention", kind="documents", days=30)
    assert told.count == 3
    kinds = await admin.call("privacy.set_retention", days={"documents": 30, "feedback": 7})
    assert {each.kind: each.days for each in kinds if each.days} == {"documents": 30, "feedback": 7}
    await calm(house, admin)
    assert len(await ids(admin)) == 4, "not before a day is over"
    await days_pass(house, admin, clock, 1)
    assert await ids(admin) == ["young"]
    assert await ids(other) == ["old1", "old2", "old3"]
    page = await admin.call("observability.search_entries", operation="house.retention_applied")
    assert [each.target for each in page.entries] == ["documents:3"]
    tenant_id = (await admin.call("identity.whoami")).tenant_id
    space = Space(tenant_id, house.engines.encoder.name, house.engines.encoder.dimensions)
    assert await house.engines.vectors.count(space, Equals("doc_id", "old1")) == 0
    assert await house.engines.vectors.count(space, Equals("kind", "feedback")) == 1
    await days_pass(house, admin, clock, 7)
    assert (await admin.call("privacy.preview_retention", kind="feedback", days=7)).count == 0
    assert await house.engines.vectors.count(space, Equals("kind", "feedback")) == 0


async def test_what_was_set_anew_replaces_what_was(house: House, clock: FrozenClock) -> None:
    admin = client(house)
    await stored(admin, "old")
    clock.move(40 * DAY_S)
    await admin.call("privacy.set_retention", days={"documents": 30})
    await admin.call("privacy.set_retention", days={})
    await days_pass(house, admin, clock, 2)
    assert await ids(admin) == ["old"]
    assert [each.days for each in await admin.call("privacy.get_retention") if each.days] == []


async def test_exports_of_persons_end_with_their_keys(house: House, clock: FrozenClock) -> None:
    admin = client(house)
    tenant_id = (await admin.call("identity.whoami")).tenant_id
    asked = await admin.call("privacy.export_person", subject="user_1")
    await calm(house, admin)
    rows = await house.engines.database.fetch(tenant_id, "SELECT service, content FROM privacy_parts")
    clock.move(3 * DAY_S)
    await admin.call("privacy.set_retention", days={"person_exports": 2})
    await days_pass(house, admin, clock, 1)
    with pytest.raises(PersonRequestMissing):
        await admin.call("privacy.get_request", request_id=asked.request_id)
    place = ("privacy_parts", tenant_id, asked.request_id, str(rows[0]["service"]))
    content: Any = rows[0]["content"]
    with pytest.raises(KeyDestroyed):
        house.engines.cipher.open(content, place)


async def test_plain_rows_end(house: House, clock: FrozenClock) -> None:
    admin, other = client(house), await tenant_client(house, "other")
    tenant_id = (await admin.call("identity.whoami")).tenant_id
    theirs = (await other.call("identity.whoami")).tenant_id
    for whose in (tenant_id, theirs):
        async with house.engines.database.unit(whose) as unit:
            row = {"at_ms": 1, "request_id": "r", "subject": "s", "operation": "o", "outcome": "ok"}
            await unit.insert(
                "request_log", [{**row, "door": "d", "origin": "", "took_ms": 1.0, "told": b""}]
            )
    await admin.call("privacy.set_retention", days={"request_log": 30})
    await days_pass(house, admin, clock, 1)
    count = "SELECT count(*) AS n FROM request_log"
    assert [(await house.engines.database.fetch(each, count))[0]["n"] for each in (tenant_id, theirs)] == [
        0,
        1,
    ]


@pytest.mark.parametrize("days", [{"documents": 29}, {"sessions": 401}, {"nothing": 5}])
async def test_bounds_are_told(house: House, days: dict[str, int]) -> None:
    admin = client(house)
    with pytest.raises(RetentionInvalid, match=r"days|no such kind"):
        await admin.call("privacy.set_retention", days=days)
    [(kind, number)] = days.items()
    with pytest.raises(RetentionInvalid):
        await admin.call("privacy.preview_retention", kind=kind, days=number)
