"""Argon2id in OWASP's profile of 19 MiB, on a few threads and before a short queue."""

import asyncio
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2
from argon2.exceptions import Argon2Error, InvalidHashError

from mainstay.kit.random import Random
from mainstay.ports.passwords import PASSWORD_CHARACTERS_MAX, PasswordsBusy, PasswordUnusable

Made = TypeVar("Made")

_MEMORY_KIB, _PASSES, _LANES = 19_456, 2, 1
_FOREIGN_MEMORY_KIB_MAX, _FOREIGN_PASSES_MAX, _FOREIGN_LANES_MAX = 65_536, 8, 8
_SALT_BYTES = 16
_HASH_CHARACTERS_MAX = 512
_WAITING_FOR_EACH_THREAD_MAX = 32
"""A second or two: one hash takes some 20 to 50 ms."""


class Argon2Passwords:
    """Hashes on half of the cores at most, so that a flood of sign-ins leaves the other half to the rest.

    Passwords are hashed as UTF-8 in the form NFC (NIST SP 800-63B): an `é` is the same however it was typed.
    """

    def __init__(
        self,
        random: Random,
        *,
        threads: int | None = None,
        memory_kib: int = _MEMORY_KIB,
        passes: int = _PASSES,
    ) -> None:
        """Start no thread yet; `threads`, `memory_kib` and `passes` are for tests."""
        self._random = random
        self._hasher = argon2.PasswordHasher(passes, memory_kib, _LANES, salt_len=_SALT_BYTES)
        count = threads or max(1, (os.cpu_count() or 1) // 2)
        self._threads = ThreadPoolExecutor(count, "passwords")
        self._waiting_max = count * _WAITING_FOR_EACH_THREAD_MAX
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Give a hash to store; raises PasswordUnusable, PasswordsBusy."""
        secret = _bytes(password)
        return await self._in_turn(lambda: self._hash(secret))

    async def verify(self, password: str, hashed: str) -> bool:
        """Say whether a hash was made from a password; raises PasswordsBusy."""
        try:
            secret = _bytes(password)
        except PasswordUnusable:
            return False
        if _parameters(hashed) is None:
            return False
        return await self._in_turn(lambda: self._matches(secret, hashed))

    async def pretend(self, password: str) -> None:
        """Take as long as `verify` takes; raises PasswordsBusy."""
        try:
            secret = _bytes(password)
        except PasswordUnusable:
            return
        await self._in_turn(lambda: self._hash(secret))

    def outdated(self, hashed: str) -> bool:
        """Say whether a hash was made with other parameters, or is none."""
        return _parameters(hashed) is None or self._hasher.check_needs_rehash(hashed)

    async def close(self) -> None:
        """End the threads, after the hashes in work."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)

    async def _in_turn(self, work: Callable[[], Made]) -> Made:
        if self._waiting >= self._waiting_max:
            raise PasswordsBusy("Too many people sign in at this moment: try again shortly.", retry_after_s=2)
        self._waiting += 1
        turn = self._threads.submit(work)
        turn.add_done_callback(self._done_soon(asyncio.get_running_loop()))
        return await asyncio.wrap_future(turn)

    def _done_soon(self, loop: asyncio.AbstractEventLoop) -> Callable[[object], None]:
        """Count down when a hash has ended, not when whoever asked for it has gone away."""

        def done() -> None:
            self._waiting -= 1

        def told(_turn: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(done)

        return told

    def _hash(self, secret: bytes) -> str:
        return self._hasher.hash(secret, salt=self._random.token(_SALT_BYTES))

    def _matches(self, secret: bytes, hashed: str) -> bool:
        try:
            return self._hasher.verify(hashed, secret)
        except (Argon2Error, InvalidHashError):
            return False


def _bytes(password: str) -> bytes:
    if len(password) > PASSWORD_CHARACTERS_MAX:
        raise PasswordUnusable(f"A password has at most {PASSWORD_CHARACTERS_MAX} characters.")
    try:
        return unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        raise PasswordUnusable(
            "The password holds half a character (a lone surrogate): type it anew."
        ) from None


def _parameters(hashed: str) -> argon2.Parameters | None:
    """Read how a hash was made; None for what is no Argon2id hash, or would cost too much to check."""
    if len(hashed) > _HASH_CHARACTERS_MAX or not hashed.isascii():
        return None
    try:
        found = argon2.extract_parameters(hashed)
    except (InvalidHashError, ValueError):
        return None
    cheap = (
        found.memory_cost <= _FOREIGN_MEMORY_KIB_MAX
        and found.time_cost <= _FOREIGN_PASSES_MAX
        and found.parallelism <= _FOREIGN_LANES_MAX
    )
    return found if cheap and found.type is argon2.Type.ID else None
