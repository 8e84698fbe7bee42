"""What a value looks like that a bot asks for, in four languages: told where none was understood."""

from collections.abc import Mapping, Sequence

from mainstay.services.assistant.records import Entity

_LISTED_MAX = 8
"""Of more values no one is told: a long list helps nobody, and may not be meant for everybody's eyes."""
_EXAMPLES = {
    "identifier": "4711, AB-123",
    "url": "https://example.com",
    "email": "name@example.com",
    "time": "14:30",
    "money": "25 EUR",
    "percent": "15 %",
    "phone": "+49 30 123456",
    "number": "3",
}
_WORDS = {  # what is said before examples, before values, and of days
    "en": ("For example:", "One of these:", "24 December, next Friday"),
    "de": ("Zum Beispiel:", "Eines davon:", "24. Dezember, nächsten Freitag"),
    "fr": ("Par exemple :", "Au choix :", "24 décembre, vendredi prochain"),
    "es": ("Por ejemplo:", "A elegir:", "24 de diciembre, el próximo viernes"),
}


def hints_of(entities: Sequence[Entity], languages: Sequence[str]) -> dict[str, str]:
    """Say of each entity, by its name, what is understood as one; of some there is nothing to say."""
    like, among, day = next((_WORDS[each] for each in languages if each in _WORDS), _WORDS["en"])
    examples: Mapping[str, str] = {**_EXAMPLES, "date": day}
    hints = {name: f"{like} {example}." for name, example in examples.items()}
    for entity in entities:
        values = list(entity.values)
        if entity.pattern is None and 0 < len(values) <= _LISTED_MAX:
            hints[entity.name] = f"{among} {', '.join(values)}."
        else:
            hints.pop(entity.name, None)
    return hints
