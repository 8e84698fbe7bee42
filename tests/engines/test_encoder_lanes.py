"""The two lanes before the encoder's workers: who goes first, who is refused, who is told."""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mainstay.engines.encoder.lanes import Lanes
from mainstay.kit.spending import Spending, spending
from mainstay.ports.failures import EncoderUnavailable

Tokens = Sequence[int]


class Gate:
    """A forward pass that waits until it is let through, and writes down what it was given."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Semaphore(0)
        self.seen: list[list[int]] = []
        self.broken = False

    def forward(self, batch: Sequence[Tokens]) -> list[NDArray[np.float32]]:
        self.seen.append([tokens[0] for tokens in batch])
        self.entered.release()
        assert self.open.acquire(timeout=20)
        if self.broken:
            raise RuntimeError("no more")
        return [np.asarray([tokens[0]], np.float32) for tokens in batch]

    async def wait(self) -> None:
        assert await asyncio.to_thread(self.entered.acquire, timeout=20)

    def let(self, count: int) -> None:
        for _ in range(count):
            self.open.release()


def gated(**settings: Any) -> tuple[Gate, Lanes[str, Tokens, NDArray[np.float32]]]:
    gate = Gate()

    def tokenize(text: str) -> Tokens:
        return [int(text)] * 100

    settings = {"threads": 1, "queue_max": 4, **settings}
    return gate, Lanes(tokenize, gate.forward, **settings)


def wait_until_idle(lanes: Lanes[str, Tokens, NDArray[np.float32]], workers: int) -> None:
    until = time.monotonic() + 20
    while lanes._idle < workers:
        assert time.monotonic() < until
        time.sleep(0.001)


async def asked_before(gate: Gate, lanes: Lanes) -> None:
    """Ask a first query, so that documents are taken in small batches."""
    gate.let(1)
    await lanes.make(["7"], "query")
    await gate.wait()
    gate.seen.clear()


async def test_a_query_goes_before_waiting_documents() -> None:
    gate, lanes = gated()
    await asked_before(gate, lanes)
    ingest = asyncio.create_task(lanes.make(["1", "2", "3"], "ingest"))
    await gate.wait()
    query = asyncio.create_task(lanes.make(["9"], "query"))
    await asyncio.sleep(0)
    gate.let(4)
    np.testing.assert_array_equal(await query, [[9]])
    np.testing.assert_array_equal(await ingest, [[1], [2], [3]])
    assert gate.seen == [[1], [9], [2], [3]]
    lanes.stop()


async def test_a_free_worker_begins_before_its_caller_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mainstay.engines.encoder.lanes._HAND_OVER_S", 20)
    tokenized: list[str] = []
    gate = Gate()

    def tokenize(text: str) -> Tokens:
        tokenized.append(text)
        return [int(text)]

    lanes = Lanes(tokenize, gate.forward, threads=2, queue_max=4)
    await asyncio.to_thread(wait_until_idle, lanes, 2)
    first = asyncio.create_task(lanes.make(["1"], "query"))
    await asyncio.sleep(0)
    assert tokenized == ["1"]
    await gate.wait()
    second = asyncio.create_task(lanes.make(["2"], "ingest"))
    await gate.wait()
    third = asyncio.create_task(lanes.make(["3"], "query"))
    began = time.monotonic()
    await asyncio.sleep(0)
    assert time.monotonic() - began < 10, "where no worker is free, nobody stands back"
    gate.let(3)
    assert [*await first, *await second, *await third] == [[1], [2], [3]]
    lanes.stop()


async def test_documents_are_encoded_together_while_nobody_asks() -> None:
    gate, lanes = gated()
    texts = [str(number) for number in range(1, 16)]
    ingest = asyncio.create_task(lanes.make(texts, "ingest"))
    await gate.wait()
    query = asyncio.create_task(lanes.make(["99"], "query"))
    await asyncio.sleep(0)
    gate.let(20)
    await asyncio.gather(query, ingest)
    assert gate.seen[0] == list(range(1, 6)), "five hundred tokens at once"
    assert gate.seen[1:] == [[99], *([number] for number in range(6, 16))], "and few as soon as one asks"
    lanes.stop()


async def test_documents_are_not_starved_by_queries() -> None:
    gate, lanes = gated(queue_max=64)
    ingest = asyncio.create_task(lanes.make(["1", "2", "3"], "ingest"))
    await gate.wait()
    stop = asyncio.Event()

    async def ask() -> None:
        while not stop.is_set():
            await lanes.make(["9"], "query")

    people = [asyncio.create_task(ask()) for _ in range(40)]
    gate.let(100_000)
    np.testing.assert_array_equal(await asyncio.wait_for(ingest, 20), [[1], [2], [3]])
    stop.set()
    await asyncio.gather(*people)
    lanes.stop()


async def test_what_one_worker_made_ready_is_computed_by_all() -> None:
    busy, rest = threading.Event(), threading.Barrier(2)
    seen: list[int] = []

    def forward(batch: Sequence[Tokens]) -> list[NDArray[np.float32]]:
        seen.extend(tokens[0] for tokens in batch)
        if batch[0][0] == 1:
            assert busy.wait(20)
        if batch[0][0] in {2, 5}:  # 2 ends beside 5, which its own worker cannot take
            rest.wait(20)
        return [np.asarray([tokens[0]], np.float32) for tokens in batch]

    lanes = Lanes[str, Tokens, NDArray[np.float32]](
        lambda text: [int(text)] * 100, forward, threads=2, queue_max=8
    )
    await asyncio.to_thread(wait_until_idle, lanes, 2)
    first = asyncio.create_task(lanes.make(["1"], "query"))
    while seen != [1]:
        await asyncio.sleep(0.001)
    others = asyncio.create_task(lanes.make(["2", "3", "4", "5"], "query"))
    while len(seen) < 2:
        await asyncio.sleep(0.001)
    busy.set()
    assert [*await first, *await others] == [[1], [2], [3], [4], [5]]
    lanes.stop()


async def test_a_full_lane_says_so_and_recovers() -> None:
    gate, lanes = gated()
    waiting = [asyncio.create_task(lanes.make([str(number)], "query")) for number in range(4)]
    await gate.wait()
    with pytest.raises(EncoderUnavailable, match="waiting") as told:
        await lanes.make(["5"], "query")
    assert told.value.retry_after_s
    gate.let(9)
    await asyncio.gather(*waiting)
    assert (await lanes.make(["5"], "query")) == [[5]]
    lanes.stop()


async def test_abandoned_texts_are_not_computed() -> None:
    gate, lanes = gated()
    first = asyncio.create_task(lanes.make(["1"], "query"))
    await gate.wait()
    gone = asyncio.create_task(lanes.make(["2"], "query"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    last = asyncio.create_task(lanes.make(["3"], "query"))
    gate.let(9)
    await asyncio.gather(first, last)
    assert [2] not in gate.seen
    lanes.stop()


async def test_closing_tells_whoever_waits_and_ends_the_threads() -> None:
    gate, lanes = gated()
    first = asyncio.create_task(lanes.make(["1"], "query"))
    await gate.wait()
    second = asyncio.create_task(lanes.make(["2"], "query"))
    third = asyncio.create_task(lanes.make(["3"], "ingest"))
    await asyncio.sleep(0)
    stopping = asyncio.create_task(asyncio.to_thread(lanes.stop))
    for task in (second, third):
        with pytest.raises(EncoderUnavailable):
            await task
    gate.let(9)
    assert await first == [[1]]
    await stopping
    assert not any(thread.is_alive() for thread in lanes._threads)


async def test_a_failing_model_fails_the_text_and_not_the_worker() -> None:
    gate, lanes = gated()
    gate.let(9)
    gate.broken = True
    with pytest.raises(EncoderUnavailable, match="RuntimeError"):
        await lanes.make(["1"], "query")
    gate.broken = False
    with pytest.raises(EncoderUnavailable, match="ValueError"):
        await lanes.make(["one"], "ingest")
    assert (await lanes.make(["2"], "ingest")) == [[2]]
    lanes.stop()


async def test_whoever_asks_is_told_what_it_cost() -> None:
    gate, lanes = gated()
    gate.let(10)
    own = Spending()
    token = spending.set(own)
    await lanes.make(["1", "2"], "query")
    await lanes.make(["3"], "ingest")
    spending.reset(token)
    await lanes.make(["4"], "query")
    assert own.tokens == 300
    lanes.stop()
