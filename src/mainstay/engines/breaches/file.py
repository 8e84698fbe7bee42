"""A full list of breached passwords in one file: `SHA1:count` lines in the order of their hashes."""

import asyncio
import hashlib
import os
import re
import stat
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from mainstay.engines.breaches.guessable import guessable, words_of
from mainstay.ports.breaches import BreachesUnavailable

_LINE = re.compile(rb"([0-9A-Fa-f]{40})(:\d{1,12})?\r?")
_NTLM_LINE = re.compile(rb"[0-9A-Fa-f]{32}(:\d{1,12})?\r?")
_LINE_BYTES_MAX = 64
_LOOK_BYTES = 4096
_SAMPLES = 256
_AFTER_ALL = b"~"


class FileBreaches:
    """Looks a password up by halving the file: some thirty reads in 40 GB, no index, no memory.

    Raises BreachesUnavailable when the file cannot be used, and says how to get one that can.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and look at its form and order in a few hundred places."""
        self._path = path
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise self._unusable(f"cannot be opened ({error.strerror})") from None
        try:
            self._size = self._checked()
        except BaseException:
            os.close(self._file)
            raise

    async def known(self, password: str, about: Sequence[str] = ()) -> bool:
        """Say whether a password is in the file, or can be guessed; raises BreachesUnavailable."""
        if guessable(password, words_of(about)):
            return True
        return await asyncio.to_thread(self._holds, _hash_of(password))

    async def close(self) -> None:
        """Close the file, once."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _holds(self, wanted: bytes) -> bool:
        """Halve until what is left is read at once; the first line may begin anywhere before `low`."""
        low, high = 0, self._size
        while high - low > _LOOK_BYTES:
            middle = (low + high) // 2
            if self._hash_after(middle) <= wanted:
                low = middle
            else:
                high = middle
        lines = self._read(low, high - low + 2 * _LINE_BYTES_MAX).upper().split(b"\n")
        return any(line[: len(wanted)] == wanted for line in lines)

    def _hash_after(self, place: int) -> bytes:
        """Give the hash of the first line that begins after a place; past the last line, the highest."""
        looked_at = self._read(place, 2 * _LINE_BYTES_MAX)
        rest = looked_at.partition(b"\n")[2]
        if not rest and len(looked_at) < 2 * _LINE_BYTES_MAX:
            return _AFTER_ALL
        found = _LINE.fullmatch(rest.split(b"\n")[0])
        if found is None:
            raise self._unusable(f"has a line of another form near byte {place}")
        return found[1].upper()

    def _read(self, place: int, size: int) -> bytes:
        try:
            return os.pread(self._file, size, place)
        except OSError as error:
            raise self._unusable(f"cannot be read ({error.strerror})") from None

    def _checked(self) -> int:
        state = os.fstat(self._file)
        if not stat.S_ISREG(state.st_mode):
            raise self._unusable("is no file")
        first = self._read(0, _LINE_BYTES_MAX).split(b"\n")[0]
        if _NTLM_LINE.fullmatch(first):
            raise self._unusable("holds NTLM hashes")
        found = _LINE.fullmatch(first)
        if found is None:
            raise self._unusable("does not begin with a line `SHA1:count`")
        last = (
            self._read(max(0, state.st_size - _LINE_BYTES_MAX), _LINE_BYTES_MAX)
            .rstrip(b"\n")
            .split(b"\n")[-1]
        )
        if not _LINE.fullmatch(last):
            raise self._unusable("is cut off at its end")
        places = sorted({state.st_size * number // _SAMPLES for number in range(_SAMPLES)})
        hashes = [found[1].upper(), *map(self._hash_after, places)]
        if hashes != sorted(hashes):
            raise self._unusable("is not in the order of its hashes")
        return state.st_size

    def _unusable(self, why: str) -> BreachesUnavailable:
        return BreachesUnavailable(
            f"MAINSTAY_BREACHED_PASSWORDS: {self._path} {why}. It has to be the list of Pwned Passwords with "
            "SHA-1 hashes in their order, one `SHA1:count` a line; leave the setting out for the list that "
            "comes with Mainstay."
        )


def _hash_of(password: str) -> bytes:
    """Give the hash under which such lists hold a password; SHA-1 is their form, no protection here."""
    text = unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
    return hashlib.sha1(text, usedforsecurity=False).hexdigest().upper().encode()
