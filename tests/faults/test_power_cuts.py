"""Power cuts: an image of the disk, taken while the server writes, holds everything acknowledged by then."""

import random
import signal
import time
from pathlib import Path

import pytest
import truths
from images import copied, made, mounted
from ledger import Ledger, State, Writers
from servers import FULL, needs_encoder, serving

CUTS = 20 if FULL else 2
_MEGABYTES = 800
_NOTED_S = 0.2


def cut(folder: Path, ledger: Ledger) -> list[tuple[Path, dict[str, list[State]], int]]:
    """Write, and copy the disk now and then; give each copy with what was promised before it was taken."""
    chance = random.Random(5)  # noqa: S311 - when the power fails is chance
    image, place = folder / "image", folder / "place"
    cuts: list[tuple[Path, dict[str, list[State]], int]] = []
    made(image, _MEGABYTES)
    writers = Writers(3, ledger, 5)
    with mounted(image, place), serving(place / "data") as server:
        writers.start(server.port)
        for number in range(CUTS):
            time.sleep(chance.uniform(1.0, 3.0))
            server.process.send_signal(signal.SIGSTOP)  # so that the copy shows one moment
            time.sleep(_NOTED_S)  # answers under way reach their clients, and are noted as promises
            promised, acknowledged = ledger.promised(), ledger.acknowledged
            cuts.append((folder / f"copy-{number}", promised, acknowledged))
            copied(image, cuts[-1][0])
            server.process.send_signal(signal.SIGCONT)
        writers.stop()
        assert not ledger.refusals, ledger.refusals
    return cuts


@pytest.mark.timeout(3600 if FULL else 240)
def test_a_power_cut_takes_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    needs_encoder()
    ledger = Ledger()
    starts: list[float] = []
    points: list[int] = []
    cuts = cut(tmp_path, ledger)
    for copy, promised, _ in cuts:
        place = tmp_path / "again"
        with mounted(copy, place):
            started = time.perf_counter()
            with serving(place / "data") as server:
                starts.append(time.perf_counter() - started)
                truths.check(server, promised, ledger.words())
                assert server.stop() == 0
            points.append(truths.check_vectors(place / "data"))
            assert truths.blobs_left(place / "data")[0] == 0
        copy.unlink()
    assert cuts[0][2] > 0
    print(  # noqa: T201 - the figures of the campaign
        f"\n{CUTS} power cuts after {[number for *_, number in cuts]} acknowledged changes: 0 lost;"
        f" points {points}; ready again after at most {max(starts):.2f} s"
    )
