"""The keys that sign tokens: published before they sign, and after, until the last token has run out."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import cast

from mainstay.kernel.address import PublicAddress
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.tokens import Algorithm, Claims, KeyPair, PublicKey, TokenInvalid, Tokens
from mainstay.services.authorization.failures import (
    SigningKeysChanged,
    SigningKeysMissing,
    SigningKeyTooNew,
)
from mainstay.services.authorization.key_store import KeyStore, SigningKeyRow

PUBLISHED_S = 600
"""How long a key is published before it signs: twice as long as anybody may keep the set of keys."""
DAY_MS = 24 * 3600 * 1000
_CACHED_MAX = 32


@dataclass(frozen=True)
class AuthorizationSettings:
    """What an operator may set."""

    algorithm: Algorithm = "ES256"
    access_s: int = 600
    refresh_days: int = 30
    key_days: int = 30
    registration: bool = False
    native_schemes: tuple[str, ...] = ()


class ActiveKey:
    """The key that signs one token, and what goes into it."""

    def __init__(self, tokens: Tokens, row: SigningKeyRow) -> None:
        """Take who signs, and the key."""
        self._tokens = tokens
        self._row = row

    def sign(self, kind: str, claims: Claims) -> str:
        """Sign claims."""
        return self._tokens.sign(_pair(self._row), kind, claims)

    def half_hash(self, text: str) -> str:
        """Give the half of a text's hash that binds it to an ID token of this key (OIDC Core, 3.1.3.6)."""
        hashed = hashlib.sha512 if self._row.algorithm == "Ed25519" else hashlib.sha256
        digest = hashed(text.encode()).digest()
        return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


class SigningKeys:
    """Makes keys, turns them, and signs and checks with them; processes agree through the database."""

    def __init__(
        self,
        store: KeyStore,
        tokens: Tokens,
        address: PublicAddress,
        clock: Clock,
        ids: Ids,
        settings: AuthorizationSettings,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._tokens = tokens
        self._address = address
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._known: dict[str, PublicKey] = {}

    @property
    def issuer(self) -> str:
        """Give the name under which tokens are made."""
        return self._address.url

    async def active(self) -> ActiveKey:
        """Give the key whose turn it is; raises SigningKeysMissing."""
        row = await self._store.active()
        if row is None:
            raise SigningKeysMissing("Start the server again, or turn the signing keys.")
        return ActiveKey(self._tokens, row)

    async def verify(self, token: str, kind: str) -> tuple[str, Claims]:
        """Give the key that has signed a token, and its claims; raises TokenInvalid."""
        key_id = self._tokens.key_id(token, kind)
        key = self._known.get(key_id)
        if key is None:
            row = await self._store.find(key_id)
            if row is None:
                raise TokenInvalid("nobody knows the key that it names")
            if len(self._known) >= _CACHED_MAX:
                self._known.clear()
            key = self._known[key_id] = _pair(row).public
        return key_id, self._tokens.verify(token, kind, key)

    async def all(self) -> list[SigningKeyRow]:
        """List the keys that are published."""
        return await self._store.all()

    async def begin(self) -> None:
        """Make the first key and the next one, unless there are some; raises UniqueViolated."""
        if await self._store.active() is None:
            last = max((row.turn for row in await self._store.all()), default=0)
            await self._add(last + 1, signs=True)
            await self._add(last + 2)

    async def turn(self, *, at_once: bool = False, discard: bool = False) -> None:
        """Let the next key sign, make one after it, and retire or discard the one before.

        Raises SigningKeyTooNew, unless it shall be done `at_once`, and SigningKeysChanged.
        """
        rows = await self._store.all()
        now = self._clock.now_ms()
        following = next((row for row in rows if row.state == "next"), None)
        if following is None:
            raise SigningKeysChanged("Look at the keys, and try again.")
        wait_s = (following.created_ms - now) / 1000 + PUBLISHED_S
        if wait_s > 0 and not at_once:
            raise SigningKeyTooNew(
                f"It can sign in {wait_s:.0f} s. Say `at_once` if the present key has leaked.",
                retry_after_s=wait_s,
            )
        if not await self._store.activate(following.key_id, now):
            raise SigningKeysChanged("Look at the keys before you try again.")
        for row in rows:
            if row.state == "active":
                await self._store.retire(row.key_id, now)
            if discard and row.key_id != following.key_id:
                await self._store.remove(row.key_id)
        await self._add(max(row.turn for row in rows) + 1)

    async def tend(self) -> None:
        """Turn the keys when it is time, and forget those whose last token has run out."""
        now = self._clock.now_ms()
        rows = await self._store.all()
        gone_ms = now - (self._settings.access_s + PUBLISHED_S) * 1000
        if any(row.retired_ms is not None and row.retired_ms < gone_ms for row in rows):
            await self._store.remove_retired(gone_ms)
        active = next((row for row in rows if row.state == "active"), None)
        following = next((row for row in rows if row.state == "next"), None)
        if active is None or following is None:
            return
        old = (active.active_ms or active.created_ms) + self._settings.key_days * DAY_MS <= now
        if old and following.created_ms + PUBLISHED_S * 1000 <= now:
            await self.turn()

    async def _add(self, turn: int, *, signs: bool = False) -> None:
        now = self._clock.now_ms()
        pair = self._tokens.make_key(self._ids.new("sig"), self._settings.algorithm)
        await self._store.add(
            SigningKeyRow(
                key_id=pair.public.key_id,
                algorithm=pair.public.algorithm,
                public=pair.public.members,
                sealed=pair.sealed,
                turn=turn,
                state="active" if signs else "next",
                created_ms=now,
                active_ms=now if signs else None,
            )
        )


def _pair(row: SigningKeyRow) -> KeyPair:
    return KeyPair(PublicKey(row.key_id, cast("Algorithm", row.algorithm), row.public), row.sealed)
