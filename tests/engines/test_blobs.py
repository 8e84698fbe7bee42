"""Every blob store behind ports.blobs."""

import asyncio
import errno
import fcntl
import os
from pathlib import Path
from typing import Self

import pytest

from mainstay.engines.blobs.disk import DiskBlobs
from mainstay.engines.ciphers.aesgcm import AesGcmCipher
from mainstay.kit.random import SystemRandom
from mainstay.ports.blobs import BlobMissing, BlobsUnavailable
from mainstay.ports.ciphers import CipherUnavailable

KEY = bytes(range(32))


def made(folder: Path) -> DiskBlobs:
    return DiskBlobs(folder, AesGcmCipher(KEY, SystemRandom()))


@pytest.fixture
def blobs(tmp_path: Path) -> DiskBlobs:
    return made(tmp_path / "blobs")


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [b"", b"hello", bytes(3_000_000)])
async def test_gives_what_was_put(blobs: DiskBlobs, tmp_path: Path, content: bytes) -> None:
    await blobs.put("tnt_1", "blob_1", content)
    assert await blobs.get("tnt_1", "blob_1") == content
    assert await made(tmp_path / "blobs").get("tnt_1", "blob_1") == content


async def test_a_second_put_replaces_the_first(blobs: DiskBlobs, tmp_path: Path) -> None:
    await blobs.put("tnt_1", "blob_1", b"first, longer")
    await blobs.put("tnt_1", "blob_1", b"second")
    assert await blobs.get("tnt_1", "blob_1") == b"second"
    assert len(files(tmp_path)) == 1


async def test_a_tenant_that_is_dropped_leaves_no_folder(blobs: DiskBlobs, tmp_path: Path) -> None:
    for tenant, key in (("tnt_1", "blob_1"), ("tnt_1", "blob_2"), ("tnt_2", "blob_1")):
        await blobs.put(tenant, key, b"hello")
    for _ in range(2):
        await blobs.drop("tnt_1")
    assert await blobs.keys("tnt_1") == []
    assert not (tmp_path / "blobs" / "tnt_1").exists()
    assert await blobs.get("tnt_2", "blob_1") == b"hello"


async def test_missing_bytes_are_told(blobs: DiskBlobs) -> None:
    with pytest.raises(BlobMissing):
        await blobs.get("tnt_1", "blob_1")
    await blobs.delete("tnt_1", "blob_1")


async def test_deleted_bytes_are_gone(blobs: DiskBlobs, tmp_path: Path) -> None:
    await blobs.put("tnt_1", "blob_1", b"hello")
    await blobs.delete("tnt_1", "blob_1")
    with pytest.raises(BlobMissing):
        await blobs.get("tnt_1", "blob_1")
    assert not files(tmp_path)


@pytest.mark.parametrize("call", ["unlink", "open"])
async def test_bytes_that_cannot_be_erased_now_are_told_and_erased_later(
    blobs: DiskBlobs, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    await blobs.put("tnt_1", "blob_1", b"hello")
    with monkeypatch.context() as patch:
        patch.setattr(Path if call == "unlink" else os, call, refused)
        with pytest.raises(BlobsUnavailable, match="Read-only"):
            await blobs.delete("tnt_1", "blob_1")
    await blobs.delete("tnt_1", "blob_1")
    assert list(await blobs.keys("tnt_1")) == []


async def test_keys_are_listed_by_tenant(blobs: DiskBlobs) -> None:
    for tenant, key in (("one", "a"), ("one", "b"), ("two", "c")):
        await blobs.put(tenant, key, b"content")
    await blobs.delete("one", "a")
    assert list(await blobs.keys("one")) == ["b"]
    assert list(await blobs.keys("nobody")) == []


async def test_tenants_do_not_meet(blobs: DiskBlobs) -> None:
    await blobs.put("tnt_1", "blob_1", b"one")
    await blobs.put("tnt_2", "blob_1", b"two")
    await blobs.delete("tnt_1", "blob_1")
    assert await blobs.get("tnt_2", "blob_1") == b"two"


async def test_bytes_at_rest_are_sealed_and_bound_to_their_place(blobs: DiskBlobs, tmp_path: Path) -> None:
    secret = b"a sentence nobody else may read"
    await blobs.put("tnt_1", "blob_1", secret)
    await blobs.put("tnt_2", "blob_1", b"other")
    one, two = sorted(files(tmp_path))
    assert secret not in one.read_bytes()
    assert one.stat().st_mode & 0o077 == 0
    two.write_bytes(one.read_bytes())
    with pytest.raises(CipherUnavailable):
        await blobs.get("tnt_2", "blob_1")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", "a\0b", "é", "a\n", ".drafts", "x" * 201]
)
async def test_names_that_are_no_ids_are_refused(blobs: DiskBlobs, tmp_path: Path, name: str) -> None:
    for tenant, key in ((name, "blob_1"), ("tnt_1", name)):
        with pytest.raises(ValueError, match="ids"):
            await blobs.put(tenant, key, b"hello")
        with pytest.raises(ValueError, match="ids"):
            await blobs.get(tenant, key)
        with pytest.raises(ValueError, match="ids"):
            await blobs.delete(tenant, key)
    assert not files(tmp_path)


@pytest.mark.parametrize("call", ["fsync", "write", "replace", "mkdir"])
async def test_a_full_disk_is_told_and_leaves_the_old_bytes(
    blobs: DiskBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    await blobs.put("tnt_1", "blob_1", b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    key = "blob_1"
    with monkeypatch.context() as patch:
        if call == "write":  # a limit on the file's size makes the write itself fail, half-way
            patch.setattr("mainstay.engines.blobs.disk.os.fdopen", lambda number, *_, **__: Full(number))
        elif call == "fsync":
            patch.setattr(os, "fsync", full)
        elif call == "replace":
            patch.setattr(Path, "replace", full)
        else:
            key = "blob_2"
            patch.setattr(Path, "mkdir", full)
        with pytest.raises(BlobsUnavailable, match="full"):
            await blobs.put("tnt_1", key, b"new bytes")
    assert await blobs.get("tnt_1", "blob_1") == b"old"
    assert len(files(tmp_path)) == 1
    await blobs.put("tnt_1", key, b"new bytes")
    assert await blobs.get("tnt_1", key) == b"new bytes"


class Full:
    """A file that takes five bytes, then no more."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.taken = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.number)

    def fileno(self) -> int:
        return self.number

    def write(self, view: memoryview) -> int:
        if self.taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.taken = os.write(self.number, view[:5])
        return self.taken


async def test_leftovers_of_a_crash_go_but_not_what_another_process_writes(tmp_path: Path) -> None:
    drafts = tmp_path / "blobs" / ".drafts"
    drafts.mkdir(parents=True)
    (drafts / "left").write_bytes(b"half")
    with (drafts / "busy").open("wb") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        made(tmp_path / "blobs")
        assert [path.name for path in drafts.iterdir()] == ["busy"]
    made(tmp_path / "blobs")
    assert not list(drafts.iterdir())


async def test_many_puts_at_once_leave_one_whole_value(blobs: DiskBlobs, tmp_path: Path) -> None:
    contents = [bytes([number]) * 100_000 for number in range(20)]
    await asyncio.gather(*(blobs.put("tnt_1", "blob_1", content) for content in contents))
    assert await blobs.get("tnt_1", "blob_1") in contents
    assert len(files(tmp_path)) == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BlobsUnavailable):
        made(tmp_path / "file")
