"""Who may know whom: import-linter finds a planted arrow that runs the wrong way."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from house_rules.source import SOURCE

ROOT = SOURCE.parent.parent
SKELETON = [
    *(
        "app",
        "integrations",
        "client",
        "client_services",
        "client_loop",
        "transports.rest",
        "transports.mcp",
        "transports.websocket",
        "transports.cli",
        "transports.accounts",
    ),
    *("verticals.game", "verticals.legal", "services.knowledge.interface", "services.knowledge.store"),
    *("services.jobs.interface", "services.jobs.store", "services.identity.interface"),
    "services.generation.interface",
    "services.prompts.interface",
    *("services.observability.interface", "services.people.interface", "services.gateway.interface"),
    "services.authorization.interface",
    "services.federation.interface",
    "services.directory.interface",
    "services.files.interface",
    "services.widgets.interface",
    "services.assistant.interface",
    *("engines.disk", "kernel.work", "ports.blobs", "kit.clock"),
]


def _linted(root: Path, importer: str, imported: str) -> str:
    """Plant one import in an empty house and ask import-linter."""
    for name in {*SKELETON, importer}:
        path = root / "mainstay" / Path(*name.split("."))
        for folder in [path, *path.parents]:
            if folder == root:
                break
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "__init__.py").touch()
    if imported:
        (root / "mainstay" / Path(*importer.split(".")) / "__init__.py").write_text(
            f"import mainstay.{imported}\n"
        )
    (root / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    ran = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in {0, 1}, ran.stderr
    return "" if ran.returncode == 0 else " ".join(ran.stdout.split())


@pytest.mark.parametrize(
    ("importer", "imported", "contract"),
    [
        ("kit.clock", "ports.blobs", "Floors"),
        ("ports.blobs", "kernel.work", "Floors"),
        ("kernel.work", "engines.disk", "Floors"),
        ("engines.disk", "kernel.work", "Floors"),
        ("services.jobs.interface", "transports.rest", "Floors"),
        ("transports.rest", "app", "Floors"),
        ("client", "app", "Floors"),
        ("app", "client", "Floors"),
        ("attic", "kit.clock", "Floors"),
        ("client", "integrations", "Floors"),
        ("app", "integrations", "Floors"),
        ("integrations", "kernel.work", "Integrations know"),
        ("integrations", "client_services", "Integrations know"),
        ("app", "client_loop", "The application"),
        ("services.jobs.interface", "services.knowledge.interface", "Services stand"),
        ("services.identity", "services.jobs.interface", "Services stand"),
        ("services.gossip", "kit.clock", "Services stand"),
        ("services.knowledge.store", "services.jobs.store", "Across folders"),
        ("verticals.game", "services.jobs", "Across folders"),
        ("verticals.game", "verticals.legal", "Across folders"),
        ("services.jobs.store", "engines.disk", "Services, verticals and transports"),
        ("transports.rest", "services.jobs.interface", "Generated doors"),
        ("transports.accounts", "services.jobs.interface", "The account pages"),
    ],
)
def test_import_linter_finds_a_planted_arrow(
    tmp_path: Path, importer: str, imported: str, contract: str
) -> None:
    told = _linted(tmp_path, importer, imported)
    assert re.search(rf"{contract}[^A-Z]* .{{0,80}}BROKEN", told), told


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("kit.clock", ""),
        ("services.knowledge.store", "services.jobs.interface"),
        ("services.jobs.interface", "services.jobs.store"),
        ("app", "services.jobs.store"),
        ("integrations", "client"),
        ("integrations", "kit.clock"),
        ("verticals.game", "services.jobs.interface"),
    ],
)
def test_import_linter_lets_lawful_arrows_pass(tmp_path: Path, importer: str, imported: str) -> None:
    assert _linted(tmp_path, importer, imported) == ""
