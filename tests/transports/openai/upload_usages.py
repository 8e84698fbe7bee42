"""What programs do with uploads in several parts through OpenAI's package, as they write it."""

import hashlib
from pathlib import Path
from typing import Any

import openai

from transports.openai.file_usages import Usage, do, refused


async def begun(client: Any, size: int, **more: Any) -> Any:
    return await do(
        client.uploads.create(
            bytes=size, filename="long.txt", mime_type="text/plain", purpose="assistants", **more
        )
    )


async def part(client: Any, upload: Any, content: bytes) -> str:
    return str((await do(client.uploads.parts.create(upload.id, data=content))).id)


async def upload_in_parts(client: Any, _: Path) -> None:
    upload = await begun(client, 9, expires_after={"anchor": "created_at", "seconds": 3600})
    assert (upload.object, upload.status, upload.bytes, upload.file) == ("upload", "pending", 9, None)
    assert upload.expires_at == upload.created_at + 3600
    second, first = await part(client, upload, b"ferry"), await part(client, upload, b"The ")
    md5 = hashlib.md5(b"The ferry", usedforsecurity=False).hexdigest()
    done = await do(client.uploads.complete(upload.id, part_ids=[first, second], md5=md5))
    assert (done.status, done.file.filename, done.file.bytes) == ("completed", "long.txt", 9)
    assert done.file.expires_at == done.file.created_at + 3600
    assert (await do(client.files.content(done.file.id))).content == b"The ferry"


async def upload_in_chunks(client: Any, folder: Path) -> None:
    content = bytes(range(256)) * 1000
    path = folder / "chunks.bin"
    path.write_bytes(content)
    done = await do(
        client.uploads.upload_file_chunked(
            file=path, mime_type="application/octet-stream", purpose="user_data", part_size=100_000
        )
    )
    assert (done.status, done.file.filename) == ("completed", "chunks.bin")
    assert (await do(client.files.content(done.file.id))).content == content


async def give_an_upload_up(client: Any, _: Path) -> None:
    upload = await begun(client, 5)
    await part(client, upload, b"ferry")
    assert (await do(client.uploads.cancel(upload.id))).status == "cancelled"
    for call in (
        lambda: client.uploads.parts.create(upload.id, data=b"x"),
        lambda: client.uploads.complete(upload.id, part_ids=["filepart_x"]),
        lambda: client.uploads.cancel(upload.id),
    ):
        await refused(openai.ConflictError, call)


async def parts_have_to_make_up_the_file(client: Any, _: Path) -> None:
    upload = await begun(client, 5)
    one = await part(client, upload, b"fer")
    uploads = client.uploads
    for call in (
        lambda: uploads.parts.create(upload.id, data=b"more"),
        lambda: uploads.parts.create(upload.id, data=b""),
        lambda: uploads.complete(upload.id, part_ids=[one]),
        lambda: uploads.complete(upload.id, part_ids=[one, one]),
        lambda: uploads.complete(upload.id, part_ids=["filepart_none"]),
        lambda: uploads.complete(upload.id, part_ids=[]),
        lambda: uploads.create(bytes=0, filename="a", mime_type="b/c", purpose="batch"),
        lambda: uploads.create(bytes=10**12, filename="a", mime_type="b/c", purpose="batch"),
        lambda: uploads.create(bytes=1, filename="a/b", mime_type="b/c", purpose="batch"),
    ):
        wrong = await refused(openai.BadRequestError, call)
        assert wrong.body["message"]
    two = await part(client, upload, b"ry")
    await refused(
        openai.BadRequestError, lambda: uploads.complete(upload.id, part_ids=[one, two], md5="0" * 32)
    )
    assert (await do(uploads.complete(upload.id, part_ids=[one, two]))).status == "completed"
    await refused(openai.NotFoundError, lambda: uploads.cancel("upload_none"))


USAGES: list[Usage] = [
    upload_in_parts,
    upload_in_chunks,
    give_an_upload_up,
    parts_have_to_make_up_the_file,
]
