"""Tests versions on a prompt's examples: begun at once, tried one by one as a job, told when asked."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

from mainstay.kernel.room import Room
from mainstay.kernel.work import caller, emit, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.schemas import Schemas
from mainstay.services.prompts.book import Book
from mainstay.services.prompts.checks import differing, faults, mcnemar
from mainstay.services.prompts.failures import ExamplesInvalid, ExamplesMissing, PromptTestMissing
from mainstay.services.prompts.happenings import CaseDue
from mainstay.services.prompts.testing_records import (
    TESTS_KEPT,
    CaseResult,
    Example,
    ExampleSet,
    PromptTest,
    PromptTests,
    TestCompared,
    TestStarted,
)
from mainstay.services.prompts.testing_store import ResultRow, TestRow, TestStore

EXAMPLES_BYTES_MAX = 2_000_000
_TOLD_MAX = 20


class Testing:
    """Keeps examples and tests."""

    def __init__(
        self, book: Book, store: TestStore, schemas: Schemas, room: Room, clock: Clock, ids: Ids
    ) -> None:
        """Take the parts."""
        self._book = book
        self._store = store
        self._schemas = schemas
        self._room = room
        self._clock = clock
        self._ids = ids

    async def examples(self, name: str) -> ExampleSet:
        """Give a prompt's examples."""
        row = await self._book.existing(name)
        return ExampleSet(name=name, revision=row.examples_revision, examples=_examples(row.examples))

    async def set_examples(self, name: str, examples: Sequence[Example]) -> ExampleSet:
        """Keep examples instead of those before; raises ExamplesInvalid."""
        row = await self._book.existing(name)
        note_target(name)
        await asyncio.to_thread(self._check, examples)
        content = [example.model_dump() for example in examples]
        size = len(json.dumps(content))
        if size > EXAMPLES_BYTES_MAX:
            raise ExamplesInvalid(f"All examples may have {EXAMPLES_BYTES_MAX:,} bytes at most, as JSON.")
        await self._room.take(0, size)
        after = replace(
            row,
            examples=content,
            examples_revision=row.examples_revision + 1,
            revision=row.revision + 1,
            changed_ms=self._clock.now_ms(),
        )
        await self._book.save(after, row.revision)
        note_change({"examples": row.examples}, {"examples": content})
        return ExampleSet(name=name, revision=after.examples_revision, examples=list(examples))

    async def start(self, name: str, version: int, label: str, generator: str) -> TestStarted:
        """Begin a test; raises ExamplesMissing."""
        row = await self._book.existing(name)
        found = await self._book.version(name, version, label)
        if not row.examples:
            raise ExamplesMissing(f"Set some: PUT /prompts/{name}/examples.")
        test_id, job_id = self._ids.new("test"), self._ids.new("job")
        note_target(test_id)
        old = (await self._store.tests(name))[TESTS_KEPT - 1 :]
        await self._store.add(
            TestRow(
                test_id=test_id,
                name=name,
                version=found.version,
                generator=generator,
                examples_revision=row.examples_revision,
                cases=len(row.examples),
                job_id=job_id,
                author=caller().subject,
                content={"examples": row.examples},
                created_ms=self._clock.now_ms(),
            )
        )
        for each in old:
            await self._store.remove(each.test_id)
        for number, example in enumerate(row.examples):
            emit(CaseDue(test_id=test_id, number=number), job_id=job_id, subject=str(example["name"]))
        return TestStarted(
            test_id=test_id,
            job_id=job_id,
            name=name,
            version=found.version,
            generator=generator,
            cases=len(row.examples),
        )

    async def tests(self, name: str) -> PromptTests:
        """List a prompt's tests."""
        await self._book.existing(name)
        return PromptTests(tests=[await self._told(row) for row in await self._store.tests(name)])

    async def find(self, name: str, test_id: str, against: str) -> PromptTest:
        """Give a test with its results, perhaps compared with another one; raises PromptTestMissing."""
        row = await self._test(name, test_id)
        results = await self._store.results(test_id)
        told = (await self._told(row)).model_copy(
            update={"results": [_result(row, each) for each in results]}
        )
        if not against:
            return told
        other = await self._test(name, against)
        there = await self._store.results(against)
        return told.model_copy(
            update={"compared": _compared(other, _passed(row, results), _passed(other, there))}
        )

    async def _test(self, name: str, test_id: str) -> TestRow:
        await self._book.existing(name)
        row = await self._store.test(test_id)
        if row is None or row.name != name:
            raise PromptTestMissing(f"List the prompt's tests; the last {TESTS_KEPT} are kept.")
        return row

    async def _told(self, row: TestRow) -> PromptTest:
        counts, cost = await self._store.counts(row.test_id)
        return PromptTest(
            test_id=row.test_id,
            job_id=row.job_id,
            name=row.name,
            version=row.version,
            generator=row.generator,
            examples_revision=row.examples_revision,
            state="done" if sum(counts.values()) == row.cases else "running",
            cases=row.cases,
            passed=counts.get("passed", 0),
            failed=counts.get("failed", 0),
            errors=counts.get("error", 0),
            cost=cost,
            created_ms=row.created_ms,
            results=[],
        )

    def _check(self, examples: Sequence[Example]) -> None:
        found = list(faults(examples))
        for place, example in enumerate(examples):
            for number, expected in enumerate(example.expect):
                told = [] if expected.fits is None else self._schemas.faults(expected.fits)
                found += [(f"examples.{place}.expect.{number}.fits", each) for each in told]
        if found:
            problems = [{"field": field, "problem": problem} for field, problem in found[:_TOLD_MAX]]
            raise ExamplesInvalid(f"{found[0][0]}: {found[0][1]}", problems=problems)


def _examples(stored: Sequence[dict[str, object]]) -> list[Example]:
    return [Example.model_validate(each) for each in stored]


def _case(row: TestRow, number: int) -> str:
    return str(row.content["examples"][number]["name"])


def _result(row: TestRow, result: ResultRow) -> CaseResult:
    return CaseResult.model_validate(
        {"case": _case(row, result.number), "outcome": result.outcome, "cost": result.cost, **result.content}
    )


def _passed(row: TestRow, results: Sequence[ResultRow]) -> dict[str, bool]:
    return {_case(row, each.number): each.outcome == "passed" for each in results}


def _compared(other: TestRow, here: dict[str, bool], there: dict[str, bool]) -> TestCompared:
    fixed, broken, both = differing(here, there)
    return TestCompared(
        test_id=other.test_id,
        version=other.version,
        generator=other.generator,
        both=both,
        fixed=fixed,
        broken=broken,
        p_value=mcnemar(len(fixed), len(broken)),
    )
