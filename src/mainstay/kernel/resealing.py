"""Sealing anew: what an earlier key sealed is sealed with the present one, a little at a time."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mainstay.kernel.rounds import Rounds
from mainstay.kit.errors import NotFound
from mainstay.ports.blobs import Blobs
from mainstay.ports.ciphers import Cipher, CipherUnavailable, KeyDestroyed
from mainstay.ports.database import (
    SYSTEM,
    Condition,
    Database,
    Row,
    Scalar,
    Scope,
    Sealed,
    System,
    Table,
)
from mainstay.ports.keyrings import KeyRing
from mainstay.ports.keystores import Destroyed

logger = logging.getLogger("mainstay")

LOOK_EVERY_S = 0.5
RESEAL_EVERY_S = 1.0
_ROWS_AT_ONCE = 200
_TENANTS = "SELECT tenant_id FROM tenants"


@dataclass(frozen=True)
class _Place:
    """A sealed column, and how its rows are gone through."""

    table: Table
    column: str
    sealed: Sealed

    @property
    def key(self) -> tuple[str, ...]:
        """Name what tells its rows apart where it is gone through."""
        of_all = self.sealed.across and self.table.scoped
        return ("tenant_id", *self.table.key) if of_all else self.table.key

    def page(self, after: Row | None) -> tuple[str, dict[str, Scalar]]:
        """Give the SELECT of the rows that follow one."""
        named = [*self.key, *self.sealed.columns, self.sealed.owner, self.column]
        wanted = ", ".join(dict.fromkeys(name for name in named if name))
        keys = ", ".join(self.key)
        where, values = "", dict[str, Scalar]()
        if after is not None:
            values = {f"k{number}": after[name] for number, name in enumerate(self.key)}
            where = f" WHERE ({keys}) > ({', '.join(f':{name}' for name in values)})"
        return f"SELECT {wanted} FROM {self.table.name}{where} ORDER BY {keys} LIMIT {_ROWS_AT_ONCE}", values

    def context(self, scope: Scope, row: Row) -> tuple[str, ...]:
        """Give what a row's bytes are bound to."""
        table, *place = self.sealed.place(*(row[name] for name in self.sealed.columns))
        return (table, *place) if isinstance(scope, System) else (table, scope, *place)

    def owner(self, scope: Scope, row: Row) -> str:
        """Give whose key seals a row; empty: its context tells."""
        return f"{scope!s}/{row[self.sealed.owner]!s}" if self.sealed.owner else ""


