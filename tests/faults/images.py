"""File systems in images: mounted, filled up, and copied as a disk has them at one moment."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import lacking


def run(*command: str) -> bool:
    """Run a system command; tell whether it is there and succeeded."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603


def made(image: Path, megabytes: int) -> None:
    """Make an image with a file system that keeps nothing back for root."""
    assert run("truncate", "-s", f"{megabytes}M", str(image))
    if not run("mkfs.ext4", "-q", "-F", "-m", "0", str(image)):
        lacking("mkfs.ext4 is not installed")


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[None]:
    """Mount an image for a block."""
    place.mkdir(exist_ok=True)
    if not run("mount", "-o", "loop", str(image), str(place)):
        lacking("images cannot be mounted here (it takes root and loop devices)")
    try:
        yield
    finally:
        assert run("umount", str(place))


def copied(image: Path, copy: Path) -> None:
    """Copy an image as it is now, whatever file systems still hold in memory."""
    assert run("cp", "--sparse=always", str(image), str(copy))
