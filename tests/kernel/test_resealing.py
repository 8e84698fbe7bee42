"""Keys at work in a whole house: replaced under load, destroyed, and data of earlier versions taken over."""

import asyncio
import shutil
from pathlib import Path

import psycopg
import pytest

from mainstay.app.house import House
from mainstay.app.tables import TABLES
from mainstay.engines.ciphers.aesgcm import AesGcmCipher, load_or_make_key
from mainstay.engines.ciphers.envelope import EnvelopeCipher
from mainstay.kernel.work import WorkCipher
from mainstay.kit.random import SystemRandom
from mainstay.ports.ciphers import CipherUnavailable, KeyDestroyed
from mainstay.ports.database import SYSTEM
from makers import Client, FrozenClock, Mailbox, client, opened_house
from oidc_provider import OidcProvider, connected
from services.assistant.making import talked
from services.authorization.asking import URL, web
from services.people.devices import add, device
from services.people.joining import PHRASE, calm, from_address, joined
from services.privacy.test_persons import ended
from services.prompts.making import prompted

SEALED = {
    "document_versions": ("text",),
    "passages": ("text",),
    "faqs": ("question", "answer"),
    "feedback": ("query", "comment"),
    "generation_responses": ("told",),
    "generation_traces": ("told",),
    "idempotency": ("answer",),
    "request_log": ("told",),
    "signing_keys": ("sealed",),
    "sso_connections": ("client_secret",),
    "people": ("email",),
    "members": ("name",),
    "sessions": ("address", "agent"),
    "authenticator_apps": ("secret",),
    "passkeys": ("name",),
    "codes": ("email",),
    "provisioned_users": ("profile",),
    "privacy_parts": ("content",),
    "consents": ("evidence",),
    "assistant_bots": ("definition",),
    "assistant_intents": ("content",),
    "assistant_models": ("content",),
    "assistant_conversations": ("content",),
    "assistant_turns": ("content",),
    "assistant_feedback": ("content",),
    "assistant_summaries": ("content",),
    "assistant_memories": ("content",),
    "assistant_facts": ("content",),
    "prompts": ("examples",),
    "prompt_versions": ("content",),
    "prompt_tests": ("content",),
    "prompt_results": ("content",),
}
EMAIL = "ada@example.com"
AT_URL = {"origin": URL.rstrip("/"), "rp_id": URL.split("/")[2]}


async def fill(admin: Client) -> None:
    await admin.call("knowledge.create_collection", name="c")
    documents = [{"doc_id": f"d{n}", "text": f"Pump number {n} of the hall."} for n in range(5)]
    await admin.call("knowledge.add_documents", collection="c", documents=documents, wait=True)
    await admin.call("knowledge.add_faq", collection="c", question="Which pumps?", answer="All of them.")
    hits = await admin.call("knowledge.search", query="Pump number 2")
    await admin.call(
        "knowledge.give_feedback", doc_id=hits[0].doc_id, query="Pump?", helpful=True, comment="Yes."
    )
    await admin.answer("knowledge.create_collection", name="d", idempotency_key="once")


async def fill_all(admin: Client, mails: Mailbox) -> None:
    """Let something be in every sealed column."""
    await admin.call("observability.set_request_settings", log_requests=True)
    user, her = await joined(admin.house, admin, mails, EMAIL)
    await add(her, device(**AT_URL))
    await admin.call("generation.complete", messages=[{"role": "user", "content": "Pumps?"}])
    await admin.call("generation.keep_response", input_items=[{"text": "Pumps?"}], output_items=[])
    profile = {"user_name": EMAIL, "display_name": "Somebody"}
    await admin.call("directory.replace_provisioned_user", user_id=user.id, profile=profile)
    await her.call("people.begin_app", password=PHRASE)
    await her.call("people.change_email", email="lady@example.com", password=PHRASE)
    await fill(admin)
    await talked(admin)
    await prompted(admin)
    await connected(admin)
    await admin.call("privacy.define_consent", purpose="news", text="You may write to me.")
    await admin.call("privacy.give_consent", subject="user_1", purpose="news", version=1, evidence="A box.")
    asked = await admin.call("privacy.export_person", subject="user_1")
    async with asyncio.timeout(20):
        while (await admin.call("privacy.get_request", request_id=asked.request_id)).state != "done":
            await admin.house.audit.flush()
            await asyncio.sleep(0.01)
    [generation] = [each for each in admin.house._caretakers if hasattr(each, "_answering")]
    await admin.house._go_round(generation)  # a trace that waits would be written at any later moment
    await calm(admin.house)
    await admin.house.recording.flush()


async def sealed_in(house: House) -> dict[str, list[bytes]]:
    return {
        f"{table}.{column}": [
            bytes(row[column])
            for row in await house.engines.database.fetch(SYSTEM, f"SELECT {column} FROM {table}")
            if row[column]
        ]
        for table, columns in SEALED.items()
        for column in columns
    }


