"""Bots for tests."""

from typing import Any

from mainstay.services.assistant.records import Turn
from mainstay.services.assistant.summarising import EVERY
from makers import Client

ORDER = {"name": "order", "entity": "identifier", "prompt": "Which order is it?"}
INTENTS: list[dict[str, Any]] = [
    {
        "name": "order_status",
        "title": "Where my order is",
        "examples": ["where is my order", "has my parcel been sent", "track my order please"],
        "slots": [ORDER],
        "replies": ["Order {order} is on its way."],
    },
    {
        "name": "returns",
        "title": "Sending something back",
        "examples": ["i want to send shoes back", "how do returns work", "return my jacket"],
        "replies": ["Send it within 30 days.", "As I said: within 30 days."],
    },
    {
        "name": "opening_hours",
        "examples": ["when do you open", "opening hours on sunday", "are you open today"],
        "action": "answer",
    },
    {"name": "person", "examples": ["let me talk to a human", "a person please"], "action": "escalate"},
]


async def talked(client: Client) -> Turn:
    """Let somebody make a bot, talk with it at length, have something remembered, and correct it."""
    memory = {"on": True}
    bot = await client.call("assistant.create_bot", name="Shop", intents=INTENTS, memory=memory)
    turn: Turn = await client.call("assistant.take_turn", bot_id=bot.bot_id, text="I want my money back")
    await client.call("assistant.choose_memory", bot_id=bot.bot_id, allowed=True)
    place = {"bot_id": bot.bot_id, "conversation_id": turn.conversation_id}
    for number in range(2 * EVERY):
        text = f"remember that my number is {number}"
        await client.call("assistant.take_turn", **place, text=text)
    given = {"bot_id": bot.bot_id, "turn_id": turn.turn_id, "intent": "returns"}
    await client.call("assistant.rate_turn", **given)
    return turn
