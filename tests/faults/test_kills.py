"""Killed again and again: what was acknowledged is there, once, and what was deleted stays gone."""

import os
import random
import statistics
import time
from pathlib import Path

import pytest
import truths
from ledger import Ledger, Writers
from servers import FULL, Server, needs_encoder

KILLS = 100 if FULL else 3
_SEED = int(os.environ.get("MAINSTAY_FAULT_SEED", "20261122"))
_READY_MAX_S = 30.0


def start(folder: Path, chance: random.Random) -> tuple[Server, float]:
    """Start a server; now and then kill it while it starts, for a crash seldom comes alone."""
    if chance.random() < 0.25:
        early = Server(folder)
        time.sleep(chance.uniform(0.3, 2.5))
        early.kill()
    server = Server(folder)
    try:
        return server, server.ready()
    except BaseException:
        server.end()
        raise


def finish(server: Server, writers: Writers) -> int:
    """Repeat the requests whose answers never came, with their keys; count those that were in already."""
    replayed = 0
    with server.connection() as connection:
        for writer in writers.unanswered():
            wish = writer.open
            assert wish is not None
            first = wish.send(connection)
            assert first.good, first
            replayed += first.headers.get("idempotency-replayed") == "true"
            assert writer.finish(connection).good
            again = wish.send(connection)
            assert again.headers.get("idempotency-replayed") == "true"
            assert again.body == first.body or "wait" in wish.query
    return replayed


@pytest.mark.timeout(3600 if FULL else 180)
def test_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    needs_encoder()
    folder, ledger = tmp_path / "data", Ledger()
    chance = random.Random(_SEED)  # noqa: S311 - a seeded run can be repeated
    writers = Writers(3, ledger, _SEED)
    starts: list[float] = []
    settled: list[float] = []
    replayed = repeated = 0
    server, _ = start(folder, chance)
    try:
        for _ in range(KILLS):
            writers.start(server.port)
            time.sleep(chance.uniform(0.3, 2.5))
            server.kill()
            writers.join()
            assert not ledger.refusals, ledger.refusals
            server, seconds = start(folder, chance)
            starts.append(seconds)
            settled.append(truths.settle(folder))
            truths.check(server, ledger.promised(), ledger.words(), chance)
            repeated += len(writers.unanswered())
            replayed += finish(server, writers)
            truths.check(server, ledger.promised(), ledger.words(), chance, 5)
        states = truths.check(server, ledger.promised(), ledger.words())
        assert server.stop() == 0
        points = truths.check_vectors(folder)
        missing, unnamed = truths.blobs_left(folder)
        assert missing == 0
    finally:
        server.end()
    assert ledger.acknowledged > 10 * KILLS
    assert max(starts) < _READY_MAX_S
    print(  # noqa: T201 - the figures of the campaign
        f"\n{KILLS} kills, seed {_SEED}: {ledger.acknowledged} acknowledged changes, 0 lost, 0 doubled,"
        f" 0 ghosts; {repeated} unanswered requests repeated, {replayed} of them were in already;"
        f" {len(states)} documents ever, {points} points; {unnamed} files of uploads cut off;"
        f" ready after {statistics.median(starts):.2f} s (median), {max(starts):.2f} s (most);"
        f" caught up within {max(settled):.2f} s"
    )
