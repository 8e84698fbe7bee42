"""How slots are filled with what was found in a text, and put right by what takes it back."""

from collections.abc import Iterable, Mapping, Sequence

from mainstay.services.assistant.built_ins import FREE_TEXT
from mainstay.services.assistant.cues import Cues
from mainstay.services.assistant.plans import IntentPlan
from mainstay.services.assistant.records import EntityFound, Slot

VALUE_MAX = 500
"""Characters of a value that are kept."""


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


def revised(
    known: IntentPlan, slots: Mapping[str, str], entities: Sequence[EntityFound]
) -> dict[str, str] | None:
    """Put what was found in place of what was said before, the last thing of its kind; None: there is none.

    What is named beside the new gives way to it: `not Rome, Oslo`; several values replace several, in order.
    """
    kinds = {slot.name: slot.entity for slot in known.slots}
    anew = dict(slots)
    for kind in dict.fromkeys(each.entity for each in entities):
        values = [each.value[:VALUE_MAX] for each in entities if each.entity == kind]
        holding = [name for name in slots if kinds.get(name) == kind]
        named = [name for name in holding if slots[name] in values]
        said = [value for value in values if value not in {slots[name] for name in named}]
        places = named or holding[-len(said) :]
        if said:
            anew.update(zip(places, said, strict=False))
    return None if anew == slots else anew


def free_text(
    known: IntentPlan, slots: dict[str, str], asking: Slot, text: str, cues: Cues
) -> dict[str, str]:
    """Take a text as it is for what was asked for; `I meant …` puts the text before right, or is none."""
    meaning, before = cues.meaning(text), next(reversed(slots), None)
    if meaning is None or before is None:
        return {**slots, asking.name: text.strip()[:VALUE_MAX]}
    free = {slot.name for slot in known.slots if slot.entity == FREE_TEXT}
    return {**slots, before: meaning[:VALUE_MAX]} if meaning and before in free else dict(slots)
