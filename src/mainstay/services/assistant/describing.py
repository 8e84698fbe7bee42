"""What is told of bots and of their models."""

from collections.abc import Mapping, Sequence

from mainstay.services.assistant.records import Bot, BotSummary, Definition, Intent, Trained
from mainstay.services.assistant.store import BotRow, ModelRow

CONFIRMS = "confirms"
TAKEN = "taken"
DECIDED = "decided"
"""Where a model's figures say how many decisions about judgements had been made when it began to learn."""


def told(row: BotRow, given: Mapping[str, Sequence[str]], models: Sequence[ModelRow]) -> Bot:
    """Tell of a bot, with its intents, their examples and its models."""
    definition = Definition.model_validate(row.definition)
    return Bot(
        **summary(row).model_dump(),
        persona=definition.persona,
        languages=definition.languages,
        entities=definition.entities,
        fallback=definition.fallback,
        retrain_after=definition.retrain_after,
        retrain_every=definition.retrain_every,
        retrain_ms=definition.retrain_ms,
        memory=definition.memory,
        definition=intents_of(definition, given),
        models=[trained(each, row.version) for each in models],
    )


def summary(row: BotRow) -> BotSummary:
    """Tell of a bot in a list."""
    names = ("bot_id", "name", "intents", "examples", "version", "created_ms", "changed_ms")
    given = {name: getattr(row, name) for name in names}
    return BotSummary(**given, collections=row.definition["collections"])


def trained(row: ModelRow, active: int) -> Trained:
    """Tell of a model with its figures."""
    figures = {name: value for name, value in row.figures.items() if name not in {TAKEN, DECIDED}}
    return Trained(version=row.version, active=row.version == active, created_ms=row.created_ms, **figures)


def intents_of(definition: Definition, given: Mapping[str, Sequence[str]]) -> list[Intent]:
    """Give a bot's intents with their examples."""
    known = [{name: value for name, value in each.items() if name != CONFIRMS} for each in definition.intents]
    return [Intent(**each, examples=list(given[each["name"]])) for each in known]
