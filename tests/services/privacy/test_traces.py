"""Where a person leaves traces: every table is searched, so that a new one has to say what it holds."""

from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.app.tables import TABLES
from mainstay.kernel.guard import CredentialsUnknown
from mainstay.ports.database import SYSTEM
from makers import Client, FrozenClock, Mailbox, client, opened_house
from oidc_provider import OidcProvider, connected
from services.assistant.making import talked
from services.authorization.approving import app
from services.authorization.asking import URL, Web, web
from services.people.apps import with_app
from services.people.devices import add, device
from services.privacy.test_persons import calm, ended
from services.prompts.making import prompted

EMAIL = "ada.trace@example.com"

ERASED = {
    "api_keys",
    "assistant_conversations",
    "assistant_facts",
    "assistant_feedback",
    "assistant_memories",
    "assistant_summaries",
    "assistant_turns",
    "authenticator_apps",
    "authorization_codes",
    "codes",
    "consents",
    "feedback",
    "generation_outcomes",
    "generation_responses",
    "generation_traces",
    "idempotency",
    "members",
    "oauth_clients",
    "outbox",
    "passkeys",
    "people",
    "places",
    "privacy_parts",
    "prompt_experiments",
    "prompt_exposures",
    "prompt_moves",
    "prompt_tests",
    "prompt_versions",
    "provisioned_users",
    "privacy_requests",
    "recovery_codes",
    "refresh_tokens",
    "request_log",
    "sessions",
    "sso_connections",
    "sso_links",
    "token_families",
    "user_groups",
}
LEFT = {
    "audit": "what others did to her: entries of their own",
    "destroyed_keys": "whose keys must never come back",
    "usage": "counted, by an id that tells nothing any more",
    "token_revocations": "ids of what she let clients do, until the last token has run out",
}
NEVER = {
    "attached_files": "of the tenant",
    "assistant_bots": "of the tenant",
    "assistant_intents": "of the tenant",
    "assistant_models": "made of the examples; made anew without hers",
    "audit_checkpoints": "signatures",
    "audit_keys": "public keys of the audit",
    "audit_links": "hashes",
    "audit_turn": "whose turn it is among processes",
    "cleared": "counts of what was removed of tenants",
    "collections": "of the tenant",
    "consent_purposes": "of the tenant",
    "document_versions": "of the tenant",
    "documents": "of the tenant",
    "faqs": "of the tenant",
    "file_parts": "of the tenant",
    "files": "of the tenant",
    "generation_caching": "of the tenant",
    "holdings": "counts of a service",
    "index_changes": "ids of documents, entries and judgements",
    "key_quotas": "of a key of the tenant, by an id that tells nothing",
    "key_uses": "when a key was used, for as long as there is the key",
    "passages": "of the tenant",
    "prompt_labels": "of the tenant",
    "prompt_results": "of the tenant",
    "prompts": "of the tenant",
    "provisioning_settings": "of the tenant",
    "quotas": "of the tenant",
    "request_settings": "of the tenant",
    "retention_policies": "of the tenant",
    "revoked_secrets": "hashes of secrets of API keys",
    "roles": "of the tenant",
    "sign_in_settings": "of the tenant",
    "signing_keys": "of the installation",
    "sso_domains": "of the tenant",
    "sso_used": "what providers said once, until it expires",
    "tenant_exports": "counts; the content is in files, which go when anybody is erased",
    "tenant_erasures": "of the tenant",
    "tenant_erasure_parts": "names of services",
    "tenants": "of the tenant",
    "tenant_tiers": "of the tenant",
    "tiers": "of the installation",
    "upload_parts": "of the tenant",
    "uploads": "of the tenant",
    "vector_stores": "of the tenant",
    "visits": "of visitors, who have no account; the tests of widgets erase one",
    "widgets": "of the tenant",
}

