"""Power cuts for real: an image of the file system as the disk had it, mounted anew, holds what it claims."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from vector_points import found, space

from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors

CUTS = 4
WRITER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from vector_points import point, space
from mainstay.engines.vectors import living
from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors

if sys.argv[3] == "careless":
    living.sync_files = lambda folder: None

async def main():
    engine = QdrantEdgeVectors(
        Path(sys.argv[1]), optimize_points=0, sync_seconds=0.05, flush_points=100_000, disk_free_bytes_min=0
    )
    number = 0
    while True:
        number += 1
        await engine.upsert(space(), [point(number)], number)
        if number == 100:
            print("writing", flush=True)
        # A quick machine must not write more than one look at the index can give.
        await asyncio.sleep(0 if number % 10 else 0.002)

asyncio.run(main())
"""

LATE = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from vector_points import point, space
from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors

async def main():
    engine = QdrantEdgeVectors(
        Path(sys.argv[1]), optimize_points=0, sync_seconds=3_600, disk_free_bytes_min=0
    )
    for number in (*range(1, 40), *range(42, 60)):
        await engine.upsert(space(), [point(number)], number)
    await engine.flush()
    await engine.upsert(space(), [point(40), point(60)], *map(int, sys.argv[3].split()))
    await engine.upsert(space(), [point(41)], int(sys.argv[4]))
    print("late", flush=True)
    await asyncio.sleep(3_600)

asyncio.run(main())
"""


def run(*command: str) -> bool:
    """Run a system command; tell whether it is there and succeeded."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    if not run("mount", "-o", "loop", str(image), str(place)):
        reason = "images cannot be mounted here (it takes root and loop devices)"
        if os.environ.get("MAINSTAY_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        yield
    finally:
        assert run("umount", str(place))


def cut(folder: Path, script: str, *arguments: str, cuts: int = CUTS) -> list[Path]:
    """Write into a mounted image and copy it, now and then, as the disk has it at that moment."""
    image, place, copies = folder / "image", folder / "place", list[Path]()
    assert run("truncate", "-s", "400M", str(image))
    if not run("mkfs.ext4", "-q", "-F", str(image)):
        pytest.skip("mkfs.ext4 is not installed")
    with mounted(image, place):
        here = str(Path(__file__).parent)
        command = [sys.executable, "-c", script, str(place / "index"), here, *arguments]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own script
        assert writer.stdout is not None
        try:
            assert writer.stdout.readline()
            for number in range(cuts):
                time.sleep(random.uniform(0.15, 0.4))  # noqa: S311 - when the power fails is chance
                writer.send_signal(signal.SIGSTOP)  # so that the copy shows one moment
                copies.append(folder / f"copy-{number}")
                assert run("cp", "--sparse=always", str(image), str(copies[-1]))
                writer.send_signal(signal.SIGCONT)
        finally:
            writer.kill()
            writer.wait()
            writer.stdout.close()
    return copies


async def lost(copy: Path, place: Path) -> tuple[int, int]:
    """Give the last change a copy claims to hold, and how many up to it are missing."""
    with mounted(copy, place):
        engine = QdrantEdgeVectors(place / "index", optimize_points=0, disk_free_bytes_min=0)
        try:
            applied = await engine.applied(space())
            present = await found(engine, None, limit=10_000) if applied else set()
        finally:
            await engine.close()
    return applied, len(set(range(1, applied + 1)) - present)


async def test_a_power_cut_takes_nothing_that_was_claimed(tmp_path: Path) -> None:
    results = [await lost(copy, tmp_path / "again") for copy in cut(tmp_path, WRITER, "careful")]
    assert all(missing == 0 for _, missing in results), results
    assert max(applied for applied, _ in results) > 50


async def test_the_check_notices_when_nothing_is_synced(tmp_path: Path) -> None:
    results = [await lost(copy, tmp_path / "again") for copy in cut(tmp_path, WRITER, "careless")]
    assert any(missing > 0 for _, missing in results)


@pytest.mark.parametrize(("numbers", "last", "kept"), [("40 60", "41", (60, 0)), ("60", "61", (59, 2))])
async def test_what_comes_late_is_on_the_disk_at_once(
    tmp_path: Path, numbers: str, last: str, kept: tuple[int, int]
) -> None:
    """Two failed and were overtaken; under numbers that nothing has passed they would not be synced yet."""
    [copy] = cut(tmp_path, LATE, numbers, last, cuts=1)
    assert await lost(copy, tmp_path / "again") == kept
