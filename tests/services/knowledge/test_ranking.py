"""Fusion and grouping: one ranking out of two."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.ports.vectors import Sparse
from mainstay.services.knowledge import ranking
from mainstay.services.knowledge.ranking import (
    FEEDBACK_TERM_SHARE,
    Scored,
    floor_of,
    moved,
    widened,
)

Found = tuple[str, float]


class Ranked(NamedTuple):
    id: str
    score: float


def scored(leg: Sequence[Found]) -> Scored:
    names = [name for name, _ in leg]
    return Scored(np.array(names, np.str_), np.array([score for _, score in leg], np.float64))


def fuse(dense: Sequence[Found], sparse: Sequence[Found], **settings: float) -> list[Ranked]:
    ranked = ranking.fuse(scored(dense), scored(sparse), **settings)
    return [Ranked(*each) for each in zip(ranked.ids.tolist(), ranked.scores.tolist(), strict=True)]


def nothing_stands_out(dense: Sequence[Found], sparse: Sequence[Found], **settings: float) -> bool:
    return ranking.nothing_stands_out(scored(dense), scored(sparse), **settings)


names = st.text("abcdefgh", min_size=1, max_size=2)
cosines = st.floats(-1, 1, allow_nan=False)
sums = st.floats(0, 60, allow_nan=False, allow_subnormal=False)
dense_legs = st.dictionaries(names, cosines, max_size=12).map(lambda found: list(found.items()))
sparse_legs = st.dictionaries(names, sums, max_size=12).map(lambda found: list(found.items()))


def scores(ranked: list[Ranked]) -> dict[str, float]:
    return {found.id: found.score for found in ranked}


def test_a_score_is_the_cosine_and_the_share_of_the_best_words() -> None:
    ranked = fuse([("a", 0.8), ("b", 0.4)], [("b", 10.0), ("a", 5.0)], meaning=0.5)
    assert ranked == [
        Ranked("b", pytest.approx(0.5 * 0.4 + 0.5 * 1.0)),
        Ranked("a", pytest.approx(0.5 * 0.8 + 0.5 * 0.5)),
    ]


def test_a_passage_that_one_leg_missed_gets_half_of_its_last() -> None:
    ranked = fuse([("a", 0.8), ("b", 0.4)], [("c", 10.0), ("a", 6.0)], meaning=0.5)
    assert scores(ranked) == {
        "a": pytest.approx(0.4 + 0.3),
        "b": pytest.approx(0.2 + 0.15),
        "c": pytest.approx(0.1 + 0.5),
    }


def test_the_caller_may_weigh_one_side_alone() -> None:
    dense, sparse = [("a", 0.8), ("b", 0.4)], [("b", 10.0), ("a", 5.0)]
    assert scores(fuse(dense, sparse, meaning=1.0)) == {"a": pytest.approx(0.8), "b": pytest.approx(0.4)}
    assert scores(fuse(dense, sparse, meaning=0.0)) == {"a": pytest.approx(0.5), "b": pytest.approx(1.0)}


def test_one_leg_alone_keeps_its_own_score() -> None:
    assert scores(fuse([("a", 0.8)], [])) == {"a": pytest.approx(0.8)}
    assert scores(fuse([("a", 0.8)], [("b", 0.0)])) == {"a": pytest.approx(0.8)}
    assert scores(fuse([], [("b", 7.0), ("c", 3.5)])) == {"b": pytest.approx(1.0), "c": pytest.approx(0.5)}
    assert fuse([], []) == []


def test_a_weak_leg_is_not_blown_up() -> None:
    # ranks or z-scores would let the best of hopeless cosines win over the only passage with the words
    ranked = fuse([("noise", 0.11), ("right", 0.10), ("other", 0.02)], [("right", 22.0), ("other", 3.0)])
    assert ranked[0].id == "right"


def test_a_floor_spreads_the_cosines_of_a_narrow_space() -> None:
    dense, sparse = [("near", 0.9), ("far", 0.75)], [("far", 10.0), ("near", 7.5)]
    assert fuse(dense, sparse, meaning=0.5)[0].id == "far"
    assert fuse(dense, sparse, meaning=0.5, floor=0.7)[0].id == "near"


def test_equal_scores_stand_in_the_order_of_ids() -> None:
    ranked = fuse([("b", 0.5), ("c", 0.5), ("a", 0.5)], [])
    assert [found.id for found in ranked] == ["a", "b", "c"]
    nearly = fuse([("b", 0.5 + 1e-9), ("c", 0.5 - 1e-9), ("a", 0.5)], [])
    assert [found.id for found in nearly] == ["a", "b", "c"], "as near as engines compute"


@settings(deadline=None, max_examples=60)
@given(dense_legs, sparse_legs, st.floats(0, 1))
def test_scores_stay_in_bounds_and_every_passage_appears_once(
    dense: list[Found], sparse: list[Found], meaning: float
) -> None:
    ranked = fuse(dense, sparse, meaning=meaning)
    assert all(0.0 <= found.score <= 1.0 + 1e-9 for found in ranked)
    assert {found.id for found in ranked} >= set(dict(dense))
    assert len({found.id for found in ranked}) == len(ranked)
    assert ranked == sorted(ranked, key=lambda found: (-found.score, found.id))


@settings(deadline=None, max_examples=60)
@given(dense_legs, sparse_legs)
def test_the_order_in_which_legs_come_does_not_matter(dense: list[Found], sparse: list[Found]) -> None:
    turned = fuse(list(reversed(dense)), list(reversed(sparse)))
    assert turned == fuse(dense, sparse)


@settings(deadline=None, max_examples=60)
@given(dense_legs.filter(bool), sparse_legs, st.floats(0.01, 0.5))
def test_a_nearer_passage_never_falls(dense: list[Found], sparse: list[Found], gain: float) -> None:
    name, cosine = dense[0]
    lowest = min(score for _, score in dense)
    if len(dense) > 1 and cosine == lowest:
        return  # raising a leg's last also raises what is guessed for the unseen
    before = [found.id for found in fuse(dense, sparse)].index(name)
    after = [found.id for found in fuse([(name, min(cosine + gain, 1.0)), *dense[1:]], sparse)].index(name)
    assert after <= before


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(names, sums, min_size=1, max_size=12), st.floats(0.1, 10))
def test_the_scale_of_the_words_does_not_matter(found: dict[str, float], factor: float) -> None:
    legs = [list(found.items()), [(name, score * factor) for name, score in found.items()]]
    plain, scaled = (fuse([("a", 0.5), ("z", 0.1)], leg) for leg in legs)
    assert scores(plain) == pytest.approx(scores(scaled), abs=1e-6)


def test_the_floor_of_a_space_is_the_cosine_of_unrelated_texts() -> None:
    assert floor_of(np.eye(4, dtype=np.float32)) == pytest.approx(0.0)
    cone = np.full((3, 4), 0.5, np.float32) + np.eye(3, 4, dtype=np.float32)
    cone /= np.linalg.norm(cone, axis=1, keepdims=True)
    expected = np.mean([cone[0] @ cone[1], cone[0] @ cone[2], cone[1] @ cone[2]])
    assert floor_of(cone) == pytest.approx(float(expected), abs=1e-6)
    assert floor_of(np.ones((1, 4), np.float32)) == 0.0
    assert floor_of(np.array([[1, 0], [-1, 0]], np.float32)) == 0.0
    assert floor_of(np.tile(np.array([[1, 0]], np.float32), (3, 1))) == 0.95


def leg(first: float, tenth: float, many: int = 10) -> list[Found]:
    return [(f"p{place}", first + (tenth - first) * place / 9) for place in range(many)]


def test_nothing_stands_out_where_both_legs_stay_level() -> None:
    level_meaning, level_words = leg(0.6, 0.55), leg(20.0, 15.0)
    steep_meaning, steep_words = leg(0.6, 0.3), leg(20.0, 8.0)
    assert nothing_stands_out(level_meaning, level_words)
    assert not nothing_stands_out(steep_meaning, level_words)
    assert not nothing_stands_out(level_meaning, steep_words)


def test_what_follows_the_tenth_does_not_count() -> None:
    assert nothing_stands_out([*leg(0.6, 0.55), ("z", 0.0)], [*leg(20.0, 15.0), ("z", 0.1)])


def test_too_few_passages_tell_nothing() -> None:
    assert not nothing_stands_out(leg(0.6, 0.6, 9), leg(20.0, 20.0))
    assert not nothing_stands_out(leg(0.6, 0.6), leg(20.0, 20.0, 9))
    assert not nothing_stands_out([], [])
    assert not nothing_stands_out(leg(0.0, 0.0), leg(20.0, 20.0))
    assert not nothing_stands_out(leg(0.6, 0.6), leg(0.0, 0.0))


def test_a_fall_is_taken_above_the_floor() -> None:
    # from 0.85 to 0.78 is nothing from 0 on, and half of the way down where 0.7 is unrelated
    assert nothing_stands_out(leg(0.85, 0.78), leg(20.0, 18.0))
    assert not nothing_stands_out(leg(0.85, 0.78), leg(20.0, 18.0), floor=0.7)


def test_a_query_moves_towards_what_its_first_passages_share() -> None:
    query = np.array([1, 0, 0], np.float32)
    passages = [np.array([0.6, 0.8, 0], np.float32), np.array([0.6, -0.8, 0], np.float32)]
    assert moved(query, passages) == pytest.approx(query, abs=1e-6)
    there = moved(query, [np.array([0, 1, 0], np.float32)])
    assert there == pytest.approx(np.array([0.6, 0.4, 0]) / np.sqrt(0.52), abs=1e-6)
    assert there.dtype == np.float32


def test_a_query_stays_without_passages() -> None:
    query = np.array([0, 1], np.float32)
    assert moved(query, []) is query


@given(st.lists(st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4), min_size=2, max_size=6))
def test_a_moved_query_has_length_one(rows: list[list[float]]) -> None:
    vectors = np.array(rows, np.float32) + np.array([1e-3, 0, 0, 2], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert float(np.linalg.norm(moved(vectors[0], list(vectors[1:])))) == pytest.approx(1.0, abs=1e-5)


def test_a_widened_query_asks_for_more_words_with_a_small_share() -> None:
    query = Sparse(np.array([7, 9], np.uint32), np.array([1.0, 2.0], np.float32))
    found = widened(query, {9: 5.0, 4: 2.0})
    assert found.indices.tolist() == [7, 9, 4]
    assert found.weights.tolist() == pytest.approx([1.0, 2.0, 2.0 * FEEDBACK_TERM_SHARE])
    assert widened(query, {}).indices.tolist() == [7, 9]
