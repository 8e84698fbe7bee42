"""A conversation's next step: pure rules over what was said before, what was heard, and what a bot can do."""

from collections.abc import Mapping
from dataclasses import replace

from mainstay.services.assistant.built_ins import FREE_TEXT
from mainstay.services.assistant.choices import choice, named, offers
from mainstay.services.assistant.cues import bare
from mainstay.services.assistant.filling import VALUE_MAX, filled_with, free_text, meant, revised, reworded
from mainstay.services.assistant.plans import IntentPlan, Plan, filled, listed, rendered
from mainstay.services.assistant.records import EntityFound, Slot
from mainstay.services.assistant.sayings import (
    asking_again,
    asks_something,
    introduction,
    lost,
    offering,
    told,
)
from mainstay.services.assistant.steps import Heard, Standing, Step
from mainstay.services.assistant.wording import words

_CHANGED_MIND = 0.8
"""How sure it must be that somebody asks for something else, while the bot waits for an answer."""
_LIKELY = 0.5
"""How likely an intent must be for a bare number to be taken for what it asks for."""
_SHORT = 3
"""Words of a correction that can be nothing else: `make it Friday`."""
_LEAVING = ("person", "goodbye")
"""Small talk of who does not wait for what the bot would do."""


def next_step(plan: Plan, standing: Standing, heard: Heard) -> Step:
    """Give the next step."""
    said = bare(heard.text)
    busy = standing.asking or standing.offered or standing.confirming or standing.recalling
    if busy and plan.cues.answer(said) == "cancel":
        return _cancelled(plan, standing)
    answered = _taken_up(plan, standing, heard, said)
    if answered is not None:
        return answered
    standing = replace(standing, offered=(), mentioned=(), confirming="", recalling={})
    known = plan.intents.get(standing.intent or "")
    if known is not None and standing.asking:
        return _asked(plan, standing, known, heard)
    slots = _revised(plan, standing, known, heard) if known is not None else None
    if known is not None and slots is not None:
        return _proceed(plan, replace(standing, slots=slots), known, heard, heard.text)
    return _fresh(plan, standing, heard)


def _cancelled(plan: Plan, standing: Standing) -> Step:
    return Step(Standing(said=standing.said), reply=plan.phrases.cancelled, says="talk")


def _taken_up(plan: Plan, standing: Standing, heard: Heard, said: str) -> Step | None:
    """Take what was said for the answer to what was offered or asked back for; None: it is none."""
    if standing.offered:
        return _chosen(plan, standing, heard, said)
    known = plan.intents.get(standing.intent or "")
    if standing.confirming and known is not None:
        return _answered(plan, standing, known, heard, said)
    if standing.recalling and known is not None:
        return _recalled(plan, standing, known, heard, said)
    return None


def _chosen(plan: Plan, standing: Standing, heard: Heard, said: str) -> Step | None:
    """Begin what was chosen; a yes to two is asked about again."""
    answer = plan.cues.answer(said)
    sure = answer != "yes" or plan.cues.agrees(heard.text)
    chosen = choice(plan, standing.offered, said) if sure else None
    if chosen is not None:  # the number of a choice is no value; what was said before has some
        entities = [EntityFound(**each) for each in standing.mentioned]
        meant = replace(heard, understood=heard.understood.model_copy(update={"entities": entities}))
        return _begin(plan, standing, chosen, meant, standing.question)
    left = [name for name in standing.offered if name in plan.intents]
    if answer == "yes" and left:
        return _offered(plan, replace(standing, offered=left))
    return _missed(plan, replace(standing, offered=()), heard, standing.question) if answer == "no" else None


def _recalled(plan: Plan, standing: Standing, known: IntentPlan, heard: Heard, said: str) -> Step | None:
    """Use again what is remembered, after a yes; something else that was said instead; or ask for it."""
    clear, question = replace(standing, recalling={}), standing.question
    if plan.cues.agrees(heard.text):
        slots = {**standing.slots, **standing.recalling}
        return _proceed(plan, replace(clear, slots=slots), known, heard, question)
    if plan.small_talk.kind(said) in _LEAVING:
        return None
    if plan.cues.asks_back(said) is not None:
        return _proceed(plan, clear, known, heard, question)
    slots = filled_with(known, standing.slots, _meant(heard))
    if slots != standing.slots:
        return _proceed(plan, replace(clear, slots=slots), known, heard, question)
    if _elsewhere(plan, standing, heard):
        return None
    declined = [*standing.declined, *standing.recalling]
    return _proceed(plan, replace(clear, declined=declined), known, heard, question)


