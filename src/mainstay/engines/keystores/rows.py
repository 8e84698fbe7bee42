"""Wrapped keys in rows, in the SQL that SQLite and PostgreSQL share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from mainstay.ports.keystores import Destroyed, WrappedKey, WrappedRoot

Execute = Callable[..., list[tuple[Any, ...]]]
"""Runs one statement with its values, each `?` standing for one; gives the rows."""

_COLUMNS = "owner, key_id, version, root_id, wrapped, made_ms, settled"
_GONE = "SELECT 1 FROM destroyed WHERE owner = ? OR owner = ? LIMIT 1"


def _tenant(owner: str) -> str:
    return owner.partition("/")[0]


def _which(owner: str) -> str:
    """Give the condition of an owner's keys: those of a tenant are those of everybody in it."""
    return "owner = ?" if "/" in owner else "tenant = ?"


def _key(row: tuple[Any, ...]) -> WrappedKey:
    owner, key_id, version, root_id, wrapped, made_ms, settled = row
    return WrappedKey(
        owner, bytes(key_id), int(version), root_id, bytes(wrapped), int(made_ms), settled=bool(settled)
    )


class KeyRows(ABC):
    """The whole of a key store but for how a transaction is made."""

    bytes_type: ClassVar[str]

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Execute]:
        """Open a transaction; it is durable when the block ends, undone when it raises."""

    def make_tables(self, execute: Execute) -> None:
        """Make what is missing."""
        integer, content = "BIGINT", self.bytes_type
        execute(
            f"CREATE TABLE IF NOT EXISTS roots (root_id TEXT PRIMARY KEY, wrapper TEXT NOT NULL,"
            f" wrapped {content} NOT NULL, made_ms {integer} NOT NULL)"
        )
        execute(
            "CREATE TABLE IF NOT EXISTS keys (owner TEXT NOT NULL, tenant TEXT NOT NULL,"
            f" key_id {content} NOT NULL, version {integer} NOT NULL, root_id TEXT NOT NULL,"
            f" wrapped {content} NOT NULL, made_ms {integer} NOT NULL, settled {integer} NOT NULL,"
            " PRIMARY KEY (owner, version))"
        )
        execute("CREATE UNIQUE INDEX IF NOT EXISTS keys_by_id ON keys (key_id, version)")
        execute("CREATE INDEX IF NOT EXISTS keys_by_tenant ON keys (tenant)")
        execute("CREATE INDEX IF NOT EXISTS keys_by_settled ON keys (settled)")
        execute(
            f"CREATE TABLE IF NOT EXISTS destroyed (key_id {content} PRIMARY KEY, owner TEXT NOT NULL,"
            f" at_ms {integer} NOT NULL)"
        )
        execute("CREATE INDEX IF NOT EXISTS destroyed_by_owner ON destroyed (owner)")
        execute(f"CREATE TABLE IF NOT EXISTS epochs (name TEXT PRIMARY KEY, epoch {integer} NOT NULL)")
        execute("INSERT INTO epochs (name, epoch) VALUES ('keys', 1) ON CONFLICT (name) DO NOTHING")

    def epoch(self) -> int:
        """Give a number that grows with every change."""
        with self.transaction() as execute:
            return int(execute("SELECT epoch FROM epochs WHERE name = 'keys'")[0][0])

    def roots(self) -> list[WrappedRoot]:
        """List the root keys, oldest first."""
        with self.transaction() as execute:
            rows = execute("SELECT root_id, wrapper, wrapped, made_ms FROM roots ORDER BY made_ms, root_id")
        return [
            WrappedRoot(root, wrapper, bytes(wrapped), int(made)) for root, wrapper, wrapped, made in rows
        ]

    def add_root(self, root: WrappedRoot, *, first: bool) -> bool:
        """Add a root key; the first one of all only when there is no other."""
        with self.transaction() as execute:
            _grow(execute)  # which also takes the turn among processes
            if first and execute("SELECT 1 FROM roots LIMIT 1"):
                return False
            execute(
                "INSERT INTO roots (root_id, wrapper, wrapped, made_ms) VALUES (?, ?, ?, ?)",
                root.root_id,
                root.wrapper,
                root.wrapped,
                root.made_ms,
            )
        return True

    def forget_roots(self, before_ms: int) -> None:
        """Remove old root keys that wrap nothing, but for the newest."""
        with self.transaction() as execute:
            execute(
                "DELETE FROM roots WHERE made_ms < ? AND made_ms < (SELECT max(made_ms) FROM roots)"
                " AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.root_id = roots.root_id)",
                before_ms,
            )

    def of_owner(self, owner: str) -> list[WrappedKey]:
        """List the versions of an owner's key."""
        with self.transaction() as execute:
            rows = execute(f"SELECT {_COLUMNS} FROM keys WHERE owner = ? ORDER BY version", owner)
        return [_key(row) for row in rows]

    def of_key(self, key_id: bytes) -> list[WrappedKey]:
        """List the versions of a key."""
        with self.transaction() as execute:
            rows = execute(f"SELECT {_COLUMNS} FROM keys WHERE key_id = ? ORDER BY version", key_id)
        return [_key(row) for row in rows]

    def tenants(self) -> list[str]:
        """List the tenants that have keys."""
        with self.transaction() as execute:
            return [str(tenant) for (tenant,) in execute("SELECT DISTINCT tenant FROM keys ORDER BY tenant")]

    def within(self, tenant_id: str) -> list[WrappedKey]:
        """List all keys of a tenant and of everybody in it."""
        with self.transaction() as execute:
            rows = execute(f"SELECT {_COLUMNS} FROM keys WHERE tenant = ? ORDER BY owner, version", tenant_id)
        return [_key(row) for row in rows]

    def add(self, keys: Sequence[WrappedKey]) -> int:
        """Add keys and count them, but for those whose version is there, or whose owner was erased."""
        with self.transaction() as execute:
            _grow(execute)
            return sum(_add(execute, key) for key in keys)

    def wrapped_by_others(self, root_id: str, limit: int) -> list[WrappedKey]:
        """List keys that another root key wraps."""
        with self.transaction() as execute:
            rows = execute(f"SELECT {_COLUMNS} FROM keys WHERE root_id <> ? LIMIT ?", root_id, limit)
        return [_key(row) for row in rows]

    def rewrap(self, keys: Sequence[WrappedKey]) -> None:
        """Replace how keys are wrapped, as far as they are there."""
        with self.transaction() as execute:
            _grow(execute)
            for key in keys:
                execute(
                    "UPDATE keys SET root_id = ?, wrapped = ? WHERE owner = ? AND key_id = ? AND version = ?",
                    key.root_id,
                    key.wrapped,
                    key.owner,
                    key.key_id,
                    key.version,
                )

    def settle(self, keys: Sequence[tuple[str, int]]) -> None:
        """Note of owners' versions that nothing is sealed with an earlier one."""
        with self.transaction() as execute:
            for owner, version in keys:
                execute("UPDATE keys SET settled = 1 WHERE owner = ? AND version <= ?", owner, version)

    def unsettled(self) -> list[WrappedKey]:
        """List the keys whose newest version is not settled."""
        with self.transaction() as execute:
            rows = execute(f"SELECT {_COLUMNS} FROM keys WHERE settled = 0 ORDER BY made_ms, owner")
        return [_key(row) for row in rows]

    def destroy(self, owner: str, at_ms: int) -> int:
        """Erase the keys of an owner and of everybody in it, and remember that; count the keys."""
        with self.transaction() as execute:
            _grow(execute)
            rows = execute(f"SELECT DISTINCT key_id, owner FROM keys WHERE {_which(owner)}", owner)
            gone = [Destroyed(bytes(key_id), whose, at_ms) for key_id, whose in rows]
            known = execute("SELECT 1 FROM destroyed WHERE owner = ?", owner)
            if not known and all(each.owner != owner for each in gone):  # had no key, and must not get one
                gone.append(Destroyed(b"owner:" + owner.encode(), owner, at_ms))
            for each in gone:
                _remember(execute, each)
            execute(f"DELETE FROM keys WHERE {_which(owner)}", owner)
        return len(rows)

    def refuse(self, destroyed: Sequence[Destroyed]) -> None:
        """Take over which keys were destroyed, and erase those of them that are here."""
        with self.transaction() as execute:
            _grow(execute)
            for each in destroyed:
                _remember(execute, each)
                execute("DELETE FROM keys WHERE key_id = ?", each.key_id)

    def destroyed_key(self, key_id: bytes) -> bool:
        """Say whether a key was destroyed."""
        with self.transaction() as execute:
            return bool(execute("SELECT 1 FROM destroyed WHERE key_id = ?", key_id))

    def destroyed_owner(self, owner: str) -> bool:
        """Say whether an owner, or the tenant that it is in, was erased."""
        with self.transaction() as execute:
            return bool(execute(_GONE, owner, _tenant(owner)))

    def destroyed(self) -> list[Destroyed]:
        """List the keys that were destroyed, oldest first."""
        with self.transaction() as execute:
            rows = execute("SELECT key_id, owner, at_ms FROM destroyed ORDER BY at_ms, owner")
        return [Destroyed(bytes(key_id), owner, int(at_ms)) for key_id, owner, at_ms in rows]

    def counts(self) -> Mapping[str, int]:
        """Count owners, keys, and those that were destroyed."""
        with self.transaction() as execute:
            [(owners, keys)] = execute("SELECT count(DISTINCT owner), count(*) FROM keys")
            [(destroyed,)] = execute("SELECT count(*) FROM destroyed")
        return {"owners": int(owners), "keys": int(keys), "destroyed": int(destroyed)}


def _add(execute: Execute, key: WrappedKey) -> bool:
    if execute(_GONE, key.owner, _tenant(key.owner)):
        return False
    if execute("SELECT 1 FROM keys WHERE owner = ? AND version = ?", key.owner, key.version):
        return False
    execute(
        f"INSERT INTO keys (tenant, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        _tenant(key.owner),
        key.owner,
        key.key_id,
        key.version,
        key.root_id,
        key.wrapped,
        key.made_ms,
        int(key.settled),
    )
    return True


def _grow(execute: Execute) -> None:
    execute("UPDATE epochs SET epoch = epoch + 1 WHERE name = 'keys'")


def _remember(execute: Execute, gone: Destroyed) -> None:
    execute(
        "INSERT INTO destroyed (key_id, owner, at_ms) VALUES (?, ?, ?) ON CONFLICT (key_id) DO NOTHING",
        gone.key_id,
        gone.owner,
        gone.at_ms,
    )
