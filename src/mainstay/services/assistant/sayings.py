"""What a bot says of what it can help with, and how it asks back."""

from collections.abc import Sequence

from mainstay.services.assistant.plans import Plan, listed, rendered

_TOLD = 5


def able(plan: Plan) -> str:
    """Say what the bot can help with."""
    titles = [intent.title for intent in plan.intents.values()]
    return f"{plan.small_talk.replies.able}\n{listed(titles[:_TOLD])}"


def lost(plan: Plan, why: str) -> str:
    """Say why there is no answer, what there would be one for, and that there are persons."""
    return f"{why} {able(plan)}\n{plan.small_talk.replies.person}"


def offering(plan: Plan, offered: Sequence[str]) -> str:
    """Ask which of some intents was meant."""
    titles = [plan.intents[name].title for name in offered if name in plan.intents]
    if len(titles) == 1:
        return rendered(plan.small_talk.replies.single, {"title": titles[0]})
    numbered = "\n".join(f"{number}. {title}" for number, title in enumerate(titles, 1))
    return f"{plan.phrases.clarify}\n{numbered}"