def _confirmed(plan: Plan, standing: Standing, known: IntentPlan, heard: Heard) -> Step:
    """Call what a yes was said to; what the bot would do by now instead is begun anew."""
    anew = _proceed(plan, replace(standing, confirming=""), known, heard, standing.question)
    if anew.standing.confirming != standing.confirming:
        return anew
    return Step(replace(standing, confirming=""), does="call", confirmed=True)


def _answered(plan: Plan, standing: Standing, known: IntentPlan, heard: Heard, said: str) -> Step | None:
    """Do what was asked about, or not; else ask again. None: something else is wanted, or corrected."""
    if plan.cues.agrees(heard.text):
        return _confirmed(plan, standing, known, heard)
    if plan.cues.answer(said) == "no":
        return _cancelled(plan, standing)
    corrected = _revised(plan, standing, known, heard) is not None
    if corrected or plan.small_talk.kind(said) in _LEAVING or _elsewhere(plan, standing, heard):
        return None
    tries = standing.tries + 1
    if tries >= plan.fallback.attempts and "escalate" in plan.fallback.ladder:
        return _escalated(replace(standing, confirming="", tries=0))
    reply = f"{plan.small_talk.replies.lost} {standing.confirming}"
    return Step(replace(standing, tries=tries), reply=reply)


def refused(plan: Plan, standing: Standing) -> Step:
    """Give the next step when the collections did not answer."""
    ladder, chat = plan.fallback.ladder, chatted(plan, standing, standing.question)
    if chat is not None:  # it was taken for an intent that nothing is known of
        return chat
    if standing.misses <= 1 and _asks_first(plan):
        missed = replace(standing, misses=1)
        return Step(missed, reply=lost(plan, plan.phrases.unfound), fallback="search", says="question")
    if "escalate" in ladder:
        return _escalated(standing)
    return Step(replace(standing, misses=standing.misses + 1), reply=plan.phrases.unknown, fallback="search")


def _fresh(plan: Plan, standing: Standing, heard: Heard) -> Step:
    known = heard.understood
    unlikely = known.confidence < plan.fallback.confidence
    if known.out_of_scope or unlikely:
        chat = chatted(plan, standing, heard.text)
        if chat is not None:
            return chat
        called = named(plan, bare(heard.text))
        if called is not None:
            return _begin(plan, standing, called, heard, heard.text)
    if known.out_of_scope and not _worded(heard.text) and known.confidence >= _LIKELY:
        intent = plan.intents.get(known.intent)
        if intent is not None and filled_with(intent, {}, _meant(heard)):
            return _begin(plan, standing, known.intent, heard, heard.text)
    if known.out_of_scope or (unlikely and "clarify" in plan.fallback.ladder):
        return _missed(plan, standing, heard, heard.text)
    return _begin(plan, standing, known.intent, heard, heard.text)


def chatted(plan: Plan, standing: Standing, text: str) -> Step | None:
    """Answer small talk; None: it is none."""
    said = bare(text)
    kind, replies = plan.small_talk.kind(said), plan.small_talk.replies_to(said)
    if kind is None or (kind == "person" and "escalate" not in plan.fallback.ladder):
        return None
    if kind == "person":
        return replace(_escalated(standing), chats=True, fallback=None)  # it was understood
    if kind == "about":
        return Step(standing, reply=introduction(plan, replies), chats=True)
    if kind == "wrong":
        return Step(standing, reply=f"{replies.wrong} {replies.person}", chats=True)
    return Step(standing, reply=str(getattr(replies, kind)), chats=True)


def _worded(text: str) -> bool:
    return any(sign.isalpha() for sign in text)


def _begin(plan: Plan, standing: Standing, intent: str, heard: Heard, question: str) -> Step:
    known = plan.intents.get(intent)
    if known is None:  # it was taken out of the bot, which has not learned that yet
        return _missed(plan, standing, heard, question)
    slots = filled_with(known, {}, _meant(heard))
    begun = Standing(intent=intent, slots=slots, said=standing.said, question=question)
    return _proceed(plan, begun, known, heard, question)


