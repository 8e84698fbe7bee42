"""Data keys of tenants and persons: unwrapped when needed, and followed when another process changes them."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mainstay.engines.ciphers.aesgcm import KEY_BYTES
from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.ports.ciphers import CipherUnavailable, KeyDestroyed
from mainstay.ports.keyrings import RingState
from mainstay.ports.keystores import Destroyed, KeyStore, WrappedKey, WrappedRoot
from mainstay.ports.wrappers import Wrapper

KEY_ID_BYTES = 8
NONCE_BYTES = 12
SETTLE_MS = 2_000
"""After so long every process has followed a change: `look` is called at least once a second."""
_ROOT_KEPT_MS = 60_000
_OWNERS_KNOWN_MAX = 4_096
_REWRAPPED_AT_ONCE = 500
_INDEX = ":index"

logger = logging.getLogger("mainstay")


@dataclass(frozen=True)
class Owned:
    """An owner's key in all of its versions, unwrapped."""

    owner: str
    key_id: bytes
    version: int
    keys: Mapping[int, bytes]
    derived: dict[tuple[int, str], AESGCM] = field(default_factory=dict)

    def cipher(self, version: int, purpose: str) -> AESGCM:
        """Give the cipher of a version and a purpose, which has a key of its own (HKDF-SHA-256, RFC 5869).

        So random nonces stay far below 2^32 messages for one key (NIST SP 800-38D, 8.3).
        """
        found = self.derived.get((version, purpose))
        if found is None:
            info = b"mainstay data" + purpose.encode("utf-8", "surrogatepass")
            found = AESGCM(HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(self.keys[version]))
            self.derived[version, purpose] = found
        return found


