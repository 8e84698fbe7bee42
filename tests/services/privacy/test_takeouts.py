"""A tenant takes along what it has: whole, without secrets, piece by piece, and not for ever."""

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel import takeout
from mainstay.kernel.guard import PermissionMissing
from mainstay.kernel.interface import Upload
from mainstay.ports.blobs import BlobMissing
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.services.privacy.failures import (
    TenantExportMissing,
    TenantExportRunning,
    TenantExportUnfinished,
)
from mainstay.services.privacy.takeouts import Takeouts
from makers import Client, FrozenClock, Mailbox, client, opened_house, tenant_client
from services.people.joining import joined
from services.privacy.test_persons import calm

DAY_S = 24 * 3600


async def furnished(by: Client) -> None:
    texts = [{"doc_id": f"d{number}", "text": f"Pump {number} is red – ü."} for number in range(25)]
    await by.call("knowledge.add_documents", collection="c", documents=texts, wait=True)
    for name in ("a", "b"):
        file = Upload(f"{name}.txt", "text/plain", f"File {name} has words.".encode())
        await by.call("knowledge.upload_document", collection="c", file=file, doc_id=name, wait=True)
    await by.call("knowledge.add_faq", collection="c", question="Red?", answer="Yes.")
    await by.call("knowledge.give_feedback", doc_id="d1", query="Which pump?", helpful=True)


async def exported(house: House, by: Client) -> Any:
    asked = await by.call("privacy.export_tenant")
    await calm(house, by)
    return await by.call("privacy.get_tenant_export", export_id=asked.export_id)


async def archive(by: Client, made: Any) -> dict[str, bytes]:
    """Join all parts, and give the files in them by name."""
    whole = b""
    for number in range(1, made.parts + 1):
        part = await by.call("privacy.read_tenant_export", export_id=made.export_id, number=number)
        content = base64.b64decode(part.content)
        assert hashlib.sha256(content).hexdigest() == part.sha256
        whole += content
    with tarfile.open(fileobj=io.BytesIO(whole), mode="r:gz") as opened:
        return {each.name: opened.extractfile(each).read() for each in opened}  # type: ignore[union-attr]  # all are files


def lines(files: dict[str, bytes], table: str) -> list[dict[str, Any]]:
    found = sorted(name for name in files if name.startswith(f"tables/{table}/"))
    return [json.loads(line) for name in found for line in files[name].splitlines()]


async def test_everything_is_in_it_and_no_secret(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeout, "PORTION_BYTES", 500)
    mails = Mailbox()
    given: dict[str, Any] = {"mailer": mails, "public_url": "https://mainstay.example.com", **where}
    async with opened_house(tmp_path / "data", clock=clock, **given) as house:
        tenant, other = await tenant_client(house, "one"), await tenant_client(house, "other")
        for each in (tenant, other):
            await furnished(each)
        await joined(house, tenant, mails, name="Ada")
        made = await exported(house, tenant)
        assert made.state == "done"
        assert made.parts > 5, "it is made of several pieces"
        files = await archive(tenant, made)
        manifest = json.loads(files["manifest.json"])
        assert manifest["format"] == "mainstay-tenant-1"
        texts = {each["doc_id"]: each["text"] for each in lines(files, "document_versions")}
        assert texts["d7"] == "Pump 7 is red – ü."
        assert len(texts) == len(lines(files, "documents")) == 27
        assert [(each["question"], each["answer"]) for each in lines(files, "faqs")] == [("Red?", "Yes.")]
        assert [each["query"] for each in lines(files, "feedback")] == ["Which pump?"]
        [ada] = lines(files, "members")
        assert (ada["name"], ada["email"]) == ("Ada", "ada@example.com")
        assert "person_id" not in ada
        blobs = sorted(content for name, content in files.items() if name.startswith("files/"))
        assert blobs == [b"File a has words.", b"File b has words."]
        counts = json.loads(files["end.json"])["counts"]
        assert counts == made.counts == {**counts, "documents": 27, "files": 2, "members": 1}
        whole = b"".join(files.values())
        rows = await house.engines.database.fetch(manifest["tenant_id"], "SELECT hash FROM api_keys")
        secrets = [tenant.key, *(str(row["hash"]) for row in rows)]
        assert not [each for each in secrets if each.encode() in whole]


async def test_it_expires_and_its_key_with_it(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        await furnished(admin)
        made = await exported(house, admin)
        tenant_id = (await admin.call("identity.whoami")).tenant_id
        name = f"{made.export_id}-000001"
        sealed = await house.engines.blobs.get(tenant_id, name)
        assert made.expires_ms == made.done_ms + 7 * DAY_S * 1000
        clock.move(7 * DAY_S + 1)
        await calm(house, admin)
        assert (await admin.call("privacy.get_tenant_export", export_id=made.export_id)).state == "expired"
        with pytest.raises(TenantExportMissing, match="expired"):
            await admin.call("privacy.read_tenant_export", export_id=made.export_id, number=1)
        with pytest.raises(BlobMissing):
            await house.engines.blobs.get(tenant_id, name)
        place = ("tenant_exports", tenant_id, made.export_id, "1")
        with pytest.raises(KeyDestroyed):
            house.engines.cipher.open(sealed, place)


async def test_erasing_anybody_ends_exports(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        made = await exported(house, admin)
        key = await admin.call("identity.create_key", name="hers")
        await admin.call("privacy.erase_person", subject=key.key_id)
        await calm(house, admin)
        assert (await admin.call("privacy.get_tenant_export", export_id=made.export_id)).state == "expired"


async def test_one_at_a_time_and_for_whom_it_is(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin, other = client(house), await tenant_client(house, "other")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Takeouts, "go_on", lambda *_: 1 / 0)
            asked = await admin.call("privacy.export_tenant")
            with pytest.raises(TenantExportRunning):
                await admin.call("privacy.export_tenant")
            with pytest.raises(TenantExportUnfinished):
                await admin.call("privacy.read_tenant_export", export_id=asked.export_id, number=1)
            for operation in ("get_tenant_export", "delete_tenant_export"):
                with pytest.raises(TenantExportMissing):
                    await other.call(f"privacy.{operation}", export_id=asked.export_id)
        clock.move(600)
        await calm(house, admin)  # what failed goes on
        assert [each.state for each in await admin.call("privacy.list_tenant_exports")] == ["done"]
        assert (
            await admin.call("privacy.delete_tenant_export", export_id=asked.export_id)
        ).state == "expired"
        developer = await admin.call("identity.create_key", name="dev", role="developer")
        with pytest.raises(PermissionMissing):
            await client(house, developer.key).call("privacy.export_tenant")
