"""One suite for the vector index: every engine answers alike."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from vector_points import DIMENSIONS, found, point, space, sparse, vector, words_leg

from mainstay.engines.vectors.pgvector import PgvectorVectors
from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors
from mainstay.kit.errors import Invalid
from mainstay.ports.vectors import (
    AllOf,
    AnyOf,
    Between,
    BetweenDates,
    Contains,
    Equals,
    Exists,
    FieldType,
    Filter,
    Leg,
    Nested,
    NoneOf,
    OneOf,
    Point,
    Space,
    Sparse,
    Vectors,
)


@pytest.fixture(params=["qdrant_edge", "pgvector"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Vectors]:
    made: Vectors
    if request.param == "qdrant_edge":
        made = QdrantEdgeVectors(tmp_path / "vectors", optimize_points=0)
    else:
        made = PgvectorVectors(request.getfixturevalue("postgres"))
        for tenant in ("acme", "other"):
            await made.drop(space(tenant))
    yield made
    await made.close()


async def test_what_is_put_in_is_found_best_first(engine: Vectors) -> None:
    points = [point(number) for number in range(1, 21)]
    await engine.upsert(space(), points, 1)
    [matches] = await engine.search(space(), [Leg(points[4].dense * 3, 20)])
    query = points[4].dense.astype(float)
    expected = sorted(
        ((float(p.dense @ query / np.linalg.norm(p.dense) / np.linalg.norm(query)), p.id) for p in points),
        reverse=True,
    )
    assert [match.id for match in matches] == [id_ for _, id_ in expected]
    assert [match.score for match in matches] == pytest.approx([s for s, _ in expected], abs=1e-5)
    assert matches.payloads[0] == {"collection": "c", "doc_id": "d5", "groups": ["all"], "n": 5}
    assert not matches.vectors


async def test_vectors_come_back_when_asked_for(engine: Vectors) -> None:
    await engine.upsert(space(), [point(1)], 1)
    [[match]] = await engine.search(space(), [Leg(vector(1), 1, vectors=True)])
    assert match.dense is not None
    assert match.dense.dtype == np.float32
    unit = vector(1) / np.linalg.norm(vector(1))
    assert match.dense / np.linalg.norm(match.dense) == pytest.approx(unit, abs=1e-5)


async def test_a_replaced_point_is_only_what_it_is_now(engine: Vectors) -> None:
    await engine.upsert(space(), [point(1, {"old": True}, words={1: 1.0})], 1)
    await engine.upsert(space(), [point(1, {"new": True}, words={2: 1.0}, dense=vector(9))], 2)
    assert await engine.count(space()) == 1
    assert await found(engine, Equals("old", value=True)) == set()
    [[match]] = await engine.search(space(), [Leg(vector(9), 5)])
    assert match.score == pytest.approx(1.0, abs=1e-5)
    assert await words_leg(engine, {1: 1.0}) == []
    assert [number for number, _ in await words_leg(engine, {2: 1.0})] == [1]


async def test_the_last_of_equal_ids_in_one_call_stays(engine: Vectors) -> None:
    await engine.upsert(space(), [point(1, {"n": 1}), point(1, {"n": 2})], 1)
    assert await found(engine, Equals("n", 2)) == {1}


async def test_deleted_points_are_gone_at_once(engine: Vectors) -> None:
    await engine.upsert(space(), [point(n, {"half": n % 2}) for n in range(1, 301)], 1)
    await engine.delete(space(), Equals("half", 0), 2)
    assert await engine.count(space()) == 150
    assert await found(engine, Equals("half", 0)) == set()
    [matches] = await engine.search(space(), [Leg(sparse({1: 1.0}), 300)])
    assert all(match.id % 2 for match in matches)


async def test_an_empty_space_answers(engine: Vectors) -> None:
    legs = [Leg(vector(1), 3), Leg(sparse({1: 1.0}), 3)]
    assert [list(matches) for matches in await engine.search(space(), legs)] == [[], []]
    assert await engine.count(space()) == 0
    assert await engine.applied(space()) == 0
    await engine.delete(space(), Equals("n", 1), 1)
    await engine.optimize(space())
    await engine.drop(space())


async def test_a_forgotten_tenant_has_no_space_of_any_encoder(engine: Vectors) -> None:
    spaces = [space("acme"), Space("acme", "tests/another", DIMENSIONS)]
    for each in (*spaces, space("other")):
        await engine.upsert(each, [point(1)], 1)
    await engine.forget("acme")
    await engine.forget("acme")
    assert [await engine.count(each) for each in spaces] == [0, 0]
    assert [await engine.applied(each) for each in spaces] == [0, 0]
    assert await engine.count(space("other")) == 1


async def test_tenants_do_not_meet(engine: Vectors) -> None:
    await engine.upsert(space("acme"), [point(1, {"of": "acme"}, words={1: 1.0})], 1)
    await engine.upsert(space("other"), [point(n, {"of": "other"}, words={2: 1.0}) for n in (1, 2, 3)], 7)
    [dense, terms] = await engine.search(space("acme"), [Leg(vector(2), 10), Leg(sparse({1: 1, 2: 1}), 10)])
    assert [match.payload["of"] for match in (*dense, *terms)] == ["acme", "acme"]
    # Alone in its space: N = 1, df = 1.
    assert terms.scores[0] == pytest.approx(math.log(0.5 / 1.5 + 1), abs=1e-5)
    await engine.delete(space("other"), Exists("of"), 8)
    assert await engine.count(space("acme")) == 1
    await engine.drop(space("acme"))
    assert await engine.count(space("acme")) == 0


async def test_terms_are_weighed_by_hand_computed_idf(engine: Vectors) -> None:
    """Five points with words: word 1 in four of them, word 2 in two, word 3 in one; a sixth has none."""
    words = [{1: 1.0, 2: 0.5}, {1: 2.0}, {1: 1.0, 2: 1.0}, {1: 0.25}, {3: 1.5}, {}]
    points = [point(number, words=weights) for number, weights in enumerate(words, 1)]
    await engine.upsert(space(), points, 1)
    idf = {word: math.log((5 - df + 0.5) / (df + 0.5) + 1) for word, df in {1: 4, 2: 2, 3: 1}.items()}
    got = await words_leg(engine, {1: 1.0, 2: 2.0, 3: 0.1, 99: 5.0})
    expected = {
        3: idf[1] + 2 * idf[2],
        1: idf[1] + 2 * 0.5 * idf[2],
        2: 2 * idf[1],
        5: 0.1 * 1.5 * idf[3],
        4: 0.25 * idf[1],
    }
    assert dict(got) == pytest.approx(expected, abs=1e-5)
    assert [number for number, _ in got] == sorted(expected, key=lambda n: -expected[n])


async def test_idf_counts_the_space_not_the_filter(engine: Vectors) -> None:
    await engine.upsert(space(), [point(n, words={1 if n < 4 else 2: 1.0}) for n in range(1, 11)], 1)
    [matches] = await engine.search(space(), [Leg(sparse({1: 1.0}), 5, Equals("n", 2))])
    assert [match.score for match in matches] == pytest.approx([math.log(7.5 / 3.5 + 1)], abs=1e-5)


async def test_an_empty_query_of_words_has_no_hits(engine: Vectors) -> None:
    await engine.upsert(space(), [point(1), point(2, words={})], 1)
    dense, terms = await engine.search(space(), [Leg(vector(1), 5), Leg(sparse({}), 5)])
    assert len(dense) == 2
    assert not len(terms)


async def test_engines_agree_on_order_and_scores(postgres: str, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    points = []
    for number in range(1, 801):
        words = {int(word): float(random.uniform(0.1, 3)) for word in set(random.zipf(1.3, 12) % 2**32)}
        points.append(point(number, {"n": number % 50}, words=words))
    legs = [Leg(vector(-n % 2**32), 20, where) for n in range(1, 9) for where in (None, Between("n", lt=5))]
    for _ in range(8):
        query = sparse(
            {int(word): float(random.uniform(0.5, 2)) for word in set(random.zipf(1.3, 6) % 2**32)}
        )
        legs += [Leg(query, 20), Leg(query, 20, OneOf("n", (1, 2, 3)))]
    answers = []
    for engine in (QdrantEdgeVectors(tmp_path / "agree", optimize_points=0), PgvectorVectors(postgres)):
        await engine.drop(space("agree"))
        await engine.upsert(space("agree"), points, 1)
        answers.append(await engine.search(space("agree"), legs))
        await engine.close()
    compared = 0
    for left, right in zip(*answers, strict=True):
        assert [m.score for m in left] == pytest.approx([m.score for m in right], rel=1e-4, abs=1e-5)
        theirs = {m.id: m.score for m in right}
        # Ties may stand in either order; what stands above the last score must be the same.
        for match in left:
            if match.score > float(left.scores[-1]) + 1e-4:
                assert theirs[match.id] == pytest.approx(match.score, rel=1e-4, abs=1e-5)
                compared += 1
    assert compared > 400


PAYLOADS: list[dict[str, object]] = [
    {},
    {"tag": "red", "size": 5, "price": 2.0, "ok": True, "when": "2024-06-01T12:00:00Z"},
    {"tag": ["red", "blue"], "size": 7, "price": 2, "ok": False, "when": "2024-06-01T15:00:00+02:00"},
    {"tag": "blue", "size": [1, 9], "price": 2.5, "when": "2024-06-02"},
    {"tag": "", "size": -3, "meta": {"author": "Zoë", "tags": ["x", "y"]}, "when": "no date"},
    {"tag": None, "size": "5", "ok": 1, "price": True, "empty": [], "when": None},
    {"text": "The quick Brown fox, naïve ÉCOLE!", "offers": [{"of": "a", "at": 5}, {"of": "b", "at": 9}]},
    {
        "text": "slow brown dogs",
        "offers": [{"of": "a", "at": 9}],
        "my field": 'say "hi" \\ %s',
        "big": 2**53 + 1,
    },
]

FILTERS: list[tuple[Filter, set[int]]] = [
    (Equals("tag", "red"), {1, 2}),
    (Equals("tag", "Red"), set()),
    (Equals("tag", ""), {4}),
    (Equals("size", 5), {1}),
    (Equals("size", "5"), {5}),
    (Equals("size", 9), {3}),
    (Equals("price", 2), {1, 2}),
    (Equals("price", 2.0), {1, 2}),
    (Equals("price", 2.5), {3}),
    (Equals("ok", value=True), {1}),
    (Equals("ok", value=False), {2}),
    (Equals("ok", 1), {5}),
    (Equals("price", value=True), {5}),
    (Equals("big", 2**53 + 1), {7}),
    (Equals("big", 2**70), set()),
    (Equals("missing", "red"), set()),
    (Equals("meta.author", "Zoë"), {4}),
    (Equals("meta.tags", "y"), {4}),
    (Equals("my field", 'say "hi" \\ %s'), {7}),
    (Equals("offers[].of", "b"), {6}),
    (OneOf("tag", ("blue", "green")), {2, 3}),
    (OneOf("size", (5, -3, 100)), {1, 4}),
    (OneOf("tag", ()), set()),
    (Between("size", gte=5, lte=7), {1, 2}),
    (Between("size", gt=5, lt=9), {2}),
    (Between("size", lt=0), {4}),
    (Between("price", gt=2), {3}),
    (Between("size"), {1, 2, 3, 4}),
    (BetweenDates("when", gte="2024-06-01T12:30:00Z"), {2, 3}),
    (BetweenDates("when", gt="2024-06-01T14:00:00+02:00", lt="2024-06-02T00:00:00Z"), {2}),
    (BetweenDates("when", lte="2024-06-01T12:00:00"), {1}),
    (BetweenDates("when", gte="2024-06-02", lte="2024-06-02"), {3}),
    (Contains("text", "brown"), {6, 7}),
    (Contains("text", "FOX the"), {6}),
    (Contains("text", "Naïve, école"), {6}),
    (Contains("text", "dog"), set()),
    (Contains("text", "brown cow"), set()),
    (Exists("tag"), {1, 2, 3, 4}),
    (Exists("empty"), set()),
    (Exists("meta.author"), {4}),
    (Exists("ok"), {1, 2, 5}),
    (AllOf((Equals("tag", "red"), Equals("size", 7))), {2}),
    (AllOf(()), {0, 1, 2, 3, 4, 5, 6, 7}),
    (AnyOf((Equals("tag", "blue"), Equals("size", 5))), {1, 2, 3}),
    (AnyOf(()), set()),
    (NoneOf((Equals("tag", "red"), Exists("text"))), {0, 3, 4, 5}),
    (NoneOf(()), {0, 1, 2, 3, 4, 5, 6, 7}),
    (Nested("offers", AllOf((Equals("of", "a"), Equals("at", 9)))), {7}),
    (Nested("offers", Between("at", gte=9)), {6, 7}),
    (Nested("offers", NoneOf((Equals("of", "a"),))), {6}),
    (AnyOf((AllOf((Exists("text"), NoneOf((Contains("text", "fox"),)))), Equals("ok", value=True))), {1, 7}),
]

KINDS: list[tuple[str, FieldType]] = [
    ("tag", "keyword"),
    ("size", "integer"),
    ("price", "float"),
    ("ok", "bool"),
    ("when", "datetime"),
    ("text", "text"),
    ("meta.author", "keyword"),
    ("offers[].of", "keyword"),
    ("my field", "keyword"),
]


@pytest.mark.parametrize("indexed", [False, True])
async def test_each_filter_lets_exactly_its_points_through(engine: Vectors, *, indexed: bool) -> None:
    await engine.upsert(space(), [point(number, payload) for number, payload in enumerate(PAYLOADS)], 1)
    if indexed:
        for field, kind in KINDS:
            await engine.index_field(space(), field, kind)
            await engine.index_field(space(), field, kind)
    everything = set(range(len(PAYLOADS)))
    for where, expected in FILTERS:
        assert await found(engine, where) == expected, where
        assert await found(engine, NoneOf((where,))) == everything - expected, where


async def test_a_filter_narrows_before_the_limit(engine: Vectors) -> None:
    """One point in a hundred, far from the query: the limit is still filled."""
    near = vector(0)
    points = [
        point(
            n,
            {"rare": n % 100 == 0},
            dense=-near + 0.1 * vector(n) if n % 100 == 0 else near + 0.5 * vector(n),
        )
        for n in range(1, 3_001)
    ]
    await engine.upsert(space(), points, 1)
    where = Equals("rare", value=True)
    dense, terms = await engine.search(
        space(), [Leg(near, 30, where), Leg(sparse(dict.fromkeys(range(1, 8), 1.0)), 30, where)]
    )
    assert {match.id for match in dense} == set(range(100, 3_001, 100))
    assert {match.id for match in terms} == set(range(100, 3_001, 100))


@pytest.mark.parametrize(
    "wrong",
    [
        point(1, dense=vector(1, 3)),
        point(1, dense=np.full(DIMENSIONS, np.nan, np.float32)),
        Point(-1, vector(1), sparse({}), {}),
        Point(2**63, vector(1), sparse({}), {}),
        Point(1, vector(1), Sparse(np.array([1, 1], np.uint32), np.ones(2, np.float32)), {}),
        Point(1, vector(1), Sparse(np.array([1], np.uint32), np.ones(2, np.float32)), {}),
        Point(1, vector(1), Sparse(np.array([1], np.uint32), np.array([np.inf], np.float32)), {}),
        point(1, {"bad": float("nan")}),
    ],
)
async def test_what_no_index_can_hold_is_refused_whole(engine: Vectors, wrong: Point) -> None:
    await engine.upsert(space(), [point(5)], 1)
    with pytest.raises(ValueError, match=r".+"):
        await engine.upsert(space(), [point(2), wrong], 2)
    assert await found(engine, None) == {5}


async def test_impossible_questions_are_refused(engine: Vectors) -> None:
    await engine.upsert(space(), [point(1)], 1)
    for leg in (Leg(vector(1, 3), 5), Leg(vector(1), 0), Leg(vector(1), 10_001)):
        with pytest.raises(ValueError, match=r".+"):
            await engine.search(space(), [leg])
    for where in (
        Equals("", 1),
        Equals("a..b", 1),
        Equals('a"b', 1),
        Equals("a" * 600, 1),
        Between("n", gte=float("nan")),
        BetweenDates("n", gte="yesterday"),
        Contains("n", " ,"),
    ):
        with pytest.raises(Invalid):
            await engine.count(space(), where)


async def test_changes_are_counted_and_replays_are_harmless(engine: Vectors) -> None:
    for _ in range(2):
        for change in range(1, 6):
            await engine.upsert(space(), [point(change)], change)
        await engine.delete(space(), Equals("n", 3), 6)
        await engine.delete(space(), Equals("n", 77), 7)
        await engine.flush()
        assert await engine.applied(space()) == 7
        assert await found(engine, None) == {1, 2, 4, 5}


async def test_optimizing_changes_no_answer(engine: Vectors) -> None:
    await engine.upsert(space(), [point(n) for n in range(1, 1_501)], 1)
    legs = [Leg(vector(-n % 2**32), 10) for n in range(1, 6)] + [Leg(sparse({3: 1.0, 1_003: 1.0}), 10)]
    before = await engine.search(space(), legs)
    await engine.optimize(space())
    after = await engine.search(space(), legs)
    assert await engine.count(space()) == 1_500
    for left, right in zip(before, after, strict=True):
        assert [m.score for m in left] == pytest.approx([m.score for m in right], abs=1e-4)


async def test_closing_twice_is_closing_once(engine: Vectors) -> None:
    await engine.upsert(space(), [point(1)], 1)
    await asyncio.gather(engine.close(), engine.close())
    await engine.close()
