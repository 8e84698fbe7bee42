"""Values for the operations of widgets."""

from typing import Any

from transports.assistant_samples import bot_of, read_turn_of, turn_of
from transports.worlds import NOWHERE, Sample, Values, World

_WRONG = {"widget_id": "no id!"}
_NONE = {"widget_id": NOWHERE}
_ORIGINS = ["https://shop.example.com", "http://localhost:3000"]


def widget_of(world: World, bot: str = "kept") -> str:
    """Give a bot's widget, the same each time: what is read must stay the same at every door."""
    bot_id = bot_of(world, bot)
    found = world.call("widgets.list_widgets", bot_id=bot_id)
    return str(found[0]["widget_id"]) if found else _fresh(world, bot)


def _fresh(world: World, bot: str) -> str:
    made = world.call("widgets.create_widget", bot_id=bot_of(world, bot), name="Shop", origins=_ORIGINS)
    return str(made["widget_id"])


def _with_room(world: World) -> str:
    """Give a bot that gets a new widget at every door, without those before: it may have twenty."""
    bot_id = bot_of(world, "gone")
    for each in world.call("widgets.list_widgets", bot_id=bot_id):
        world.call("widgets.delete_widget", widget_id=each["widget_id"])
    return bot_id


def _gone(world: World, _mark: str) -> Values:
    return {"widget_id": _fresh(world, "gone")}


def _read(world: World, _mark: str) -> Values:
    return {"widget_id": widget_of(world, "read")}


def _talked(world: World, _mark: str) -> Values:
    return {"widget_id": widget_of(world), "conversation_id": turn_of(world)["conversation_id"]}


def _followed(world: World, mark: str) -> Values:
    return {**_read(world, mark), "conversation_id": read_turn_of(world)["conversation_id"], "for_s": 0}


def _listed(world: World, mark: str) -> Values:
    _read(world, mark)
    return {"bot_id": bot_of(world, "read")}


WIDGETS: dict[str, Sample] = {
    "widgets.create_widget": Sample(
        lambda world, mark: {
            "bot_id": _with_room(world),
            "name": f"Zürich {mark}",
            "origins": _ORIGINS,
            "title": "Fragen?",
            "greeting": "Grüezi.\nWas darf es sein?",
            "suggestions": ["Wann fährt die Fähre?"],
            "colour": "#1d4ed8",
            "language": "de",
        },
        {"bot_id": "no id!", "name": "", "origins": ["https://a.example.com/path"]},
        {"bot_id": NOWHERE, "name": "a", "origins": _ORIGINS},
    ),
    "widgets.list_widgets": Sample(_listed, {"bot_id": "no id!"}, {"bot_id": NOWHERE}),
    "widgets.update_widget": Sample(
        lambda world, _: {"widget_id": widget_of(world), "greeting": "Hello.", "suggestions": []},
        {**_WRONG, "colour": "blue"},
        _NONE,
    ),
    "widgets.delete_widget": Sample(_gone, _WRONG, _NONE),
    "widgets.look_at_widget": Sample(_read, _WRONG, _NONE),
    "widgets.visit_widget": Sample(_read, {**_WRONG, "token": "no token!"}, _NONE),
    "widgets.say": Sample(
        lambda world, mark: {
            "widget_id": widget_of(world),
            "text": "How do I rotate a key?",
            "turn_key": mark,
        },
        {**_WRONG, "text": ""},
        {**_NONE, "text": "a"},
    ),
    "widgets.follow": Sample(
        _followed,
        {**_WRONG, "conversation_id": "no id!", "for_s": 3600.5},
        {**_NONE, "conversation_id": NOWHERE},
    ),
    "widgets.rate": Sample(
        lambda world, _: {
            "widget_id": widget_of(world),
            "turn_id": turn_of(world)["turn_id"],
            "helpful": True,
            "comment": "Gut – ü.",
        },
        {**_WRONG, "turn_id": "no id!", "helpful": True},
        {**_NONE, "turn_id": NOWHERE, "helpful": True},
    ),
    "widgets.ask_for_person": Sample(
        _talked, {**_WRONG, "conversation_id": "no id!"}, {**_NONE, "conversation_id": NOWHERE}
    ),
    "widgets.end": Sample(
        _talked, {**_WRONG, "conversation_id": "no id!"}, {**_NONE, "conversation_id": NOWHERE}
    ),
}


WIDGETS_FOREIGN: dict[str, Any] = {
    "widget_id": lambda sides: widget_of(sides.victim, "read"),
    "widgets.follow.after": lambda sides: read_turn_of(sides.victim)["turn_id"],
}
"""What of another tenant's a field may name."""

WIDGETS_OWN = {
    f"widgets.{operation}.name": "what a widget is called; those of several tenants may be called alike"
    for operation in ("create_widget", "update_widget")
}
"""Fields that name nothing of another tenant's, and why."""
