"""The book of prompts: makes them, gives their versions, moves their labels."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mainstay.kernel.room import Room
from mainstay.kernel.work import caller, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.ports.database import UniqueViolated
from mainstay.ports.schemas import Schemas
from mainstay.services.prompts.checking import fitting
from mainstay.services.prompts.experiment_store import ExperimentStore
from mainstay.services.prompts.failures import (
    PromptBusy,
    PromptLabelMissing,
    PromptLabelUnmoved,
    PromptMissing,
    PromptsTooMany,
    PromptTaken,
    PromptUntested,
    PromptVersionMissing,
    TemplateInvalid,
)
from mainstay.services.prompts.records import (
    LABELS_MAX,
    PROMPTS_MAX,
    VERSIONS_MAX,
    LabelTold,
    PromptDeleted,
    PromptMessage,
    PromptPage,
    PromptSettings,
    PromptSummary,
    PromptVersion,
    PromptVersions,
    Variable,
)
from mainstay.services.prompts.store import LabelRow, PromptRow, PromptStore, VersionRow, latest_label
from mainstay.services.prompts.testing_store import TestStore

PRODUCTION = "production"
CONTENT_BYTES_MAX = 1_000_000
"""A version with its variables and settings, as JSON."""


class Book:
    """Keeps prompts."""

    def __init__(
        self,
        store: PromptStore,
        tests: TestStore,
        experiments: ExperimentStore,
        schemas: Schemas,
        room: Room,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._tests = tests
        self._experiments = experiments
        self._schemas = schemas
        self._room = room
        self._clock = clock

    async def existing(self, name: str) -> PromptRow:
        """Find a prompt; raises PromptMissing."""
        row = await self._store.prompt(name)
        if row is None or row.deleted_ms is not None:
            raise PromptMissing("List the prompts to see their names.")
        return row

    async def make(self, name: str, content: dict[str, Any]) -> PromptVersion:
        """Make a prompt; one that was deleted goes on counting its versions."""
        before = await self._store.prompt(name)
        if before is not None and before.deleted_ms is None:
            raise PromptTaken("Add a version to it, or choose another name.")
        if before is None and await self._store.count() >= PROMPTS_MAX:
            raise PromptsTooMany(f"A tenant may have {PROMPTS_MAX:,} prompts, deleted names included.")
        now = self._clock.now_ms()
        row = PromptRow(name, 1, 0, 1, now, now)
        if before is not None:
            row = replace(before, latest=before.latest + 1, revision=before.revision + 1, deleted_ms=None)
            row = replace(row, created_ms=now, changed_ms=now)
        made = self._made(name, row.latest, content)
        await self._room.take(0, len(json.dumps(content)))
        try:
            if before is None:
                await self._store.add(row)
            elif not await self._store.change(row, before.revision):
                raise PromptBusy("List the prompts, and try again.")
            await self._store.add_version(made)
        except UniqueViolated:
            raise PromptTaken("Add a version to it, or choose another name.") from None
        self._noted(made)
        return _told(made, [])

    async def add(self, name: str, content: dict[str, Any]) -> PromptVersion:
        """Add a version."""
        row = await self.existing(name)
        if row.latest >= VERSIONS_MAX:
            raise PromptsTooMany(f"A prompt may have {VERSIONS_MAX:,} versions: make another prompt.")
        after = replace(
            row, latest=row.latest + 1, revision=row.revision + 1, changed_ms=self._clock.now_ms()
        )
        made = self._made(name, after.latest, content)
        await self._room.take(0, len(json.dumps(content)))
        await self.save(after, row.revision)
        await self._store.add_version(made)
        self._noted(made)
        return _told(made, [])

    async def examples(self, name: str) -> list[dict[str, Any]]:
        """Give the examples of a prompt that exists."""
        return await self._store.examples(name)

    async def save(
        self, row: PromptRow, revision: int, examples: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        """Store a prompt anew, perhaps with other examples.

        Raises PromptBusy when somebody has changed or deleted it meanwhile.
        """
        if not await self._store.change(row, revision, examples):
            raise PromptBusy("Get the prompt, and try again.")

    async def content(
        self,
        messages: Sequence[PromptMessage],
        text: str,
        variables: Sequence[Variable] | None,
        settings: PromptSettings,
        note: str,
    ) -> dict[str, Any]:
        """Give what makes a version, as it is written down; raises TemplateInvalid."""
        whole, declared = await asyncio.to_thread(fitting, messages, text, variables)
        form = settings.answer_format
        if form is not None and form.json_schema is not None:
            faults = await asyncio.to_thread(self._schemas.faults, form.json_schema)
            if faults:
                field = "settings.answer_format.json_schema"
                problem = {"field": field, "problem": "; ".join(faults)}
                raise TemplateInvalid(f"{field}: {'; '.join(faults)}", problems=[problem])
        content = {
            "messages": [message.model_dump() for message in whole],
            "variables": [variable.model_dump() for variable in declared],
            "settings": settings.model_dump(),
            "note": note,
        }
        if len(json.dumps(content)) > CONTENT_BYTES_MAX:
            raise TemplateInvalid(f"A version may have {CONTENT_BYTES_MAX:,} bytes at most, as JSON.")
        return content

    async def version(self, name: str, version: int, label: str) -> PromptVersion:
        """Give a version: by its number, by a label, or what `production` gives, or the newest.

        Raises PromptMissing, PromptVersionMissing, PromptLabelMissing.
        """
        row = await self.existing(name)
        labels = await self._store.labels(name)
        number = version or _labelled(row, labels, label)
        found = await self._store.version(name, number)
        if found is None:
            raise PromptVersionMissing(f"The newest version is {row.latest}.")
        return _told(found, labels)

    async def versions(self, name: str, before: int, limit: int) -> PromptVersions:
        """List a page of versions, newest first."""
        row = await self.existing(name)
        labels = await self._store.labels(name)
        rows = await self._store.versions(name, before or row.latest + 1, limit + 1)
        found = [_told(each, labels) for each in rows[:limit]]
        return PromptVersions(versions=found, next=found[-1].version if len(rows) > limit else 0)

    async def page(self, after: str, limit: int) -> PromptPage:
        """List a page of prompts, by name."""
        rows = await self._store.prompts(after, limit + 1)
        found = [await self._summary(row) for row in rows[:limit]]
        return PromptPage(prompts=found, next=found[-1].name if len(rows) > limit else "")

    async def summary(self, name: str) -> PromptSummary:
        """Give a prompt with its labels."""
        return await self._summary(await self.existing(name))

    async def size(self) -> int:
        """Give how many bytes the tenant's prompts have."""
        return await self._store.kept_bytes()

    async def move(self, name: str, label: str, version: int, require_tests: float | None) -> LabelTold:
        """Let a label stand at a version, and say what it demands from now on; raises PromptUntested."""
        row = await self.existing(name)
        if await self._store.version(name, version) is None:
            raise PromptVersionMissing(f"The newest version is {row.latest}.")
        labels = await self._store.labels(name)
        before = latest_label(labels, label)
        if before is None and len(labels) >= LABELS_MAX:
            raise PromptsTooMany(f"A prompt may have {LABELS_MAX} labels.")
        rule = require_tests if require_tests is not None else before.require_tests if before else 0.0
        if rule:
            await self._demand(row, version, rule)
        return await self._moved(row, label, before, version, rule)

    async def roll_back(self, name: str, label: str) -> LabelTold:
        """Let a label stand where it stood before, whatever it demands.

        Raises PromptLabelMissing, PromptLabelUnmoved.
        """
        row = await self.existing(name)
        before = latest_label(await self._store.labels(name), label)
        if before is None:
            raise PromptLabelMissing("Get the prompt to see its labels, and where each stood before.")
        if not before.before:
            raise PromptLabelUnmoved(f"Move the label {label} to the version that you want.")
        return await self._moved(row, label, before, before.before, before.require_tests)

    async def remove_label(self, name: str, label: str) -> PromptSummary:
        """Remove a label."""
        row = await self.existing(name)
        before = latest_label(await self._store.labels(name), label)
        note_target(name)
        if before is None:
            raise PromptLabelMissing("Get the prompt to see its labels.")
        await self._store.remove_label(name, label)
        note_change({"label": label, "version": before.version}, None)
        return await self._summary(row)

    async def remove(self, name: str) -> PromptDeleted:
        """Erase a prompt's texts; its name stays, with how many versions it has had."""
        row = await self.existing(name)
        note_target(name)
        now = self._clock.now_ms()
        gone = replace(row, revision=row.revision + 1, changed_ms=now, deleted_ms=now)
        await self.save(gone, row.revision, [])
        await self._store.remove(name)
        await self._tests.remove_of(name)
        await self._experiments.remove_of(name)
        note_change({"name": name, "latest": row.latest}, None)
        return PromptDeleted(name=name, latest=row.latest)

    async def _demand(self, row: PromptRow, version: int, rule: float) -> None:
        """Raise PromptUntested unless a version has passed the examples as they are now."""
        share = await self._tests.newest_share(row.name, version, row.examples_revision)
        if share is None:
            raise PromptUntested(
                f"Test version {version} on the examples as they are now, then move the label."
            )
        if share < rule:
            raise PromptUntested(
                f"Version {version} passed {share:.0%} of its examples; the label demands {rule:.0%}."
            )

    async def _moved(
        self, prompt: PromptRow, label: str, before: LabelRow | None, version: int, rule: float
    ) -> LabelTold:
        """Store a move; the prompt is stored anew, so that none is made on one that is deleted meanwhile."""
        note_target(prompt.name)
        row = LabelRow(
            label=label,
            require_tests=rule,
            number=1 if before is None else before.number + 1,
            version=version,
            before=0 if before is None else before.version,
            author=caller().subject,
            moved_ms=self._clock.now_ms(),
        )
        await self.save(replace(prompt, revision=prompt.revision + 1), prompt.revision)
        try:
            await self._store.move(prompt.name, row)
        except UniqueViolated:
            raise PromptBusy("Somebody moved the label at this moment: look where it stands.") from None
        was = None if before is None else {"label": label, "version": before.version}
        note_change(was, {"label": label, "version": version, "require_tests": rule})
        return _label(row)

    async def _summary(self, row: PromptRow) -> PromptSummary:
        return PromptSummary(
            name=row.name,
            latest=row.latest,
            labels=[_label(each) for each in await self._store.labels(row.name)],
            created_ms=row.created_ms,
            changed_ms=row.changed_ms,
        )

    def _made(self, name: str, version: int, content: dict[str, Any]) -> VersionRow:
        return VersionRow(name, version, content, caller().subject, self._clock.now_ms())

    def _noted(self, made: VersionRow) -> None:
        note_target(made.name)
        note_change(None, {"name": made.name, "version": made.version, **made.content})


def _labelled(row: PromptRow, labels: Sequence[LabelRow], label: str) -> int:
    found = latest_label(labels, label or PRODUCTION)
    if found is not None:
        return found.version
    if label:
        raise PromptLabelMissing("Get the prompt to see its labels.")
    return row.latest


def _told(row: VersionRow, labels: Sequence[LabelRow]) -> PromptVersion:
    return PromptVersion(
        name=row.name,
        version=row.version,
        author=row.author,
        created_ms=row.created_ms,
        labels=[each.label for each in labels if each.version == row.version],
        **row.content,
    )


def _label(row: LabelRow) -> LabelTold:
    return LabelTold(
        label=row.label,
        version=row.version,
        before=row.before,
        require_tests=row.require_tests,
        author=row.author,
        moved_ms=row.moved_ms,
    )
