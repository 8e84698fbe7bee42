"""What `make` would do where nothing is installed yet: nobody waits for what he does not need."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_KIT = "--group dev"


def _planned(target: str, folder: Path) -> str:
    """Give the commands of a target, without running them."""
    make = shutil.which("make")
    if make is None:
        pytest.skip("make is not installed")
    places = [f"VENV={folder / 'venv'}", f"ENCODER={folder / 'encoder'}"]
    words = [make, "--dry-run", target, *places]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - a fixed command, no shell
    return done.stdout


@pytest.mark.parametrize("target", ["product", "run"])
def test_who_tries_the_product_installs_the_product_alone(tmp_path: Path, target: str) -> None:
    planned = _planned(target, tmp_path)
    assert "pip install --quiet --disable-pip-version-check --editable .\n" in planned
    assert "mainstay encoder" in planned
    assert (_KIT in planned, "[ocr" in planned, "npm" in planned) == (False, False, False)


@pytest.mark.parametrize("target", ["install", "test", "lint"])
def test_who_changes_it_installs_all(tmp_path: Path, target: str) -> None:
    planned = _planned(target, tmp_path)
    assert _KIT in planned
    assert "[ocr,postgres]" in planned
