"""Bots as models: turns as completions and as responses, whole and streamed, and conversations that go on."""

from collections.abc import Callable
from typing import Any

import openai
import pytest

from transports.openai.serving import Served

_OPEN = "We are open from nine to five."
_INTENTS = [
    {
        "name": "order_status",
        "examples": [
            "Where is my order?",
            "Has my parcel been sent?",
            "Track order 4711",
            "Order status please",
        ],
        "slots": [{"name": "order", "entity": "identifier", "prompt": "Which order is it?"}],
        "replies": ["Order {order} is on its way."],
    },
    {
        "name": "opening",
        "examples": [
            "When are you open?",
            "Opening hours",
            "Are you open on Sunday?",
            "What time do you close?",
        ],
        "replies": [_OPEN],
    },
]


@pytest.fixture(scope="package")
def bot(serves: Served) -> str:
    made = serves.call(
        "assistant.create_bot", name="Shop", intents=_INTENTS, collections=["harbour"], memory={"on": True}
    )
    return str(made.bot_id)


def _asks(bot: str, text: str) -> Any:
    return {"model": bot, "messages": [{"role": "user", "content": text}]}


def listed(there: Served, bot: str) -> None:
    assert bot in [model.id for model in there.client().models.list()]
    assert there.client().models.retrieve(bot).owned_by == "Shop"


def completed(there: Served, bot: str) -> None:
    answer = there.client().chat.completions.create(**_asks(bot, "What are your opening hours?"))
    assert answer.choices[0].message.content == _OPEN
    assert answer.model == bot


def streamed(there: Served, bot: str) -> None:
    stream = there.client().chat.completions.create(**_asks(bot, "When do you open?"), stream=True)
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == _OPEN
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert (chunks[-1].model_extra or {})["conversation_id"].startswith("conversation_")


def goes_on(there: Served, bot: str) -> None:
    client = there.client()
    first = client.chat.completions.create(**_asks(bot, "Where is my order?"))
    assert first.choices[0].message.content == "Which order is it?"
    conversation = (first.model_extra or {})["conversation_id"]
    then = client.chat.completions.create(**_asks(bot, "4711"), extra_body={"conversation_id": conversation})
    assert then.choices[0].message.content == "Order 4711 is on its way."


def goes_on_by_what_was_said(there: Served, bot: str) -> None:
    long = "Where is my order? " + "I have been waiting for a while now and would like to know about it. " * 3
    for text in ("Where is my order?", long):
        messages = [{"role": "user", "content": text}]
        first = _told(there, bot, messages, safety_identifier=text[:500])
        messages += [_assistant(first), {"role": "user", "content": "4711"}]
        then = _told(there, bot, messages, safety_identifier=text[:500])
        assert then.choices[0].message.content == "Order 4711 is on its way."
        assert _conversation(then) == _conversation(first)
        messages[1]["content"] = "Something that no bot has said."
        assert _conversation(_told(there, bot, messages)) != _conversation(first)


def keeps_people_of_one_key_apart(there: Served, bot: str) -> None:
    asked = [{"role": "user", "content": "Track my order, please."}]
    named = [{"user": "ada"}, {"safety_identifier": "grace"}]
    began = [_told(there, bot, asked, **name) for name in named]
    shown = [*asked, _assistant(began[0]), {"role": "user", "content": "4711"}]
    then = [_told(there, bot, shown, **name) for name in named]
    assert [_conversation(each) for each in then] == [_conversation(each) for each in began]
    nobodys = [_told(there, bot, asked) for _ in range(2)]
    guessed = _told(there, bot, shown)
    assert _conversation(guessed) not in {_conversation(each) for each in nobodys}


def remembers_for_each_of_a_keys_people(there: Served, bot: str) -> None:
    def says(name: str, text: str, place: str = "", **more: Any) -> Any:
        body = {"extra_body": {"conversation_id": place}} if place else {}
        return _told(there, bot, _asks(bot, text)["messages"], safety_identifier=name, **body, **more)

    began = says("alice", "remember that my PIN is 9317")
    says("alice", "yes", _conversation(began))
    assert "9317" in _content(says("alice", "what do you know about me?"))
    assert "9317" not in _content(says("bob", "what do you know about me?"))
    says("bob", "forget everything")
    assert "9317" in _content(says("alice", "what do you know about me?"))
    with pytest.raises(openai.NotFoundError):
        says("bob", "what do you know about me?", _conversation(began))
    with pytest.raises(openai.NotFoundError):
        there.client().responses.create(
            model=bot, input="4711", conversation=_conversation(began), safety_identifier="bob"
        )
    with pytest.raises(openai.NotFoundError):
        list(says("bob", "what do you know about me?", _conversation(began), stream=True))


