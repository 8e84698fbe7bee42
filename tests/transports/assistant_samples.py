"""Values for the operations of the assistant."""

from typing import Any

from transports.worlds import COLLECTION, NOWHERE, Sample, Values, World, plain

INTENTS = [
    {
        "name": "rotate_key",
        "title": "Rotating a key",
        "examples": ["rotate my key", "how do i rotate a key", "replace the key"],
        "slots": [{"name": "reason", "entity": "text", "prompt": "Why?", "required": False}],
        "replies": ["Make a new one, then revoke the old one."],
    },
    {"name": "ferry", "examples": ["when does the ferry leave", "ferry times", "the next ferry"]},
]
_WRONG_ID = {"bot_id": "no id!"}
_NO_BOT = {"bot_id": NOWHERE}
_NO_CONVERSATION = {"conversation_id": NOWHERE}
_WRONG_CONVERSATION = {"conversation_id": "no id!"}


def bot_of(world: World, name: str = "kept") -> str:
    """Give a bot, the same each time for a name: what is read must stay the same at every door."""
    found = [each["bot_id"] for each in world.call("assistant.list_bots") if each["name"] == name]
    made: str = found[0] if found else _fresh_bot(world, name)
    return made


def _fresh_bot(world: World, name: str) -> str:
    made = world.call("assistant.create_bot", name=name, collections=[COLLECTION], intents=INTENTS)
    return str(made["bot_id"])


def _bot(world: World, _mark: str) -> Values:
    return {"bot_id": bot_of(world)}


def _gone_bot(world: World, _mark: str) -> Values:
    return {"bot_id": _fresh_bot(world, "gone")}


def turn_of(world: World) -> dict[str, Any]:
    """Take a turn in a conversation of its own."""
    asked = {"bot_id": bot_of(world), "text": "rotate my key"}
    made: dict[str, Any] = world.call("assistant.take_turn", **asked)
    return made


def read_turn_of(world: World) -> dict[str, Any]:
    """Give the one turn of a bot that nobody talks with but once."""
    bot_id = bot_of(world, "read")
    told: list[dict[str, Any]] = world.call("assistant.export_turns", bot_id=bot_id)["turns"]
    return told[0] if told else dict(world.call("assistant.take_turn", bot_id=bot_id, text="rotate my key"))


def _read_bot(world: World, _mark: str) -> Values:
    read_turn_of(world)
    return {"bot_id": bot_of(world, "read")}


def _read_conversation(world: World, _mark: str) -> Values:
    return {"conversation_id": read_turn_of(world)["conversation_id"]}


def _conversation(world: World, _mark: str) -> Values:
    return {"conversation_id": turn_of(world)["conversation_id"]}


def _claimed(world: World, mark: str) -> Values:
    conversation = _conversation(world, mark)
    world.call("assistant.claim_conversation", **conversation)
    return {**conversation, "text": "Here I am – ü.", "intent": "rotate_key"}


def _rated(world: World, _mark: str) -> Values:
    turn = turn_of(world)
    return {"bot_id": bot_of(world), "turn_id": turn["turn_id"], "helpful": False, "intent": "ferry"}


def _fresh_feedback(world: World) -> str:
    return str(world.call("assistant.rate_turn", **_rated(world, ""))["feedback_id"])


def read_feedback_of(world: World) -> str:
    """Give the one judgement of the turn that is read."""
    bot_id, turn = bot_of(world, "read"), read_turn_of(world)
    asked = {"bot_id": bot_id, "state": "accepted"}
    found = world.call("assistant.list_feedback", **asked)["feedback"]
    given = {"bot_id": bot_id, "turn_id": turn["turn_id"], "intent": "ferry"}
    return str((found or [world.call("assistant.rate_turn", **given)])[0]["feedback_id"])


def _remembering(world: World) -> str:
    """Give a bot that may remember, the same each time."""
    bot_id = bot_of(world, "remembering")
    world.call("assistant.update_bot", bot_id=bot_id, memory={"on": True, "days": 9})
    world.call("assistant.choose_memory", bot_id=bot_id, allowed=True)
    return bot_id


def fact_of(world: World, bot_id: str) -> str:
    """Give something that a bot remembers."""
    world.call("assistant.take_turn", bot_id=bot_id, text="remember that I live in Zürich")
    return str(world.call("assistant.get_memory", bot_id=bot_id)["facts"][-1]["fact_id"])


