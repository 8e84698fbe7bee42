"""Tests of prompts and their results, in rows; examples and answers are sealed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Row, Rows, Scalar
from mainstay.services.prompts import tables
from mainstay.services.prompts.store import opened, sealed

_TEST = (
    "SELECT test_id, name, version, generator, examples_revision, cases, job_id, author, content, created_ms"
    " FROM prompt_tests"
)


@dataclass(frozen=True)
class TestRow:
    """A test as it is stored; `content` has the examples as they were."""

    test_id: str
    name: str
    version: int
    generator: str
    examples_revision: int
    cases: int
    job_id: str
    author: str
    content: dict[str, Any]
    created_ms: int


@dataclass(frozen=True)
class ResultRow:
    """What came of an example, as it is stored."""

    test_id: str
    number: int
    outcome: str
    cost: float
    content: dict[str, Any]


class TestStore:
    """Reads and writes tests."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of texts."""
        self._rows = rows
        self._cipher = cipher

    async def add(self, row: TestRow) -> None:
        """Store a test that begins."""
        content = sealed(self._cipher, row.content, tables.test_place(row.test_id))
        await self._rows.insert("prompt_tests", [{**vars(row), "content": content}])

    async def test(self, test_id: str) -> TestRow | None:
        """Find a test."""
        rows = await self._rows.fetch(f"{_TEST} WHERE test_id = :test_id", {"test_id": test_id})
        return self._test(rows[0]) if rows else None

    async def tests(self, name: str) -> list[TestRow]:
        """List a prompt's tests, newest first."""
        rows = await self._rows.fetch(f"{_TEST} WHERE name = :name ORDER BY test_id DESC", {"name": name})
        return [self._test(row) for row in rows]

    async def keep(self, row: ResultRow) -> None:
        """Store what came of an example, instead of what came of it before."""
        place = tables.result_place(row.test_id, row.number)
        values: Mapping[str, Scalar] = {**vars(row), "content": sealed(self._cipher, row.content, place)}
        await self._rows.upsert("prompt_results", [values])

    async def results(self, test_id: str) -> list[ResultRow]:
        """List what came of a test's examples, in their order."""
        rows = await self._rows.fetch(
            "SELECT test_id, number, outcome, cost, content FROM prompt_results WHERE test_id = :test_id"
            " ORDER BY number",
            {"test_id": test_id},
        )
        return [self._result(row) for row in rows]

    async def counts(self, test_id: str) -> tuple[dict[str, int], float]:
        """Count a test's results by their outcome; give what they cost together."""
        rows = await self._rows.fetch(
            "SELECT outcome, count(*) AS many, sum(cost) AS cost FROM prompt_results"
            " WHERE test_id = :test_id GROUP BY outcome",
            {"test_id": test_id},
        )
        found = {str(row["outcome"]): int(row["many"] or 0) for row in rows}
        return found, sum(float(row["cost"] or 0) for row in rows)

    async def best(self, name: str, version: int, examples_revision: int) -> float | None:
        """Give the share of these examples that a version passed last, with its own generator."""
        rows = await self._rows.fetch(
            "SELECT test_id, cases FROM prompt_tests WHERE name = :name AND version = :version"
            " AND examples_revision = :revision AND generator = '' ORDER BY test_id DESC",
            {"name": name, "version": version, "revision": examples_revision},
        )
        for row in rows:
            counts, _ = await self.counts(str(row["test_id"]))
            if sum(counts.values()) == row["cases"]:
                return counts.get("passed", 0) / int(row["cases"] or 1)
        return None

    async def remove(self, test_id: str) -> None:
        """Erase a test."""
        await self._rows.delete("prompt_results", {"test_id": test_id})
        await self._rows.delete("prompt_tests", {"test_id": test_id})

    async def remove_of(self, name: str) -> None:
        """Erase all tests of a prompt."""
        rows = await self._rows.fetch("SELECT test_id FROM prompt_tests WHERE name = :name", {"name": name})
        for row in rows:
            await self.remove(str(row["test_id"]))

    async def forget_author(self, subject: str) -> int:
        """Forget who began tests, where it was somebody."""
        return await self._rows.update("prompt_tests", {"author": ""}, {"author": subject})

    def _test(self, row: Row) -> TestRow:
        test_id = str(row["test_id"])
        return TestRow(
            test_id,
            str(row["name"]),
            int(row["version"] or 0),
            str(row["generator"]),
            int(row["examples_revision"] or 0),
            int(row["cases"] or 0),
            str(row["job_id"]),
            str(row["author"]),
            opened(self._cipher, row["content"], tables.test_place(test_id)),
            int(row["created_ms"] or 0),
        )

    def _result(self, row: Row) -> ResultRow:
        test_id, number = str(row["test_id"]), int(row["number"] or 0)
        content = opened(self._cipher, row["content"], tables.result_place(test_id, number))
        return ResultRow(test_id, number, str(row["outcome"]), float(row["cost"] or 0), content)
