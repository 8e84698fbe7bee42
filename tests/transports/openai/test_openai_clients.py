"""What the package does by itself: waiting, trying again, and whose key it sends."""

from typing import Any

import openai
import pytest

from chat_upstream import Answer
from transports.openai.serving import Served

ASK: Any = {"model": "chat", "messages": [{"role": "user", "content": "Hi"}]}


def test_a_client_that_does_not_wait_has_its_own_timeout(there: Served) -> None:
    there.upstream.answers.append(Answer(["late"], stalls_after=0))
    with pytest.raises(openai.APITimeoutError):
        there.client(timeout=0.3).chat.completions.create(**{**ASK, "model": "slow"})


def test_what_may_be_tried_again_is_tried_again(there: Served) -> None:
    there.upstream.says(status=503)
    there.upstream.says("Now.")
    answer = there.client(max_retries=1).chat.completions.create(**ASK)
    assert answer.choices[0].message.content == "Now."


def test_who_may_not_is_refused(there: Served) -> None:
    with pytest.raises(openai.PermissionDeniedError):
        there.client("operations").chat.completions.create(**ASK)
    with pytest.raises(openai.AuthenticationError):
        there.client("nobody's").chat.completions.create(**ASK)
    assert there.client("user").chat.completions.create(**ASK).choices
    assert there.client("operations").models.list().data == []
