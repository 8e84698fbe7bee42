"""The door for OpenAI's clients: nothing is read before the key is known, and refusals are theirs."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from makers import ADMIN_KEY
from transports.homes import BASES, Home, home_in
from transports.real_house import bearer


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_in(tmp_path_factory.mktemp("openai") / "data") as made:
        yield made


def _client(home: Home, key: str = ADMIN_KEY, base: str = "/v1") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{home.running.url}{base}", api_key=key, max_retries=0)


@pytest.mark.parametrize("base", BASES)
def test_models_are_listed_and_found(home: Home, base: str) -> None:
    with _client(home, base=base) as client:
        names = [model.id for model in client.models.list()]
        assert names
        for name in names:
            assert client.models.retrieve(name).id == name
        with pytest.raises(openai.NotFoundError) as missing:
            client.models.retrieve("no-such")
    assert missing.value.code == "model_not_found"
    assert missing.value.param == "model"
    assert missing.value.request_id


def test_an_unknown_key_is_an_authentication_error(home: Home) -> None:
    with _client(home, "nobody's") as client, pytest.raises(openai.AuthenticationError) as refused:
        client.models.list()
    assert refused.value.code == "invalid_api_key"


def test_what_is_left_of_the_limit_is_told(home: Home) -> None:
    with _client(home) as client:
        answer: Any = client.models.with_raw_response.list()
    assert int(answer.headers["x-ratelimit-limit-requests"]) > 0
    assert int(answer.headers["x-ratelimit-remaining-requests"]) >= 0
    assert answer.headers["x-ratelimit-reset-requests"].endswith("s")


def test_another_method_is_refused_in_the_protocols_words(home: Home) -> None:
    answer = home.running.ask("POST", "/v1/models", [bearer(ADMIN_KEY)])
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, OPTIONS"
    assert answer.told["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("base", BASES)
def test_an_endpoint_that_is_missing_is_told_with_those_there_are(home: Home, base: str) -> None:
    with _client(home, base=base) as client, pytest.raises(openai.NotFoundError) as missing:
        client.completions.create(model="any", prompt="Hi")
    assert "There is no such endpoint here" in str(missing.value)
    assert "/chat, /embeddings, /files, /models" in str(missing.value)
    assert (missing.value.code, missing.value.type) == ("route_missing", "invalid_request_error")
    plain = home.running.ask("POST", f"{base}/completions", [bearer(ADMIN_KEY)])
    assert plain.told["code"] == "RouteMissing"


@pytest.mark.parametrize("role", ["user", "operations"])
def test_what_is_refused_counts_against_the_limit_too(home: Home, role: str) -> None:
    """Or a key could have bodies read, and be refused, without end."""
    key = home.world.call("identity.create_key", name="few", role=role, limit_per_minute=3)["key"]
    content = [bearer(key), ("Content-Type", "application/json")]
    statuses = [home.running.ask("POST", "/v1/chat/completions", content, b"{}").status for _ in range(5)]
    assert statuses == [400, 400, 400, 429, 429]


def test_what_is_asked_for_counts_once(home: Home) -> None:
    key = home.world.call("identity.create_key", name="once", role="admin", limit_per_minute=3)["key"]
    statuses = [home.running.ask("GET", "/v1/files", [bearer(key)]).status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_what_is_refused_is_audited_once_as_at_other_doors(home: Home) -> None:
    key = home.world.call("identity.create_key", name="refused", role="operations")
    content = [bearer(key["key"]), ("Content-Type", "application/json")]
    hi = b'{"model": "no-such", "messages": [{"role": "user", "content": "Hi"}]'
    asked = [
        ("GET", "/v1/files", b""),
        ("POST", "/v1/chat/completions", b"{}"),
        ("POST", "/v1/chat/completions", b"[1"),
        ("POST", "/v1/chat/completions", hi + b', "n": 2}'),
        ("POST", "/v1/embeddings", b'{"model": "no-such", "input": "Hi"}'),
        ("POST", "/v1/chat/completions", hi + b"}"),
    ]
    statuses = [home.running.ask(method, path, content, body).status for method, path, body in asked]
    assert statuses == [403, 400, 400, 400, 403, 403]
    home.running.do(home.running.house.audit.flush())
    found = home.world.call("observability.search_entries", subject=key["key_id"], limit=50)["entries"]
    noted = [(each["operation"], each["outcome"], each["door"]) for each in found]
    assert sorted(noted) == sorted(
        [
            ("files.list_files", "PermissionMissing", "openai"),
            ("identity.whoami", "RequestInvalid", "openai"),
            ("identity.whoami", "MessageMalformed", "openai"),
            ("identity.whoami", "ParameterUnsupported", "openai"),
            ("language.embed", "PermissionMissing", "openai"),
            ("identity.whoami", "PermissionMissing", "openai"),
        ]
    )
