"""Tests of prompts and their results, in rows; examples and answers are sealed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Row, Rows, Scalar
from mainstay.services.prompts import tables
from mainstay.services.prompts.store import opened, sealed

_TEST = (
    "SELECT test_id, name, version, generator, examples_revision, cases, job_id, author, created_ms"
    " FROM prompt_tests"
)


@dataclass(frozen=True)
class TestRow:
    """A test as it is stored, but for its examples."""

    test_id: str
    name: str
    version: int
    generator: str
    examples_revision: int
    cases: int
    job_id: str
    author: str
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

    async def add(self, row: TestRow, examples: Sequence[Mapping[str, Any]]) -> None:
        """Store a test that begins, with the examples as they are."""
        place = tables.test_place(row.test_id)
        content = await asyncio.to_thread(sealed, self._cipher, {"examples": examples}, place)
        await self._rows.insert("prompt_tests", [{**vars(row), "content": content}])

    async def test(self, test_id: str) -> TestRow | None:
        """Find a test."""
        rows = await self._rows.fetch(f"{_TEST} WHERE test_id = :test_id", {"test_id": test_id})
        return _test(rows[0]) if rows else None

    async def examples(self, test_id: str) -> list[dict[str, Any]]:
        """Give a test's examples as they were when it began; none of a test that is gone."""
        rows = await self._rows.fetch(
            "SELECT content FROM prompt_tests WHERE test_id = :test_id", {"test_id": test_id}
        )
        found = await opened(self._cipher, [(row["content"], tables.test_place(test_id)) for row in rows])
        return [example for each in found for example in each["examples"]]

    async def tests(self, name: str) -> list[TestRow]:
        """List a prompt's tests, newest first."""
        rows = await self._rows.fetch(f"{_TEST} WHERE name = :name ORDER BY test_id DESC", {"name": name})
        return [_test(row) for row in rows]

    async def keep(self, row: ResultRow) -> None:
        """Store what came of an example, instead of what came of it before; nothing if its test is gone.

        The test is touched, so that who deletes it at this moment waits, and finds the result.
        """
        place = tables.result_place(row.test_id, row.number)
        values: Mapping[str, Scalar] = {**vars(row), "content": sealed(self._cipher, row.content, place)}
        test: Mapping[str, Scalar] = {"test_id": row.test_id}
        if await self._rows.update("prompt_tests", test, test):
            await self._rows.upsert("prompt_results", [values])

    async def results(self, test_id: str) -> list[ResultRow]:
        """List what came of a test's examples, in their order."""
        rows = await self._rows.fetch(
            "SELECT test_id, number, outcome, cost, content FROM prompt_results WHERE test_id = :test_id"
            " ORDER BY number",
            {"test_id": test_id},
        )
        numbers = [int(row["number"] or 0) for row in rows]
        places = [tables.result_place(test_id, number) for number in numbers]
        contents = await opened(
            self._cipher, [(row["content"], place) for row, place in zip(rows, places, strict=True)]
        )
        return [
            ResultRow(test_id, number, str(row["outcome"]), float(row["cost"] or 0), content)
            for row, number, content in zip(rows, numbers, contents, strict=True)
        ]

    async def counts(self, test_id: str) -> tuple[dict[str, int], float]:
        """Count a test's results by their outcome; give what they cost together."""
        rows = await self._rows.fetch(
            "SELECT outcome, count(*) AS many, sum(cost) AS cost FROM prompt_results"
            " WHERE test_id = :test_id GROUP BY outcome",
            {"test_id": test_id},
        )
        found = {str(row["outcome"]): int(row["many"] or 0) for row in rows}
        return found, sum(float(row["cost"] or 0) for row in rows)

    async def newest_share(self, name: str, version: int, examples_revision: int) -> float | None:
        """Give the share of these examples that a version passed in its newest test that came to its end.

        Tests with another generator than the version's own do not count.
        """
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
        """Erase a test; first itself, so that no result is kept of it from then on."""
        await self._rows.delete("prompt_tests", {"test_id": test_id})
        await self._rows.delete("prompt_results", {"test_id": test_id})

    async def remove_of(self, name: str) -> None:
        """Erase all tests of a prompt."""
        rows = await self._rows.fetch("SELECT test_id FROM prompt_tests WHERE name = :name", {"name": name})
        for row in rows:
            await self.remove(str(row["test_id"]))

    async def forget_author(self, subject: str) -> int:
        """Forget who began tests, where it was somebody."""
        return await self._rows.update("prompt_tests", {"author": ""}, {"author": subject})


def _test(row: Row) -> TestRow:
    return TestRow(
        str(row["test_id"]),
        str(row["name"]),
        int(row["version"] or 0),
        str(row["generator"]),
        int(row["examples_revision"] or 0),
        int(row["cases"] or 0),
        str(row["job_id"]),
        str(row["author"]),
        int(row["created_ms"] or 0),
    )