def test_every_column_that_is_sealed_is_tried() -> None:
    marked = {
        table.name: tuple(column.name for column in table.columns if column.sealed)
        for table in TABLES
        if any(column.sealed for column in table.columns)
    }
    assert marked == SEALED


@pytest.fixture
def mails() -> Mailbox:
    return Mailbox()


async def settled(house: House, clock: FrozenClock) -> None:
    clock.move(5)
    await house.engines.keys.look()
    await house.key_rounds.reseal()


async def test_every_sealed_column_is_sealed_anew(
    tmp_path: Path, clock: FrozenClock, mails: Mailbox, where: dict[str, str]
) -> None:
    given = {"clock": clock, "mailer": mails, "fetcher": OidcProvider(clock.now_ms())}
    async with opened_house(tmp_path / "data", public_url=URL, **given, **where) as house:
        admin = client(house)
        await fill_all(admin, mails)
        clock.move(5)
        before = await sealed_in(house)
        assert all(before.values()), "each of them is tried"
        house.engines.keys.rotate_all()
        await settled(house, clock)
        after = await sealed_in(house)
        for name, contents in after.items():
            assert {int.from_bytes(each[9:13]) for each in contents} == {2}, name
            assert not set(contents) & set(before[name])
        assert house.engines.keys.state().waiting == 0
        assert (await admin.call("knowledge.get_document", doc_id="d3")).text == "Pump number 3 of the hall."
        again = await admin.answer("knowledge.create_collection", name="d", idempotency_key="once")
        assert again.value.name == "d"
        [user] = await admin.call("people.list_users")
        assert (user.email, user.name) == (EMAIL, "Somebody")
        assert await from_address(
            house, "192.0.2.1", "people.confirm_email", code=mails.code("lady@example.com")
        )
        logged = (await admin.call("observability.search_requests", operation="knowledge.add_faq")).requests
        told = await admin.call("observability.get_request", number=logged[0].number)
        assert told.request["question"] == "Which pumps?"
        made = await web(house).make(name="agent", scopes=["jobs:read"])
        assert (await web(house).own(made)).status_code == 200, "tokens are signed as before"


async def test_a_person_alone_is_sealed_anew(tmp_path: Path, clock: FrozenClock, mails: Mailbox) -> None:
    given = {"clock": clock, "mailer": mails, "fetcher": OidcProvider(clock.now_ms())}
    async with opened_house(tmp_path / "data", public_url=URL, **given) as house:
        await fill_all(client(house), mails)
        clock.move(5)
        [row] = await house.engines.database.fetch(SYSTEM, "SELECT person_id FROM people")
        house.engines.keys.rotate(str(row["person_id"]))
        await settled(house, clock)
        versions = {
            name: {int.from_bytes(each[9:13]) for each in contents}
            for name, contents in (await sealed_in(house)).items()
        }
        hers = {"people.email", "members.name", "codes.email", "authenticator_apps.secret", "passkeys.name"}
        hers |= {"sessions.address", "sessions.agent"}
        assert {name for name, found in versions.items() if found == {2}} == hers
        assert house.engines.keys.state().waiting == 0


