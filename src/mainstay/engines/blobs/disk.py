"""Blobs as sealed files in a folder of this machine."""

import asyncio
import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import threading
from pathlib import Path

from mainstay.ports.blobs import BlobMissing, BlobsUnavailable
from mainstay.ports.ciphers import Cipher

_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
_DRAFTS = ".drafts"  # no tenant's name begins with a dot
_FULL = {errno.ENOSPC, errno.EDQUOT}


class DiskBlobs:
    """One sealed file a blob, under `tenant/shard/key`; a file is there whole or not at all."""

    def __init__(self, folder: Path, cipher: Cipher) -> None:
        """Open (or make) the folder and clear away what a crash left half-written."""
        self._folder = folder
        self._drafts = folder / _DRAFTS
        self._cipher = cipher
        self._making = threading.Lock()
        self._changing = threading.Lock()  # what is sealed anew must not bring a deleted file back
        try:
            self._drafts.mkdir(mode=0o700, parents=True, exist_ok=True)
            _clear(self._drafts)
        except OSError as error:
            raise _unavailable(error) from error

    async def put(self, tenant: str, key: str, content: bytes) -> None:
        """Store bytes durably and atomically; raises BlobsUnavailable when the disk is full."""
        path = self._path(tenant, key)
        await asyncio.to_thread(self._put, path, content, ("blobs", tenant, key))

    async def get(self, tenant: str, key: str) -> bytes:
        """Give the bytes; raises BlobMissing, or CipherUnavailable when they were tampered with."""
        path = self._path(tenant, key)
        return await asyncio.to_thread(self._get, path, ("blobs", tenant, key))

    async def reseal(self, tenant: str, key: str) -> bool:
        """Seal a blob with the present key; raises BlobMissing."""
        path = self._path(tenant, key)
        return await asyncio.to_thread(self._reseal, path, ("blobs", tenant, key))

    async def delete(self, tenant: str, key: str) -> None:
        """Erase the bytes; harmless when there are none."""
        await asyncio.to_thread(self._delete, self._path(tenant, key))

    async def drop(self, tenant: str) -> None:
        """Erase all of a tenant's blobs."""
        self._path(tenant, "any")  # the tenant's name is checked
        await asyncio.to_thread(self._drop, self._folder / tenant)

    async def keys(self, tenant: str) -> list[str]:
        """List the keys of a tenant's blobs; raises BlobsUnavailable."""
        self._path(tenant, "any")  # the tenant's name is checked
        return await asyncio.to_thread(self._keys, self._folder / tenant)

    def _path(self, tenant: str, key: str) -> Path:
        if not (_NAME.fullmatch(tenant) and _NAME.fullmatch(key)):
            raise ValueError("A blob's tenant and key are ids: letters, digits, _ and -, at most 200.")
        shard = hashlib.sha256(key.encode()).hexdigest()[:2]
        return self._folder / tenant / shard / key

    def _put(self, path: Path, content: bytes, context: tuple[str, ...]) -> None:
        sealed = self._cipher.seal(content, context)
        try:
            self._make_folder(path.parent)
            self._write(path, sealed)
        except OSError as error:
            raise _unavailable(error) from error

    def _write(self, path: Path, sealed: bytes) -> None:
        number, name = tempfile.mkstemp(dir=self._drafts)
        draft = Path(name)
        try:
            with os.fdopen(number, "wb", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # tells a process that starts now: not a leftover
                view = memoryview(sealed)
                while view:
                    view = view[file.write(view) :]
                os.fsync(file.fileno())
                draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _sync(path.parent)

    def _make_folder(self, shard: Path) -> None:
        with self._making:  # whoever finds a folder made by another thread finds it synced as well
            for folder in (shard.parent, shard):
                try:
                    folder.mkdir(mode=0o700)
                except FileExistsError:
                    continue
                _sync(folder.parent)

    def _get(self, path: Path, context: tuple[str, ...]) -> bytes:
        return self._cipher.open(self._read(path), context)

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise BlobMissing(f"There are no bytes under {path.name}.") from None
        except OSError as error:
            raise _unavailable(error) from error

    def _reseal(self, path: Path, context: tuple[str, ...]) -> bool:
        sealed = self._read(path)
        if not self._cipher.stale(sealed):
            return False
        anew = self._cipher.seal(self._cipher.open(sealed, context), context)
        with self._changing:
            if not path.exists():
                raise BlobMissing(f"There are no bytes under {path.name}.")
            try:
                self._write(path, anew)
            except OSError as error:
                raise _unavailable(error) from error
        return True

    def _keys(self, folder: Path) -> list[str]:
        try:
            return [path.name for path in folder.glob("*/*")]
        except OSError as error:
            raise _unavailable(error) from error

    def _drop(self, folder: Path) -> None:
        try:
            with self._changing:
                shutil.rmtree(folder)
            _sync(folder.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unavailable(error) from error

    def _delete(self, path: Path) -> None:
        try:
            with self._changing:
                path.unlink()
            _sync(path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unavailable(error) from error


def _clear(drafts: Path) -> None:
    for draft in drafts.iterdir():
        with draft.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue  # another process is writing it now
            draft.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _unavailable(error: OSError) -> BlobsUnavailable:
    if error.errno in _FULL:
        return BlobsUnavailable("The disk for files is full; free space and try again.", retry_after_s=5)
    return BlobsUnavailable(f"The folder for files cannot be used: {error.strerror}.", retry_after_s=5)