def tells_a_keyed_stream_again(there: Served, bot: str) -> None:
    def streams(text: str, key: str, **more: Any) -> tuple[str, Any]:
        headers = {"Idempotency-Key": key}
        made = there.client().chat.completions.create(
            **_asks(bot, text), stream=True, extra_headers=headers, **more
        )
        chunks = list(made)
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        return said, (chunks[-1].model_extra or {})["conversation_id"]

    once, again = (streams("Where is my order?", "where it is") for _ in range(2))
    assert once == again
    where = {"extra_body": {"conversation_id": once[1]}}
    then = [streams("4711", "4711 it is", **where) for _ in range(2)]
    assert then == [("Order 4711 is on its way.", once[1])] * 2
    kept = there.call("assistant.get_conversation", conversation_id=once[1])
    assert [turn.text for turn in kept.history] == ["Where is my order?", "4711"]
    with pytest.raises(openai.BadRequestError, match="key of its own"):
        streams("When do you open?", "where it is")
    with pytest.raises(openai.BadRequestError, match="200 printable"):
        streams("When do you open?", "k" * 201)
    answered = [
        "".join(
            event.delta
            for event in there.client().responses.create(
                model=bot,
                input="Where is my order?",
                stream=True,
                extra_headers={"Idempotency-Key": "by responses"},
            )
            if event.type == "response.output_text.delta"
        )
        for _ in range(2)
    ]
    assert answered == ["Which order is it?"] * 2


def tells_a_keyed_turn_again(there: Served, bot: str) -> None:
    messages = [{"role": "user", "content": "Has the parcel of order 4711 been sent?"}]
    messages += [_assistant(_told(there, bot, messages)), {"role": "user", "content": "And 4712?"}]
    keyed = {"extra_headers": {"Idempotency-Key": "and-4712"}}
    once, again = (_told(there, bot, messages, **keyed) for _ in range(2))
    assert (once.id, once.choices) == (again.id, again.choices)


def _told(there: Served, bot: str, messages: list[Any], **more: Any) -> Any:
    return there.client().chat.completions.create(model=bot, messages=messages, **more)


def _assistant(answer: Any) -> dict[str, str]:
    return {"role": "assistant", "content": answer.choices[0].message.content}


def _content(answer: Any) -> str:
    return str(answer.choices[0].message.content)


def _conversation(answer: Any) -> Any:
    return (answer.model_extra or {})["conversation_id"]


def responded(there: Served, bot: str) -> None:
    client = there.client()
    first = client.responses.create(model=bot, input="Where is my order?")
    assert first.output_text == "Which order is it?"
    assert first.conversation is not None
    then = client.responses.create(model=bot, input="4711", previous_response_id=first.id)
    assert then.output_text == "Order 4711 is on its way."
    assert then.conversation is not None
    assert then.conversation.id == first.conversation.id
    again = client.responses.create(model=bot, input="When are you open?", conversation=then.conversation.id)
    assert again.output_text == _OPEN
    else_ = client.responses.create(model="chat", input="Sum that up.", previous_response_id=then.id)
    assert else_.conversation is None, "a generator goes on from what was said, and in no conversation"
    said = [message["content"] for message in there.upstream.asked[-1]["messages"]]
    assert said[-3:] == ["4711", "Order 4711 is on its way.", "Sum that up."]


def cited(there: Served, bot: str) -> None:
    answer = there.client().chat.completions.create(**_asks(bot, "When does the ferry leave the quay?"))
    message = answer.choices[0].message
    assert message.annotations
    assert message.annotations[0].url_citation.title == "Ferry"
    assert "nine" in (message.content or "")


def cites_beneath_what_a_bot_says_of_itself(there: Served, bot: str) -> None:
    said = "I am Anchor, and I know the quay."
    given = {"intents": _INTENTS, "collections": ["harbour"], "persona": said}
    made = there.call("assistant.create_bot", name="Anchor", **given)
    answer = there.client().chat.completions.create(
        **_asks(made.bot_id, "When does the ferry leave the quay?")
    )
    message = answer.choices[0].message
    [cited, *_] = message.annotations or []
    content, place = message.content or "", cited.url_citation
    assert content.startswith(said)
    assert place.start_index == len(f"{said}\n\n")
    assert content[place.start_index : place.end_index].endswith(".")


def refused(there: Served, bot: str) -> None:
    client = there.client()
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(**_asks("bot_01k9z6q7h8e4v5c3x2b1n0m9a8", "Hi"))
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model=bot, input="Hi", conversation="conversation_01k9z6q7h8e4v5c3x2b1n0m9a8")
    with pytest.raises(openai.BadRequestError, match="stop"):
        client.chat.completions.create(**_asks(bot, "Hi"), stop=["."])
    with pytest.raises(openai.BadRequestError, match="conversation"):
        client.responses.create(model="mainstay/harbour", input="Hi", conversation="conversation_1")
    with pytest.raises(openai.BadRequestError, match="conversation"):
        client.chat.completions.create(
            **_asks("chat", "Hi"), extra_body={"conversation_id": "conversation_1"}
        )


_USAGES: tuple[Callable[[Served, str], None], ...] = (
    *(listed, completed, streamed, goes_on, goes_on_by_what_was_said, keeps_people_of_one_key_apart),
    *(remembers_for_each_of_a_keys_people, tells_a_keyed_turn_again, tells_a_keyed_stream_again),
    *(responded, cited, cites_beneath_what_a_bot_says_of_itself, refused),
)


@pytest.mark.parametrize("usage", _USAGES, ids=lambda usage: str(usage.__name__))
def test_bots_are_models(there: Served, bot: str, usage: Callable[[Served, str], None]) -> None:
    usage(there, bot)
