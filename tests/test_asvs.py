"""The ledger of the ASVS: complete, up to date, no row without a reason, no test that is not there."""

import ast
import re
from functools import cache
from pathlib import Path

import asvs
import pytest

ROOT = Path(__file__).parent.parent
LEDGER = asvs.read(asvs.ROWS.read_text(encoding="utf-8"))


@cache
def _tests(path: str) -> frozenset[str]:
    """Give the names of a file's tests, read and not run."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in found if node.name.startswith("test_"))


def there(test: str) -> bool:
    """Say whether `tests/….py::test_name` is a test."""
    path, _, name = test.partition("::")
    return path.startswith("tests/") and (ROOT / path).is_file() and name in _tests(path)


def headed(page: str) -> bool:
    """Say whether `page.md#heading` leads to a heading."""
    path, _, anchor = page.partition("#")
    if not anchor or not (ROOT / path).is_file():
        return False
    heads = re.findall(r"^#{1,6} (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_requirement_has_its_row() -> None:
    asked = asvs.standard()
    if asked is None:
        pytest.skip("MAINSTAY_BENCH_DATA has no asvs")
    assert len(asked) == 345
    assert asvs.differences(LEDGER, asked) == []


def test_a_missing_row_is_found() -> None:
    asked = {row.id: row.level for row in LEDGER.rows}
    assert asvs.differences(LEDGER, {**asked, "V99.1.1": 1}) == ["V99.1.1 has no row"]
    assert asvs.differences(LEDGER, {**asked, "V1.1.1": 3}) == ["V1.1.1 has level 3"]
    del asked["V1.1.1"]
    assert asvs.differences(LEDGER, asked) == ["V1.1.1 is not in the standard"]


def test_the_page_is_up_to_date() -> None:
    assert asvs.PAGE.read_text(encoding="utf-8") == asvs.page(LEDGER), (
        "run `make asvs`, and read the difference"
    )


def test_named_tests_and_pages_are_there() -> None:
    assert [(row.id, test) for row in LEDGER.rows for test in row.tests if not there(test)] == []
    assert [(row.id, row.page) for row in LEDGER.rows if row.page and not headed(row.page)] == []


def test_the_threat_model_names_tests_that_are_there() -> None:
    text, last = (ROOT / "docs/security/threat-model.md").read_text(encoding="utf-8"), ""
    named = re.findall(r"`(…|[\w/]+/test_\w+\.py)(?:::(test_\w+))?`", text)
    assert len(named) > 50
    for path, name in named:
        last = last if path == "…" else f"tests/{path}"
        assert (ROOT / last).is_file(), last
        assert not name or there(f"{last}::{name}"), (last, name)


def test_a_name_of_nothing_is_found() -> None:
    here = "tests/test_asvs.py::test_a_name_of_nothing_is_found"
    assert there(here)
    assert not there(here + "_at_all")
    assert not there("tests/test_none.py::test_x")
    assert not there("tests/test_asvs.py::headed")
    assert headed("SECURITY.md#security")
    assert not headed("SECURITY.md#nothing-of-the-kind")
    assert not headed("SECURITY.md")


@pytest.mark.parametrize("level", asvs.LEVELS)
def test_no_level_falls_below_what_is_claimed(level: int) -> None:
    assert asvs.share(row for row in LEDGER.rows if row.level == level) >= LEDGER.claimed[level]


@pytest.mark.parametrize(
    "row",
    [
        'says = "in our own words"\nopen = "what is missing"',
        'level = 1\nopen = "what is missing"\nsays = ""',
        'level = 1\nsays = "in our own words"',
        'level = 1\nsays = "in our own words"\nopen = ""',
        'level = 1\nsays = "in our own words"\nopen = "later"',
        'level = 1\nsays = "in our own words"\nnot_applicable = "no"',
        'level = 1\nsays = "in our own words"\ntests = []',
        'level = 1\nsays = "in our own words"\nopen = "what is missing"\ntests = ["tests/test_x.py::test_x"]',
        'level = 1\nsays = "in our own words"\npage = "SECURITY.md#security"',
        'level = 1\nsays = "in our own words"\nopen = "what is missing"\nmet = true',
    ],
)
def test_a_row_without_its_reason_is_refused(row: str) -> None:
    with pytest.raises(ValueError, match=r"V1\.2\.3"):
        asvs.read(f'[claimed]\n1 = 0\n[chapters]\nV1 = "x"\n["V1.2.3"]\n{row}\n')


def test_shares_are_of_what_applies_and_rounded_down() -> None:
    rows = [
        asvs.Row(f"V1.1.{number}", 1, "", verdict, (), "", "")
        for number, verdict in enumerate(["met", "met", "open", "not applicable"])
    ]
    assert asvs.share(rows) == 66
    assert asvs.share(rows[3:]) == 100
