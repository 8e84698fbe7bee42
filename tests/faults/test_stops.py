"""Asked to end under load: every request that was taken in is answered, and nothing is left running."""

import statistics
import time
from pathlib import Path

import pytest
import truths
from ledger import Ledger, Writers
from servers import FULL, Server, assert_gone, needs_encoder

STOPS = 20 if FULL else 2


@pytest.mark.timeout(3600 if FULL else 180)
def test_a_stop_under_load_breaks_no_request(tmp_path: Path) -> None:
    needs_encoder()
    folder, ledger = tmp_path / "data", Ledger()
    writers = Writers(4, ledger, 7)
    stopping: list[float] = []
    unanswered = 0
    server = Server(folder)
    try:
        server.ready()
        for _ in range(STOPS):
            writers.start(server.port)
            time.sleep(1.5)
            with server.connection() as connection:
                assert connection.ask("POST", "/v1/knowledge/rebuild").good  # optimises in a child process
            children = server.children()
            started = time.perf_counter()
            assert server.stop() == 0, server.told()
            stopping.append(time.perf_counter() - started)
            assert_gone(children)
            writers.join()
            assert not ledger.refusals, ledger.refusals
            assert not (folder / "server.json").exists()
            server = Server(folder)
            server.ready()
            # What was not answered was not taken in: the connection closed before it was read.
            unanswered += len(writers.unanswered())
            for writer in writers.unanswered():
                writer.forget()
            truths.settle(folder)
            truths.check(server, ledger.promised(), ledger.words())
        assert server.stop() == 0
        points = truths.check_vectors(folder)
    finally:
        server.end()
    print(  # noqa: T201 - the figures of the campaign
        f"\n{STOPS} stops: {ledger.acknowledged} answered requests, 0 failed; {unanswered} came too late and"
        f" had no effect; {points} points; stopped within {statistics.median(stopping):.2f} s (median),"
        f" {max(stopping):.2f} s (most)"
    )
