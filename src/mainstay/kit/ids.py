"""Identifiers that carry their kind: `doc_01j…`, sortable by the time they were made."""

from mainstay.kit.clock import Clock
from mainstay.kit.random import DrawnAhead, Random

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u
_RANDOM_BYTES = 10
_PLACES = 13
_PAIRS = tuple(one + other for one in _ALPHABET for other in _ALPHABET)


class Ids:
    """Makes identifiers: 48 bits of time, 80 bits of chance (the layout of a ULID)."""

    def __init__(self, clock: Clock, random: Random) -> None:
        """Take the sources of time and chance."""
        self._clock = clock
        self._random = DrawnAhead(random)

    def new(self, kind: str) -> str:
        """Give a new identifier, such as `doc_01k9…` for the kind `doc`."""
        chance = int.from_bytes(self._random.token(_RANDOM_BYTES))
        number = (self._clock.now_ms() << (8 * _RANDOM_BYTES)) | chance
        pairs = []
        for _ in range(_PLACES):
            pairs.append(_PAIRS[number & 1023])
            number >>= 10
        pairs.reverse()
        return f"{kind}_{''.join(pairs)}"


def made_ms(identifier: str) -> int:
    """Give the time, in milliseconds since 1970, when an identifier was made; raises ValueError."""
    number = 0
    for letter in identifier.rpartition("_")[2]:
        number = number * len(_ALPHABET) + _ALPHABET.index(letter)
    return number >> (8 * _RANDOM_BYTES)
