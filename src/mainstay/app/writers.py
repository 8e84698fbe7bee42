"""Who writes answers from evidence: generation where a generator is set, else what the engine quotes."""

from collections.abc import Callable
from typing import Any, cast

from mainstay.app.placement import NotHere
from mainstay.app.settings import Settings
from mainstay.kernel.interface import Interface
from mainstay.kit.random import Random
from mainstay.ports.generator import Generator
from mainstay.services.generation.interface import Generation
from mainstay.services.generation.writing import GeneratedWords

StandIn = Callable[[type[Interface], frozenset[str]], Interface]
_GENERATE = frozenset({"generation:use"})
"""What whoever may ask documents or translate may do by that, without a permission for generators."""


def writers_of(settings: Settings, quoting: object, stand_in: StandIn, random: Random) -> dict[Any, object]:
    """Give the port's writer, if services of this process ask for one and a generator is set for it."""
    if isinstance(quoting, NotHere) or not settings.generator.startswith(("http://", "https://")):
        return {}
    generation = cast("Generation", stand_in(Generation, _GENERATE))
    return {Generator: GeneratedWords(generation, settings.generator_model or "default", random)}
