"""The chain of the audit: what is hashed and signed, and what is wrong with a chain, in words."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from mainstay.ports.database import Row, Scalar

FORMAT = "mainstay-audit-2"
ERASURE = "observability.erase"
"""The operation of an entry that says which places were erased."""
UNSIGNED_MAX = 1000
"""How many entries at the end of a chain may wait for a checkpoint."""
SALT_BYTES = 16

_ENTRY = b"mainstay audit entry v1"
_CHANGING = b"mainstay audit entry v2"
_PERSONAL = b"mainstay audit personal v1"
_LINK = b"mainstay audit link v1"
_GENESIS = b"mainstay audit chain v1"
_CHECKPOINT = b"mainstay audit checkpoint v1"
_ERASURE = b"mainstay audit erasure v1"

Trusted = Callable[[str, bytes, bytes], bool | None]
"""Says whether a signature of a statement is a key's own; None when the key is not known."""


@dataclass(frozen=True)
class Entry:
    """One row of the audit; what is personal is empty, and `hidden` stands for it, once it was erased.

    `before` and `after` are salted hashes of what was changed, of entries that say so.
    """

    seq: int
    at_ms: int
    request_id: str
    subject: str
    operation: str
    target: str
    outcome: str
    door: str
    origin: str
    salt: bytes | None
    hidden: bytes | None
    before: bytes | None = None
    after: bytes | None = None


@dataclass(frozen=True)
class Sealed:
    """An entry's place in the chain; `entry` is None when its row is gone."""

    place: int
    seq: int
    commitment: bytes
    link: bytes
    entry: Entry | None


@dataclass(frozen=True)
class Checkpoint:
    """What a signature says: the chain's link at a place, where the kept chain begins, and when it was so."""

    number: int
    place: int
    link: bytes
    begins: int
    begins_link: bytes
    oldest: int
    at_ms: int
    key_id: str
    signature: bytes = b""

    def statement(self, tenant_id: str) -> bytes:
        """Give the bytes that are signed."""
        numbers = (self.number, self.place, self.begins, self.oldest, self.at_ms)
        return framed(
            _CHECKPOINT, tenant_id, *(str(each) for each in numbers), self.link, self.begins_link, self.key_id
        )


def framed(domain: bytes, *parts: str | bytes) -> bytes:
    """Join parts so that no two lists of parts give the same bytes."""
    framed = [len(domain).to_bytes(8), domain]
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        framed += (len(content).to_bytes(8), content)
    return b"".join(framed)


def genesis(tenant_id: str) -> bytes:
    """Give what the first entry of a tenant is linked to."""
    return hashlib.sha256(framed(_GENESIS, tenant_id)).digest()


def hidden_of(entry: Entry) -> bytes:
    """Give what stands for the personal fields: they cannot be guessed from it without the salt."""
    return hashlib.sha256(
        framed(_PERSONAL, entry.salt or b"", entry.subject, entry.target, entry.origin)
    ).digest()


def commitment_of(tenant_id: str, entry: Entry) -> bytes:
    """Give what is chained for an entry; it stays the same when the personal fields are erased.

    An entry without hashes of what was changed is chained as all were before there were such hashes.
    """
    hidden = entry.hidden if entry.salt is None and entry.hidden is not None else hidden_of(entry)
    texts = (str(entry.seq), str(entry.at_ms), entry.request_id, entry.operation, entry.outcome, entry.door)
    if entry.before is None and entry.after is None:
        return hashlib.sha256(framed(_ENTRY, tenant_id, *texts, hidden)).digest()
    sides = [b"" if side is None else b"=" + side for side in (entry.before, entry.after)]
    return hashlib.sha256(framed(_CHANGING, tenant_id, *texts, hidden, *sides)).digest()


def link_of(previous: bytes, place: int, commitment: bytes) -> bytes:
    """Give an entry's link from that of the entry before it."""
    return hashlib.sha256(framed(_LINK, previous, str(place), commitment)).digest()


def erasure_statement(tenant_id: str, at_ms: int, places: str) -> bytes:
    """Give the bytes that are signed when places are erased."""
    return framed(_ERASURE, tenant_id, str(at_ms), places)


def as_ranges(places: Iterable[int]) -> str:
    """Write places as `3-5,9`."""
    ordered = sorted(set(places))
    breaks = [(end, start) for end, start in pairwise(ordered) if start != end + 1]
    starts = [*ordered[:1], *(start for _, start in breaks)]
    ends = [*(end for end, _ in breaks), *ordered[-1:]]
    pairs = zip(starts, ends, strict=True)
    return ",".join(str(start) if start == end else f"{start}-{end}" for start, end in pairs)


