"""Writes `docs/security/asvs.md`, the ledger of OWASP's ASVS 5.0.0, from `docs/security/asvs.toml`.

    MAINSTAY_BENCH_DATA=… python scripts/asvs.py [--check]

`make asvs` calls it. The ids and levels are held against the standard where MAINSTAY_BENCH_DATA has it
(`benchmarks/DATA.md`). Its sentences are CC BY-SA and not repeated: rows are in
our own words.
"""

import argparse
import json
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROWS = ROOT / "docs" / "security" / "asvs.toml"
PAGE = ROOT / "docs" / "security" / "asvs.md"
LEVELS = (1, 2, 3)
WORDS_MIN = 3
_VERDICTS = {"tests": "met", "page": "met", "not_applicable": "not applicable", "open": "open"}
_DOCUMENTATION = re.compile(r"V\d+\.1\.\d+")
"""Sections that ask for documents, which a page meets, are the first of their chapters."""

_HEAD = """# The ASVS ledger

What the OWASP Application Security Verification Standard 5.0.0 asks for, and where Mainstay stands. Every
row names the tests that hold it, or the page where a document is asked for, or says why it does not apply
or what is missing. "Met" is our own verdict, nobody has audited it. The words are ours; read the standard's
own beside them.

`make asvs` writes this page from [asvs.toml](asvs.toml); `tests/test_asvs.py` checks that it is complete,
that the named tests exist, and that no level falls below what is claimed.
"""


@dataclass(frozen=True)
class Row:
    """One requirement, in our words, and how it stands."""

    id: str
    level: int
    says: str
    verdict: str
    tests: tuple[str, ...]
    page: str
    why: str

    @property
    def chapter(self) -> str:
        """Give the chapter's id, such as V1."""
        return self.id.partition(".")[0]

    @property
    def order(self) -> tuple[int, ...]:
        """Give what the standard's own order is told by."""
        return tuple(int(part) for part in self.id[1:].split("."))


@dataclass(frozen=True)
class Ledger:
    """All rows, the chapters' names, and the share of each level that is claimed, in per cent."""

    rows: tuple[Row, ...]
    chapters: Mapping[str, str]
    claimed: Mapping[int, int]


def read(text: str) -> Ledger:
    """Read the rows; raises ValueError that names what is wrong with one."""
    told = tomllib.loads(text)
    claimed = {int(level): int(share) for level, share in told["claimed"].items()}
    rows = [_row(name, given) for name, given in told.items() if re.fullmatch(r"V\d+(\.\d+){2}", name)]
    return Ledger(tuple(sorted(rows, key=lambda row: row.order)), told["chapters"], claimed)


def _row(name: str, given: Mapping[str, Any]) -> Row:
    found = [verdict for verdict in _VERDICTS if verdict in given]
    strange = set(given) - {"level", "says", *_VERDICTS}
    if strange or len(found) != 1 or given.get("level") not in LEVELS:
        raise ValueError(
            f"{name} needs a level, our words, and one of {', '.join(_VERDICTS)}; {strange or found}"
        )
    kind = found[0]
    why = str(given[kind]) if kind in {"not_applicable", "open"} else ""
    tests = tuple(given.get("tests", ()))
    if not given.get("says") or (kind == "tests" and not tests):
        raise ValueError(f"{name} says nothing, or names no test")
    if kind in {"not_applicable", "open"} and len(why.split()) < WORDS_MIN:
        raise ValueError(f"{name} needs a reason")
    if kind == "page" and not _DOCUMENTATION.fullmatch(name):
        raise ValueError(f"{name} asks for more than a page; name a test")
    return Row(name, given["level"], given["says"], _VERDICTS[kind], tests, str(given.get("page", "")), why)


def share(rows: Iterable[Row]) -> int:
    """Give how many per cent of the rows that apply are met, rounded down."""
    applying = [row for row in rows if row.verdict != "not applicable"]
    return 100 * sum(row.verdict == "met" for row in applying) // len(applying) if applying else 100


def _counts(ledger: Ledger) -> Iterator[str]:
    yield "| chapter | level | met | open | not applicable |"
    yield "|---|---|---|---|---|"
    for chapter, name in ledger.chapters.items():
        for level in LEVELS:
            of = [row.verdict for row in ledger.rows if (row.chapter, row.level) == (chapter, level)]
            if of:
                met, left, out = (of.count(verdict) for verdict in ("met", "open", "not applicable"))
                yield f"| {chapter} {name} | {level} | {met} | {left} | {out} |"


def _link(test: str) -> str:
    path, _, name = test.partition("::")
    return f"[{name}](../../{path})"


def _proof(row: Row) -> str:
    if row.tests:
        return ", ".join(map(_link, row.tests))
    return f"[{row.page}](../../{row.page})" if row.page else row.why


def page(ledger: Ledger) -> str:
    """Give the page."""
    lines = [
        _HEAD,
        "## How much is met",
        "",
        "| level | met of what applies | claimed at least |",
        "|---|---|---|",
    ]
    for level in LEVELS:
        rows = [row for row in ledger.rows if row.level == level]
        applying = sum(row.verdict != "not applicable" for row in rows)
        met = sum(row.verdict == "met" for row in rows)
        lines.append(f"| {level} | {met} of {applying} ({share(rows)} %) | {ledger.claimed[level]} % |")
    lines += ["", *_counts(ledger)]
    for chapter, name in ledger.chapters.items():
        lines += ["", f"## {chapter} {name}", ""]
        lines += ["| id | level | what is asked, in our words | verdict | by what |", "|---|---|---|---|---|"]
        lines += [
            f"| {row.id} | {row.level} | {row.says} | {row.verdict} | {_proof(row)} |"
            for row in ledger.rows
            if row.chapter == chapter
        ]
    return "\n".join(lines) + "\n"


def standard() -> dict[str, int] | None:
    """Give each requirement's level as the standard has it; None where the standard is not at hand."""
    path = Path(os.environ.get("MAINSTAY_BENCH_DATA", "/nowhere")) / "asvs" / "asvs-5.0.0.flat.json"
    if not path.exists():
        return None
    return {each["req_id"]: int(each["L"]) for each in json.loads(path.read_text())["requirements"]}


def differences(ledger: Ledger, asked: Mapping[str, int]) -> list[str]:
    """Say where the rows are not those of the standard."""
    rows = {row.id: row.level for row in ledger.rows}
    return [
        *(f"{name} has no row" for name in asked if name not in rows),
        *(f"{name} is not in the standard" for name in rows if name not in asked),
        *(f"{name} has level {asked[name]}" for name in rows if rows[name] != asked.get(name, rows[name])),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or check it; give the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing, say whether the page is up to date"
    )
    given = parser.parse_args(arguments)
    ledger = read(ROWS.read_text(encoding="utf-8"))
    wrong = differences(ledger, standard() or {row.id: row.level for row in ledger.rows})
    for each in wrong:
        print(each)
    text = page(ledger)
    if given.check:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            wrong.append("the page")
            print("docs/security/asvs.md is out of date; run `make asvs`")
    else:
        PAGE.write_text(text, encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