def read_fact_of(world: World) -> str:
    """Give the one fact of a bot to which nobody says more."""
    bot_id = bot_of(world, "keeping")
    told = world.call("assistant.get_memory", bot_id=bot_id)
    if not told["on"]:
        world.call("assistant.update_bot", bot_id=bot_id, memory={"on": True})
        world.call("assistant.choose_memory", bot_id=bot_id, allowed=True)
    found = told["facts"]
    return str(found[0]["fact_id"]) if found else fact_of(world, bot_id)


def _fact(world: World, _mark: str) -> Values:
    bot_id = _remembering(world)
    return {"bot_id": bot_id, "fact_id": fact_of(world, bot_id)}


_WRONG_FACT = {**_WRONG_ID, "fact_id": "no id!"}
_NO_FACT = {**_NO_BOT, "fact_id": NOWHERE}

ASSISTANT: dict[str, Sample] = {
    "assistant.create_bot": Sample(
        lambda _, mark: {
            "name": f"Zürich {mark}",
            "intents": INTENTS,
            "persona": "Grüezi.",
            "languages": ["de", "en"],
            "entities": [{"name": "kind", "values": {"admin": ["root"]}, "pattern": "[a-z]+key"}],
            "fallback": {"ladder": ["clarify"], "confidence": 0.4, "attempts": 1},
        },
        {"name": "", "intents": [{"name": "a", "examples": []}]},
    ),
    "assistant.list_bots": Sample(plain()),
    "assistant.get_bot": Sample(_read_bot, _WRONG_ID, _NO_BOT),
    "assistant.update_bot": Sample(
        lambda world, mark: {**_gone_bot(world, mark), "persona": "Hello.", "fallback": {"scope": 0.1}},
        {**_WRONG_ID, "name": ""},
        _NO_BOT,
    ),
    "assistant.delete_bot": Sample(_gone_bot, _WRONG_ID, _NO_BOT),
    "assistant.understand": Sample(
        lambda world, mark: {**_bot(world, mark), "texts": ["rotate a key", "ü"]},
        {**_WRONG_ID, "texts": []},
        {**_NO_BOT, "texts": ["a"]},
    ),
    "assistant.take_turn": Sample(
        lambda world, mark: {**_bot(world, mark), "text": "How do I rotate a key?"},
        {**_WRONG_ID, "text": ""},
        {**_NO_BOT, "text": "a"},
    ),
    "assistant.stream_turn": Sample(
        lambda world, mark: {**_bot(world, mark), "text": "How do I rotate a key?"},
        {**_WRONG_ID, "text": ""},
        {**_NO_BOT, "text": "a"},
    ),
    "assistant.list_conversations": Sample(
        lambda world, mark: {**_read_bot(world, mark), "state": "open", "q": "ROTATE", "limit": 2},
        {"limit": 201},
    ),
    "assistant.get_conversation": Sample(_read_conversation, _WRONG_CONVERSATION, _NO_CONVERSATION),
    "assistant.follow_conversation": Sample(
        lambda world, mark: {**_read_conversation(world, mark), "for_s": 0},
        {**_WRONG_CONVERSATION, "for_s": 3600.5},
        _NO_CONVERSATION,
    ),
    "assistant.export_turns": Sample(
        lambda world, mark: {**_read_bot(world, mark), "limit": 5}, {**_WRONG_ID, "limit": 0}, _NO_BOT
    ),
    "assistant.delete_conversation": Sample(_conversation, _WRONG_CONVERSATION, _NO_CONVERSATION),
    "assistant.follow_desk": Sample(
        lambda world, mark: {**_read_bot(world, mark), "for_s": 0}, {**_WRONG_ID, "for_s": 3600.5}, _NO_BOT
    ),
    "assistant.list_intents": Sample(_bot, _WRONG_ID, _NO_BOT),
    "assistant.call_person": Sample(_conversation, _WRONG_CONVERSATION, _NO_CONVERSATION),
    "assistant.end_conversation": Sample(_conversation, _WRONG_CONVERSATION, _NO_CONVERSATION),
    "assistant.claim_conversation": Sample(_conversation, _WRONG_CONVERSATION, _NO_CONVERSATION),
    "assistant.reply_to_conversation": Sample(
        _claimed, {**_WRONG_CONVERSATION, "text": ""}, {**_NO_CONVERSATION, "text": "a"}
    ),
    "assistant.close_conversation": Sample(
        lambda world, mark: {**_conversation(world, mark), "state": "closed"},
        {**_WRONG_CONVERSATION, "state": "gone"},
        _NO_CONVERSATION,
    ),
    "assistant.train_bot": Sample(_gone_bot, _WRONG_ID, _NO_BOT),
    "assistant.use_model": Sample(
        lambda world, mark: {**_bot(world, mark), "version": 1},
        {**_WRONG_ID, "version": 0},
        {**_NO_BOT, "version": 1},
    ),
    "assistant.rate_turn": Sample(
        _rated, {**_WRONG_ID, "turn_id": "no id!"}, {**_NO_BOT, "turn_id": NOWHERE, "helpful": True}
    ),
    "assistant.list_feedback": Sample(
        lambda world, mark: {**_read_bot(world, mark), "state": "rated"},
        {**_WRONG_ID, "state": "gone"},
        _NO_BOT,
    ),
    "assistant.review_feedback": Sample(
        lambda world, _: {
            "bot_id": bot_of(world),
            "feedback_id": _fresh_feedback(world),
            "accept": True,
            "intent": "rotate_key",
        },
        {**_WRONG_ID, "feedback_id": "no id!", "accept": True},
        {**_NO_BOT, "feedback_id": NOWHERE, "accept": True},
    ),
    "assistant.get_memory": Sample(_read_bot, {**_WRONG_ID, "subject": "no id!"}, _NO_BOT),
    "assistant.choose_memory": Sample(
        lambda world, mark: {**_bot(world, mark), "allowed": True},
        {**_WRONG_ID, "allowed": True},
        {**_NO_BOT, "allowed": False},
    ),
    "assistant.change_fact": Sample(
        lambda world, mark: {**_fact(world, mark), "text": f"I live in Genève {mark}."},
        {**_WRONG_FACT, "text": ""},
        {**_NO_FACT, "text": "a"},
    ),
    "assistant.forget_fact": Sample(_fact, _WRONG_FACT, _NO_FACT),
    "assistant.forget_facts": Sample(_bot, _WRONG_ID, _NO_BOT),
    "assistant.accept_suggestion": Sample(
        lambda world, mark: {
            **_gone_bot(world, mark),
            "name": f"Fähre {mark}",
            "examples": ["wann fährt sie"],
            "replies": ["Um neun."],
            "turn_ids": [],
        },
        {**_WRONG_ID, "name": "", "examples": []},
        {**_NO_BOT, "name": "a", "examples": ["a"]},
    ),
    "assistant.suggest_intents": Sample(
        lambda world, mark: {**_read_bot(world, mark), "least": 2}, {**_WRONG_ID, "least": 1}, _NO_BOT
    ),
}

