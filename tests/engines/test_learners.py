"""The suite of learners: what they fit, how it comes out, and that it is the same each time."""

import subprocess
import sys

import numpy as np
import pytest

from mainstay.engines.learners.late import LateLearner
from mainstay.engines.learners.scikit import ScikitLearner
from mainstay.ports.learners import Features, Learner, LearnerUnavailable, Loss


def features(rows: np.ndarray) -> Features:
    """Give rows without their noughts."""
    places = [np.flatnonzero(row).astype(np.int32) for row in rows]
    starts = np.cumsum([0, *map(len, places)]).astype(np.int64)
    values = np.concatenate([row[place] for row, place in zip(rows, places, strict=True)])
    return Features(values.astype(np.float32), np.concatenate(places), starts, rows.shape[1])


def drawn(classes: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    labels = np.arange(60) % classes
    rows = random.normal(0, 0.2, (60, 8)) + np.eye(8)[labels]
    rows[(random.random(rows.shape) < 0.3) & (np.eye(8)[labels] == 0)] = 0
    return rows, labels.astype(np.int64)


@pytest.fixture(params=[ScikitLearner, lambda: LateLearner(ScikitLearner)])
def learner(request: pytest.FixtureRequest) -> Learner:
    made: Learner = request.param()
    return made


@pytest.mark.parametrize("loss", ["hinge", "logistic"])
@pytest.mark.parametrize("classes", [2, 3, 5])
async def test_classes_are_told_apart_by_one_value_each(learner: Learner, loss: Loss, classes: int) -> None:
    rows, labels = drawn(classes)
    fitted = await learner.fit(features(rows), labels, loss=loss, strength=10)
    assert (fitted.weights.shape, fitted.bias.shape) == ((8, classes), (classes,))
    assert (fitted.weights.dtype, fitted.bias.dtype) == (np.float32, np.float32)
    chosen = (rows @ fitted.weights + fitted.bias).argmax(axis=1)
    assert (chosen == labels).mean() > 0.9
    again = await learner.fit(features(rows), labels, loss=loss, strength=10)
    assert np.array_equal(fitted.weights, again.weights)
    await learner.close()


async def test_two_classes_are_each_others_opposite(learner: Learner) -> None:
    fitted = await learner.fit(features(drawn(2)[0]), drawn(2)[1])
    assert np.array_equal(fitted.weights[:, 0], -fitted.weights[:, 1])


def test_rows_are_chosen_in_any_order_empty_ones_too() -> None:
    rows = np.array([[1, 0, 2], [0, 0, 0], [0, 3, 0]], np.float32)
    chosen = features(rows).rows(np.array([2, 1, 0, 2]))
    dense = np.zeros((4, 3), np.float32)
    for number in range(len(chosen)):
        part = slice(chosen.starts[number], chosen.starts[number + 1])
        dense[number, chosen.columns[part]] = chosen.values[part]
    assert np.array_equal(dense, rows[[2, 1, 0, 2]])


async def test_a_library_that_is_not_installed_is_told() -> None:
    def make() -> Learner:
        raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")

    with pytest.raises(LearnerUnavailable, match="sklearn"):
        await LateLearner(make).fit(features(drawn(2)[0]), drawn(2)[1])


def test_answering_loads_no_library_of_learning() -> None:
    code = (
        "import sys, mainstay.services.assistant.service, mainstay.app.house; "
        "sys.exit(int(bool({'sklearn', 'scipy', 'joblib'} & set(sys.modules))))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own code
