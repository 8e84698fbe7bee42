"""When a bot that is trained by schedule is looked at next."""

from mainstay.services.assistant.records import Definition

HOUR_MS = 3_600_000


def scheduled(definition: Definition, now_ms: int, before: Definition | None = None) -> Definition:
    """Give a bot's definition with the moment of its next round; an unchanged schedule keeps its own.

    One that has gone by gets another: nothing says that what was to come then still comes.
    """
    if not definition.retrain_every:
        return definition.model_copy(update={"retrain_ms": None})
    kept = before is not None and before.retrain_every == definition.retrain_every
    if kept and (definition.retrain_ms or 0) > now_ms:
        return definition
    return definition.model_copy(update={"retrain_ms": now_ms + definition.retrain_every * HOUR_MS})