async def test_files_are_sealed_anew_and_deleted_ones_stay_away(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        blobs, tenant = house.engines.blobs, (await client(house).call("identity.whoami")).tenant_id
        await blobs.put(tenant, "blob_1", b"file")
        [path] = (tmp_path / "data" / "blobs").rglob("blob_1")
        before = path.read_bytes()
        house.engines.keys.rotate(tenant)
        await settled(house, clock)
        assert path.read_bytes() != before
        assert await blobs.get(tenant, "blob_1") == b"file"
        assert not await blobs.reseal(tenant, "blob_1")


async def test_keys_are_replaced_under_load_without_a_failure(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock, rate_limit_per_minute="1000000") as house:
        admin = client(house)
        await fill(admin)
        tenant = (await admin.call("identity.whoami")).tenant_id
        done, served = asyncio.Event(), 0

        async def work(number: int) -> None:
            nonlocal served
            while not done.is_set():
                await admin.call("knowledge.search", query=f"Pump number {number}")
                await admin.call(
                    "knowledge.add_document", collection="c", doc_id=f"w{number}", text=f"Valve {served}."
                )
                assert (await admin.call("knowledge.get_document", doc_id="d1")).text.startswith("Pump")
                served += 1
                await asyncio.sleep(0)

        workers = [asyncio.create_task(work(number)) for number in range(3)]
        for version in range(2, 6):
            assert house.engines.keys.rotate(tenant) == version
            await house.engines.keys.rotate_root()
            at = served
            while served < at + 6:
                await asyncio.sleep(0.01)
            await settled(house, clock)
        done.set()
        await asyncio.gather(*workers)
        assert {int.from_bytes(each[9:13]) for each in (await sealed_in(house))["passages.text"]} == {5}


async def test_what_an_earlier_version_sealed_is_taken_over(
    tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"

    def earlier(ring: object, _earlier: object, random: SystemRandom) -> AesGcmCipher:
        return AesGcmCipher(load_or_make_key(data / "secret.key", random), random)

    with monkeypatch.context() as patched:
        patched.setattr("mainstay.engines.ciphers.envelope.EnvelopeCipher", earlier)
        patched.setattr(AesGcmCipher, "stale", lambda *_: False, raising=False)
        patched.setattr(
            WorkCipher,
            "seal",
            lambda self, content, context, **_: self._cipher.seal(content, self._bound(context)),
        )
        async with opened_house(data, clock=clock) as house:
            await fill(client(house))
            assert {each[0] for each in (await sealed_in(house))["passages.text"]} == {1}
    (data / "keys.db").unlink()
    async with opened_house(data, clock=clock) as house:
        assert isinstance(house.engines.cipher, EnvelopeCipher)
        assert (
            await client(house).call("knowledge.get_document", doc_id="d2")
        ).text == "Pump number 2 of the hall."
        await settled(house, clock)
        for name, contents in (await sealed_in(house)).items():
            assert {each[0] for each in contents} <= {2}, name
    async with opened_house(data, clock=clock) as house:
        assert (
            await client(house).call("knowledge.get_document", doc_id="d2")
        ).text == "Pump number 2 of the hall."


async def test_without_the_keys_of_its_data_a_house_does_not_open(tmp_path: Path, clock: FrozenClock) -> None:
    data = tmp_path / "data"
    async with opened_house(data, clock=clock) as house:
        await fill(client(house))
    (data / "keys.db").unlink()
    with pytest.raises(CipherUnavailable, match="newest copy of the keys"):
        async with opened_house(data, clock=clock):
            pass


def lost(data: Path, database: str = "") -> None:
    """Lose the key store, wherever it is."""
    if database:
        with psycopg.connect(database, autocommit=True) as link:
            link.execute("DROP SCHEMA mainstay_keys CASCADE")
    else:
        (data / "keys.db").unlink()


async def test_without_its_keys_a_house_does_not_open_after_somebody_was_erased_either(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str]
) -> None:
    data = tmp_path / "data"
    async with opened_house(data, clock=clock, **where) as house:
        admin = client(house)
        await fill(admin)
        made = await admin.call("identity.create_key", name="hers")
        asked = await admin.call("privacy.erase_person", subject=made.key_id)
        await ended(house, admin, asked.request_id)
        assert await house.engines.database.fetch(SYSTEM, "SELECT owner FROM destroyed_keys")
    lost(data, **where)
    for _ in range(2):  # the second time there is a key store, which the first start made
        with pytest.raises(CipherUnavailable, match="newest copy of the keys"):
            async with opened_house(data, clock=clock, **where):
                pass


async def test_a_destroyed_key_stays_destroyed_with_an_older_copy_of_the_keys(
    tmp_path: Path, clock: FrozenClock
) -> None:
    data = tmp_path / "data"
    async with opened_house(data, clock=clock) as house:
        tenant = (await client(house).call("identity.whoami")).tenant_id
        owner = f"{tenant}/user_1"
        sealed = house.engines.cipher.seal(b"Ada", ("people", tenant, "x"), owner=owner)
    shutil.copy(data / "keys.db", tmp_path / "older.db")
    async with opened_house(data, clock=clock) as house:
        gone = house.engines.keys.destroy(owner)
        async with house.engines.database.unit(SYSTEM) as unit:
            rows = [
                {"tenant_id": tenant, "key_id": each.key_id, "owner": each.owner, "at_ms": each.at_ms}
                for each in gone
            ]
            await unit.insert("destroyed_keys", rows)
    shutil.copy(tmp_path / "older.db", data / "keys.db")
    async with opened_house(data, clock=clock) as house:
        with pytest.raises(KeyDestroyed):
            house.engines.cipher.open(sealed, ("people", tenant, "x"))


async def test_what_is_destroyed_is_told_as_such_and_never_as_a_bug(
    tmp_path: Path, clock: FrozenClock
) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        await fill(admin)
        house.engines.keys.destroy((await admin.call("identity.whoami")).tenant_id)
        for operation, values in (
            ("knowledge.get_document", {"doc_id": "d1"}),
            ("knowledge.search", {"query": "Pump number 1"}),
            ("knowledge.add_document", {"collection": "c", "text": "More."}),
            ("knowledge.list_faqs", {"collection": "c"}),
        ):
            with pytest.raises(KeyDestroyed):
                await admin.call(operation, **values)