def ranges_of(text: str) -> list[tuple[int, int]]:
    """Read what `as_ranges` wrote; nothing where it is something else."""
    found: list[tuple[int, int]] = []
    for part in text.split(","):
        start, _, end = part.partition("-")
        if not start.isdecimal() or not (end or start).isdecimal():
            return []
        found.append((int(start), int(end or start)))
    return found


def _int(value: Scalar) -> int:
    return int(value or 0)


def _bytes(value: Scalar) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else b""


def entry_of(row: Row) -> Entry:
    """Make an entry of a row."""
    return Entry(
        seq=_int(row["seq"]),
        at_ms=_int(row["at_ms"]),
        request_id=str(row["request_id"]),
        subject=str(row["subject"]),
        operation=str(row["operation"]),
        target=str(row["target"]),
        outcome=str(row["outcome"]),
        door=str(row["door"]),
        origin=str(row["origin"]),
        salt=None if row["salt"] is None else _bytes(row["salt"]),
        hidden=None if row["hidden"] is None else _bytes(row["hidden"]),
        before=None if row["before_hash"] is None else _bytes(row["before_hash"]),
        after=None if row["after_hash"] is None else _bytes(row["after_hash"]),
    )


def sealed_of(row: Row) -> Sealed:
    """Make a place of a link's row with the row of its entry beside it."""
    return Sealed(
        place=_int(row["place"]),
        seq=_int(row["seq"]),
        commitment=_bytes(row["commitment"]),
        link=_bytes(row["link"]),
        entry=None if row["at_ms"] is None else entry_of(row),
    )


def checkpoint_of(row: Row) -> Checkpoint:
    """Make a checkpoint of a row."""
    return Checkpoint(
        number=_int(row["number"]),
        place=_int(row["place"]),
        link=_bytes(row["link"]),
        begins=_int(row["begins"]),
        begins_link=_bytes(row["begins_link"]),
        oldest=_int(row["oldest"]),
        at_ms=_int(row["at_ms"]),
        key_id=str(row["key_id"]),
        signature=_bytes(row["signature"]),
    )


def checkpoint_row(checkpoint: Checkpoint) -> Mapping[str, Scalar]:
    """Make a row of a checkpoint."""
    return dict(vars(checkpoint))


class _Wrong(Exception):
    """Something is wrong with the chain, in words."""


