"""The generator that writes nothing of its own: the sources' best sentences, word for word, each cited."""

import re
from collections.abc import AsyncIterator, Sequence

from mainstay.ports.generator import Evidence, GeneratorUnavailable

_WORD = re.compile(r"\w+")
_NEAR = 0.8
_LOOKED_AT_MAX = 64
_WORDS_MAX = 200


class ExtractiveGenerator:
    """Answers with the best few sentences, dropping those that say the same again; pure and instant."""

    def __init__(self, *, sentences_max: int = 3, characters_max: int = 800) -> None:
        """Take how much an answer may hold; its first sentence is always whole unless it alone is longer."""
        self._sentences_max = sentences_max
        self._characters_max = characters_max

    @property
    def name(self) -> str:
        """Give the name shown to users."""
        return "extractive"

    @property
    def extractive(self) -> bool:
        """Say that the sentences are the sources' own."""
        return True

    async def write(self, question: str, evidence: Sequence[Evidence]) -> AsyncIterator[str]:
        """Stream the best sentences, `Sentence. [2]` each; nothing when there is no evidence."""
        for place, piece in enumerate(choose(evidence, self._sentences_max, self._characters_max)):
            yield f"{' ' if place else ''}{piece.text} [{piece.number}]"

    async def compose(self, task: str, source: str, tokens_max: int) -> str:
        """Raise GeneratorUnavailable: nothing here writes."""
        raise GeneratorUnavailable("Set MAINSTAY_GENERATOR to a generator that writes.")

    async def close(self) -> None:
        """Give nothing back: nothing is held."""


def choose(evidence: Sequence[Evidence], sentences_max: int, characters_max: int) -> list[Evidence]:
    """Pick the first sentences that are new and fit; best first, as they came."""
    chosen: list[Evidence] = []
    seen: list[frozenset[str]] = []
    room = characters_max
    for piece in evidence[:_LOOKED_AT_MAX]:
        text = " ".join(piece.text.split())
        words = frozenset(word.casefold() for word in _WORD.findall(text)[:_WORDS_MAX])
        if len(chosen) == sentences_max:
            break
        if not words or any(_alike(words, other) for other in seen):
            continue
        if len(text) > room:
            if chosen:
                continue
            text = _cut(text, room)
        chosen.append(Evidence(piece.number, text, piece.score))
        seen.append(words)
        room -= len(text)
    return chosen


def _alike(left: frozenset[str], right: frozenset[str]) -> bool:
    """Compare two sentences by the words they share (Jaccard), or by one holding all of the other."""
    shared = len(left & right)
    return shared / len(left | right) >= _NEAR or shared == min(len(left), len(right))


def _cut(text: str, room: int) -> str:
    head = text[:room]
    return head[: head.rfind(" ")] if " " in head else head
