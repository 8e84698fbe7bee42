"""Exports of a whole tenant: made piece by piece by a job, each piece a sealed file, gone in some days."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from mainstay.kernel.takeout import Cursor, Portion, Takeout
from mainstay.kernel.tidying import DAY_MS
from mainstay.kernel.work import caller, emit, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.blobs import Blobs
from mainstay.ports.ciphers import Cipher, KeyDestroyed
from mainstay.ports.keyrings import KeyRing
from mainstay.services.privacy.archive import piece
from mainstay.services.privacy.failures import (
    TenantExportMissing,
    TenantExportRunning,
    TenantExportUnfinished,
)
from mainstay.services.privacy.interface import TenantExportEnds, TenantExportGoesOn
from mainstay.services.privacy.records import TenantExport, TenantExportPart
from mainstay.services.privacy.takeout_store import ExportRow, TakeoutStore

FORMAT = "mainstay-tenant-1"
KEPT_DAYS = 7
_FILES = "files"
_TAKEN = ("blob_", "part_")
"""The kinds of blobs that are files somebody sent."""


class Takeouts:
    """Keeps exports of the caller's tenant; each is sealed with a key of its own, which ends with it."""

    def __init__(
        self,
        store: TakeoutStore,
        takeout: Takeout,
        blobs: Blobs,
        cipher: Cipher,
        keys: KeyRing,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._takeout = takeout
        self._blobs = blobs
        self._cipher = cipher
        self._keys = keys
        self._clock = clock
        self._ids = ids

    async def ask(self) -> TenantExport:
        """Begin an export; raises TenantExportRunning."""
        if any(each.state == "running" for each in await self._store.exports()):
            raise TenantExportRunning("Wait for its job, or delete it and begin again.")
        row = ExportRow(
            self._ids.new("export"), "running", self._ids.new("job"), asked_ms=self._clock.now_ms()
        )
        note_target(row.export_id)
        await self._store.add(replace(row, cursor=Cursor().written()))
        self._go_on(row)
        return _told(row)

    async def find(self, export_id: str) -> TenantExport:
        """Report on an export; raises TenantExportMissing."""
        return _told(await self._found(export_id))

    async def all(self) -> list[TenantExport]:
        """List the exports, newest first."""
        return [_told(row) for row in await self._store.exports()]

    async def part(self, export_id: str, number: int) -> TenantExportPart:
        """Give a piece of an archive; raises TenantExportUnfinished and TenantExportMissing."""
        row = await self._found(export_id)
        if row.state == "running":
            raise TenantExportUnfinished("Follow its job, and ask again when it is done.")
        if row.state == "expired" or number > row.parts:
            raise TenantExportMissing(f"It has {row.parts} parts, or has expired: ask for a new export.")
        sealed = await self._blobs.get(caller().tenant_id, _name(export_id, number))
        content = await asyncio.to_thread(self._cipher.open, sealed, _place(export_id, number))
        return TenantExportPart(
            export_id=export_id,
            number=number,
            parts=row.parts,
            sha256=hashlib.sha256(content).hexdigest(),
            content=base64.b64encode(content).decode(),
        )

    async def remove(self, export_id: str) -> TenantExport:
        """Let an export expire now."""
        row = await self._found(export_id)
        gone = replace(row, state="expired", expires_ms=self._clock.now_ms())
        await self._destroy(row)
        await self._store.replace(gone)
        return _told(gone)

    async def destroy_all(self) -> Sequence[ExportRow]:
        """Destroy all exports, as when somebody is erased of whom they tell; give what `expire` notes."""
        rows = [row for row in await self._store.exports() if row.state != "expired"]
        for row in rows:
            await self._destroy(row)
        return rows

    async def expire(self, rows: Sequence[ExportRow]) -> None:
        """Note that exports were destroyed."""
        for row in rows:
            await self._store.replace(replace(row, state="expired", expires_ms=self._clock.now_ms()))

    async def go_on(self, event: TenantExportGoesOn) -> None:
        """Make the next piece; what a crash broke off is made again under the same name."""
        row = await self._store.export(event.export_id)
        if row is None or row.state != "running" or row.parts + 1 != event.number:
            return
        tenant_id = caller().tenant_id
        portion = await self._portion(tenant_id, row)
        last = portion.following is None
        counts = {name: row.counts.get(name, 0) for name in (*row.counts, *portion.counts)}
        counts |= {name: counts.get(name, 0) + more for name, more in portion.counts.items()}
        files = [*([self._manifest(row)] if event.number == 1 else []), *portion.files]
        if last:
            files.append(("end.json", json.dumps({"counts": counts}).encode()))
        content = await asyncio.to_thread(piece, files, row.asked_ms, last=last)
        try:
            sealed = await asyncio.to_thread(self._seal, row.export_id, event.number, content)
        except KeyDestroyed:  # deleted meanwhile
            return
        await self._blobs.put(tenant_id, _name(row.export_id, event.number), sealed)
        now = self._clock.now_ms()
        done = replace(
            row, parts=event.number, size=row.size + len(content), counts=counts, cursor=_written(portion)
        )
        if last:
            ends = now + KEPT_DAYS * DAY_MS
            done = replace(done, state="done", done_ms=now, expires_ms=ends)
            emit(TenantExportEnds(export_id=row.export_id), promised=True, delay_ms=ends - now)
        else:
            self._go_on(done)
        await self._store.replace(done)

    async def end(self, event: TenantExportEnds) -> None:
        """Let an export expire."""
        if await self._store.export(event.export_id) is not None:
            await self.remove(event.export_id)

    def _go_on(self, row: ExportRow) -> None:
        following = TenantExportGoesOn(export_id=row.export_id, number=row.parts + 1)
        emit(following, job_id=row.job_id, subject=row.export_id, promised=True)

    async def _portion(self, tenant_id: str, row: ExportRow) -> Portion:
        """Read rows; after the last table the tenant's files, one in a piece."""
        said = json.loads(row.cursor)
        if said[0] != _FILES:
            portion = await self._takeout.portion(tenant_id, Cursor.read(row.cursor))
            if portion.following is None and await self._files(tenant_id, ""):
                portion.following = Cursor(-1, ("",))
            return portion
        [key, *rest] = await self._files(tenant_id, said[1]) or [""]
        content = await self._blobs.get(tenant_id, key) if key else b""
        following = Cursor(-1, (key,)) if rest else None
        return Portion([(f"files/{key}", content)] if key else [], {"files": int(bool(key))}, following)

    async def _files(self, tenant_id: str, after: str) -> list[str]:
        return sorted(
            key for key in await self._blobs.keys(tenant_id) if key.startswith(_TAKEN) and key > after
        )

    def _manifest(self, row: ExportRow) -> tuple[str, bytes]:
        said = {
            "format": FORMAT,
            "tenant_id": caller().tenant_id,
            "export_id": row.export_id,
            "at_ms": row.asked_ms,
            "tables": self._takeout.columns(),
        }
        return "manifest.json", json.dumps(said).encode()

    def _seal(self, export_id: str, number: int, content: bytes) -> bytes:
        return self._cipher.seal(content, _place(export_id, number), owner=export_id)

    async def _destroy(self, row: ExportRow) -> None:
        tenant_id = caller().tenant_id
        await asyncio.to_thread(self._keys.destroy, f"{tenant_id}/{row.export_id}")
        for number in range(1, row.parts + 2):
            await self._blobs.delete(tenant_id, _name(row.export_id, number))

    async def _found(self, export_id: str) -> ExportRow:
        note_target(export_id)
        row = await self._store.export(export_id)
        if row is None:
            raise TenantExportMissing("`GET /v1/privacy/tenant-exports` lists them.")
        return row


def _name(export_id: str, number: int) -> str:
    return f"{export_id}-{number:06}"


def _place(export_id: str, number: int) -> tuple[str, ...]:
    return "tenant_exports", export_id, str(number)


def _written(portion: Portion) -> str:
    following = portion.following
    if following is None:
        return "[]"
    return json.dumps([_FILES, following.after[0]]) if following.table < 0 else following.written()


def _told(row: ExportRow) -> TenantExport:
    return TenantExport(
        export_id=row.export_id,
        state=row.state,
        job_id=row.job_id,
        asked_ms=row.asked_ms,
        done_ms=row.done_ms,
        expires_ms=row.expires_ms,
        parts=row.parts,
        bytes=row.size,
        counts=dict(row.counts),
    )