class ChainCheck:
    """Follows one tenant's chain from a place on, and stops at the first thing that is wrong."""

    def __init__(self, tenant_id: str, trusted: Trusted, place: int, link: bytes, number: int) -> None:
        """Take where to begin: the place and link before the first entry, and the last checkpoint's number.

        A `number` below zero says that any checkpoint may come first.
        """
        self._tenant_id = tenant_id
        self._trusted = trusted
        self._place, self._link, self._number = place, link, number
        self._signed = place
        self._anchor: Checkpoint | None = None
        self._erased: list[tuple[int, int]] = []
        self.checked = 0
        self.finding = ""
        self.wrong_place: int | None = None

    @property
    def place(self) -> int:
        """Give the last place that was looked at."""
        return self._place

    @property
    def number(self) -> int:
        """Give the number of the last checkpoint that was met."""
        return self._number

    @property
    def unsigned(self) -> int:
        """Give how many of the last entries no checkpoint covers."""
        return self._place - self._signed

    def explain(self, at_ms: int, places: str, proof: str) -> None:
        """Take a signed erasure; one that is not signed explains nothing."""
        key_id, _, signature = proof.partition(":")
        try:
            valid = self._trusted(
                key_id, erasure_statement(self._tenant_id, at_ms, places), bytes.fromhex(signature)
            )
        except ValueError:
            return
        if valid:
            self._erased += ranges_of(places)

    def anchor(self, checkpoint: Checkpoint) -> None:
        """Hold the chain against a checkpoint that was kept elsewhere."""
        self._guarded(self._place, lambda: self._verify(checkpoint))
        self._anchor = checkpoint

    def follow(self, page: Sequence[Sealed], checkpoints: Sequence[Checkpoint]) -> None:
        """Look at the next entries in their order, and at the checkpoints that stand among them."""
        due = list(reversed(checkpoints))
        self._guarded(self._place, lambda: self._pass(due))
        for sealed in page:
            if self.finding:
                return
            self._guarded(self._place + 1, partial(self._step, sealed, due))
        if due and not self.finding:
            self._find(self._place, f"Checkpoint {due[-1].number} stands at no entry of the chain.")

    def end(self, newest: Checkpoint | None) -> None:
        """Say that the chain ends here: it must reach what was signed, here and elsewhere."""
        for checkpoint in (newest, self._anchor):
            if checkpoint is not None and checkpoint.place > self._place and not self.finding:
                self._find(
                    self._place + 1,
                    f"The chain ends at entry {self._place}, but checkpoint {checkpoint.number} was signed "
                    f"at entry {checkpoint.place}: the end was cut off.",
                )
        if self._anchor is not None and 0 <= self._number < self._anchor.number and not self.finding:
            self._find(
                self._place,
                f"The newest checkpoint is {self._number}, but {self._anchor.number} was signed: this is an "
                "older copy.",
            )
        if self.unsigned > UNSIGNED_MAX and not self.finding:
            self._find(
                self._signed + 1, f"The last {self.unsigned} entries are not signed: a checkpoint is missing."
            )

    def stray(self, seq: int) -> None:
        """Tell of a row that claims to be sealed and has no place."""
        if not self.finding:
            self._find(None, f"The row {seq} says that it is sealed, but has no place in the chain.")

    def _find(self, place: int | None, words: str) -> None:
        self.finding, self.wrong_place = words, place

    def _guarded(self, place: int, action: Callable[[], None]) -> None:
        if self.finding:
            return
        try:
            action()
        except _Wrong as wrong:
            self._find(place, str(wrong))

    def _step(self, sealed: Sealed, due: list[Checkpoint]) -> None:
        expected = self._place + 1
        if sealed.place != expected:
            raise _Wrong(f"Entry {expected} is missing: after {self._place} comes {sealed.place}.")
        entry = sealed.entry
        if entry is None:
            raise _Wrong(f"The row of entry {expected} is gone.")
        self._opened(expected, entry)
        if entry.seq != sealed.seq or commitment_of(self._tenant_id, entry) != sealed.commitment:
            raise _Wrong(f"Entry {expected} was changed: it is not what was sealed.")
        if link_of(self._link, expected, sealed.commitment) != sealed.link:
            raise _Wrong(f"The link of entry {expected} does not follow from the entry before it.")
        self._place, self._link = expected, sealed.link
        self.checked += 1
        if entry.operation == ERASURE:
            self.explain(entry.at_ms, entry.target, entry.origin)
        self._hold(self._anchor)
        self._pass(due)

    def _opened(self, place: int, entry: Entry) -> None:
        """Refuse an entry whose personal fields are gone without a signed erasure."""
        if entry.salt is not None and entry.hidden is None:
            return
        if entry.salt is not None:
            raise _Wrong(f"Entry {place} was changed: it is there and erased at once.")
        if entry.hidden is None or entry.subject or entry.target or entry.origin:
            raise _Wrong(f"Entry {place} cannot be opened: its salt is gone.")
        if not any(start <= place <= end for start, end in self._erased):
            raise _Wrong(f"Entry {place} was emptied, and no signed erasure names it.")

    def _pass(self, due: list[Checkpoint]) -> None:
        while due and due[-1].place <= self._place:
            checkpoint = due.pop()
            self._verify(checkpoint)
            if self._number >= 0 and checkpoint.number != self._number + 1:
                raise _Wrong(
                    f"Checkpoint {self._number + 1} is missing: the next one is {checkpoint.number}."
                )
            if checkpoint.place != self._place:
                raise _Wrong(f"Checkpoint {checkpoint.number} stands behind the one before it.")
            self._hold(checkpoint)
            self._number, self._signed = checkpoint.number, self._place

    def _hold(self, checkpoint: Checkpoint | None) -> None:
        if checkpoint is not None and checkpoint.place == self._place and checkpoint.link != self._link:
            raise _Wrong(
                f"The chain at entry {self._place} is not what checkpoint {checkpoint.number} signed: it was "
                "written anew."
            )

    def _verify(self, checkpoint: Checkpoint) -> None:
        verdict = self._trusted(
            checkpoint.key_id, checkpoint.statement(self._tenant_id), checkpoint.signature
        )
        if verdict is None:
            raise _Wrong(
                f"Checkpoint {checkpoint.number} was signed by the key {checkpoint.key_id or '?'}, which is "
                "not the one it is checked with."
            )
        if not verdict:
            raise _Wrong(f"The signature of checkpoint {checkpoint.number} is not valid: it was changed.")
