"""Responses over a connection and compacted ones, as the openai package asks for them."""

import asyncio
from typing import Any

import openai
import pytest

from transports.openai.open_responses_client import CALLED, WEATHER, picture
from transports.openai.serving import Served

# The package opens a blocking connection as older versions of `websockets` had it.
pytestmark = pytest.mark.filterwarnings("ignore:connect.. must be used as a context manager")
ENDS = {"response.completed", "response.incomplete", "response.failed", "error"}


def _last(connection: Any) -> Any:
    """Read to the end of a response; give its last event."""
    for event in connection:
        if event.type in ENDS:
            return event
    return None


def test_the_package_connects(there: Served) -> None:
    with there.client().responses.connect() as connection:
        connection.response.create(model="chat", input="Remember: cobalt.", store=False)
        first = _last(connection).response
        connection.response.create(model="chat", input="And?", previous_response_id=first.id, store=False)
        assert _last(connection).response.output_text == "You said: And?"
        there.upstream.says(calls=CALLED)
        connection.response.create(model="chat", input="Weather?", tools=[WEATHER])
        assert _last(connection).response.output[0].name == "get_weather"
        connection.response.create(model="chat", input="And?", previous_response_id="resp_x")
        told = _last(connection)
        assert (told.type, told.error.code) == ("error", "previous_response_not_found")
    assert "cobalt" in str(there.upstream.asked[1]["messages"])


def test_it_connects_asynchronously(there: Served) -> None:
    async def ask() -> str:
        made = there.client()
        async with (
            openai.AsyncOpenAI(base_url=made.base_url, api_key=made.api_key) as client,
            client.responses.connect() as connection,
        ):
            await connection.response.create(model="mainstay/harbour", input="When does the ferry leave?")
            async for event in connection:
                if event.type == "response.completed":
                    return event.response.output_text
        return ""

    assert "nine" in asyncio.run(ask())


def test_the_package_steers_no_response(there: Served) -> None:
    with there.client().responses.connect() as connection:
        connection.response.steer(input="Be brief.", previous_response_id="resp_x")
        assert _last(connection).error.param == "type"


def test_the_package_compacts(there: Served) -> None:
    client = there.client()
    image: Any = {"type": "input_image", "image_url": picture()}
    asked: Any = [{"role": "user", "content": [{"type": "input_text", "text": "Red?"}, image]}]
    there.upstream.says("Yes.")
    first = client.responses.create(model="chat", input=asked)
    there.upstream.says("The picture is red.")
    made = client.responses.compact(model="chat", previous_response_id=first.id)
    assert [item.type for item in made.output] == ["message", "compaction"]
    assert made.usage.total_tokens == 18
    more = {"role": "user", "content": "Sure?"}
    given: Any = [*(item.to_dict(warnings=False) for item in made.output), more]
    client.responses.create(model="chat", input=given)
    sent = there.upstream.asked[-1]["messages"]
    assert [message["role"] for message in sent] == ["user", "user", "user"]
    assert sent[0]["content"][1]["image_url"]["url"] == picture()
    assert "The picture is red." in sent[1]["content"]
    with pytest.raises(openai.BadRequestError, match="A generator"):
        client.responses.compact(model="mainstay/harbour", input="Hi")
