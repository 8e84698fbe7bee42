"""Persons exported and erased: what was planted is found by the first and gone after the second."""

import asyncio
import base64
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.backups import backup
from mainstay.app.house import House
from mainstay.app.settings import Settings
from mainstay.engines.ciphers.ring import DataKeys
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.ports.database import SYSTEM
from mainstay.ports.vectors import Equals, Space
from mainstay.services.jobs.interface import JobPromised
from mainstay.services.knowledge.failures import GiverErased
from mainstay.services.privacy.failures import ExportUnfinished, PersonMissing, PersonRequestMissing
from makers import UNDONE, Client, FrozenClock, client, opened_house, tenant_client

NAME, QUERY, COMMENT = "Adelaide-Marker", "marker-query of hers", "marker-comment of hers"
REQUEST = "marker-idempotency-key"


async def planted(house: House, admin: Client) -> tuple[str, str]:
    """Let somebody leave traces wherever one can; give whom, and whose key."""
    made = await admin.call("identity.create_key", name=NAME, role="admin")
    her = client(house, made.key)
    await her.call("knowledge.create_collection", name="c")
    await her.call("knowledge.add_document", collection="c", doc_id="d", text="Pumps of the hall.", wait=True)
    await her.call("knowledge.give_feedback", doc_id="d", query=QUERY, helpful=True, comment=COMMENT)
    await her.call("identity.create_key", name="made by her")
    await her.answer("knowledge.create_collection", name="e", idempotency_key=REQUEST)
    await her.call("knowledge.search", query=QUERY)
    await calm(house, admin)
    return made.key_id, made.key


async def test_whoever_was_erased_gives_no_judgement(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str]
) -> None:
    async with opened_house(tmp_path / "data", clock=clock, **where) as house:
        admin = client(house)
        subject, key = await planted(house, admin)
        asked = await admin.call("privacy.erase_person", subject=subject)
        await ended(house, admin, asked.request_id)
        with pytest.raises(GiverErased, match="another key"):
            await client(house, key).call("knowledge.give_feedback", doc_id="d", query="Pumps?", helpful=True)


async def calm(house: House, admin: Client) -> None:
    """Wait until nothing is left to do."""
    for _ in range(400):
        await house.audit.flush()
        waiting = await house.engines.database.fetch(
            SYSTEM,
            f"SELECT 1 AS one FROM outbox WHERE {UNDONE} OR (state = 'waiting' AND due_ms <= :now) LIMIT 1",
            {"now": house.clock.now_ms()},
        )
        if not waiting:
            return
        house.clock.move(2)  # type: ignore[attr-defined]  # the clock of the tests
        await asyncio.sleep(0.02)
    raise AssertionError("something is never done")


async def ended(house: House, admin: Client, request_id: str) -> Any:
    await calm(house, admin)
    return await admin.call("privacy.get_request", request_id=request_id)


def tables(path: Path) -> dict[str, str]:
    """Give all rows of a database as text, by table."""
    with closing(sqlite3.connect(path)) as link:
        names = [row[0] for row in link.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: repr(link.execute(f'SELECT * FROM "{name}"').fetchall()) for name in names}


def found_in(folder: Path, *markers: str) -> set[str]:
    """Give where markers are: tables of the databases, and bytes of every other file."""
    found = set()
    for path in folder.rglob("*"):
        if path.suffix == ".db":
            for name, rows in tables(path).items():
                found |= {f"{path.name}:{name}" for marker in markers if marker in rows}
        elif path.is_file() and not path.name.startswith("mainstay.db"):
            content = path.read_bytes()
            found |= {str(path.relative_to(folder)) for marker in markers if marker.encode() in content}
    return found