class Resealer:
    """Goes through the sealed columns and files of those whose key was replaced.

    Broken off, it begins again; what is sealed with the present key is read and left. A row that
    changes meanwhile is left too, for whoever changed it used the present key.
    """

    def __init__(
        self, database: Database, tables: Sequence[Table], blobs: Blobs, cipher: Cipher, keys: KeyRing
    ) -> None:
        """Take the parts."""
        self._database = database
        self._places = tuple(_places(tables))
        self._blobs = blobs
        self._cipher = cipher
        self._keys = keys

    async def begin(self) -> None:
        """Refuse keys that were destroyed, and take in hand what the first format sealed.

        Raises CipherUnavailable when there is data, but not the keys that sealed it.
        """
        bare = await asyncio.to_thread(self._keys.empty)
        if bare:  # asked before the database tells what was destroyed, for then nothing seems to be missing
            await self._miss_nothing()
        gone = await self._database.fetch(SYSTEM, "SELECT key_id, owner, at_ms FROM destroyed_keys")
        if gone:
            await asyncio.to_thread(self._keys.refuse, [_destroyed(row) for row in gone])
        for row in await self._database.fetch(SYSTEM, _TENANTS) if bare else ():
            with suppress(KeyDestroyed):
                await asyncio.to_thread(self._keys.rotate, str(row["tenant_id"]))

    async def _miss_nothing(self) -> None:
        firsts = ", ".join(
            f"(SELECT {place.column} FROM {place.table.name} WHERE length({place.column}) > 0 LIMIT 1)"
            f" AS first_{number}"
            for number, place in enumerate(self._places)
        )
        for row in await self._database.fetch(SYSTEM, f"SELECT {firsts}"):
            for sealed in row.values():
                if sealed is not None:
                    with suppress(KeyDestroyed):
                        self._cipher.stale(_bytes(sealed))  # which names the key that is missing

    async def go(self) -> None:
        """Seal everything anew of each tenant that waits for it, and of all persons if one waits."""
        waiting = await asyncio.to_thread(self._keys.waiting)
        if not waiting:
            return
        versions = {name: await asyncio.to_thread(self._keys.versions, name) for name in waiting}
        tenants = {str(row["tenant_id"]) for row in await self._database.fetch(SYSTEM, _TENANTS)}
        count = 0
        for place in self._places:
            if place.sealed.across:
                count += await self._column(SYSTEM, place)
        persons = [each for name in waiting if name not in tenants for each in versions[name]]
        await asyncio.to_thread(self._keys.settled, persons)
        for tenant_id in tenants.intersection(waiting):
            count += await self._tenant(tenant_id)
            await asyncio.to_thread(self._keys.settled, versions[tenant_id])
        logger.info("Sealed %d texts and files with the present keys of %d owners", count, len(waiting))

    async def _tenant(self, tenant_id: str) -> int:
        count = 0
        for place in self._places:
            if not place.sealed.across:
                count += await self._column(tenant_id, place)
        for key in await self._blobs.keys(tenant_id):
            count += await self._file(tenant_id, key)
        return count

    async def _column(self, scope: Scope, place: _Place) -> int:
        count, last = 0, None
        while rows := await self._database.fetch(scope, *place.page(last)):
            anew = await asyncio.to_thread(self._anew, scope, place, rows)
            if anew:
                async with self._database.unit(scope) as unit:
                    for row, sealed in anew:
                        same: Condition = {name: row[name] for name in (*place.key, place.column)}
                        count += await unit.update(place.table.name, {place.column: sealed}, same)
            last = rows[-1]
            await asyncio.sleep(0)  # reads of SQLite take no turn of their own
        return count

    def _anew(self, scope: Scope, place: _Place, rows: Sequence[Row]) -> list[tuple[Row, bytes]]:
        found = []
        for row in rows:
            try:
                sealed = row[place.column]
                if isinstance(sealed, bytes) and sealed and self._cipher.stale(sealed):
                    context = place.context(scope, row)
                    content = self._cipher.open(sealed, context)
                    owner = place.owner(scope, row)
                    found.append((row, self._cipher.seal(content, context, owner=owner)))
            except KeyDestroyed:
                continue  # nobody reads it any more; whoever owns the row removes it
            except CipherUnavailable:
                logger.exception("A row of %s cannot be sealed anew", place.table.name)
        return found

    async def _file(self, tenant_id: str, key: str) -> int:
        try:
            return int(await self._blobs.reseal(tenant_id, key))
        except NotFound:  # deleted, or destroyed, meanwhile
            return 0
        except CipherUnavailable:
            logger.exception("A file of %s cannot be sealed anew", tenant_id)
            return 0


class KeyRounds:
    """What goes on with keys in one process: changes are followed, and what waits is sealed anew."""

    def __init__(self, keys: KeyRing, resealer: Resealer, *, reseals: bool) -> None:
        """Take the parts; a process without the files leaves sealing anew to another."""
        self._resealer = resealer
        following = Rounds("following keys", LOOK_EVERY_S, keys.look, last=False)
        self._rounds = [following]
        if reseals:
            self._rounds.append(Rounds("sealing anew", RESEAL_EVERY_S, resealer.go, last=False))

    async def start(self) -> None:
        """Begin; raises CipherUnavailable."""
        await self._resealer.begin()
        for rounds in self._rounds:
            rounds.start()

    async def reseal(self) -> None:
        """Seal anew what waits for it now."""
        await self._resealer.go()

    async def stop(self) -> None:
        """End."""
        for rounds in self._rounds:
            await rounds.stop()


def _places(tables: Sequence[Table]) -> Iterator[_Place]:
    for table in tables:
        for column in table.columns:
            if column.sealed is not None:
                yield _Place(table, column.name, column.sealed)


def _bytes(value: Scalar) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("A sealed column holds bytes")
    return value


def _destroyed(row: Row) -> Destroyed:
    return Destroyed(_bytes(row["key_id"]), str(row["owner"]), int(row["at_ms"] or 0))