def _proceed(plan: Plan, standing: Standing, known: IntentPlan, heard: Heard, question: str) -> Step:
    missing = known.missing(standing.slots)
    if missing is not None:
        remembered = _remembered(standing, known, heard)
        if remembered:
            facts = listed([f"{name}: {value}" for name, value in told(plan, known, remembered).items()])
            offered = replace(standing, recalling=remembered, asking=None, tries=0)
            return Step(offered, reply=f"{plan.memory_phrases.reuse}\n{facts}")
        again = standing.tries if missing.name == standing.asking else 0
        return Step(replace(standing, asking=missing.name, tries=again), reply=missing.prompt)
    standing = replace(standing, asking=None, tries=0, offered=(), misses=0)
    if known.action == "escalate":
        said = spoken(plan, standing, known, {}) if known.replies else Step(standing)
        return replace(_escalated(said.standing), reply=said.reply)
    if known.action == "operation":
        return _operation(plan, standing, known)
    if known.action == "answer" and plan.collections:
        return Step(standing, does="search", query=question)
    return spoken(plan, standing, known, {})


def _remembered(standing: Standing, known: IntentPlan, heard: Heard) -> dict[str, str]:
    """Give what is remembered of slots that would have to be asked for."""
    gone = {*standing.slots, *standing.declined}
    wanted = [slot for slot in known.slots if slot.required and slot.remember and slot.name not in gone]
    places = {slot.name: (slot.name, slot.entity) for slot in wanted}
    return {name: heard.known[place] for name, place in places.items() if place in heard.known}


def spoken(plan: Plan, standing: Standing, known: IntentPlan, result: Mapping[str, str]) -> Step:
    """Say the next of an intent's replies, with what an operation gave, if one was called."""
    count = standing.said.get(known.name, 0)
    standing = replace(standing, said={**standing.said, known.name: count + 1})
    template = known.replies[count % len(known.replies)] if known.replies else plan.phrases.done
    return Step(standing, reply=rendered(template, {**result, **told(plan, known, standing.slots)}))


def _operation(plan: Plan, standing: Standing, known: IntentPlan) -> Step:
    """Call an operation; before one that changes something, say what it is and ask."""
    if not known.confirms:
        return Step(standing, does="call")
    given = filled(known.arguments, standing.slots)
    shown = [f"{name}: {rendered('{value}', {'value': value})}" for name, value in given.items()]
    reply = f"{plan.phrases.confirm} {known.title} ({', '.join([known.operation, *shown])})"
    return Step(replace(standing, confirming=reply), reply=reply)


def _asked(plan: Plan, standing: Standing, known: IntentPlan, heard: Heard) -> Step:
    """Take what was said for the answer to what was asked for."""
    asking = next((slot for slot in known.slots if slot.name == standing.asking), None)
    if asking is None:  # the bot was changed meanwhile
        return _fresh(plan, replace(standing, asking=None), heard)
    slots, elsewhere = _values(plan, standing, known, asking, heard), _elsewhere(plan, standing, heard)
    said = bare(heard.text)
    back, asks = plan.cues.asks_back(said), asks_something(heard.text)
    person = plan.small_talk.kind(said) == "person"
    own = slots == standing.slots or _tells(plan, standing, slots, heard)
    if asking.entity == FREE_TEXT and own and not (elsewhere or back or person):
        slots = free_text(slots, asking, heard.text, plan.cues)
    if slots != standing.slots and not (elsewhere and asks):
        return _proceed(plan, replace(standing, slots=slots), known, heard, standing.question)
    if elsewhere:
        return _begin(plan, standing, heard.understood.intent, heard, heard.text)
    if back is not None and back != "unsure":
        return Step(standing, reply=asking_again(plan, known, asking, back), says="question")
    return _unread(plan, standing, known, asking)


def _tells(plan: Plan, standing: Standing, slots: Mapping[str, str], heard: Heard) -> bool:
    """Say whether a text in which other values were found is one of its own: `My order 4711 is broken`."""
    kept = all(slots.get(name) == value for name, value in standing.slots.items())
    return kept and len(words(heard.text)) > _SHORT and not plan.cues.corrects(bare(heard.text))


