"""Questions beside what a bot waits for: answered, then it asks again; they are no failed tries."""

from dataclasses import replace

from mainstay.services.assistant.built_ins import FREE_TEXT
from mainstay.services.assistant.cues import bare
from mainstay.services.assistant.dialogue import chatted
from mainstay.services.assistant.plans import Plan
from mainstay.services.assistant.records import Slot
from mainstay.services.assistant.sayings import asks_something
from mainstay.services.assistant.steps import Heard, Standing, Step
from mainstay.services.assistant.wording import cleaned, words

_TALK = {"greeting", "thanks", "about"}
_QUESTION_WORDS = 4
"""A shorter question is rather a value: `is Sunday fine?`"""

_WORDS_LEAST = 3
"""A shorter text without a question mark is rather a value that the bot does not know."""


def aside(plan: Plan, standing: Standing, heard: Heard, step: Step) -> Step:
    """Give the step that answers what was said instead of a value, if it asks for something; else `step`.

    Small talk is answered at once. What else it is, the collections may know: only where they do not, it
    counts as a failed try, or as the value that it holds (`may I bring my 2 dogs?`).
    """
    known = plan.intents.get(standing.intent or "")
    asked = next((slot for slot in known.slots if slot.name == standing.asking), None) if known else None
    if asked is None:
        return step
    looks = bool(plan.collections) and "search" in plan.fallback.ladder
    if not step.unfilled:
        fills = step.does == "say" and not step.chats and step.standing.slots != standing.slots
        least = _WORDS_LEAST if asked.entity == FREE_TEXT else _QUESTION_WORDS
        asks = asks_something(heard.text) and len(words(heard.text)) >= least
        return _looking(standing, heard, asked, step) if fills and asks and looks else step
    kind, chat = plan.small_talk.kind(bare(heard.text)), chatted(plan, standing, heard.text)
    if chat is not None and kind == "person":
        return chat
    if chat is not None:
        again = replace(chat, reply=f"{chat.reply}\n\n{asked.prompt}", says="question")
        return again if kind in _TALK else step
    return _looking(standing, heard, asked, step) if looks and _asks(heard.text) else step


def _looking(standing: Standing, heard: Heard, asked: Slot, step: Step) -> Step:
    """Look for what was asked; where nothing is found, it was `step` after all."""
    return Step(
        standing,
        does="search",
        reply=asked.prompt,
        query=heard.text,
        fallback="search",
        says="answer",
        otherwise=step,
    )


def _asks(text: str) -> bool:
    return len(words(text)) >= _WORDS_LEAST or cleaned(text).endswith("?")
