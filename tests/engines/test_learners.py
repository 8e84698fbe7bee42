"""The suite of learners: what they fit, how it comes out, and that it is the same each time."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import psutil
import pytest
import pytest_asyncio

from mainstay.engines.learners import apart
from mainstay.engines.learners.apart import LearnerApart, LearnerFailed
from mainstay.engines.learners.scikit import ScikitLearner
from mainstay.ports.failures import LearnerUnavailable
from mainstay.ports.learners import Features, Learner, Loss


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


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[ScikitLearner, LearnerApart])
async def learner(request: pytest.FixtureRequest) -> AsyncIterator[Learner]:
    made: Learner = request.param()
    yield made
    await made.close()


@pytest.mark.asyncio(loop_scope="module")
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


@pytest.mark.asyncio(loop_scope="module")
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


async def test_a_library_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_LIBRARIES", ("no_such_library",))
    with pytest.raises(LearnerUnavailable, match="no_such_library is not installed"):
        await LearnerApart().fit(features(drawn(2)[0]), drawn(2)[1])


async def test_a_child_that_died_or_took_too_long_is_told_and_replaced() -> None:
    learner, rows = LearnerApart(idle_s=0.1), features(drawn(2)[0])
    await learner.fit(rows, drawn(2)[1])
    [first] = learner.idle
    child = psutil.Process(first)
    assert child.nice() > psutil.Process().nice()
    os.kill(first, signal.SIGSTOP)  # it will answer nothing
    learner._seconds_max = 0.2
    with pytest.raises(LearnerUnavailable, match=r"longer than 0\.2 s"):
        await learner.fit(rows, drawn(2)[1])
    assert not child.is_running()
    learner._seconds_max = 60
    await learner.fit(rows, drawn(2)[1])
    [second] = learner.idle
    os.kill(second, signal.SIGSTOP)
    fit = asyncio.create_task(learner.fit(rows, drawn(2)[1]))
    while learner.idle:
        await asyncio.sleep(0)
    os.kill(second, signal.SIGKILL)
    with pytest.raises(LearnerUnavailable, match="has died"):
        await fit
    await learner.fit(rows, drawn(2)[1])
    [third] = learner.idle
    await asyncio.to_thread(psutil.Process(third).wait, 20)
    assert learner.idle == []
    await learner.close()


@pytest.mark.parametrize(("cores", "children"), [(1, 1), (2, 2), (64, 4)])
async def test_there_is_a_child_for_each_core(
    monkeypatch: pytest.MonkeyPatch, cores: int, children: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    learner, (rows, labels) = LearnerApart(), drawn(3)
    fitted = await asyncio.gather(*[learner.fit(features(rows), labels) for _ in range(5)])
    assert len(learner.idle) == children
    assert all(np.array_equal(each.weights, fitted[0].weights) for each in fitted)
    await learner.close()


async def test_who_leaves_while_an_answer_is_read_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    learner, (rows, labels), read = LearnerApart(), drawn(5), asyncio.Event()

    async def told(child: Any) -> dict[str, Any]:
        answers = child._process.stdout
        while len(answers._buffer) < 2**17:  # so much that the pipe is read no further
            await asyncio.sleep(0)
        read.set()
        await asyncio.Event().wait()
        raise AssertionError

    wide = np.zeros((60, 20_000))
    wide[:, :8] = rows
    await learner.fit(features(rows), labels)
    with monkeypatch.context() as patched:
        patched.setattr(apart._Child, "_told", told)
        fit = asyncio.create_task(learner.fit(features(wide), labels))
        await read.wait()
        fit.cancel()
        await asyncio.wait([fit], timeout=20)
        assert fit.cancelled()
    assert (await asyncio.wait_for(learner.fit(features(rows), labels), 20)).weights.shape == (8, 5)
    await learner.close()


async def test_what_fails_in_a_child_is_a_mistake_and_its_last_words_are_kept(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, (rows, labels) = LearnerApart(), drawn(2)
    rows[3, 3] = np.nan
    with pytest.raises(LearnerFailed, match=r"ValueError: Input.* NaN"):
        await learner.fit(features(rows), labels)
    monkeypatch.setattr(apart, "_CHILD", "no_such_child")
    with pytest.raises(LearnerUnavailable, match="does not start"):
        await learner.fit(features(rows), labels)
    assert "No module named no_such_child" in caplog.text
    await learner.close()


SERVING = """
import asyncio, os, sys
import numpy as np
from mainstay.engines.learners.apart import LearnerApart
from mainstay.ports.learners import Features

async def main():
    learner = LearnerApart()
    ones, places = np.ones(4, np.float32), np.array([0, 1, 0, 1], np.int32)
    rows = Features(ones, places, np.arange(5), 2)
    await learner.fit(rows, np.array([0, 1, 0, 1]))
    print(*learner.idle, *{"sklearn", "scipy", "joblib"} & set(sys.modules), flush=True)
    os._exit(0)

asyncio.run(main())
"""


def test_training_loads_nothing_where_is_served_and_its_child_dies_with_the_server() -> None:
    told = subprocess.run([sys.executable, "-c", SERVING], check=True, capture_output=True, text=True)  # noqa: S603 - our own code
    [child] = map(int, told.stdout.split())
    if psutil.pid_exists(child):
        psutil.wait_procs([psutil.Process(child)], timeout=20)
    assert not psutil.pid_exists(child)


def test_answering_loads_no_library_of_learning() -> None:
    code = (
        "import sys, mainstay.services.assistant.service, mainstay.app.house; "
        "sys.exit(int(bool({'sklearn', 'scipy', 'joblib'} & set(sys.modules))))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own code
