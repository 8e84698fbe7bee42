"""Puts values into a prompt and asks its generator, within an experiment where one runs."""

import asyncio
from collections.abc import Mapping
from typing import Any

from mainstay.kernel.work import note_target
from mainstay.services.generation.interface import CacheWish, ChatMessage, Generation, PromptUsed
from mainstay.services.prompts.book import Book
from mainstay.services.prompts.checking import rendered
from mainstay.services.prompts.experimenting import Experimenting, Shown
from mainstay.services.prompts.records import PromptAnswer, PromptVersion, Rendered


class Running:
    """Renders and runs prompts."""

    def __init__(self, book: Book, experimenting: Experimenting, generation: Generation) -> None:
        """Take the parts."""
        self._book = book
        self._experimenting = experimenting
        self._generation = generation

    async def render(self, name: str, values: Mapping[str, Any], version: int, label: str) -> Rendered:
        """Put values in; no experiment looks on."""
        found = await self._book.version(name, version, label)
        return await _rendered(found, values, Shown(found.version))

    async def expose(
        self,
        name: str,
        values: Mapping[str, Any],
        version: int,
        label: str,
        key: str,
        before: PromptUsed | None = None,
    ) -> Rendered:
        """Put values in, and keep which arm was shown if an experiment runs; what was shown `before` once."""
        shown, told = await self.choose(name, values, version, label, key)
        note_target(name)
        if before is None:
            await self._experimenting.expose(shown)
        else:
            await self._experimenting.expose_once(shown, before)
        return told

    async def run(
        self,
        name: str,
        values: Mapping[str, Any],
        version: int,
        label: str,
        generator: str,
        key: str,
        cache: CacheWish | None,
    ) -> PromptAnswer:
        """Put values in, let the generator answer, and keep which arm was shown if an experiment runs.

        An answer that fails shows nobody anything.
        """
        shown, told = await self.choose(name, values, version, label, key)
        settings = told.settings
        answer = await self._generation.complete(
            messages=[ChatMessage(role=each.role, content=each.content) for each in told.messages],
            generator=generator or settings.generator,
            answer_format=settings.answer_format,
            temperature=settings.temperature,
            top_p=settings.top_p,
            tokens_max=settings.tokens_max,
            stop=settings.stop,
            hide_personal_data=settings.hide_personal_data,
            cache=cache or settings.cache,
            prompt=told.prompt,
        )
        note_target(name)
        await self._experimenting.expose(shown)
        return PromptAnswer(prompt=told.prompt, answer=answer)

    async def choose(
        self, name: str, values: Mapping[str, Any], version: int, label: str, key: str
    ) -> tuple[Shown, Rendered]:
        """Put values in, and say which arm that is; nothing is kept."""
        await self._book.existing(name)
        shown = await self._experimenting.choose(name, version, label, key)
        found = await self._book.version(name, shown.version, label)
        return shown, await _rendered(found, values, shown)


async def _rendered(version: PromptVersion, values: Mapping[str, Any], shown: Shown) -> Rendered:
    messages = await asyncio.to_thread(rendered, version, values)
    exposure = shown.exposure
    used = PromptUsed(
        prompt=version.name,
        version=version.version,
        experiment_id="" if exposure is None else exposure.experiment_id,
        arm="" if exposure is None else exposure.arm,
        exposure_id="" if exposure is None else exposure.exposure_id,
    )
    return Rendered(messages=messages, settings=version.settings, prompt=used)
