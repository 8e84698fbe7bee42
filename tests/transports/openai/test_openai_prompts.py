"""A response's `prompt` by the openai package: kept here, with variables, streamed, within an experiment."""

from typing import Any

import openai
import pytest

from chat_upstream import Answer
from transports.openai.serving import Served


@pytest.fixture
def prompt(there: Served) -> str:
    if not there.call("prompts.list_prompts").prompts:
        messages = [
            {"role": "system", "content": "You greet{{# tone }} {{ tone }}ly{{/ tone }}."},
            {"role": "user", "content": "Greet {{ name }}."},
        ]
        settings = {"generator": "chat", "temperature": 0.25, "tokens_max": 30}
        there.call("prompts.create_prompt", name="greeting", messages=messages, settings=settings)
        there.call("prompts.add_prompt_version", name="greeting", text="Hello {{ name }}.")
        there.call("prompts.move_prompt_label", name="greeting", label="production", version=1)
    return "greeting"


def test_a_prompt_is_asked_with(there: Served, prompt: str) -> None:
    name: Any = {"type": "input_text", "text": "Ada {{ tone }}"}
    response = there.client().responses.create(
        prompt={"id": prompt, "variables": {"name": name, "tone": "kind"}}
    )
    assert response.output_text == "You said: Greet Ada {{ tone }}."
    assert (response.model, response.prompt and response.prompt.id) == ("chat", prompt)
    [sent] = there.upstream.asked
    assert sent["messages"][0]["content"] == "You greet kindly."
    assert (sent["temperature"], sent["max_tokens"]) == (0.25, 30)


def test_a_prompt_goes_before_what_is_sent_along_and_the_request_outdoes_it(
    there: Served, prompt: str
) -> None:
    with there.client().responses.stream(
        model="chat",
        input="And Bob.",
        prompt={"id": prompt, "version": "2", "variables": {"name": "Ada"}},
        temperature=1,
    ) as stream:
        response = stream.get_final_response()
    assert response.output_text == "You said: And Bob."
    [sent] = there.upstream.asked
    assert [each["content"] for each in sent["messages"]] == ["Hello Ada.", "And Bob."]
    assert sent["temperature"] == 1
    follow = there.client().responses.create(model="chat", input="Why?", previous_response_id=response.id)
    assert follow.output_text == "You said: Why?"


def test_an_experiment_shows_its_arms_to_the_packages_users(there: Served, prompt: str) -> None:
    arms = [{"arm": "long", "version": 1}, {"arm": "short", "version": 2}]
    begun = there.call("prompts.start_prompt_experiment", name=prompt, arms=arms)
    shown: dict[str, set[str]] = {}
    users = 24  # that all of them are drawn to the same arm happens once in eight million times
    for number in range(2 * users):
        user = f"user {number % users}"
        made = there.client().responses.create(
            model="chat", prompt={"id": prompt, "variables": {"name": "Ada"}}, safety_identifier=user
        )
        shown.setdefault(user, set()).add(made.output_text)
    assert [len(texts) for texts in shown.values()] == [1] * users, "each stays with one"
    assert len(set().union(*shown.values())) == 2
    given = {"name": prompt, "experiment_id": begun.experiment_id}
    result = there.call("prompts.get_prompt_experiment", **given)
    assert sum(each.exposures for each in result.arms) == 2 * users
    assert sum(each.keys for each in result.arms) == users
    there.call("prompts.stop_prompt_experiment", **given)


@pytest.mark.parametrize("stream", [False, True])
def test_only_what_was_answered_counts(there: Served, prompt: str, stream: bool) -> None:
    arms = [{"arm": "long", "version": 1}, {"arm": "short", "version": 2}]
    begun = there.call("prompts.start_prompt_experiment", name=prompt, arms=arms)
    given = {"name": prompt, "experiment_id": begun.experiment_id}

    def ask(**more: Any) -> None:
        asked = {"model": "chat", "prompt": {"id": prompt, "variables": {"name": "Ada"}}, **more}
        answer: Any = there.client().responses.create(**asked, user="Ada", stream=stream)
        if stream and list(answer)[-1].type == "response.failed":
            raise openai.OpenAIError

    def counted() -> tuple[int, int]:
        found = there.call("prompts.get_prompt_experiment", **given).arms
        return sum(each.exposures for each in found), sum(each.keys for each in found)

    for wrong in ({"previous_response_id": "resp_nothing"}, {"input": [{"type": "sound"}]}, {"model": "no"}):
        with pytest.raises(openai.OpenAIError):
            ask(**wrong)
    there.upstream.answers += [Answer(status=500), Answer(["Half a", "text"], breaks_after=2)]
    for _ in range(2):
        with pytest.raises(openai.OpenAIError):
            ask()
    assert counted() == (0, 0)
    ask()
    there.call("prompts.stop_prompt_experiment", **given)
    assert counted() == (1, 1)


def test_what_is_wrong_with_a_prompt_is_told(there: Served, prompt: str) -> None:
    with pytest.raises(openai.NotFoundError):
        there.client().responses.create(model="chat", prompt={"id": "nothing"})
    with pytest.raises(openai.BadRequestError, match="required"):
        there.client().responses.create(model="chat", prompt={"id": prompt})
    with pytest.raises(openai.BadRequestError, match="model"):
        there.client().responses.create(input="Hi")
    with pytest.raises((openai.BadRequestError, openai.PermissionDeniedError)):
        there.client("operations").responses.create(model="chat", prompt={"id": prompt})
    values: Any = {"name": {"type": "input_image", "image_url": "https://a.example/b.png"}}
    with pytest.raises(openai.BadRequestError, match="Texts"):
        there.client().responses.create(model="chat", prompt={"id": prompt, "variables": values})
