"""How words are written: the same whatever was read before, and however much."""

import numpy as np
import pytest

from mainstay.engines.readers.shapes import FEATURES, Shapes

TEXTS = [["Paris", "7", "is", "x"], ["NATO", "e-mail", "."]]


@pytest.mark.parametrize("before", [0, 49_993, 49_996, 49_999, 50_000, 60_000])
def test_words_have_their_own_shape_when_the_memory_is_full(before: int) -> None:
    shapes, right = Shapes(), Shapes().give(TEXTS)
    shapes.give(TEXTS[:1])
    shapes.give([[f"w{number}" for number in range(before)]])
    assert np.array_equal(shapes.give(TEXTS), right)
    assert np.array_equal(shapes.give(TEXTS), right)


def test_a_batch_may_have_more_words_than_are_remembered() -> None:
    shapes = Shapes()
    words = [f"{'W' if number < 50_000 else 'w'}{number}" for number in range(60_000)]
    rows = shapes.give([words])
    assert rows.shape == (60_000, FEATURES)
    for place in (0, 1, 9_999, 59_998):
        assert np.array_equal(rows[place, :4], Shapes().give([[words[place]]])[0, :4])
