"""Where a tenant leaves traces: every table says how it goes with its tenant, and every place is searched."""

from pathlib import Path
from typing import Any

import pytest

from mainstay.app.backups import backup
from mainstay.app.house import House
from mainstay.app.settings import Settings
from mainstay.app.tables import TABLES
from mainstay.kernel.guard import CredentialsUnknown
from mainstay.kernel.interface import Upload
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.ports.database import SYSTEM
from makers import Client, FrozenClock, Mailbox, client, opened_house, tenant_client
from oidc_provider import OidcProvider
from services.authorization.asking import URL, web
from services.privacy.test_persons import calm, found_in
from services.privacy.test_traces import lived

NAME = "Zanzibar-Marker Ltd"
MARKERS = (NAME, "marker-title", "marker-year", "marker-text", "marker-file", "marker-faq", "marker-role")

WITH_ITS_ROWS = {
    *("assistant_bots", "assistant_intents", "assistant_models", "assistant_conversations"),
    *("assistant_turns", "assistant_feedback", "assistant_facts", "assistant_memories"),
    "assistant_summaries",
    *("api_keys", "authorization_codes", "collections", "consent_purposes", "consents"),
    *("document_versions", "documents", "faqs", "feedback", "generation_responses", "generation_traces"),
    *("generation_caching", "generation_outcomes", "prompts", "prompt_versions", "prompt_labels"),
    *("prompt_moves", "prompt_tests", "prompt_results", "prompt_experiments", "prompt_exposures"),
    *("holdings", "idempotency", "index_changes"),
    *("key_quotas", "key_uses", "members", "oauth_clients", "outbox", "passages", "privacy_parts"),
    *("privacy_requests", "provisioned_users", "provisioning_settings", "quotas", "refresh_tokens"),
    *("request_log", "request_settings", "retention_policies", "roles", "sessions", "sign_in_settings"),
    *("sso_connections", "sso_domains", "sso_links", "sso_used", "tenant_exports", "tenant_tiers"),
    *("token_families", "usage", "user_groups", "files", "file_parts", "vector_stores", "attached_files"),
    *("uploads", "upload_parts", "widgets", "visits"),
}
"""Each row is of one tenant, and goes with it."""
WITH_ITS_LAST_TENANT = {
    *("authenticator_apps", "codes", "people", "passkeys", "places", "recovery_codes"),
}
"""Of a person: they go with the last tenant that has her."""
BY_ITSELF = {"tenants": "the last row that goes"}
KEPT = {
    "audit": "what was done and when; who it was, from where and about what is emptied",
    "audit_links": "hashes",
    "audit_checkpoints": "signatures",
    "destroyed_keys": "whose keys must never come back",
    "tenant_erasures": "that the tenant was erased",
    "tenant_erasure_parts": "by which services",
    "cleared": "how much of what",
}
OF_NO_TENANT = {
    "audit_keys": "public keys of the audit",
    "audit_turn": "whose turn it is among processes",
    "revoked_secrets": "hashes of secrets of API keys, so that none is taken again",
    "signing_keys": "of the installation",
    "tiers": "of the installation",
    "token_revocations": "ids of tokens, until the last one has run out",
}


NOT_TAKEN_ALONG = {
    **dict.fromkeys(
        ("authorization_codes", "refresh_tokens", "token_families", "sessions", "visits"),
        "secrets that end",
    ),
    **dict.fromkeys(("audit", "audit_links", "audit_checkpoints"), "has an export of its own, with proofs"),
    **dict.fromkeys(
        ("passages", "index_changes", "holdings", "key_uses", "assistant_models"), "made of the rest"
    ),
    **dict.fromkeys(("idempotency", "outbox"), "answers and work of a day"),
    **dict.fromkeys(("uploads", "upload_parts"), "what was not completed, for a day"),
    **dict.fromkeys(("privacy_requests", "privacy_parts", "tenant_exports"), "exports themselves"),
    **dict.fromkeys(("sso_links", "sso_used"), "mean nothing to another installation"),
    **dict.fromkeys(("destroyed_keys", "tenant_tiers"), "means nothing to another installation"),
}


