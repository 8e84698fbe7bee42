"""Keeps prompts, asks generators with them, tests them and tries them against each other."""

import asyncio
from typing import Any

from mainstay.kernel.holdings import Holding
from mainstay.services.generation.interface import CacheWish, PromptUsed
from mainstay.services.prompts.book import Book
from mainstay.services.prompts.checking import changed
from mainstay.services.prompts.diffing import texts_diff
from mainstay.services.prompts.experiment_records import Arm, Experiment, ExperimentResult
from mainstay.services.prompts.experimenting import Experimenting
from mainstay.services.prompts.interface import Prompts
from mainstay.services.prompts.records import (
    Difference,
    LabelTold,
    PromptAnswer,
    PromptDeleted,
    PromptMessage,
    PromptPage,
    PromptSettings,
    PromptSummary,
    PromptVersion,
    PromptVersions,
    Rendered,
    Variable,
)
from mainstay.services.prompts.running import Running
from mainstay.services.prompts.testing import Testing
from mainstay.services.prompts.testing_records import (
    Example,
    ExampleSet,
    PromptTest,
    PromptTests,
    TestStarted,
)


class PromptsService(Prompts):
    """The prompts service."""

    def __init__(self, book: Book, running: Running, testing: Testing, experimenting: Experimenting) -> None:
        """Take the parts."""
        self._book = book
        self._running = running
        self._testing = testing
        self._experimenting = experimenting

    async def holding(self) -> Holding:
        """Count what the caller's tenant keeps, for the house; prompts are no documents."""
        return Holding(0, await self._book.size())

    async def create_prompt(
        self,
        name: str,
        messages: list[PromptMessage] = [],  # noqa: B006 - never changed; the interface's default
        text: str = "",
        variables: list[Variable] | None = None,
        settings: PromptSettings = PromptSettings(),  # noqa: B008 - frozen; the interface's default
        note: str = "",
    ) -> PromptVersion:
        """Make a prompt."""
        content = await self._book.content(messages, text, variables, settings, note)
        return await self._book.make(name, content)

    async def add_prompt_version(
        self,
        name: str,
        messages: list[PromptMessage] = [],  # noqa: B006 - never changed; the interface's default
        text: str = "",
        variables: list[Variable] | None = None,
        settings: PromptSettings = PromptSettings(),  # noqa: B008 - frozen; the interface's default
        note: str = "",
    ) -> PromptVersion:
        """Add a version."""
        content = await self._book.content(messages, text, variables, settings, note)
        return await self._book.add(name, content)

    async def list_prompts(self, after: str = "", limit: int = 50) -> PromptPage:
        """List prompts."""
        return await self._book.page(after, limit)

    async def get_prompt(self, name: str, version: int = 0, label: str = "") -> PromptVersion:
        """Give a version."""
        return await self._book.version(name, version, label)

    async def list_prompt_labels(self, name: str) -> PromptSummary:
        """List labels."""
        return await self._book.summary(name)

    async def list_prompt_versions(self, name: str, before: int = 0, limit: int = 50) -> PromptVersions:
        """List versions."""
        return await self._book.versions(name, before, limit)

    async def compare_prompt_versions(self, name: str, before: int, after: int) -> Difference:
        """Say how two versions differ."""
        old, new = await self._book.version(name, before, ""), await self._book.version(name, after, "")
        texts = await asyncio.to_thread(texts_diff, old, new)
        return Difference(name=name, before=before, after=after, texts=texts, changed=changed(old, new))

    async def move_prompt_label(
        self, name: str, label: str, version: int, require_tests: float | None = None
    ) -> LabelTold:
        """Move a label."""
        return await self._book.move(name, label, version, require_tests)

    async def roll_back_prompt_label(self, name: str, label: str) -> LabelTold:
        """Move a label back."""
        return await self._book.roll_back(name, label)

    async def remove_prompt_label(self, name: str, label: str) -> PromptSummary:
        """Remove a label."""
        return await self._book.remove_label(name, label)

    async def delete_prompt(self, name: str) -> PromptDeleted:
        """Delete a prompt."""
        return await self._book.remove(name)

    async def render_prompt(
        self,
        name: str,
        variables: dict[str, Any] = {},  # noqa: B006 - never changed; the interface's default
        version: int = 0,
        label: str = "",
    ) -> Rendered:
        """Put values in."""
        return await self._running.render(name, variables, version, label)

    async def run_prompt(
        self,
        name: str,
        variables: dict[str, Any] = {},  # noqa: B006 - never changed; the interface's default
        version: int = 0,
        label: str = "",
        generator: str = "",
        unit: str = "",
        cache: CacheWish | None = None,
    ) -> PromptAnswer:
        """Put values in and let a generator answer."""
        return await self._running.run(name, variables, version, label, generator, unit, cache)

    async def expose_prompt(
        self,
        name: str,
        variables: dict[str, Any] = {},  # noqa: B006 - never changed; the interface's default
        version: int = 0,
        label: str = "",
        unit: str = "",
        *,
        counted: bool = True,
        shown: PromptUsed | None = None,
    ) -> Rendered:
        """Put values in as part of an experiment."""
        if not counted:
            return (await self._running.choose(name, variables, version, label, unit))[1]
        return await self._running.expose(name, variables, version, label, unit, shown)

    async def set_prompt_examples(self, name: str, examples: list[Example]) -> ExampleSet:
        """Keep examples."""
        return await self._testing.set_examples(name, examples)

    async def get_prompt_examples(self, name: str) -> ExampleSet:
        """Give examples."""
        return await self._testing.examples(name)

    async def start_prompt_test(
        self, name: str, version: int = 0, label: str = "", generator: str = ""
    ) -> TestStarted:
        """Begin a test."""
        return await self._testing.start(name, version, label, generator)

    async def list_prompt_tests(self, name: str) -> PromptTests:
        """List tests."""
        return await self._testing.tests(name)

    async def get_prompt_test(self, name: str, test_id: str, against: str = "") -> PromptTest:
        """Give a test."""
        return await self._testing.find(name, test_id, against)

    async def start_prompt_experiment(
        self, name: str, arms: list[Arm], label: str = "production", alpha: float = 0.05
    ) -> Experiment:
        """Begin an experiment."""
        return await self._experimenting.start(name, label, arms, alpha)

    async def list_prompt_experiments(self, name: str, limit: int = 50) -> list[Experiment]:
        """List experiments."""
        return await self._experimenting.experiments(name, limit)

    async def get_prompt_experiment(self, name: str, experiment_id: str) -> ExperimentResult:
        """Say where an experiment stands."""
        return await self._experimenting.result(name, experiment_id)

    async def stop_prompt_experiment(self, name: str, experiment_id: str, winner: str = "") -> Experiment:
        """End an experiment."""
        return await self._experimenting.stop(name, experiment_id, winner)
