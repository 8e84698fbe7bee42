"""Traces that wait to be written: what is held of them is bounded, whatever the requests were made of."""

from pathlib import Path
from typing import Any

import pytest

from mainstay.services.generation import tracing
from mainstay.services.generation.failures import ConversationInvalid
from makers import Client, client, opened_house
from services.generation.test_generation_traces import log_of, written

LARGE = "x" * 60_000
CALL = {"call_id": "call_1", "name": "find", "arguments": f'{{"word": "{LARGE}"}}'}
SCHEMA = {"type": "object", "description": LARGE}


async def ask(admin: Client, message: dict[str, Any] | None = None, **more: Any) -> str:
    messages = [message or {}, {"content": "Hi"}]
    told = [{"role": "user", **each} for each in messages if each]
    return str((await admin.call("generation.complete", messages=told, generator="echo", **more)).trace_id)


async def test_all_that_is_held_is_counted_and_images_are_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "CHARACTERS_WAITING_MAX", 50_000)
    async with opened_house(tmp_path / "data") as house:
        admin, log = client(house), log_of(house)
        write = log.write

        async def later() -> None:
            return None

        monkeypatch.setattr(log, "write", later)
        image = f"data:image/png;base64,{LARGE}"
        seen = await ask(admin, {"content": "What is it?", "images": [image]})
        assert (len(log._waiting), log._lost) == (1, 0)
        assert log._characters < 1_000
        many: list[dict[str, Any]] = [
            {"name": f"tool_{each}", "description": "x" * 9_000} for each in range(6)
        ]
        for lost, (message, more) in enumerate(
            [
                ({"content": LARGE}, {}),
                ({"role": "assistant", "calls": [CALL]}, {}),
                ({"content": "See", "images": [f"https://example.com/{LARGE}"]}, {}),
                (None, {"tools": many}),
                (None, {"tools": [{"name": "find", "parameters": SCHEMA}], "tool_choice": "none"}),
                (None, {"documents": [{"text": LARGE}]}),
            ],
            1,
        ):
            await ask(admin, message, **more)
            assert (len(log._waiting), log._lost) == (1, lost)
        monkeypatch.setattr(log, "write", write)
        await written(house)
        trace = await admin.call("generation.get_trace", trace_id=seen)
        assert trace.request["messages"][0]["images"] == [f"[{len(image)} characters]"]
        assert (log._characters, len(log._waiting)) == (0, 0)


async def test_arguments_of_calls_count_as_what_was_said(tmp_path: Path) -> None:
    call = {"call_id": "call_1", "name": "find", "arguments": "x" * 1_000_000}
    async with opened_house(tmp_path / "data") as house:
        with pytest.raises(ConversationInvalid, match="4000000 characters"):
            await ask(client(house), {"role": "assistant", "calls": [call] * 5})