async def test_an_export_has_what_was_planted(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        subject, _ = await planted(house, admin)
        asked = await admin.answer("privacy.export_person", subject=subject)
        assert asked.pending
        request_id = asked.value.request_id
        assert {part.service for part in asked.value.parts} == {
            *("authorization", "directory", "federation", "generation", "identity", "knowledge", "people"),
            "privacy",
            "prompts",
            *("assistant", "authorization", "directory", "federation", "identity", "knowledge"),
            *("people", "privacy"),
        }
        with pytest.raises(ExportUnfinished):
            await admin.call("privacy.read_export", request_id=request_id)
        report = await ended(house, admin, request_id)
        counts = {part.service: part.counts for part in report.parts}
        assert report.state == "done"
        assert counts["identity"] == {"keys": 1, "keys_made": 1}
        assert counts["knowledge"] == {"feedback": 1}
        assert counts["privacy"]["audit_entries"] >= 6
        assert counts["privacy"]["kept_answers"] == 1
        data = (await admin.call("privacy.read_export", request_id=request_id)).services
        assert data["identity"]["keys"][0]["name"] == NAME
        assert (data["knowledge"]["feedback"][0]["query"], data["knowledge"]["feedback"][0]["comment"]) == (
            QUERY,
            COMMENT,
        )
        assert "knowledge.give_feedback" in {each["operation"] for each in data["privacy"]["audit"]}
        assert found_in(tmp_path / "data", QUERY, COMMENT) == set(), "what was gathered is sealed"


async def test_an_erased_person_is_nowhere(tmp_path: Path, clock: FrozenClock) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    async with opened_house(data, clock=clock) as house:
        admin = client(house)
        tenant = (await admin.call("identity.whoami")).tenant_id
        subject, _ = await planted(house, admin)
        export = await admin.call("privacy.export_person", subject=subject)
        await ended(house, admin, export.request_id)
        personal = house.engines.cipher.seal(b"Ada", ("people", tenant, "x"), owner=f"{tenant}/{subject}")
        assert found_in(data, subject, NAME) >= {"mainstay.db:api_keys", "mainstay.db:audit"}, (
            "it can be found"
        )
        backup(Settings(data=data), copy, with_key=False, keys=tmp_path / "keys")

        asked = await admin.call("privacy.erase_person", subject=subject)
        report = await ended(house, admin, asked.request_id)
        assert report.state == "done"
        counts = {part.service: part.counts for part in report.parts}
        assert counts["knowledge"] == {"feedback": 1}
        assert counts["identity"] == {"keys": 1, "keys_made": 1}
        assert counts["privacy"]["audit_entries"] >= 6
        with pytest.raises(PersonRequestMissing):
            await admin.call("privacy.read_export", request_id=export.request_id)
        with pytest.raises(KeyDestroyed):
            house.engines.cipher.open(personal, ("people", tenant, "x"))

        page = await admin.call("observability.search_entries", operation="house.person_erased")
        assert [entry.target.partition(":")[0] for entry in page.entries] == [asked.request_id]
        await calm(house, admin)
        assert (await admin.call("observability.verify_chain")).whole
        assert found_in(data, NAME, QUERY, COMMENT, REQUEST) == set()
        # The id alone is left where somebody else did something to the key, which works on, in what was
        # counted, where it must not get keys again, and in the index's files until they are written anew.
        left = {place for place in found_in(data, subject) if not place.startswith("vectors/")}
        assert left <= {
            f"mainstay.db:{name}" for name in ("api_keys", "audit", "destroyed_keys", "usage")
        } | {"keys.db:destroyed"}
        about = await house.engines.database.fetch(
            tenant, "SELECT count(*) AS n FROM audit WHERE subject = :who", {"who": subject}
        )
        assert about[0]["n"] == 0
        space = Space(tenant, house.engines.encoder.name, house.engines.encoder.dimensions)
        assert await house.engines.vectors.count(space, Equals("kind", "feedback")) == 0
    raw = b"".join(path.read_bytes() for path in data.rglob("mainstay.db*"))
    assert not [each for each in (NAME, QUERY, COMMENT, REQUEST) if each.encode() in raw]
    # A backup from before has her words, sealed, and no key that is left opens them.
    backup(Settings(data=data), tmp_path / "newer", with_key=False, keys=tmp_path / "keys")
    assert restored_feedback(copy, tmp_path / "keys", tmp_path / "again") == 1
    async with opened_house(tmp_path / "again", clock=clock) as house:
        rows = await house.engines.database.fetch(tenant, "SELECT feedback_id, query FROM feedback")
        with pytest.raises(KeyDestroyed):
            house.engines.cipher.open(rows[0]["query"], ("feedback", tenant, "query", rows[0]["feedback_id"]))


async def test_an_export_in_an_older_backup_is_unreadable_when_its_person_was_erased(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str]
) -> None:
    async with opened_house(tmp_path / "data", clock=clock, **where) as house:
        admin = client(house)
        tenant = (await admin.call("identity.whoami")).tenant_id
        subject, _ = await planted(house, admin)
        asked = await admin.call("privacy.export_person", subject=subject)
        await ended(house, admin, asked.request_id)
        parts = await house.engines.database.fetch(tenant, "SELECT service, content FROM privacy_parts")
        kept = {(tenant, asked.request_id, str(row["service"])): row["content"] for row in parts}
        bodies = "SELECT body FROM outbox WHERE event = 'PersonPartReady'"
        told = [json.loads(str(row["body"])) for row in await house.engines.database.fetch(tenant, bodies)]
        await ended(house, admin, (await admin.call("privacy.erase_person", subject=subject)).request_id)
        for place, content in kept.items():
            assert isinstance(content, bytes)
            with pytest.raises(KeyDestroyed):
                house.engines.cipher.open(content, ("privacy_parts", *place))
        assert {each["service"] for each in told} == {service for *_, service in kept}
        for each in told:
            place = ("privacy_parts", tenant, each["request_id"], each["service"])
            with pytest.raises(KeyDestroyed):
                house.engines.cipher.open(base64.b64decode(each["content"]), place)