def test_each_table_of_a_tenant_says_whether_it_is_taken_along() -> None:
    scoped = {table.name for table in TABLES if table.scoped}
    assert {table.name for table in TABLES if table.exported} == scoped - set(NOT_TAKEN_ALONG)
    assert set(NOT_TAKEN_ALONG) <= scoped


def test_each_table_says_how_it_goes_with_its_tenant() -> None:
    said = [*WITH_ITS_ROWS, *WITH_ITS_LAST_TENANT, *BY_ITSELF, *KEPT, *OF_NO_TENANT]
    assert sorted(said) == sorted(table.name for table in TABLES)
    scoped = {table.name for table in TABLES if table.scoped}
    assert {name for name in scoped if name not in KEPT} == WITH_ITS_ROWS
    assert {table.name for table in TABLES if table.kept} == scoped & set(KEPT)


async def planted(house: House, mails: Mailbox, tenant: Client, tenant_id: str) -> tuple[Any, set[str]]:
    """Let a tenant leave traces wherever it can; give a person's session, and what tells of the tenant."""
    browser, operator = web(house), client(house)
    book = {"doc_id": "d1", "title": "marker-title", "metadata": {"k": "marker-year"}}
    await tenant.call("knowledge.add_document", collection="books", text="marker-text", wait=True, **book)
    file = Upload("marker-file.txt", "text/plain", b"marker-file has some words.")
    await tenant.call("knowledge.upload_document", collection="books", file=file, wait=True)
    kept = await tenant.call("files.upload_file", file=file)
    begun = await tenant.call("files.start_upload", name="marker-file.txt", size=99)
    await tenant.call("files.add_upload_part", upload_id=begun.upload_id, file=file)
    shelf = await tenant.call("knowledge.create_vector_store", name="marker-title")
    attached = [{"file_id": kept.file_id, "attributes": {"k": "marker-year"}}]
    await tenant.call("knowledge.attach_files", store_id=shelf.store_id, files=attached)
    await tenant.call("knowledge.add_faq", collection="books", question="marker-faq?", answer="marker-faq.")
    await tenant.call("identity.create_role", name="marker-role", permissions=["jobs:read"])
    await operator.call("gateway.replace_tenant_quotas", tenant_id=tenant_id, requests_per_day=10**6)
    user_id, session, _, markers = await lived(house, browser, mails, tenant)
    await tenant.call("observability.set_request_settings", log_requests=True)
    await tenant.call("privacy.export_tenant")
    await tenant.call("privacy.set_retention", days={"feedback": 365})
    [bot, *_] = await tenant.call("assistant.list_bots")
    shown = {"name": "marker-title", "origins": ["https://marker-file.example.com"]}
    widget = await tenant.call("widgets.create_widget", bot_id=bot.bot_id, **shown)
    await client(house, "").call("widgets.visit_widget", widget_id=widget.widget_id)
    await calm(house, operator)
    [link] = await house.engines.database.fetch(SYSTEM, "SELECT connection_id FROM sso_connections")
    async with house.engines.database.unit(tenant_id) as unit:
        await unit.insert("sso_domains", [{"domain": "marker.example", **link}])
        await unit.insert("sign_in_settings", [{"name": "sign-in", "second_factor": "optional"}])
        rules = {"name": "provisioning", "default_role": "user", "rules": "[]"}
        await unit.insert("provisioning_settings", [rules])
        await unit.insert("tenant_tiers", [{"tier": "large"}])
        await unit.insert("key_quotas", [{"subject": "key_1", "name": "requests_per_day", "most": 5}])
        await unit.insert("sso_used", [{"name": "marker-file", "expires_ms": house.clock.now_ms() + 10**9}])
    await house.recording.flush()
    await house.counting.go()
    await house.stocktaking.go()
    await house.uses.go()
    await browser.http.aclose()
    return session, markers | {user_id, *MARKERS}