TOLD = {
    "api_keys": "identity.made",
    "assistant_conversations": "assistant.conversations",
    "assistant_facts": "assistant.facts",
    "assistant_feedback": "assistant.judgements",
    "assistant_memories": "assistant.memory_choices",
    "assistant_summaries": "assistant.conversations.summary",
    "assistant_turns": "assistant.conversations.turns",
    "audit": "privacy.audit",
    "consents": "privacy.consents",
    "feedback": "knowledge.feedback",
    "generation_outcomes": "generation.outcomes",
    "generation_responses": "generation.responses",
    "generation_traces": "generation.traces",
    "members": "people.sessions",
    "oauth_clients": "authorization.clients_made",
    "prompt_exposures": "prompts.exposures",
    "prompt_versions": "prompts.versions",
    "provisioned_users": "directory.profile",
    "sso_connections": "federation.connections_made",
    "sso_links": "federation.links",
    "token_families": "authorization.grants",
    "user_groups": "directory.groups_made",
}
"""Where a person's export tells what a table with persons says of her."""
UNTOLD = {
    "authorization_codes": "work once, for a minute; what comes of them is told",
    "idempotency": "answers that she had, for a day; counted",
    "prompt_experiments": "of the tenant; that she began them stands in the audit",
    "prompt_moves": "of the tenant; that she moved labels stands in the audit",
    "prompt_tests": "of the tenant; that she began them stands in the audit",
    "request_log": "of the tenant, who reads it; counted",
    "visits": "of visitors, whom widgets know by their tokens alone",
}

UNASKED = {
    "audit.target": "told by others, and left",
    "codes.user_id": "of members",
    "consents.recorded_by": "is left in consents of others",
    "outbox.caller": "whoever asked for a job stands in the audit",
    "outbox.subject": "of jobs about members",
    "privacy_requests.subject": "an export may ask for nobody",
    "sessions.user_id": "of members",
    "usage.subject": "is left",
}
"""Where the id of somebody may stand without making it known."""


def test_each_table_says_whether_a_person_is_in_it() -> None:
    said = [*ERASED, *LEFT, *NEVER]
    assert sorted(said) == sorted(table.name for table in TABLES)


def test_each_table_with_persons_is_told_in_an_export_or_says_why_not() -> None:
    assert sorted([*TOLD, *UNTOLD]) == sorted(table.name for table in TABLES if table.subjects)


def told_at(export: dict[str, Any], path: str) -> Any:
    """Give what stands at a path of names; of lists, in the first entry."""
    found: Any = export
    for name in path.split("."):
        found = (found[0] if isinstance(found, list) else found)[name]
    return found


async def found_in(house: House, markers: set[str]) -> set[str]:
    """Name the tables with a row that has one of the markers in any column."""
    found = set()
    for table in TABLES:
        rows = await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table.name}")
        texts = [str(value) for row in rows for value in row.values()]
        if any(marker in text for marker in markers for text in texts):
            found.add(table.name)
    return found


async def standing_in(house: House, subject: str) -> set[str]:
    """Name the columns that hold an id and nothing else."""
    found = set()
    for table in TABLES:
        rows = await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table.name}")
        found |= {f"{table.name}.{name}" for row in rows for name, value in row.items() if value == subject}
    return found


