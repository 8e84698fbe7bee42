"""Responses that break off while they stream: the last event tells so, whatever broke them off."""

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from mainstay.transports.compatible.openai.kinds import Generators
from mainstay.transports.compatible.openai.talk import Part
from transports.openai.serving import Served

ASK: Any = {"model": "chat", "input": "Hi", "stream": True}


def test_half_a_text_is_a_failed_response(there: Served) -> None:
    there.upstream.says("Half a", "text", breaks_after=2)
    events: Any = list(there.client().responses.create(**ASK))
    assert events[-1].type == "response.failed"
    assert events[-1].response.output_text == "Half a"
    assert events[-1].response.error.code == "server_error"
    with pytest.raises(openai.NotFoundError):
        there.client().responses.retrieve(events[-1].response.id)


def test_what_a_bug_breaks_off_is_one_too(there: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_given: Any) -> AsyncIterator[Part]:
        yield Part(text="Half ")
        raise RuntimeError("a secret")

    monkeypatch.setattr(Generators, "pieces", broken)
    events: Any = list(there.client().responses.create(**ASK))
    assert events[-1].type == "response.failed"
    assert events[-1].response.output_text == "Half "
    assert "server's log" in events[-1].response.error.message
    assert [event.sequence_number for event in events] == list(range(len(events)))
