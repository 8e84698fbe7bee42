"""Whether the parts of a bot fit together; what does not is named field by field."""

from collections import Counter
from collections.abc import Iterator, Sequence

from mainstay.services.assistant.entities import Finder, PatternUnusable, known_entity
from mainstay.services.assistant.failures import BotInvalid
from mainstay.services.assistant.limits import EXAMPLES_MAX
from mainstay.services.assistant.plans import RESULT, placeholders
from mainstay.services.assistant.records import Entity, Intent
from mainstay.services.assistant.wording import tidy

Problem = tuple[str, str]
_TOLD_MAX = 20


def check(intents: Sequence[Intent], entities: Sequence[Entity]) -> None:
    """Make sure that the parts fit together; raises BotInvalid."""
    found = [*_of_intents(intents), *_of_entities(entities), *_of_slots(intents, entities)]
    if found:
        problems = [{"field": field, "problem": problem} for field, problem in found[:_TOLD_MAX]]
        raise BotInvalid(f"{found[0][0]}: {found[0][1]}", problems=problems)


def _of_intents(intents: Sequence[Intent]) -> Iterator[Problem]:
    for place, name in _repeated([intent.name for intent in intents]):
        yield f"intents.{place}.name", f"Another intent is called {name!r}: put their examples together."
    if sum(len(intent.examples) for intent in intents) > EXAMPLES_MAX:
        yield "intents", f"Give at most {EXAMPLES_MAX:,} examples in all."
    owners: dict[str, str] = {}
    for place, intent in enumerate(intents):
        for number, text in enumerate(intent.examples):
            field, read = f"intents.{place}.examples.{number}", tidy(text)
            if not read:
                yield field, "Write something that can be seen."
            elif owners.setdefault(read, intent.name) != intent.name:
                yield field, f"The intent {owners[read]!r} has this example too: leave it to one of them."


def _of_entities(entities: Sequence[Entity]) -> Iterator[Problem]:
    for place, name in _repeated([entity.name for entity in entities]):
        yield f"entities.{place}.name", f"Another entity is called {name!r}."
    for place, entity in enumerate(entities):
        if not entity.values and entity.pattern is None:
            yield f"entities.{place}", "Give values, or a pattern."
        try:
            Finder([entity])
        except PatternUnusable as wrong:
            yield f"entities.{place}.pattern", str(wrong)


def _of_slots(intents: Sequence[Intent], entities: Sequence[Entity]) -> Iterator[Problem]:
    for place, intent in enumerate(intents):
        names = [slot.name for slot in intent.slots]
        for number, name in _repeated(names):
            yield f"intents.{place}.slots.{number}.name", f"Another slot is called {name!r}."
        for number, slot in enumerate(intent.slots):
            if not known_entity(slot.entity, entities):
                told = f"There is no entity {slot.entity!r}: add it to `entities`, or name a built-in one."
                yield f"intents.{place}.slots.{number}.entity", told
        for field, asked in _asked(intent):
            for name in sorted(asked - set(names)):
                told = f"There is no slot {name!r} for {{{name}}}: add it to the intent's `slots`."
                yield f"intents.{place}.{field}", told


def _asked(intent: Intent) -> Iterator[tuple[str, set[str]]]:
    """Give the slots that an intent asks for, with the field that does."""
    yield "replies", {name for name in placeholders(intent.replies) if not name.startswith(RESULT)}
    yield "arguments", placeholders(list(intent.arguments.values()))


def _repeated(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Give the places of names that stood before already."""
    seen: Counter[str] = Counter()
    for place, name in enumerate(names):
        if seen[name.casefold()]:
            yield place, name
        seen[name.casefold()] += 1