def restored_feedback(copy: Path, keys: Path, again: Path) -> int:
    """Make a data folder of an older copy and the newest keys; count the judgements in it."""
    shutil.copytree(copy, again)
    for path in keys.iterdir():
        shutil.copy(path, again / path.name)
    with closing(sqlite3.connect(again / "mainstay.db")) as link:
        [(count,)] = link.execute("SELECT count(*) FROM feedback").fetchall()
    return int(count)


async def test_erasing_again_changes_nothing_and_cannot_be_cancelled(
    tmp_path: Path, clock: FrozenClock
) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        subject, _ = await planted(house, admin)
        first = await admin.call("privacy.erase_person", subject=subject)
        with pytest.raises(JobPromised):
            await admin.call("jobs.cancel_job", job_id=first.job_id)
        await ended(house, admin, first.request_id)
        again = await ended(
            house, admin, (await admin.call("privacy.erase_person", subject=subject)).request_id
        )
        assert again.state == "done"
        assert {part.service: sum(part.counts.values()) for part in again.parts} == {
            "assistant": 0,
            "authorization": 0,
            "directory": 0,
            "federation": 0,
            "generation": 0,
            "identity": 1,  # the key itself, which works on
            "knowledge": 0,
            "people": 0,
            "privacy": 0,
            "prompts": 0,
            "widgets": 0,
        }


async def test_an_erasure_goes_on_after_the_house_closed_in_the_middle(
    tmp_path: Path, clock: FrozenClock
) -> None:
    data = tmp_path / "data"
    async with opened_house(data, clock=clock) as house:
        admin = client(house)
        subject, _ = await planted(house, admin)
        reached = asyncio.Event()

        def broken(*_: object) -> None:
            reached.set()
            raise ZeroDivisionError

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(DataKeys, "destroy", broken)
            asked = await admin.call("privacy.erase_person", subject=subject)
            async with asyncio.timeout(20):
                await reached.wait()
            assert (await admin.call("privacy.get_request", request_id=asked.request_id)).state == "running"
    async with opened_house(data, clock=clock) as house:
        clock.move(600)
        assert (await ended(house, client(house), asked.request_id)).state == "done"
        assert found_in(data, NAME, QUERY) == set()


