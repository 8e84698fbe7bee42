"""Components: each is listed, and none is installed, or may be, in a version with a weakness that we know."""

import importlib.metadata
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LEAST = {
    name: Version(told["least"])
    for name, told in tomllib.loads(
        (ROOT / "docs/security/components.toml").read_text(encoding="utf-8")
    ).items()
}


def requirements() -> Iterator[Requirement]:
    """Give what the project asks for: to run, as extras, and to develop."""
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    for group in (project["dependencies"], *extras, PROJECT["dependency-groups"]["dev"]):
        yield from map(Requirement, group)


def needed_to_run() -> list[Requirement]:
    """Give what is needed to run on this machine, extras included."""
    project = PROJECT["project"]
    groups = (project["dependencies"], *project["optional-dependencies"].values())
    asked = [Requirement(each) for group in groups for each in group]
    return [each for each in asked if each.marker is None or each.marker.evaluate()]


def brought() -> set[str]:
    """Give the packages that the needed ones bring along, however far away."""
    first = needed_to_run()
    waiting, seen = list(first), set[tuple[str, frozenset[str]]]()
    while waiting:
        asked = waiting.pop()
        key = (canonicalize_name(asked.name), frozenset(asked.extras))
        if key in seen:
            continue
        seen.add(key)
        for each in map(Requirement, importlib.metadata.requires(asked.name) or ()):
            wanted = [{"extra": extra} for extra in ("", *asked.extras)]
            if each.marker is None or any(each.marker.evaluate(extra) for extra in wanted):
                waiting.append(each)
    return {name for name, _ in seen} - {canonicalize_name(each.name) for each in first}


def lowest(requirement: Requirement) -> Version:
    """Give the lowest version that a requirement lets in."""
    return max(Version(each.version) for each in requirement.specifier if each.operator in {">=", "=="})


def too_low(asked: Sequence[Requirement], least: Mapping[str, Version]) -> list[str]:
    """Give the requirements that let in a version below the least."""
    zero = Version("0")
    return [str(each) for each in asked if lowest(each) < least.get(canonicalize_name(each.name), zero)]


def test_no_weak_version_may_be_installed() -> None:
    asked = list(requirements())
    assert too_low(asked, LEAST) == []
    assert set(LEAST) <= {canonicalize_name(each.name) for each in asked}, "bound them in pyproject.toml"


def test_a_bound_that_is_too_low_is_found() -> None:
    asked = [Requirement("aiohttp>=3.13,<4"), Requirement("AIOHTTP>=9")]
    assert too_low(asked, {"aiohttp": Version("3.14.1")}) == ["aiohttp<4,>=3.13"]


@pytest.mark.parametrize("name", LEAST)
def test_no_installed_component_has_a_weakness_that_we_know(name: str) -> None:
    assert Version(importlib.metadata.version(name)) >= LEAST[name]


def test_every_dependency_has_its_line() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if re.match(r"\| [\w-]+ \| ", line)]
    listed = {canonicalize_name(cells[0].strip("| ")) for cells in rows} - {"package"}
    assert listed == {canonicalize_name(each.name) for each in requirements()}
    assert all(len(cells) == 5 and cells[3].strip() for cells in rows), "each names its licence"


def test_what_they_bring_along_is_listed() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    section = page.split("\n## What those bring along\n")[1].split("\n## ")[0]
    listed = set(re.findall(r"`([\w-]+)`", section))
    found = brought()
    assert len(found) > 30
    assert found - listed == set(), "add them to What those bring along in docs/dependencies.md"
    here = {canonicalize_name(each.metadata["Name"]) for each in importlib.metadata.distributions()}
    assert (listed & here) - found == set(), "these are brought along no longer"
