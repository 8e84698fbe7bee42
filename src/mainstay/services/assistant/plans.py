"""A bot as a dialogue needs it: its intents with their slots and replies, and its words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mainstay.services.assistant.cues import Cues, cues_of
from mainstay.services.assistant.entities import Finder
from mainstay.services.assistant.hints import hints_of
from mainstay.services.assistant.memory_records import Remembering
from mainstay.services.assistant.memory_words import (
    MemoryCues,
    MemoryPhrases,
    memory_cues_of,
    memory_phrases_of,
)
from mainstay.services.assistant.phrases import Phrases, phrases_of
from mainstay.services.assistant.records import Definition, Fallback, Slot
from mainstay.services.assistant.small_talk import SmallTalk, small_talk_of

PLACEHOLDER = re.compile(r"\{([\w.-]{1,100})\}")
RESULT = "result."
"""Placeholders that begin so stand for what an operation gave."""
_MARKUP = str.maketrans({"<": "‹", ">": "›", "[": "(", "]": ")", "{": "(", "}": ")"})


@dataclass(frozen=True)
class IntentPlan:
    """What is done about an intent."""

    name: str
    title: str
    replies: tuple[str, ...] = ()
    slots: tuple[Slot, ...] = ()
    action: str = "answer"
    operation: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    confirms: bool = True

    def missing(self, known: Mapping[str, str]) -> Slot | None:
        """Give the first slot that has to be asked for."""
        return next((slot for slot in self.slots if slot.required and slot.name not in known), None)


@dataclass(frozen=True)
class Plan:
    """A bot, ready to talk."""

    intents: Mapping[str, IntentPlan]
    fallback: Fallback
    persona: str
    collections: tuple[str, ...]
    languages: tuple[str, ...]
    phrases: Phrases
    cues: Cues
    small_talk: SmallTalk = field(repr=False)
    memory: Remembering
    memory_phrases: MemoryPhrases
    memory_cues: MemoryCues
    finder: Finder = field(repr=False)
    hints: Mapping[str, str] = field(repr=False)

    @property
    def built_ins(self) -> set[str]:
        """Give the entities that its slots ask for."""
        return {slot.entity for intent in self.intents.values() for slot in intent.slots}


def plan_of(definition: Definition) -> Plan:
    """Make a plan of what was written down; raises PatternUnusable."""
    return Plan(
        {each["name"]: _intent(each) for each in definition.intents},
        definition.fallback,
        definition.persona,
        tuple(definition.collections),
        tuple(definition.languages),
        phrases_of(definition.languages),
        cues_of(definition.languages),
        small_talk_of(definition.languages),
        definition.memory,
        memory_phrases_of(definition.languages),
        memory_cues_of(definition.languages),
        Finder(definition.entities, definition.languages),
        hints_of(definition.entities, definition.languages),
    )


def called(name: str, title: str) -> str:
    """Give what people read of an intent: its title, or the words of its name (`card_arrival`)."""
    return title or name.replace("_", " ").strip() or name


def _intent(written: Mapping[str, Any]) -> IntentPlan:
    replies, slots = tuple(written["replies"]), tuple(Slot(**slot) for slot in written["slots"])
    operation, plain = written["operation"], "reply" if replies or slots else "answer"
    action = written["action"] or ("operation" if operation else plain)
    title = called(written["name"], written["title"])
    return IntentPlan(
        written["name"],
        title,
        replies,
        slots,
        action,
        operation or "",
        written["arguments"],
        written.get("confirms", True),
    )


def rendered(template: str, known: Mapping[str, str]) -> str:
    """Put what is known into a reply; a value can bring neither markup nor a link along."""

    def value(match: re.Match[str]) -> str:
        return known.get(match[1], "").translate(_MARKUP).replace("://", ": //")

    return PLACEHOLDER.sub(value, template)


def listed(texts: Sequence[str]) -> str:
    """Put what is known into a list; it can bring neither markup nor a link along."""
    return "\n".join(f"- {rendered('{text}', {'text': ' '.join(text.split())})}" for text in texts)


def filled(templates: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Put what is known into arguments, as it was said; those of which nothing is known are left out."""
    every = {
        name: PLACEHOLDER.sub(lambda match: known.get(match[1], ""), template)
        for name, template in templates.items()
    }
    return {name: value for name, value in every.items() if value}


def placeholders(templates: Sequence[str]) -> set[str]:
    """Give the names that replies ask for."""
    return {name for template in templates for name in PLACEHOLDER.findall(template)}
