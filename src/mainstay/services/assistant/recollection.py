"""What is remembered in a turn, used again, asked for, forgotten: pure rules beside those of the dialogue."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from mainstay.services.assistant.cues import bare
from mainstay.services.assistant.memory_records import FACT_MAX
from mainstay.services.assistant.memory_words import named_fact
from mainstay.services.assistant.plans import Plan, listed
from mainstay.services.assistant.records import Slot
from mainstay.services.assistant.steps import Heard, Standing, Step

Choice = Literal["open", "yes", "no"]


@dataclass(frozen=True)
class Note:
    """A fact that is to be kept: a sentence, or what fills a slot."""

    text: str
    slot: str = ""
    entity: str = ""
    value: str = ""


@dataclass(frozen=True)
class Recalled:
    """What is remembered of whoever talks, and whether it may be."""

    choice: Choice = "open"
    asked: bool = False
    notes: Sequence[Note] = ()

    def filling(self) -> dict[tuple[str, str], str]:
        """Give what slots were filled with, by their names and entities."""
        return {(note.slot, note.entity): note.value for note in self.notes if note.slot}


@dataclass(frozen=True)
class Change:
    """What a turn changes of the memory: a choice, that the bot has asked, facts to keep, all forgotten."""

    choice: Choice | None = None
    asked: bool = False
    notes: Sequence[Note] = field(default=())
    forgets: bool = False


UNCHANGED = Change()


def commanded(plan: Plan, standing: Standing, heard: Heard, known: Recalled) -> tuple[Step, Change] | None:
    """Take what was said for a word about the memory; None: it is none."""
    said, words = bare(heard.text), plan.memory_phrases
    clear = replace(standing, noting=())
    if standing.noting and plan.cues.agrees(heard.text):
        notes = [Note(**each) for each in standing.noting]
        told = _told(plan, clear, f"{words.noted}\n{listed([note.text for note in notes])}")
        return told, Change("yes", notes=notes)
    if standing.noting and plan.cues.answer(said) == "no":
        return _told(plan, clear, words.declined), Change("no")
    if fact := named_fact(plan.memory_cues, heard.text)[:FACT_MAX]:
        return _noted(plan, clear, [Note(fact)], known)
    if said in plan.memory_cues.forget:
        return _told(plan, clear, words.forgotten), Change(forgets=True)
    if said in plan.memory_cues.recite:
        facts = listed([note.text for note in known.notes]) if known.choice == "yes" else ""
        return _told(plan, clear, f"{words.known}\n{facts}" if facts else words.nothing), UNCHANGED
    return None


def withdrawn(plan: Plan, standing: Standing, text: str) -> tuple[Step, Change] | None:
    """Take what was said for the wish to be forgotten, which is heard whoever answers; None: it is none."""
    if not plan.memory.on or bare(text) not in plan.memory_cues.forget:
        return None
    return Step(standing, reply=plan.memory_phrases.forgotten, says="talk"), Change(forgets=True)


def kept(plan: Plan, step: Step, known: Recalled) -> tuple[Step, Change]:
    """Keep what filled slots that are to be remembered; ask once whether that may be."""
    notes = _filled(plan, step.standing, known)
    if not notes or known.choice == "no":
        return step, UNCHANGED
    if known.choice == "yes":
        return step, Change(notes=notes)
    at_rest = not (step.standing.asking or step.standing.offered or step.standing.confirming)
    if known.asked or not plan.memory.asks or step.does != "say" or step.fallback or not at_rest:
        return step, UNCHANGED
    question = f"{plan.memory_phrases.may_i}\n{listed([note.text for note in notes])}"
    standing = replace(step.standing, noting=[asdict(note) for note in notes])
    return replace(step, standing=standing, reply=f"{step.reply}\n\n{question}"), Change(asked=True)


def _noted(plan: Plan, standing: Standing, notes: Sequence[Note], known: Recalled) -> tuple[Step, Change]:
    """Keep what somebody asked for, or ask first whether that may be."""
    facts = listed([note.text for note in notes])
    if known.choice == "yes":
        return _told(plan, standing, f"{plan.memory_phrases.noted}\n{facts}"), Change(notes=notes)
    held = replace(standing, noting=[asdict(note) for note in notes])
    return Step(held, reply=f"{plan.memory_phrases.may_i}\n{facts}"), Change(asked=not known.asked)


def _told(plan: Plan, standing: Standing, reply: str) -> Step:
    """Say something, and then again what the bot was asking for."""
    intent = plan.intents.get(standing.intent or "")
    asking = [slot for slot in intent.slots if slot.name == standing.asking] if intent else []
    return Step(standing, reply="\n\n".join([reply, *(slot.prompt for slot in asking)]))


def _filled(plan: Plan, standing: Standing, known: Recalled) -> list[Note]:
    """Give what fills slots that are to be remembered, and is not remembered like that already."""
    intent = plan.intents.get(standing.intent or "")
    wanted: Mapping[str, Slot] = {slot.name: slot for slot in intent.slots if slot.remember} if intent else {}
    before = known.filling()
    return [
        Note(f"{name}: {value}"[:FACT_MAX], name, wanted[name].entity, value)
        for name, value in standing.slots.items()
        if name in wanted and before.get((name, wanted[name].entity)) != value
    ]
