"""What a bot says of what it can help with, and how it asks back."""

from collections.abc import Mapping, Sequence
from typing import Literal

from mainstay.services.assistant.plans import IntentPlan, Plan, listed, rendered
from mainstay.services.assistant.records import Slot
from mainstay.services.assistant.small_talk import Replies
from mainstay.services.assistant.spoken_days import day_said

_TOLD = 5


def able(plan: Plan, replies: Replies) -> str:
    """Say what the bot can help with."""
    titles = [intent.title for intent in plan.intents.values()]
    return f"{replies.able}\n{listed(titles[:_TOLD])}"


def introduction(plan: Plan, replies: Replies) -> str:
    """Say what the bot is, and all that it can help with."""
    told = f"{replies.about} {able(plan, replies)}"
    return f"{told}\n{replies.reading}" if plan.collections else told


def lost(plan: Plan, why: str) -> str:
    """Say why there is no answer, what there would be one for, and that there are persons."""
    replies = plan.small_talk.replies
    return f"{why} {able(plan, replies)}\n{replies.person}"


def told(plan: Plan, known: IntentPlan, slots: Mapping[str, str]) -> dict[str, str]:
    """Give slots as people read them: days in words."""
    days = {slot.name for slot in known.slots if slot.entity == "date"}
    return {name: day_said(value, plan.languages) if name in days else value for name, value in slots.items()}


def asks_something(text: str) -> bool:
    """Say whether a text ends as a question does."""
    return text.rstrip().endswith(("?", "？"))


def asking_again(
    plan: Plan, known: IntentPlan, asking: Slot, why: Literal["unread", "wonder", "pause"]
) -> str:
    """Ask again for what was not understood, or for what somebody wonders about or needs time for."""
    needed = rendered(plan.phrases.needed, {"title": known.title})
    before = {"unread": plan.small_talk.replies.lost, "wonder": needed, "pause": ""}[why]
    hint = plan.hints.get(asking.entity, "") if before else ""
    return " ".join(each for each in (before, hint, asking.prompt) if each)


def offering(plan: Plan, offered: Sequence[str]) -> str:
    """Ask which of some intents was meant."""
    titles = [plan.intents[name].title for name in offered if name in plan.intents]
    if len(titles) == 1:
        return rendered(plan.small_talk.replies.single, {"title": titles[0]})
    numbered = "\n".join(f"{number}. {title}" for number, title in enumerate(titles, 1))
    return f"{plan.phrases.clarify}\n{numbered}"
