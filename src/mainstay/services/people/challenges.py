"""Challenges of passkeys: made from a secret of 256 bits that goes out too, good for minutes, and once."""

import base64
import hashlib
import hmac

from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.kit.tokens import TOKEN_BYTES, hashed
from mainstay.ports.database import UniqueViolated
from mainstay.services.people.code_store import CodeRow, CodeStore
from mainstay.services.people.personal import Personal

ASKED_PREFIX = "msq_"
WAITING_MS = 5 * 60_000
KEPT_MS = 24 * 60 * 60_000
_MAC_BYTES = 16
_TIME_BYTES = 8


def challenge_of(pending_token: str) -> bytes:
    """Give the challenge that goes out with a pending token: whoever has used up the one has the other."""
    return hashlib.sha256(f"mainstay passkey challenge {pending_token}".encode()).digest()


class Challenges:
    """Gives strangers challenges without a row: what they begin and leave costs nothing.

    The token has random bytes, when it ends, and what only this installation can make of both. Its hash
    becomes a row when it is used.
    """

    def __init__(self, codes: CodeStore, personal: Personal, clock: Clock, random: Random) -> None:
        """Take the parts."""
        self._codes = codes
        self._personal = personal
        self._clock = clock
        self._random = random

    async def new(self) -> str:
        """Give a pending token."""
        ends_ms = self._clock.now_ms() + WAITING_MS
        said = self._random.token(TOKEN_BYTES) + ends_ms.to_bytes(_TIME_BYTES)
        whole = said + (await self._personal.challenged(said))[:_MAC_BYTES]
        return _written(whole)

    async def ends_ms(self, token: str) -> int | None:
        """Say when a pending token of ours ends, None if it is none or has ended."""
        try:
            whole = base64.urlsafe_b64decode(token.removeprefix(ASKED_PREFIX) + "==")
        except ValueError:
            return None
        if token != _written(whole):  # base64 has many ways to write the same bytes; ours is one
            return None
        said, mac = whole[:-_MAC_BYTES], whole[-_MAC_BYTES:]
        ours = (await self._personal.challenged(said))[:_MAC_BYTES]
        if len(said) != TOKEN_BYTES + _TIME_BYTES or not hmac.compare_digest(mac, ours):
            return None
        ends_ms = int.from_bytes(said[TOKEN_BYTES:])
        return ends_ms if self._clock.now_ms() < ends_ms else None

    async def use(self, token: str, person_id: str, ends_ms: int) -> bool:
        """Use a pending token up; say whether nobody did before."""
        now = self._clock.now_ms()
        try:
            row = CodeRow(hashed(token), "passkey", person_id, ends_ms)
            await self._codes.add(row, now - KEPT_MS, used_ms=now)
        except UniqueViolated:
            return False
        return True


def _written(whole: bytes) -> str:
    return ASKED_PREFIX + base64.urlsafe_b64encode(whole).rstrip(b"=").decode()
