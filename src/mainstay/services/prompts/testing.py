"""Tests versions on a prompt's examples: begun at once, tried one by one as a job, told when asked."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from mainstay.kernel.room import Room
from mainstay.kernel.work import caller, emit, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Forbidden
from mainstay.kit.ids import Ids
from mainstay.ports.schemas import Schemas
from mainstay.services.jobs.interface import JobMissing, Jobs
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
        self,
        book: Book,
        store: TestStore,
        schemas: Schemas,
        jobs: Jobs,
        room: Room,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._book = book
        self._store = store
        self._schemas = schemas
        self._jobs = jobs
        self._room = room
        self._clock = clock
        self._ids = ids

    async def examples(self, name: str) -> ExampleSet:
        """Give a prompt's examples."""
        row = await self._book.existing(name)
        examples = _examples(await self._book.examples(name))
        return ExampleSet(name=name, revision=row.examples_revision, examples=examples)

    async def set_examples(self, name: str, examples: Sequence[Example]) -> ExampleSet:
        """Keep examples instead of those before; raises ExamplesInvalid."""
        row = await self._book.existing(name)
        note_target(name)
        content, size = await asyncio.to_thread(self._checked, examples)
        if size > EXAMPLES_BYTES_MAX:
            raise ExamplesInvalid(f"All examples may have {EXAMPLES_BYTES_MAX:,} bytes at most, as JSON.")
        await self._room.take(0, size)
        after = replace(
            row,
            examples_revision=row.examples_revision + 1,
            revision=row.revision + 1,
            changed_ms=self._clock.now_ms(),
        )
        before = await self._book.examples(name)
        await self._book.save(after, row.revision, content)
        note_change({"examples": before}, {"examples": content})
        return ExampleSet(name=name, revision=after.examples_revision, examples=list(examples))

    async def start(self, name: str, version: int, label: str, generator: str) -> TestStarted:
        """Begin a test; raises ExamplesMissing.

        The prompt is stored anew, so that no test is kept of one that is deleted at this moment.
        """
        row = await self._book.existing(name)
        found = await self._book.version(name, version, label)
        examples = await self._book.examples(name)
        if not examples:
            raise ExamplesMissing(f"Set some: PUT /prompts/{name}/examples.")
        await self._room.take(0, await asyncio.to_thread(_size, examples))
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
                cases=len(examples),
                job_id=job_id,
                author=caller().subject,
                created_ms=self._clock.now_ms(),
            ),
            examples,
        )
        await self._book.save(replace(row, revision=row.revision + 1), row.revision)
        for each in old:
            await self._store.remove(each.test_id)
        for number, example in enumerate(examples):
            emit(CaseDue(test_id=test_id, number=number), job_id=job_id, subject=str(example["name"]))
        return TestStarted(
            test_id=test_id,
            job_id=job_id,
            name=name,
            version=found.version,
            generator=generator,
            cases=len(examples),
        )

    async def tests(self, name: str) -> PromptTests:
        """List a prompt's tests."""
        await self._book.existing(name)
        return PromptTests(tests=[await self._told(row) for row in await self._store.tests(name)])

    async def find(self, name: str, test_id: str, against: str) -> PromptTest:
        """Give a test with its results, perhaps compared with another one; raises PromptTestMissing."""
        row = await self._test(name, test_id)
        results, names = await self._store.results(test_id), await self._names(test_id)
        told = (await self._told(row)).model_copy(
            update={"results": [_result(names, each) for each in results]}
        )
        if not against:
            return told
        other = await self._test(name, against)
        there = _passed(await self._names(against), await self._store.results(against))
        return told.model_copy(update={"compared": _compared(other, _passed(names, results), there)})

    async def _test(self, name: str, test_id: str) -> TestRow:
        await self._book.existing(name)
        row = await self._store.test(test_id)
        if row is None or row.name != name:
            raise PromptTestMissing(f"List the prompt's tests; the last {TESTS_KEPT} are kept.")
        return row

    async def _names(self, test_id: str) -> list[str]:
        return [str(each["name"]) for each in await self._store.examples(test_id)]

    async def _told(self, row: TestRow) -> PromptTest:
        counts, cost = await self._store.counts(row.test_id)
        done = sum(counts.values()) == row.cases
        return PromptTest(
            test_id=row.test_id,
            job_id=row.job_id,
            name=row.name,
            version=row.version,
            generator=row.generator,
            examples_revision=row.examples_revision,
            state="done" if done else await self._unfinished(row.job_id),
            cases=row.cases,
            passed=counts.get("passed", 0),
            failed=counts.get("failed", 0),
            errors=counts.get("error", 0),
            cost=cost,
            created_ms=row.created_ms,
            results=[],
        )

    async def _unfinished(self, job_id: str) -> Literal["running", "failed", "cancelled"]:
        """Say why a test has not all its results; who may not see jobs is told that it runs."""
        try:
            state = (await self._jobs.get_job(job_id)).state
        except JobMissing:  # it ended long ago without trying all examples, and is forgotten
            return "failed"
        except Forbidden:
            return "running"
        return state if state in {"failed", "cancelled"} else "running"

    def _checked(self, examples: Sequence[Example]) -> tuple[list[dict[str, Any]], int]:
        """Give examples as they are kept, and their size; raises ExamplesInvalid."""
        self._check(examples)
        content = [example.model_dump() for example in examples]
        return content, _size(content)

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


def _size(content: Sequence[dict[str, Any]]) -> int:
    return len(json.dumps(content))


def _result(names: Sequence[str], result: ResultRow) -> CaseResult:
    case = names[result.number]
    return CaseResult.model_validate(
        {"case": case, "outcome": result.outcome, "cost": result.cost, **result.content}
    )


def _passed(names: Sequence[str], results: Sequence[ResultRow]) -> dict[str, bool]:
    return {names[each.number]: each.outcome == "passed" for each in results}


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
