"""What may be in progress at once: a tenant's requests, uploads and long waits, and whatever one key asks."""

from collections.abc import Mapping
from typing import Literal

from mainstay.kernel.caller import Caller, house
from mainstay.kernel.interface import Operation
from mainstay.kit.errors import TooMany

Kind = Literal["requests", "uploads", "waits"]
CAPS: Mapping[Kind, str] = {
    "requests": "requests_at_once",
    "uploads": "uploads_at_once",
    "waits": "waits_at_once",
}
KEY_CAP = "key_requests_at_once"
_RETRY_S = 1.0
_INSIDE = house("", "inside")


class TooManyAtOnce(TooMany):
    """As much is in progress at once as the tenant or the key may have; nothing of this request was done."""

    title = "Too much is in progress at once"


class Progress:
    """One request among those in progress; end it as often as you like."""

    __slots__ = ("_counts", "_key", "_limits", "_tenant_id", "kind")

    def __init__(self, counts: dict[tuple[str, str], int], caller: Caller, limits: Mapping[str, int]) -> None:
        """Take where it is counted, whose it is, and what holds for its tenant."""
        self._counts = counts
        self._tenant_id = caller.tenant_id
        self._key = (caller.tenant_id, caller.subject)
        self._limits = limits
        self.kind: Kind | None = None

    def begin(self, kind: Kind) -> None:
        """Count it; raises TooManyAtOnce."""
        self._check(self._key, KEY_CAP, "This key")
        self.turn(kind)
        self._add(self._key, 1)

    def turn(self, kind: Kind) -> None:
        """Count it as another kind from now on; raises TooManyAtOnce."""
        place = (self._tenant_id, CAPS[kind])
        self._check(place, CAPS[kind], "Your tenant")
        if self.kind is not None:
            self._add((self._tenant_id, CAPS[self.kind]), -1)
        self.kind = kind
        self._add(place, 1)

    def read(self, operation: Operation, asked: object) -> None:
        """Count it as a long wait if what was read asks to wait; raises TooManyAtOnce."""
        if self.kind == "requests" and operation.late and getattr(asked, operation.late):
            self.turn("waits")

    def end(self) -> None:
        """Count it no more."""
        if self.kind is not None:
            self._add((self._tenant_id, CAPS[self.kind]), -1)
            self._add(self._key, -1)
            self.kind = None

    def __del__(self) -> None:
        """End it: the answer of a client that left may be thrown away before its first piece."""
        self.end()

    def _check(self, place: tuple[str, str], cap: str, whose: str) -> None:
        most = self._limits.get(cap)
        if most is not None and self._counts.get(place, 0) >= most:
            raise TooManyAtOnce(
                f"{whose} may have {most:,} in progress at once ({cap}), and has. Let one end, or try again "
                f"in {_RETRY_S:.0f} s; the operator of this installation can allow more.",
                retry_after_s=_RETRY_S,
            )

    def _add(self, place: tuple[str, str], change: int) -> None:
        count = self._counts.get(place, 0) + change
        if count:
            self._counts[place] = count
        else:
            del self._counts[place]


def uncounted() -> Progress:
    """Give the progress of what is part of another request, and counts with that."""
    return Progress({}, _INSIDE, {})


class AtOnce:
    """Counts what is in progress in this process.

    A request is counted as one of three: an upload, a long wait (a stream, or one that asks to `wait`), or
    any other request. A key's cap is on all of them together.
    """

    def __init__(self) -> None:
        """Begin with nothing in progress."""
        self._counts: dict[tuple[str, str], int] = {}

    def begin(self, caller: Caller, operation: Operation, limits: Mapping[str, int]) -> Progress:
        """Count a request before it is read; raises TooManyAtOnce."""
        progress = Progress(self._counts, caller, limits)
        if operation.upload is not None:
            progress.begin("uploads")
        else:
            progress.begin("waits" if operation.kind == "stream" else "requests")
        return progress
