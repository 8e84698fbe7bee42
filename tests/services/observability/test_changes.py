"""What was changed stands in the audit as hashes: of the thing before, and of the thing then."""

import json
from pathlib import Path
from typing import Any

import pytest

from mainstay.kernel.changing import UNCHANGED
from mainstay.ports.database import SYSTEM
from mainstay.services.identity.failures import KeyMissing
from makers import Client, client, opened_house

MADE, CHANGED, ERASED, NOTHING = (False, True), (True, True), (True, False), (False, False)


async def rows_of(admin: Client, operation: str) -> list[Any]:
    sql = "SELECT * FROM audit WHERE operation = :operation ORDER BY seq"
    return await admin.house.engines.database.fetch(SYSTEM, sql, {"operation": operation})


async def sides(admin: Client, operation: str) -> list[tuple[bool, bool]]:
    rows = await rows_of(admin, operation)
    return [(row["before_hash"] is not None, row["after_hash"] is not None) for row in rows]


async def test_every_change_of_keys_roles_and_tenants_has_its_hashes(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data") as house:
        admin = client(house)
        key = await admin.call("identity.create_key", name="Kai")
        await admin.call("identity.update_key", key_id=key.key_id, name="Pier")
        await admin.call("identity.rotate_key", key_id=key.key_id)
        await admin.call("identity.revoke_key", key_id=key.key_id)
        role = {"name": "crew", "permissions": ["jobs:read"]}
        await admin.call("identity.create_role", **role)
        await admin.call("identity.replace_role", **{**role, "description": "At sea."})
        await admin.call("identity.delete_role", name="crew")
        tenant = await admin.call("identity.create_tenant", name="Harbour")
        await admin.call("identity.update_tenant", tenant_id=tenant.tenant_id, suspended=True)
        await admin.call("identity.create_tenant_key", tenant_id=tenant.tenant_id, name="k")
        for operation, expected in (
            ("create_key", MADE),
            ("update_key", CHANGED),
            ("rotate_key", CHANGED),
            ("revoke_key", ERASED),
            ("create_role", MADE),
            ("replace_role", CHANGED),
            ("delete_role", ERASED),
            ("create_tenant", MADE),
            ("update_tenant", CHANGED),
            ("create_tenant_key", MADE),
        ):
            assert await sides(admin, f"identity.{operation}") == [expected], operation
            [row] = await rows_of(admin, f"identity.{operation}")
            assert row["before_hash"] != row["after_hash"]


async def test_every_change_of_documents_has_its_hashes(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data") as house:
        admin = client(house)
        await admin.call("knowledge.create_collection", name="pier")
        one = {"collection": "pier", "doc_id": "one"}
        for text in ("Two boats.", "Three boats.", "Three boats."):
            await admin.call("knowledge.add_document", **one, text=text, wait=True)
        documents = [{"doc_id": "one", "text": "Four."}, {"doc_id": "two", "text": "Five."}]
        await admin.call("knowledge.add_documents", collection="pier", documents=documents, wait=True)
        await admin.call("knowledge.delete_document", doc_id="two")
        faq = await admin.call("knowledge.add_faq", collection="pier", question="Where?", answer="Here.")
        await admin.call("knowledge.delete_faq", faq_id=faq.faq_id)
        await admin.call("knowledge.delete_collection", name="pier")
        assert await sides(admin, "knowledge.create_collection") == [MADE]
        assert await sides(admin, "knowledge.add_document") == [MADE, CHANGED, NOTHING]
        assert await sides(admin, "knowledge.add_documents") == [CHANGED]
        assert await sides(admin, "knowledge.delete_document") == [ERASED]
        assert await sides(admin, "knowledge.add_faq") == [MADE]
        assert await sides(admin, "knowledge.delete_faq") == [ERASED]
        assert await sides(admin, "knowledge.delete_collection") == [ERASED]


async def test_who_kept_the_answer_finds_its_hash_in_the_audit(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data") as house:
        admin = client(house)
        role = await admin.call("identity.create_role", name="crew", permissions=["jobs:read"])
        [row] = await rows_of(admin, "identity.create_role")
        kept = json.loads(role.model_dump_json())
        assert UNCHANGED.and_then(None, kept).salted(row["salt"])[1] == row["after_hash"]
        page = await admin.call("observability.search_entries", operation="identity.create_role")
        assert (page.entries[0].before, page.entries[0].after) == (None, row["after_hash"].hex())


async def test_what_was_refused_or_answered_again_changed_nothing(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data") as house:
        admin = client(house)
        with pytest.raises(KeyMissing):
            await admin.call("identity.revoke_key", key_id="key_nothing_like_this")
        for _ in range(2):
            await admin.answer("identity.create_key", idempotency_key="once", name="Kai")
        await house.audit.flush()
        assert await sides(admin, "identity.revoke_key") == [NOTHING]
        assert await sides(admin, "identity.create_key") == [MADE, NOTHING]