async def test_another_tenant_sees_and_erases_nothing(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str]
) -> None:
    async with opened_house(tmp_path / "data", clock=clock, **where) as house:
        admin, other = client(house), await tenant_client(house, "other")
        subject, _ = await planted(house, admin)
        mine = await admin.call("privacy.export_person", subject=subject)
        with pytest.raises(PersonMissing):
            await other.call("privacy.erase_person", subject=subject)
        theirs = await other.call("privacy.export_person", subject=subject)
        report = await ended(house, other, theirs.request_id)
        assert sum(sum(part.counts.values()) for part in report.parts) == 0
        with pytest.raises(PersonRequestMissing):
            await other.call("privacy.get_request", request_id=mine.request_id)
        with pytest.raises(PersonRequestMissing):
            await other.call("privacy.read_export", request_id=mine.request_id)
        assert [each.request_id for each in await other.call("privacy.list_requests")] == [theirs.request_id]
        done = await ended(house, admin, mine.request_id)
        assert {part.service: part.counts for part in done.parts}["knowledge"] == {"feedback": 1}
        erased = await admin.call("privacy.erase_person", subject=subject)
        erased = await ended(house, admin, erased.request_id)
        assert {part.service: part.counts for part in erased.parts}["knowledge"] == {"feedback": 1}


async def test_nobody_is_not_erased(tmp_path: Path, clock: FrozenClock, where: dict[str, str]) -> None:
    async with opened_house(tmp_path / "data", clock=clock, **where) as house:
        admin = client(house)
        await admin.call("privacy.export_person", subject="user_nope")
        with pytest.raises(PersonMissing, match="mainstay users list"):
            await admin.call("privacy.erase_person", subject="user_nope")
        with pytest.raises(PersonMissing, match="address is no id"):
            await admin.call("privacy.erase_person", subject="ada@example.com")
        await calm(house, admin)
        assert [each.kind for each in await admin.call("privacy.list_requests")] == ["export"]
        page = await admin.call("observability.search_entries", operation="house.person_erased")
        assert page.entries == []


async def test_whoever_left_something_can_be_erased_and_once(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str]
) -> None:
    async with opened_house(tmp_path / "data", clock=clock, **where) as house:
        admin = client(house)
        invited = await admin.call("people.create_user", email="bob@example.com", name="Bob")
        former = await admin.call("people.create_user", email="ada@example.com", name="Ada")
        await admin.call("people.deactivate_user", user_id=former.id)
        spare = await admin.call("identity.create_key", name="never used")
        revoked = await admin.call("identity.create_key", name="revoked")
        await client(house, revoked.key).call("identity.whoami")
        await admin.call("identity.revoke_key", key_id=revoked.key_id)
        app = await admin.call("authorization.create_client", name="import", role="user")
        await admin.call("privacy.define_consent", purpose="news", text="You may write to me.")
        await admin.call("privacy.give_consent", subject="customer-7", purpose="news", version=1)
        await house.audit.flush()
        for subject in (invited.id, former.id, spare.key_id, revoked.key_id, app.client_id, "customer-7"):
            asked = await admin.call("privacy.erase_person", subject=subject)
            assert (await ended(house, admin, asked.request_id)).state == "done"
        for subject in (invited.id, former.id, revoked.key_id, "customer-7"):
            with pytest.raises(PersonMissing, match="erased"):
                await admin.call("privacy.erase_person", subject=subject)


async def test_requests_are_listed_in_pages(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        made = []
        for number in range(3):
            clock.move(1)
            made.append((await admin.call("privacy.export_person", subject=f"user_{number}")).request_id)
        first = await admin.call("privacy.list_requests", limit=2)
        rest = await admin.call("privacy.list_requests", limit=2, after=first[-1].request_id)
        assert [each.request_id for each in (*first, *rest)] == made[::-1]
        assert "user_0" not in json.dumps([each.model_dump(mode="json") for each in rest])
