"""What intents are suggested of: questions alone, whatever else was said to a bot."""

import pytest

from mainstay.services.assistant.questions import Questions
from mainstay.services.assistant.records import Definition
from services.assistant.conftest import Shop
from services.assistant.making import INTENTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMAIL = {"name": "email", "entity": "email", "prompt": "To which address?"}
LETTERS = {
    "name": "newsletter",
    "examples": ["send me the newsletter", "i want your newsletter", "subscribe me"],
    "slots": [EMAIL],
    "replies": ["It goes to {email}."],
}


async def suggested(shop: Shop, *talks: list[str]) -> set[str]:
    """Say what is said in each conversation, twice in other words; give the examples that are suggested."""
    bot = await shop.admin.call("assistant.create_bot", name="Heard", intents=[*INTENTS, LETTERS])
    for texts in talks:
        place = {"bot_id": bot.bot_id}
        for text in texts:
            turn = await shop.user.call("assistant.take_turn", **place, text=text)
            place["conversation_id"] = turn.conversation_id
    found = await shop.admin.call("assistant.suggest_intents", bot_id=bot.bot_id, least=2)
    return {text for each in found for text in each.examples}


async def test_what_answers_the_bot_is_suggested_of_nothing(shop: Shop) -> None:
    letters, order = "send me the newsletter", "where is my order"
    told = await suggested(
        shop,
        *([letters, f"{name}@example.com"] for name in ("ann", "bob", "cas")),
        *([order, "zebra lattice", f"zebra lattice {end}"] for end in ("now", "soon")),
        *([order, number, f"no, I meant {number}1"] for number in ("TW-998", "TW-997")),
        *([order, "TW-996", f"{cue}, I meant zebra quark"] for cue in ("no", "sorry")),
        *([f"{name}@example.com"] for name in ("dan", "eva", "fay")),
        *([f"my e-mail is {name}@example.com"] for name in ("gil", "hal")),
    )
    assert told == set()


async def test_what_is_said_to_a_person_is_suggested_of_nothing(shop: Shop) -> None:
    told = await suggested(
        shop, *(["let me talk to a human", f"loyalty points balance {end}"] for end in ("now", "soon"))
    )
    assert told == set()


async def test_a_question_is_suggested_with_what_it_names(shop: Shop) -> None:
    texts = [f"loyalty points balance of card {number}" for number in ("4711", "4712")]
    assert await suggested(shop, *([text] for text in texts)) == set(texts)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("TW-998", False),
        ("It is TW-998.", False),
        ("my order number is 004711", False),
        ("ann@example.com", False),
        ("+44 20 7946 0958", False),
        ("No, I meant TW-998", False),
        ("yes please", False),
        ("Can I pay order TW-998 later?", True),
        ("Do you sell surfboards?", True),
        ("4711 surfboards", True),
    ],
)
async def test_questions_are_told_from_values_and_answers(text: str, *, question: bool) -> None:
    slot = {"name": "order", "entity": "identifier"}
    definition = Definition(intents=[{"name": "order_status", "slots": [slot]}])
    assert Questions(definition).has(text, 1_780_000_000_000) == question
