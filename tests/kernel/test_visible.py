"""What can be seen of a text, and that nothing is said, kept or looked for of which nothing can be."""

from typing import Any

import pytest

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kit.visible import visible
from makers import Client

UNSEEN = ("\u200b", "   ", "\u2800\u3164", "\u200e\u2060\ufe0f\n")
_ID = "x_01k9z6q7h8e4v5c3x2b1n0m9a8"


@pytest.mark.parametrize("text", UNSEEN)
def test_white_space_joiners_and_fillers_are_unseen(text: str) -> None:
    assert not visible(text)


@pytest.mark.parametrize("sign", ["a", "ß", "1", "?", "。", "א", "🦄", "\u0301", "\ufffd", "\ue000"])
def test_one_sign_among_them_is_seen(sign: str) -> None:
    assert visible(f"{''.join(UNSEEN)}{sign}")


@pytest.mark.parametrize("text", [each.ljust(3, "\u200b") for each in UNSEEN])
@pytest.mark.parametrize(
    ("operation", "field", "values"),
    [
        ("assistant.reply_to_conversation", "text", {"conversation_id": _ID}),
        ("assistant.take_turn", "text", {"bot_id": _ID}),
        ("assistant.change_fact", "text", {"bot_id": _ID, "fact_id": _ID}),
        ("knowledge.add_document", "text", {"collection": "c"}),
        ("knowledge.add_faq", "question", {"collection": "c", "answer": "Yes."}),
        ("knowledge.add_faq", "answer", {"collection": "c", "question": "Is it?"}),
    ],
)
async def test_what_people_are_to_read_has_something_to_be_seen(
    admin: Client, operation: str, field: str, values: dict[str, Any], text: str
) -> None:
    with pytest.raises(RequestInvalid) as refused:
        await admin.call(operation, **values, **{field: text})
    [problem] = refused.value.problems
    assert (problem["field"], problem["problem"]) == (field, "Write something that can be seen.")
