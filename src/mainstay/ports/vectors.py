"""What we ask of a vector index: the nearest passages, by meaning and by words, within a filter."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
Value = str | int | float | bool


@dataclass(frozen=True)
class Space:
    """One index: all vectors that one encoder made for one tenant."""

    tenant: str
    encoder: str
    dimensions: int


@dataclass(frozen=True)
class Sparse:
    """A sparse vector: distinct word numbers (32 bits, unsigned) and their weights (length n each)."""

    indices: NDArray[np.uint32]
    weights: NDArray[np.float32]


@dataclass(frozen=True)
class Point:
    """One passage in the index; `id` has 63 bits, so that every database can hold it."""

    id: int
    dense: Vector
    sparse: Sparse
    payload: Mapping[str, object]


@dataclass(frozen=True)
class Equals:
    """The field holds this value, or a list that contains it."""

    field: str
    value: Value


@dataclass(frozen=True)
class OneOf:
    """The field holds one of these values."""

    field: str
    values: tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True)
class Between:
    """The number lies within bounds; None leaves a side open."""

    field: str
    gte: float | None = None
    gt: float | None = None
    lte: float | None = None
    lt: float | None = None


@dataclass(frozen=True)
class BetweenDates:
    """The RFC 3339 date lies within bounds (RFC 3339 too); None leaves a side open."""

    field: str
    gte: str | None = None
    gt: str | None = None
    lte: str | None = None
    lt: str | None = None


@dataclass(frozen=True)
class Contains:
    """The text holds all words of this text, in any order, whatever their case."""

    field: str
    text: str


@dataclass(frozen=True)
class Exists:
    """The field is there, is not null and not an empty list."""

    field: str


@dataclass(frozen=True)
class AllOf:
    """Every part holds."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class NoneOf:
    """No part holds."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class Nested:
    """Some one object in the list at `field` meets the inner filter (whose fields are relative to it)."""

    field: str
    inner: "Filter"


Filter = Equals | OneOf | Between | BetweenDates | Contains | Exists | AllOf | AnyOf | NoneOf | Nested
"""A condition on the payload; `field` is a dotted path such as `metadata.author`."""


@dataclass(frozen=True)
class Leg:
    """One ranked list to fetch: by a dense vector (cosine) or a sparse one (weights × IDF of the index).

    The filter narrows the candidates inside the engine, never after the limit. With `vectors` the
    matches carry their dense vectors. `fields` names the top-level payload fields to bring along (all, if
    None; without any, a search takes half the time).
    """

    by: Vector | Sparse
    limit: int
    where: Filter | None = None
    vectors: bool = False
    fields: tuple[str, ...] | None = None


class Match(NamedTuple):
    """A point that was found, with the leg's own score: cosine, or the sum of weight × weight × IDF."""

    id: int
    score: float
    payload: Mapping[str, object]
    dense: Vector | None = None


@dataclass(frozen=True)
class Matches:
    """A leg's points, best first: ids (n,) and scores (n,), for a search compares hundreds of them.

    `payloads` and `vectors` have one entry for each, or none where the leg asked for none.
    """

    ids: NDArray[np.int64]
    scores: NDArray[np.float64]
    payloads: Sequence[Mapping[str, object]] = ()
    vectors: Sequence[Vector] = ()

    def __len__(self) -> int:
        """Count them."""
        return len(self.ids)

    def __iter__(self) -> Iterator[Match]:
        """Give them one by one."""
        payloads: Iterable[Mapping[str, object]] = self.payloads or repeat({})
        vectors: Iterable[Vector | None] = self.vectors or repeat(None)
        return map(Match, self.ids.tolist(), self.scores.tolist(), payloads, vectors)


NO_MATCHES = Matches(np.zeros(0, np.int64), np.zeros(0, np.float64))


FieldType = Literal["keyword", "integer", "float", "datetime", "text", "bool"]


class Vectors(Protocol):
    """A vector index that is derived from the database and can be rebuilt from it.

    Each change carries the number of the change in the database; `applied` says how far the index has
    durably come, so that after a crash what follows is replayed. Replays are harmless. One that failed is
    overtaken by others; when it comes at last, with `applied` past its number, it is durable as soon as its
    call returns. Parts of what takes many calls are numbered 0, which moves nothing, until a last call
    without points bears the number.
    """

    async def upsert(self, space: Space, points: Sequence[Point], *changes: int) -> None:
        """Add or replace the points of some changes; they are found by the next search."""
        ...

    async def delete(self, space: Space, where: Filter, change: int) -> None:
        """Remove the points that match; the next search does not find them."""
        ...

    async def search(self, space: Space, legs: Sequence[Leg]) -> list[Matches]:
        """Fetch each leg's nearest points, best first."""
        ...

    async def count(self, space: Space, where: Filter | None = None) -> int:
        """Count points exactly."""
        ...

    async def applied(self, space: Space) -> int:
        """Give the number of the last change that a crash cannot undo (0 for an empty space)."""
        ...

    async def index_field(self, space: Space, field: str, kind: FieldType) -> None:
        """Make a payload field fast to filter by; harmless when it is already."""
        ...

    async def optimize(self, space: Space) -> None:
        """Bring the space into its fastest form without making searches wait."""
        ...

    async def flush(self) -> None:
        """Make every applied change durable."""
        ...

    async def drop(self, space: Space) -> None:
        """Forget a space and erase its files."""
        ...

    async def forget(self, tenant: str) -> None:
        """Drop every space of a tenant, whichever encoder it was made with."""
        ...

    async def close(self) -> None:
        """Flush and give everything back."""
        ...
