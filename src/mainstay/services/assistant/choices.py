"""Which intent was meant, where a bot is not sure: what it offers, and what is chosen."""

from collections.abc import Mapping, Sequence

from mainstay.services.assistant.cues import bare, courteously
from mainstay.services.assistant.plans import Plan
from mainstay.services.assistant.records import Understood

_OFFERED = 2
_NEAR = 0.5
"""Of the threshold of scope: what is further out is near no intent, so none is offered."""
_SURE = 0.95
"""Where the nearest intent is likelier than that, no other is worth offering."""
_PLACES = (
    (
        "1|one|first|the first|first one|the first one|number 1|number one|option 1|the former|eins|"
        "erste|erstes|das erste|die erste|der erste|ersteres|nummer 1|nummer eins|nr 1|un|premier|"
        "première|le premier|la première|numéro 1|uno|primero|primera|el primero|la primera|número 1"
    ),
    (
        "2|two|second|the second|second one|the second one|number 2|number two|option 2|the latter|"
        "the last|the last one|zwei|zweite|zweites|das zweite|die zweite|der zweite|letzteres|"
        "nummer 2|nummer zwei|nr 2|deux|deuxième|second|seconde|le deuxième|la deuxième|numéro 2|dos|"
        "segundo|segunda|el segundo|la segunda|número 2"
    ),
)
_ORDINALS = {each: place for place, written in enumerate(_PLACES) for each in written.split("|")}


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
    if len(offered) == 1 and plan.cues.answer(said) == "yes":
        return offered[0]
    places = {each: offered[place] for each, place in _ORDINALS.items() if place < len(offered)}
    return _meant(said, {**places, **_titles(plan, offered)})


def named(plan: Plan, said: str) -> str | None:
    """Give the intent that is called by its title or its name, as it was told what the bot can do."""
    return _meant(said, _titles(plan, list(plan.intents)))


def _titles(plan: Plan, names: Sequence[str]) -> dict[str, str]:
    """Give what intents are called, each by its name."""
    known = [name for name in names if name in plan.intents]
    return {
        bare(title): name
        for name in known
        for title in (plan.intents[name].title, name, name.replace("_", " "))
    }


def _meant(said: str, known: Mapping[str, str]) -> str | None:
    if said in known:
        return known[said]
    meant = {known[each] for each in courteously(said, known.keys())}
    return meant.pop() if len(meant) == 1 else None