async def lived(
    house: House, browser: Web, mails: Mailbox, admin: Client
) -> tuple[str, str, dict[str, Any], set[str]]:
    """Let her leave a trace wherever she can; give her id, session and tokens, and what tells of her."""
    await admin.call("observability.set_request_settings", log_requests=True)
    user, her, *_ = await with_app(house, admin, mails, house.clock, EMAIL, name="Ada", role="admin")
    await add(her, device(origin=URL.rstrip("/"), rp_id=URL.split("/")[2]))
    await her.call("knowledge.create_collection", name="c")
    await her.call("knowledge.add_document", collection="c", doc_id="d", text="Pumps.", wait=True)
    await her.call("knowledge.give_feedback", doc_id="d", query="Pumps?", helpful=True)
    await talked(her)
    await prompted(her)
    await her.answer("knowledge.create_collection", name="e", idempotency_key="once")
    await her.call("identity.create_key", name="made by her")
    await her.call("privacy.define_consent", purpose="news", text="You may write to me.")
    await her.call("privacy.give_consent", subject=user.id, purpose="news", version=1, evidence="A box.")
    await her.call("people.create_user", email="bob.trace@example.com", name="Bob")
    await browser.make(her.key, name="hers", redirect_uris=["https://app.example.com/back"])
    await connected(her)
    await her.call("directory.create_group", display_name="Hers")
    profile = {"user_name": EMAIL, "external_id": "of hers"}
    await admin.call("directory.replace_provisioned_user", user_id=user.id, profile=profile)
    asking = await app(browser, key=admin.key)
    tokens = await asking.tokens(her.key)
    await asking.code(her.key)
    await her.call("generation.complete", messages=[{"role": "user", "content": "Pumps?"}])
    await her.call("generation.keep_response", input_items=[], output_items=[])
    [generation] = [each for each in house._caretakers if hasattr(each, "_answering")]
    await house._go_round(generation)
    asked = await her.call("privacy.export_person", subject=user.id)
    await ended(house, admin, asked.request_id)
    await house.recording.flush()
    database = house.engines.database
    [link] = await database.fetch(SYSTEM, "SELECT tenant_id, connection_id FROM sso_connections")
    async with database.unit(SYSTEM) as unit:
        came = {"subject_index": "of hers", "user_id": user.id, "created_ms": house.clock.now_ms()}
        await unit.insert("sso_links", [{**link, **came}])
    families = await database.fetch(SYSTEM, "SELECT family_id FROM authorization_codes")
    [person] = await database.fetch(
        SYSTEM, "SELECT person_id FROM members WHERE user_id = :user", {"user": user.id}
    )
    markers = {user.id, str(person["person_id"]), asked.request_id}
    markers |= {str(row["family_id"]) for row in families}
    return user.id, her.key, {**tokens, "app": asking}, markers


async def test_every_table_forgets_a_person_whose_sessions_and_grants_end(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str]
) -> None:
    mails = Mailbox()
    settings = {"public_url": URL, "rate_limit_strangers_per_minute": "10000", **where}
    given = {"clock": clock, "mailer": mails, "fetcher": OidcProvider(clock.now_ms())}
    async with opened_house(tmp_path / "data", **given, **settings) as house:
        browser, admin = web(house), client(house)
        user_id, session, granted, markers = await lived(house, browser, mails, admin)
        assert await found_in(house, markers) >= ERASED, "each of them is tried"
        asked = {f"{table.name}.{column}" for table in TABLES for column in table.subjects}
        assert await standing_in(house, user_id) - {*UNASKED} <= asked
        assert (await browser.get("/v1/me", granted["access_token"])).status_code == 200
        asked_for = await admin.call("privacy.export_person", subject=user_id)
        await ended(house, admin, asked_for.request_id)
        export = (await admin.call("privacy.read_export", request_id=asked_for.request_id)).services
        assert [path for path in TOLD.values() if not told_at(export, path)] == []

        hers = [mail for mail in mails.sent if mail.to == EMAIL]
        asked = await admin.call("privacy.erase_person", subject=user_id)
        report = await ended(house, admin, asked.request_id)
        counts = {part.service: part.counts for part in report.parts}
        assert counts["authorization"] == {"grants": 1, "clients_made": 1}
        assert counts["federation"] == {"links": 1, "connections_made": 1}
        assert counts["directory"] == {"profiles": 1, "groups_made": 1}
        assert counts["people"] == {"members": 1, "sessions": 1, "mails": len(hers)}
        assert hers, "there were some"
        assert [mail for mail in mails.sent if EMAIL in (mail.to, mail.text)] == []
        assert counts["privacy"]["logged_requests"] > 0

        with pytest.raises(CredentialsUnknown):
            await client(house, session).call("identity.whoami")
        assert (await browser.get("/v1/me", granted["access_token"])).status_code == 401
        refused = await granted["app"].refresh(granted["refresh_token"])
        assert refused.json()["error"] == "invalid_grant"
        await calm(house, admin)
        assert await found_in(house, markers) <= set(LEFT)
        await browser.http.aclose()