class DataKeys:
    """The key ring; may be used from any thread."""

    def __init__(self, store: KeyStore, wrappers: Sequence[Wrapper], clock: Clock, random: Random) -> None:
        """Take where keys are; the first wrapper wraps new root keys, the others know earlier ones."""
        self._store = store
        self._wrappers = wrappers
        self._clock = clock
        self._random = random
        self._epoch = 0
        self._known = 0  # counts how often everything was forgotten
        self._roots: dict[str, tuple[int, AESGCM]] = {}
        self._owned: dict[str, Owned] = {}
        self._by_id: dict[bytes, Owned] = {}

    async def open(self) -> None:
        """Unwrap the root keys, made at the first start; raises CipherUnavailable."""
        await asyncio.to_thread(self._store.open)
        if not await asyncio.to_thread(self._store.roots):
            await self._make_root(first=True)
        self._epoch = await asyncio.to_thread(self._store.epoch)
        await self._learn_roots()

    async def close(self) -> None:
        """Forget every key, and close what was opened."""
        self._forget()
        self._roots.clear()
        for wrapper in self._wrappers:
            await wrapper.close()
        await asyncio.to_thread(self._store.close)

    async def look(self) -> None:
        """Follow what other processes changed, and go on with a change of root keys."""
        epoch = await asyncio.to_thread(self._store.epoch)
        if epoch != self._epoch:
            await self._learn_roots()
            self._forget()
            self._epoch = epoch
        if len(self._roots) > 1:
            await asyncio.to_thread(self._rewrap)

    async def rotate_root(self) -> None:
        """Make a new root key; `look` wraps all data keys with it as soon as every process knows it."""
        await self._make_root(first=False)
        await self._learn_roots()

    def empty(self) -> bool:
        """Say whether there is no key of any owner."""
        return not self._store.counts()["keys"]

    def rotate(self, owner: str) -> int:
        """Give an owner a new version of its key; raises KeyDestroyed."""
        owned = self.of_owner(owner)
        self._store.add([self._made(owner, owned.key_id, owned.version + 1, settled=False)])
        self._forget()
        return self.of_owner(owner).version

    def rotate_all(self) -> None:
        """Give every owner a new version of its key; whoever is erased meanwhile is left out."""
        for tenant_id in self._store.tenants():
            newest = {key.owner: key for key in self._store.within(tenant_id)}
            self._store.add(
                [
                    self._made(owner, key.key_id, key.version + 1, settled=False)
                    for owner, key in newest.items()
                    if not _is_index(owner)
                ]
            )
        self._forget()

    def destroy(self, owner: str) -> list[Destroyed]:
        """Destroy an owner's keys, and those of everybody in it, for good; list what is destroyed of it."""
        self._store.destroy(owner, self._clock.now_ms())
        self._forget()
        return [each for each in self._store.destroyed() if f"{each.owner}/".startswith(f"{owner}/")]

    def refuse(self, destroyed: Sequence[Destroyed]) -> None:
        """Take over which keys were destroyed."""
        self._store.refuse(destroyed)
        self._forget()

    def versions(self, tenant_id: str) -> list[tuple[str, int]]:
        """List the owners of a tenant with their present versions."""
        newest = {key.owner: key.version for key in self._store.within(tenant_id)}
        return [(owner, version) for owner, version in newest.items() if not _is_index(owner)]

    def waiting(self) -> list[str]:
        """List the tenants of whom something may still be sealed with an earlier key."""
        before = self._clock.now_ms() - SETTLE_MS
        keys = [key for key in self._store.unsettled() if key.made_ms <= before]
        return list(dict.fromkeys(key.owner.partition("/")[0] for key in keys))

    def settled(self, versions: Sequence[tuple[str, int]]) -> None:
        """Note that nothing is sealed with keys before these versions of owners."""
        self._store.settle(versions)

    def state(self) -> RingState:
        """Count keys."""
        counts, roots = self._store.counts(), self._store.roots()
        return RingState(
            wrapper=roots[-1].wrapper if roots else "",
            root_made_ms=roots[-1].made_ms if roots else 0,
            roots=len(roots),
            owners=counts["owners"],
            keys=counts["keys"],
            destroyed=counts["destroyed"],
            waiting=len({key.owner.partition("/")[0] for key in self._store.unsettled()}),
        )

    def of_owner(self, owner: str) -> Owned:
        """Give an owner's key, made when there is none yet; raises KeyDestroyed."""
        return self._owned.get(owner) or self._load(owner)

    def of_key(self, key_id: bytes, version: int) -> Owned:
        """Give a key by its id; raises KeyDestroyed, or CipherUnavailable when it is not here."""
        owned = self._by_id.get(key_id)
        if owned is not None and version in owned.keys:
            return owned
        known = self._known
        rows = self._store.of_key(key_id)
        if not rows and self._store.destroyed_key(key_id):
            raise KeyDestroyed("It belonged to a tenant or a person who was erased.")
        if not any(row.version == version for row in rows):
            raise CipherUnavailable(
                f"The key {key_id.hex()}, version {version}, is not in the key store: "
                "put the newest copy of the keys back."
            )
        return self._keep(rows, known)

    def index_key(self, tenant_id: str) -> bytes:
        """Give the key of a tenant's blind indexes, which never changes."""
        return self.of_owner(f"{tenant_id}/{_INDEX}").keys[1]

    def _load(self, owner: str) -> Owned:
        known = self._known
        rows = self._store.of_owner(owner)
        if not rows:
            self._store.add([self._made(owner, self._random.token(KEY_ID_BYTES), 1, settled=True)])
            rows = self._store.of_owner(owner)
        if not rows:
            raise KeyDestroyed("It was erased for good; nothing can be stored for it any more.")
        return self._keep(rows, known)

    def _keep(self, rows: Sequence[WrappedKey], known: int) -> Owned:
        newest = rows[-1]
        owned = Owned(
            newest.owner, newest.key_id, newest.version, {row.version: self._unwrapped(row) for row in rows}
        )
        if known == self._known:  # else what was read may be older than what was forgotten for
            if len(self._owned) >= _OWNERS_KNOWN_MAX:
                self._forget()
            self._owned[owned.owner] = owned
            self._by_id[owned.key_id] = owned
        return owned

    def _forget(self) -> None:
        self._known += 1
        self._owned, self._by_id = {}, {}

    def _made(self, owner: str, key_id: bytes, version: int, *, settled: bool) -> WrappedKey:
        key = WrappedKey(owner, key_id, version, "", b"", self._clock.now_ms(), settled=settled)
        return self._wrapped(key, self._random.token(KEY_BYTES), self._present_root())

    def _wrapped(self, key: WrappedKey, content: bytes, root_id: str) -> WrappedKey:
        nonce = self._random.token(NONCE_BYTES)
        sealed = self._roots[root_id][1].encrypt(nonce, content, _place(key))
        return replace(key, root_id=root_id, wrapped=nonce + sealed)

    def _unwrapped(self, key: WrappedKey) -> bytes:
        root = self._roots.get(key.root_id)
        if root is None:
            raise CipherUnavailable("The root key was changed a moment ago; try again.", retry_after_s=1)
        try:
            return root[1].decrypt(key.wrapped[:NONCE_BYTES], key.wrapped[NONCE_BYTES:], _place(key))
        except InvalidTag:
            raise CipherUnavailable(
                f"The key {key.key_id.hex()} in the key store was changed: put the copy of the keys back."
            ) from None

    def _present_root(self) -> str:
        """Give the newest root key that every process knows by now."""
        before = self._clock.now_ms() - SETTLE_MS
        by_age = sorted(self._roots, key=lambda root_id: self._roots[root_id][0])
        known = [root_id for root_id in by_age if self._roots[root_id][0] <= before]
        return known[-1] if known else by_age[0]

    def _rewrap(self) -> None:
        present = self._present_root()
        while keys := self._store.wrapped_by_others(present, _REWRAPPED_AT_ONCE):
            older = [key for key in keys if self._roots.get(key.root_id, (0,))[0] <= self._roots[present][0]]
            if not older:
                return
            self._store.rewrap([self._wrapped(key, self._unwrapped(key), present) for key in older])
        self._store.forget_roots(self._clock.now_ms() - _ROOT_KEPT_MS)

    async def _make_root(self, *, first: bool) -> None:
        wrapper = self._wrappers[0]
        root_id = f"root_{self._random.token(KEY_ID_BYTES).hex()}"
        wrapped = await wrapper.wrap(self._random.token(KEY_BYTES))
        root = WrappedRoot(root_id, wrapper.name, wrapped, self._clock.now_ms())
        await asyncio.to_thread(self._store.add_root, root, first=first)

    async def _learn_roots(self) -> None:
        """Unwrap what is not known yet, and forget what is not there any more."""
        learnt: dict[str, tuple[int, AESGCM]] = {}
        for root in await asyncio.to_thread(self._store.roots):
            known = self._roots.get(root.root_id)
            learnt[root.root_id] = known or (root.made_ms, AESGCM(await self._unwrapped_root(root)))
        self._roots = learnt

    async def _unwrapped_root(self, root: WrappedRoot) -> bytes:
        for wrapper in self._wrappers:
            if wrapper.name == root.wrapper:
                return await wrapper.unwrap(root.wrapped)
        named = ", ".join(wrapper.name for wrapper in self._wrappers)
        raise CipherUnavailable(
            f"The keys are wrapped by {root.wrapper}, but here are only {named}: "
            "put that key back, or name it in the settings (MAINSTAY_KEY, MAINSTAY_VAULT)."
        )


def _is_index(owner: str) -> bool:
    return owner.endswith(f"/{_INDEX}")


def _place(key: WrappedKey) -> bytes:
    return b"\0".join(
        (b"mainstay data key", key.owner.encode(), key.key_id.hex().encode(), b"%d" % key.version)
    )