def _unread(plan: Plan, standing: Standing, known: IntentPlan, asking: Slot) -> Step:
    """Ask again for a value, so many times; then call a person, where there is one, or give up."""
    if standing.tries + 1 < plan.fallback.attempts:
        reply = asking_again(plan, known, asking, "unread")
        return Step(replace(standing, tries=standing.tries + 1), reply=reply, unfilled=True)
    if "escalate" in plan.fallback.ladder:
        return replace(_escalated(standing), unfilled=True)
    return Step(Standing(said=standing.said), reply=plan.phrases.unknown, unfilled=True)


def _values(plan: Plan, standing: Standing, known: IntentPlan, asking: Slot, heard: Heard) -> dict[str, str]:
    """Give the slots with what was put right of them, and with what answers what was asked for."""
    slots, entities = dict(standing.slots), _meant(heard)
    if plan.cues.takes_back(bare(heard.text)):
        slots = revised(known, slots, heard.text, heard.understood.entities) or slots
        entities = [each for each in entities if each.value[:VALUE_MAX] not in slots.values()]
    slots = filled_with(known, slots, entities, first=asking)
    if slots != standing.slots and plan.cues.corrects(bare(heard.text)):  # `make it Saturday, and 3 people`
        others = [each for each in entities if each.entity != asking.entity]
        slots = revised(known, slots, heard.text, others) or slots
    return slots if slots != standing.slots else _revised(plan, standing, known, heard) or slots


def _meant(heard: Heard) -> list[EntityFound]:
    return meant(heard.text, heard.understood.entities)


def _elsewhere(plan: Plan, standing: Standing, heard: Heard) -> bool:
    """Say whether somebody surely asks for something else than what the bot waits for."""
    other = heard.understood
    return (
        not other.out_of_scope
        and other.intent != standing.intent
        and other.confidence >= max(_CHANGED_MIND, plan.fallback.confidence)
        and other.scope_score >= max(_CHANGED_MIND, heard.threshold)
    )


def _missed(plan: Plan, standing: Standing, heard: Heard, question: str) -> Step:
    """Go down the ladder from where the conversation stands on it."""
    clear = Standing(said=standing.said, question=question, misses=standing.misses + 1)
    for rung in plan.fallback.ladder[standing.misses :]:
        if rung == "clarify" and (offered := offers(plan, heard.understood, heard.threshold)):
            mentioned = [each.model_dump() for each in heard.understood.entities]
            return _offered(plan, replace(clear, offered=offered, mentioned=mentioned))
        if rung == "search" and plan.collections and _worded(question):
            return Step(clear, does="search", query=question, fallback="search")
        if rung == "escalate":
            first = not standing.misses and _asks_first(plan)
            return (
                Step(clear, reply=lost(plan, plan.small_talk.replies.lost), says="question")
                if first
                else _escalated(clear)
            )
    if not plan.fallback.ladder or standing.misses >= len(plan.fallback.ladder):
        return Step(replace(clear, misses=0), reply=plan.phrases.unknown)
    return Step(clear, reply=plan.phrases.unclear, says="question")


def _offered(plan: Plan, standing: Standing) -> Step:
    """Ask which of the intents was meant."""
    reply = offering(plan, standing.offered)
    return Step(standing, reply=reply, fallback="clarify", options=standing.offered)


def _asks_first(plan: Plan) -> bool:
    """Say whether the bot asks back before it calls a person."""
    ladder = plan.fallback.ladder
    return "escalate" in ladder and "clarify" in ladder[: ladder.index("escalate")]


def _escalated(standing: Standing) -> Step:
    return Step(replace(standing, misses=0), does="escalate", fallback="escalate")


def _revised(plan: Plan, standing: Standing, known: IntentPlan, heard: Heard) -> dict[str, str] | None:
    """Give the slots with what is put right; None where nothing is, or something else is surely wanted."""
    said = bare(heard.text)
    surely = plan.cues.takes_back(said) or len(said.split()) <= _SHORT
    if plan.cues.corrects(said) and (surely or not _elsewhere(plan, standing, heard)):
        found = revised(known, standing.slots, heard.text, heard.understood.entities)
        return found or reworded(known, standing.slots, plan.cues.meaning(heard.text))
    return None
