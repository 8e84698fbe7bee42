"""Finding entities in what people say: values with synonyms, patterns in linear time, built-ins."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, islice
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from mainstay.kit.expressions import size_of
from mainstay.kit.numbers import Mark, mark_of
from mainstay.services.assistant.built_ins import BUILT_INS, FREE_TEXT
from mainstay.services.assistant.days import day_forms
from mainstay.services.assistant.records import Entity, EntityFound
from mainstay.services.assistant.wording import words

_TOKEN = re.compile(r"\w+")
_PIECE = re.compile(r"\S+")
_EDGES = ".,;:!?()[]{}\"'“”„«»…"
_PIECES_MAX = 6
_PIECES_READ = 200
_PART_LENGTH_MAX = 200
_PATTERN_SIZE_MAX = 300
_TRIED_MAX = 200_000
"""Characters of one text that patterns are tried on; what follows is not looked at."""
_FOUND_MAX = 500
_VALUE_WORDS_MAX = 12
_COUNTING = frozenset({"number", "identifier"})


class PatternUnusable(ValueError):
    """A pattern is not written as Rust's regular expressions are, or takes too long."""


def _compiled(pattern: str) -> TypeAdapter[str]:
    if size_of(pattern) > _PATTERN_SIZE_MAX:
        raise PatternUnusable(
            f"It repeats too much: {_PATTERN_SIZE_MAX} parts at most with repetitions written out; try `*`."
        )
    try:
        return TypeAdapter(Annotated[str, StringConstraints(pattern=f"^(?:{pattern})$")])
    except SchemaError as wrong:
        *_, why = str(wrong).splitlines()
        raise PatternUnusable(f"{why.strip().removeprefix('SchemaError: ').rstrip('.')}.") from None


class Finder:
    """Finds a bot's entities, and the built-in ones."""

    def __init__(self, entities: Sequence[Entity], languages: Sequence[str] = ()) -> None:
        """Take the bot's entities, and its languages, in which numbers are read; raises PatternUnusable."""
        self._mark = mark_of(languages)
        self._values: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        self._patterns: list[tuple[str, TypeAdapter[str]]] = []
        for entity in entities:
            if entity.pattern is not None:
                self._patterns.append((entity.name, _compiled(entity.pattern)))
            self._add(entity.name, entity.values)
        self._longest = max((len(key) for key in self._values), default=0)

    def find(self, text: str, today: date, wanted: Iterable[str] = ()) -> list[EntityFound]:
        """Find entities in the order in which they stand; of the built-in ones those that are `wanted`.

        Where several values of one entity overlap, the longest counts. The digits of a day or a moment are
        neither a number nor an identifier, and those of an amount or a telephone are no identifier.
        """
        built_in = [name for name in BUILT_INS if name in set(wanted)]
        moments = list(_moments(text, today)) if _COUNTING.intersection(built_in) else []
        other = {"number": moments, "identifier": [*moments, *_sums(text, today, self._mark)]}
        found = (
            EntityFound(
                entity=name, value=one.value, text=text[one.start : one.end], start=one.start, end=one.end
            )
            for name in built_in
            for one in BUILT_INS[name](text, today, self._mark)
            if all(one.end <= start or end <= one.start for start, end in other.get(name, ()))
        )
        every = chain(found, self._of_values(text), self._of_patterns(text))
        return _longest_alone(list(islice(every, _FOUND_MAX)))

    def _add(self, name: str, values: Mapping[str, Sequence[str]]) -> None:
        for value, synonyms in values.items():
            for form in (value, *synonyms):
                key = tuple(words(form))[:_VALUE_WORDS_MAX]
                if key and (name, value) not in self._values.setdefault(key, []):
                    self._values[key].append((name, value))

    def _of_values(self, text: str) -> Iterator[EntityFound]:
        if not self._values:
            return
        tokens = [(match[0].casefold(), match.start(), match.end()) for match in _TOKEN.finditer(text)]
        for first in range(len(tokens)):
            for length in range(min(self._longest, len(tokens) - first), 0, -1):
                part = tokens[first : first + length]
                start, end = part[0][1], part[-1][2]
                for name, value in self._values.get(tuple(word for word, _, _ in part), ()):
                    yield EntityFound(entity=name, value=value, text=text[start:end], start=start, end=end)

    def _of_patterns(self, text: str) -> Iterator[EntityFound]:
        if not self._patterns:
            return
        left = _TRIED_MAX
        for start, end in _parts(text):
            part = text[start:end]
            left -= len(part) * len(self._patterns)
            if left < 0:
                return
            for name, adapter in self._patterns:
                if _matches(adapter, part):
                    yield EntityFound(entity=name, value=part, text=part, start=start, end=end)


def _moments(text: str, today: date) -> Iterator[tuple[int, int]]:
    yield from day_forms(text)
    for one in BUILT_INS["time"](text, today, None):
        yield one.start, one.end


def _sums(text: str, today: date, mark: Mark | None) -> Iterator[tuple[int, int]]:
    for name in ("money", "percent", "phone"):
        for one in BUILT_INS[name](text, today, mark):
            if name != "phone" or one.value.startswith(("0", "+")):
                yield one.start, one.end


def known_entity(name: str, entities: Sequence[Entity]) -> bool:
    """Say whether a slot may name an entity."""
    return name == FREE_TEXT or name in BUILT_INS or any(entity.name == name for entity in entities)


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """Give the places of one to six words beside each other, the most words first."""
    pieces = [_trimmed(match) for match in islice(_PIECE.finditer(text), _PIECES_READ)]
    for first in range(len(pieces)):
        for last in range(min(first + _PIECES_MAX, len(pieces)) - 1, first - 1, -1):
            start, end = pieces[first][0], pieces[last][1]
            if start < end <= start + _PART_LENGTH_MAX:
                yield start, end


def _trimmed(match: re.Match[str]) -> tuple[int, int]:
    piece = match[0]
    before = len(piece) - len(piece.lstrip(_EDGES))
    return match.start() + before, match.start() + max(before, len(piece.rstrip(_EDGES)))


def _matches(adapter: TypeAdapter[str], text: str) -> bool:
    try:
        adapter.validate_python(text)
    except ValidationError:
        return False
    return True


def _longest_alone(found: Sequence[EntityFound]) -> list[EntityFound]:
    """Leave out what overlaps with something longer of the same entity."""
    kept: list[EntityFound] = []
    taken: dict[str, list[tuple[int, int]]] = {}
    for one in sorted(found, key=lambda each: (each.start - each.end, each.start, each.entity, each.value)):
        spans = taken.setdefault(one.entity, [])
        if all(one.end <= start or end <= one.start for start, end in spans):
            spans.append((one.start, one.end))
            kept.append(one)
    return sorted(kept, key=lambda each: (each.start, each.end, each.entity))