ASSISTANT_FOREIGN = {
    "bot_id": lambda sides: bot_of(sides.victim),
    "conversation_id": lambda sides: read_turn_of(sides.victim)["conversation_id"],
    "turn_id": lambda sides: read_turn_of(sides.victim)["turn_id"],
    "fact_id": lambda sides: read_fact_of(sides.victim),
    "turn_ids": lambda sides: [read_turn_of(sides.victim)["turn_id"]],
    "feedback_id": lambda sides: read_feedback_of(sides.victim),
    "assistant.list_conversations.after": lambda sides: read_turn_of(sides.victim)["conversation_id"],
    "assistant.follow_conversation.after": lambda sides: read_turn_of(sides.victim)["turn_id"],
    "assistant.export_turns.after": lambda sides: read_turn_of(sides.victim)["turn_id"],
    "assistant.list_feedback.after": lambda sides: read_feedback_of(sides.victim),
}
"""What of another tenant's a field may name."""

_CALLED = "what a bot, or a part of it, is called; bots of several tenants may be called alike"
ASSISTANT_OWN = {
    f"assistant.{operation}.{path}": _CALLED
    for operation in ("create_bot", "update_bot")
    for path in ("name", "intents[].name", "intents[].slots[].name", "entities[].name")
} | {
    "assistant.accept_suggestion.name": _CALLED,
    **{
        f"assistant.{operation}.transcript.messages[].role": "which of the two who talk said it"
        for operation in ("take_turn", "stream_turn")
    },
}
"""Fields that name nothing of another tenant's, and why."""
