"""Conversations that are compacted: the cases of the Open Responses suite, and whose summaries are."""

from typing import Any

import pytest

from transports.openai.open_responses_client import Asking, text_of
from transports.openai.open_responses_schema import Compacted
from transports.openai.serving import Served

CONVERSATION: list[dict[str, Any]] = [
    {
        "type": "message",
        "role": "user",
        "content": "We agreed to launch on Tuesday and notify support first.",
    },
    {
        "type": "message",
        "role": "assistant",
        "content": "Understood. The launch is Tuesday, with support notified beforehand.",
    },
]
GO_ON = {"type": "message", "role": "user", "content": "Continue from here."}
SUMMARY = "Launch on Tuesday; support is told first."


@pytest.fixture
def asking(there: Served) -> Asking:
    return Asking(there, "chat")


def _compacted(asking: Asking, **more: Any) -> Compacted:
    asking.there.upstream.says(SUMMARY)
    body = {"model": "chat", "input": CONVERSATION, "prompt_cache_key": "openresponses-compact-test", **more}
    answer = asking.post("/responses/compact", body)
    assert answer.status_code == 200, answer.text
    return Compacted.model_validate(answer.json())


def _given(made: Compacted) -> list[Any]:
    return [*(item.model_dump(exclude_unset=True) for item in made.output), GO_ON]


def test_compact_response(asking: Asking) -> None:
    made = _compacted(asking, instructions="Be brief.")
    assert [item.type for item in made.output] == ["message", "compaction"]
    assert made.output[0].content[0].text == CONVERSATION[0]["content"]
    sent = asking.there.upstream.asked[-1]["messages"]
    assert sent[0] == {"role": "system", "content": "Be brief."}
    assert [each["content"] for each in sent[1:3]] == [each["content"] for each in CONVERSATION]
    assert "Sum this conversation up" in sent[3]["content"]


def test_compact_missing_model(asking: Asking) -> None:
    answer = asking.post("/responses/compact", {"input": CONVERSATION[:1]})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "model"


def test_it_is_gone_on_from(asking: Asking) -> None:
    made = _compacted(asking)
    first = asking.whole(input=_given(made))
    assert SUMMARY in str(asking.there.upstream.asked[-1]["messages"])
    asking.whole(input="And?", previous_response_id=first.id)
    assert SUMMARY in str(asking.there.upstream.asked[-1]["messages"])
    asking.whole(input="And?", previous_response_id=made.id)
    assert SUMMARY in str(asking.there.upstream.asked[-1]["messages"])
    again = _compacted(asking, previous_response_id=first.id, input=None)
    assert SUMMARY in str(asking.there.upstream.asked[-1]["messages"])
    assert again.id != made.id


def test_it_stays_with_whom_it_is_for(asking: Asking) -> None:
    made = _compacted(asking)
    assert SUMMARY not in made.model_dump_json()
    body = {"model": "chat", "input": _given(made)}
    answer = asking.post("/responses", body, key="user")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "input.1.encrypted_content"


def test_it_ends_when_it_is_deleted(asking: Asking) -> None:
    made = _compacted(asking)
    asking.there.client().responses.delete(made.id)
    assert asking.refused(input=_given(made))["param"] == "input.1.encrypted_content"


@pytest.mark.parametrize("content", ["", "../x", "resp_x", None, "gAAAAABpM0Yj-=="])
def test_what_was_not_made_here_is_refused(asking: Asking, content: Any) -> None:
    told = asking.refused(input=[{"type": "compaction", "encrypted_content": content}, GO_ON])
    assert told["param"] == "input.0.encrypted_content"
    kept = asking.whole(input="Hi")  # a response, and no compacted conversation
    told = asking.refused(input=[{"type": "compaction", "encrypted_content": kept.id}, GO_ON])
    assert told["param"] == "input.0.encrypted_content"


def test_generators_alone_sum_up(asking: Asking) -> None:
    made = _compacted(asking)
    body: dict[str, Any] = {"model": "mainstay/harbour", "input": _given(made)}
    assert asking.post("/responses/compact", body).json()["error"]["param"] == "model"
    assert asking.post("/responses", body).json()["error"]["param"] == "input.1.type"


def test_no_summary_is_no_success(asking: Asking) -> None:
    asking.there.upstream.says(" ")
    answer = asking.post("/responses/compact", {"model": "chat", "input": CONVERSATION})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "summary_missing")
    asking.there.upstream.says("Hello.")
    assert text_of(asking.whole(input="Hi")) == "Hello."
