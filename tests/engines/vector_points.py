"""Points, spaces and legs for the suites of the vector engines."""

from collections.abc import Mapping, Sequence

import numpy as np

from mainstay.ports.vectors import Filter, Leg, Point, Space, Sparse, Vector, Vectors

DIMENSIONS = 8


def space(tenant: str = "acme", dimensions: int = DIMENSIONS) -> Space:
    return Space(tenant, "tests/encoder", dimensions)


def vector(number: int, dimensions: int = DIMENSIONS) -> Vector:
    return np.random.default_rng(number).normal(size=dimensions).astype(np.float32)


def sparse(weights: Mapping[int, float]) -> Sparse:
    return Sparse(np.array(list(weights), np.uint32), np.array(list(weights.values()), np.float32))


def point(
    number: int,
    payload: Mapping[str, object] | None = None,
    *,
    words: Mapping[int, float] | None = None,
    dense: Vector | None = None,
    dimensions: int = DIMENSIONS,
) -> Point:
    return Point(
        number,
        vector(number, dimensions) if dense is None else dense,
        sparse({1 + number % 7: 1.0, 1_000 + number: 0.5} if words is None else words),
        {"collection": "c", "doc_id": f"d{number}", "groups": ["all"], "n": number} | dict(payload or {}),
    )


async def found(
    engine: Vectors, where: Filter | None, place: Space | None = None, limit: int = 100
) -> set[int]:
    """Which points a filter lets through: a dense leg wide enough for all, checked against the count."""
    place = place or space()
    [matches] = await engine.search(place, [Leg(vector(0, place.dimensions), limit, where)])
    numbers = {match.id for match in matches}
    assert len(numbers) == len(matches)
    if len(numbers) < limit:
        assert await engine.count(place, where) == len(numbers)
    return numbers


async def words_leg(
    engine: Vectors, weights: Mapping[int, float], limit: int = 10
) -> Sequence[tuple[int, float]]:
    [matches] = await engine.search(space(), [Leg(sparse(weights), limit)])
    return [(match.id, match.score) for match in matches]
