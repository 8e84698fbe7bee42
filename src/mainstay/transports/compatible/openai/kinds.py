"""The kinds of models; one more kind is one more class here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mainstay.transports.compatible.openai.asking import Asked

PREFIX = "mainstay/"
"""What stands before a collection's name where a model is named."""


@dataclass(frozen=True)
class Model:
    """Something that can be talked to."""

    name: str
    owner: str
    created_s: int


class Kind(Protocol):
    """A kind of models."""

    async def all(self, asked: Asked) -> Sequence[Model]:
        """List those that the caller may use."""
        ...


class Collections:
    """Grounded answers over a collection, as the model `mainstay/<collection>`."""

    async def all(self, asked: Asked) -> Sequence[Model]:
        """List one for each collection whose documents the caller may read."""
        if not asked.has("knowledge.answer") or not asked.has("knowledge.list_collections"):
            return []
        found = await asked("knowledge.list_collections")
        return [Model(PREFIX + each.name, "mainstay", each.created_ms // 1000) for each in found]


KINDS: Sequence[Kind] = (Collections(),)