async def rows_of(house: House, tenant_id: str) -> set[str]:
    """Name the tables that have rows of a tenant."""
    found = set()
    for table in TABLES:
        if table.scoped:
            sql = f"SELECT 1 AS one FROM {table.name} WHERE tenant_id = :tenant LIMIT 1"
            if await house.engines.database.fetch(SYSTEM, sql, {"tenant": tenant_id}):
                found.add(table.name)
    return found


async def texts(house: House, markers: set[str]) -> set[str]:
    """Name the tables with a row that has one of the markers in any column."""
    found = set()
    for table in TABLES:
        rows = await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table.name}")
        told = [
            value.decode("latin-1") if isinstance(value, bytes) else str(value)
            for row in rows
            for value in row.values()
        ]
        found |= {table.name for text in told if any(marker in text for marker in markers)}
    return found


async def test_an_erased_tenant_is_nowhere(tmp_path: Path, clock: FrozenClock, where: dict[str, str]) -> None:
    data, mails = tmp_path / "data", Mailbox()
    settings = {"public_url": URL, "rate_limit_strangers_per_minute": "10000", **where}
    given = {"clock": clock, "mailer": mails, "fetcher": OidcProvider(clock.now_ms())}
    async with opened_house(data, **given, **settings) as house:
        operator, tenant = client(house), await tenant_client(house, NAME)
        tenant_id = (await tenant.call("identity.whoami")).tenant_id
        session, markers = await planted(house, mails, tenant, tenant_id)
        assert await rows_of(house, tenant_id) >= WITH_ITS_ROWS, "each of them is tried"
        sealed = await house.engines.database.fetch(tenant_id, "SELECT text FROM document_versions")
        if not where:
            backup(Settings(data=data), tmp_path / "copy", with_key=False, keys=tmp_path / "keys")

        asked = await operator.call("identity.erase_tenant", tenant_id=tenant_id, name=NAME, grace_days=0)
        await calm(house, operator)
        report = await operator.call("identity.get_tenant_erasure", tenant_id=tenant_id)
        assert (report.state, report.erasure_id) == ("done", asked.erasure_id)
        counts = {part.service: part.counts for part in report.parts}
        assert all(part.done for part in report.parts)
        parts_of_an_export = 4
        files = 1 + parts_of_an_export
        assert (counts["knowledge"]["documents"], counts["knowledge"]["files"]) == (4, files)
        assert (counts["files"]["files"], counts["files"]["contents"]) == (1, 2)
        assert (counts["people"]["people"], counts["people"]["members"]) == (2, 2)
        assert not any(marker in report.model_dump_json() for marker in markers)

        for key in (tenant.key, session):
            with pytest.raises(CredentialsUnknown):
                await client(house, key).call("identity.whoami")
        clock.move(3700)
        await calm(house, operator)
        await house.sealer.catch_up()
        assert await rows_of(house, tenant_id) <= set(KEPT)
        assert await texts(house, markers) <= {"destroyed_keys"}, "ids of persons whose keys are gone"
        assert found_in(data, *MARKERS) == set()
        assert not list((data / "blobs").glob(tenant_id)), "no folder of files"
        checked = await operator.call("observability.verify_chain", tenant=tenant_id)
        assert (checked.whole, checked.waiting) == (True, 0)
        page = await operator.call("observability.search_entries", operation="house.tenant_erased")
        assert [each.target for each in page.entries] == [f"{asked.erasure_id}:{tenant_id}"]
        with pytest.raises(KeyDestroyed):
            house.engines.cipher.open(sealed[0]["text"], ("document_versions", tenant_id, "d1", "1"))  # type: ignore[arg-type]  # a sealed column
        assert (await tenant_client(house, NAME)).key, "its name is free again"
    raw = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert not [marker for marker in MARKERS if marker.encode() in raw and marker != NAME]
