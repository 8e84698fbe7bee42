"""Files and pages: read, kept, refused with a reason."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from mainstay.kernel.interface import Upload
from mainstay.ports.blobs import BlobMissing
from mainstay.ports.database import SYSTEM
from mainstay.ports.fetchers import AddressRefused
from mainstay.ports.parsers import FileKindUnsupported, FileTooLarge, FileUnreadable
from mainstay.services.knowledge.facts import METADATA_BYTES_MAX
from mainstay.services.knowledge.failures import DocumentInvalid
from makers import ADMIN_KEY, Client, FrozenClock, opened_house


async def test_a_file_becomes_a_document_and_is_kept_until_it_is_deleted(admin: Client) -> None:
    content = b"# Travel\n\nTrains before planes.\n"
    receipt = await admin.call(
        "knowledge.upload_document",
        file=Upload("travel.md", "text/markdown", content),
        collection="c",
        doc_id="travel",
        metadata={"year": 2026},
        wait=True,
    )
    assert receipt.state == "indexed"
    document = await admin.call("knowledge.get_document", doc_id="travel")
    assert document.text == content.decode()
    assert document.metadata["file_name"] == "travel.md"
    assert document.metadata["year"] == 2026
    [hit] = await admin.call("knowledge.search", query="trains planes")
    assert hit.headings == ["Travel"]
    database, blobs = admin.house.engines.database, admin.house.engines.blobs
    [row] = await database.fetch(SYSTEM, "SELECT tenant_id, blob FROM documents")
    tenant, blob = str(row["tenant_id"]), str(row["blob"])
    assert await blobs.get(tenant, blob) == content
    await admin.call("knowledge.delete_document", doc_id="travel")
    job = await admin.call("knowledge.add_document", collection="c", text="later", wait=True)
    assert job.state == "indexed"  # changes are applied in order, so the deletion is done
    with pytest.raises(BlobMissing):
        await blobs.get(tenant, blob)


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("travel.md", "Intro.\n\n## First\n\n# *Travel* by [train](https://x.y)\n\nText.", "Travel by train"),
        ("travel.md", "```\n# a comment\n```\n\n## By train\n\nText.", "By train"),
        ("travel.md", "Travel\n======\n\nText.", "Travel"),
        ("travel.md", "---\nlayout: page\ntitle: 'By train'\n---\n# Other\n\nText.", "By train"),
        ("travel.md", "---\nlayout: page\n---\n# Travel\n\nText.", "Travel"),
        ("by_train-2026.md", "No heading.\n\n# ***\n", "by train-2026"),
        ("by_train.v2.txt", "# set -e\nText.", "by train.v2"),
        (".env", "Text.", ".env"),
        ("notes", "Text.", "notes"),
        ("sales.csv", "a,b\n1,2", "sales"),
        ("page.html", "<html><body><h2>Menu</h2><h1>By train</h1><p>Text.</p></body></html>", "By train"),
        ("page.html", "<html><head><title>Told</title></head><body><h1>Shown</h1></body></html>", "Told"),
        ("long.md", "# " + "word " * 60, "word " * 24 + "…"),
    ],
)
async def test_a_file_is_called_as_it_calls_itself(
    admin: Client, name: str, content: str, title: str
) -> None:
    file = Upload(name, None, content.encode())
    for given, shown in ((None, title), ("Mine", "Mine")):
        await admin.call("knowledge.upload_document", file=file, collection="c", doc_id="d", title=given)
        assert (await admin.call("knowledge.get_document", doc_id="d")).title == shown


async def test_a_file_that_changes_nothing_is_not_kept_twice(admin: Client) -> None:
    tenant = await _tenant(admin)
    for _ in range(2):
        receipt = await admin.call(
            "knowledge.upload_document",
            file=Upload("travel.md", "text/markdown", b"Trains before planes."),
            collection="c",
            doc_id="travel",
            wait=True,
        )
    assert receipt.state == "unchanged"
    assert len(await admin.house.engines.blobs.keys(tenant)) == 1


async def test_files_without_a_document_are_swept_away_when_no_request_can_need_them(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with opened_house(tmp_path, clock=clock) as house:
        admin = Client(house, ADMIN_KEY, {})
        tenant = await _tenant(admin)
        upload = Upload("travel.md", "text/markdown", b"Trains before planes.")
        await admin.call("knowledge.upload_document", file=upload, collection="c", wait=True)
        left = house.ids.new("blob")
        await house.engines.blobs.put(tenant, left, b"its request was cut off")
    for hours, count in ((0, 2), (2, 1)):
        clock.move(3600 * hours)
        async with opened_house(tmp_path, clock=clock) as house:
            assert await Client(house, ADMIN_KEY, {}).call("knowledge.search", query="trains")
            keys = await house.engines.blobs.keys(tenant)
            assert len(keys) == count
    assert left not in keys


async def _tenant(admin: Client) -> str:
    [row] = await admin.house.engines.database.fetch(SYSTEM, "SELECT tenant_id FROM tenants")
    return str(row["tenant_id"])


@pytest.mark.parametrize(
    ("name", "content", "failure"),
    [
        ("empty.txt", b"", FileUnreadable),
        ("blank.txt", b" \n\t ", FileUnreadable),
        ("lies.pdf", b"PK\x03\x04 this is no pdf", FileUnreadable),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj <<", FileUnreadable),
        ("program.txt", b"\x7fELF\x02\x01\x01" + bytes(64), (FileUnreadable, FileKindUnsupported)),
        ("huge.txt", b"x" * (101 * 1024 * 1024), FileTooLarge),
    ],
    ids=["empty", "blank", "lying", "cut-off", "program", "huge"],
)
async def test_a_bad_file_is_refused_and_leaves_nothing(
    admin: Client, name: str, content: bytes, failure: type[Exception]
) -> None:
    with pytest.raises(failure) as caught:
        await admin.call(
            "knowledge.upload_document", file=Upload(name, None, content), collection="c", wait=True
        )
    assert len(str(caught.value)) > 20
    assert await admin.call("knowledge.list_collections") == []
    assert (await admin.call("knowledge.list_documents")).documents == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/a", "http://[::1]/a", "http://169.254.169.254/latest", "http://10.0.0.1/"]
)
async def test_private_addresses_are_not_fetched(admin: Client, url: str) -> None:
    with pytest.raises(AddressRefused):
        await admin.call("knowledge.add_url", collection="c", url=url)


def letter(attachments: int) -> Upload:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "Photos of the site"
    mail.set_content("Here are the photos of the site in Hamburg.")
    for number in range(attachments):
        name = f"Construction site {number:04} " + "größe " * 22 + ".jpg"
        mail.add_attachment(b"x", maintype="image", subtype="jpeg", filename=name)
    return Upload("mail.eml", "message/rfc822", mail.as_bytes())


async def test_what_a_file_tells_of_itself_takes_the_room_that_its_sender_leaves(admin: Client) -> None:
    async def stored(
        attachments: int, metadata: dict[str, object], name: str | None = None
    ) -> dict[str, object]:
        file = letter(attachments)
        file = Upload(name or file.name, file.media_type, file.content)
        receipt = await admin.call(
            "knowledge.upload_document", file=file, collection="c", doc_id="mail", metadata=metadata
        )
        document = await admin.call("knowledge.get_document", doc_id=receipt.doc_id)
        return dict(document.metadata)

    few = await stored(2, {"project": "bridge"})
    assert isinstance(few["attachments"], list)
    assert len(few["attachments"]) == 2
    many = await stored(120, {"project": "bridge"})
    assert many == {name: fact for name, fact in few.items() if name != "attachments"}
    assert {"project", "file_name", "subject", "from"} <= set(many)
    notes = "n" * (METADATA_BYTES_MAX - 60)
    assert await stored(120, {"notes": notes}) == {"notes": notes, "file_name": "mail.eml"}
    notes = "n" * (METADATA_BYTES_MAX - 13)
    assert await stored(120, {"notes": notes}) == {"notes": notes}
    with pytest.raises(DocumentInvalid, match="metadata: At most 16,384 bytes"):
        await stored(2, {"notes": notes + "n"})


async def test_what_a_file_tells_of_itself_never_contradicts_the_collection(admin: Client) -> None:
    schema = {"subject": {"type": "integer"}, "file_name": {"type": "bool"}, "from": {"type": "keyword"}}
    await admin.call("knowledge.create_collection", name="c", metadata_schema=schema)
    await admin.call("knowledge.upload_document", file=letter(0), collection="c", doc_id="mail")
    told = (await admin.call("knowledge.get_document", doc_id="mail")).metadata
    assert told["from"] == "a@example.org"
    assert not {"subject", "file_name"} & set(told)
    with pytest.raises(DocumentInvalid, match=r"metadata\.subject"):
        await admin.call(
            "knowledge.upload_document", file=letter(0), collection="c", metadata={"subject": "seven"}
        )


async def test_metadata_is_measured_in_bytes_of_utf_8(admin: Client) -> None:
    for letters, fits in ((METADATA_BYTES_MAX // 2 - 10, True), (METADATA_BYTES_MAX // 2, False)):
        document = {"collection": "c", "text": "Here.", "metadata": {"notes": "ä" * letters}}
        if fits:
            await admin.call("knowledge.add_document", **document)
        else:
            with pytest.raises(DocumentInvalid):
                await admin.call("knowledge.add_document", **document)
