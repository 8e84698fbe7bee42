"""How slots are filled with what was found in a text, and put right by what takes it back."""

import re
from collections.abc import Iterable, Mapping, Sequence

from mainstay.services.assistant.built_ins import FREE_TEXT
from mainstay.services.assistant.cues import Cues
from mainstay.services.assistant.plans import IntentPlan
from mainstay.services.assistant.records import EntityFound, Slot

VALUE_MAX = 500
"""Characters of a value that are kept."""

_DENIED = re.compile(
    r"(?:(?<!why )\bnot|\b(?:any|every|all)\s\w+\sbut|"
    r"\b(?:except|without|nicht|außer|pas|sauf|excepto|menos|salvo))"
    r"(?:\s(?:on|for|at|the|am|den|le|el|en))?\s$",
    re.IGNORECASE,
)
_DENIED_MAX = 40
_INTRODUCED = re.compile(
    r"(?:(?:hi|hello|sure|ok|yes|ja|oui|sí)\W+)?"
    r"(?:my name is|the name is|it is|it's|this is|i am|i'm|on the name of|"
    r"mein name ist|ich heiße|ich bin|auf den namen|auf|je m'appelle|mon nom est|c'est|au nom de|"
    r"me llamo|mi nombre es|soy|a nombre de)\s(?=\S)",
    re.IGNORECASE,
)


def filled_with(
    known: IntentPlan,
    slots: Mapping[str, str],
    entities: Iterable[EntityFound],
    *,
    first: Slot | None = None,
) -> dict[str, str]:
    """Fill the slots of which nothing is known with what was found, each thing once; `first` comes first."""
    filled, left = dict(slots), list(entities)
    for slot in sorted(known.slots, key=lambda slot: first is None or slot.name != first.name):
        one = next((each for each in left if each.entity == slot.entity), None)
        if slot.name not in slots and one is not None:
            filled[slot.name] = one.value[:VALUE_MAX]
            left.remove(one)
    return filled


def meant(text: str, entities: Iterable[EntityFound]) -> list[EntityFound]:
    """Leave out what a text denies: `any day but Sunday`, `not Saturday`."""
    return [
        each for each in entities if not _DENIED.search(text, max(0, each.start - _DENIED_MAX), each.start)
    ]


def revised(
    known: IntentPlan, slots: Mapping[str, str], text: str, entities: Sequence[EntityFound]
) -> dict[str, str] | None:
    """Put what was found in place of what was said before, the last thing of its kind; None: there is none.

    What is named beside the new gives way to it: `not Rome, Oslo`; several values replace several, in order.
    """
    kinds = {slot.name: slot.entity for slot in known.slots}
    anew, wanted = dict(slots), meant(text, entities)
    for kind in dict.fromkeys(each.entity for each in entities):
        values = {each.value[:VALUE_MAX] for each in entities if each.entity == kind}
        holding = [name for name in slots if kinds.get(name) == kind]
        named = [name for name in holding if slots[name] in values]
        kept = {slots[name] for name in named}
        said = [each.value[:VALUE_MAX] for each in wanted if each.entity == kind]
        said = [value for value in said if value not in kept]
        if said:
            anew.update(zip(named or holding[-len(said) :], said, strict=False))
    return None if anew == slots else anew


def reworded(known: IntentPlan, slots: Mapping[str, str], meaning: str | None) -> dict[str, str] | None:
    """Put what stands behind `I meant` in place of a text, where that was said last; None: it was not."""
    last = next(reversed(dict(slots)), None)
    free = {slot.name for slot in known.slots if slot.entity == FREE_TEXT}
    return {**slots, last: meaning[:VALUE_MAX]} if meaning and last in free else None


def free_text(slots: Mapping[str, str], asking: Slot, text: str, cues: Cues) -> dict[str, str]:
    """Take a text as it is for what was asked for, but a correction of what nobody understood.

    A name is taken without what introduces it: `my name is`.
    """
    if slots and cues.meaning(text) is not None:
        return dict(slots)
    value = _INTRODUCED.sub("", text.strip()) if "name" in asking.name.casefold() else text.strip()
    return {**slots, asking.name: value[:VALUE_MAX]}
