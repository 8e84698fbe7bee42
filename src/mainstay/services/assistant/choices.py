"""Which intent was meant, where a bot is not sure: what it offers, and what is chosen."""

from collections.abc import Sequence

from mainstay.services.assistant.cues import bare
from mainstay.services.assistant.plans import Plan
from mainstay.services.assistant.records import Understood

_OFFERED = 2
_NEAR = 0.5
"""Of the threshold of scope: what is further out is near no intent, so none is offered."""
_SURE = 0.95
"""Where the nearest intent is likelier than that, no other is worth offering."""
_ORDINALS = {"1": 0, "first": 0, "the first": 0, "the first one": 0, "2": 1, "second": 1, "the second": 1}


def offers(plan: Plan, known: Understood, threshold: float) -> list[str]:
    """Give the nearest intents, where there are any near."""
    if known.out_of_scope and known.scope_score < _NEAR * threshold:
        return []
    names = [name for name in (known.intent, *known.alternatives) if name in plan.intents]
    if known.intent in names and known.confidence > _SURE:
        return names[:1]
    return names[:_OFFERED] if len(names) >= _OFFERED else []


def choice(plan: Plan, offered: Sequence[str], said: str) -> str | None:
    """Give the intent of those offered that was meant, by its place, its title, or its name.

    A yes is to the only one that is offered; of two it names none.
    """
    place = _ORDINALS.get(said)
    if place is not None and place < len(offered):
        return offered[place]
    if len(offered) == 1 and plan.cues.answer(said) == "yes":
        return offered[0]
    for name in offered:
        known = plan.intents.get(name)
        if known is not None and said in {bare(known.title), bare(name), bare(name.replace("_", " "))}:
            return name
    return None
