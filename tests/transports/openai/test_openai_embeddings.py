"""Embeddings and rankings as the openai and cohere packages ask for them: recorded usages, each a case."""

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cohere
import httpx
import openai
import pytest

from transports.openai.serving import Served

TEXTS = ["The ferry leaves at nine.", "Payroll is on Fridays.", "A boat is painted red."]


@contextmanager
def ranker(there: Served, key: str = "admin") -> Iterator[cohere.ClientV2]:
    with httpx.Client() as http:
        yield cohere.ClientV2(api_key=there.keys.get(key, key), base_url=there.url, httpx_client=http)


def one_text(there: Served) -> None:
    answer = there.client().embeddings.create(model="embedding", input="Hi")
    [found] = answer.data
    assert len(found.embedding) == 64
    assert math.isclose(math.hypot(*found.embedding), 1, rel_tol=1e-5)
    assert answer.usage.total_tokens > 0
    assert answer.model == "embedding"


def many_texts(there: Served) -> None:
    answer = there.client().embeddings.create(model="embedding", input=TEXTS)
    assert [each.index for each in answer.data] == [0, 1, 2]


def more_than_the_house_takes_at_once(there: Served) -> None:
    texts = [f"Text {number}" for number in range(600)]
    answer = there.client().embeddings.create(model="embedding", input=texts)
    alone = there.client().embeddings.create(model="embedding", input=texts[599])
    assert len(answer.data) == 600
    assert answer.data[599].embedding == alone.data[0].embedding


def packed_and_plain_are_the_same(there: Served) -> None:
    client = there.client()
    plain = client.embeddings.create(model="embedding", input=TEXTS, encoding_format="float")
    packed = client.embeddings.create(model="embedding", input=TEXTS)  # the package asks for base64
    for one, other in zip(plain.data, packed.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)
    raw: Any = client.embeddings.create(model="embedding", input="Hi", encoding_format="base64")
    assert isinstance(raw.data[0].embedding, str)


def fewer_dimensions(there: Served) -> None:
    answer = there.client().embeddings.create(model="embedding", input="Hi", dimensions=16)
    assert len(answer.data[0].embedding) == 16


def by_the_encoders_own_name(there: Served) -> None:
    assert there.client().embeddings.create(model="words-64", input="Hi").model == "words-64"


def as_a_query(there: Served) -> None:
    more = {"input_type": "query"}
    assert there.client().embeddings.create(model="embedding", input="Hi", extra_body=more).data


def asynchronously(there: Served) -> None:
    async def ask() -> int:
        made = there.client()
        async with openai.AsyncOpenAI(base_url=made.base_url, api_key=made.api_key) as client:
            return len((await client.embeddings.create(model="embedding", input=TEXTS)).data)

    assert asyncio.run(ask()) == 3


def listed_as_models(there: Served) -> None:
    names = {model.id for model in there.client().models.list()}
    assert {"embedding", "rerank", "chat", "mainstay/harbour"} <= names


def ranked_by_the_second_version(there: Served) -> None:
    question = "When does the ferry leave?"
    with ranker(there) as client:
        answer = client.rerank(model="rerank", query=question, documents=TEXTS, top_n=2)
    assert answer.results[0].index == 0
    assert len(answer.results) == 2
    assert answer.results[0].relevance_score >= answer.results[1].relevance_score


def ranked_by_the_first_version(there: Served) -> None:
    documents: Any = [{"text": text} for text in TEXTS]
    with httpx.Client() as http:
        client = cohere.Client(api_key=there.keys["admin"], base_url=there.url, httpx_client=http)
        answer = client.rerank(model="rerank", query="ferry", documents=documents, return_documents=True)
    assert answer.results[0].document is not None
    assert answer.results[0].document.text == TEXTS[0]


USAGES: list[Callable[[Served], None]] = [
    one_text,
    many_texts,
    more_than_the_house_takes_at_once,
    packed_and_plain_are_the_same,
    fewer_dimensions,
    by_the_encoders_own_name,
    as_a_query,
    asynchronously,
    listed_as_models,
    ranked_by_the_second_version,
    ranked_by_the_first_version,
]


@pytest.mark.parametrize("usage", USAGES, ids=lambda usage: usage.__name__)
def test_embeddings_and_rankings(there: Served, usage: Callable[[Served], None]) -> None:
    usage(there)


@pytest.mark.parametrize(
    ("wrong", "kind", "code", "param"),
    [
        ({"input": [1, 2, 3]}, openai.BadRequestError, "unsupported_parameter", "input"),
        ({"input": [[1, 2], [3]]}, openai.BadRequestError, "unsupported_parameter", "input"),
        ({"input": ""}, openai.BadRequestError, "invalid_value", None),
        ({"input": []}, openai.BadRequestError, "invalid_value", None),
        ({"input": ["x"] * 2049}, openai.BadRequestError, "invalid_value", None),
        ({"model": "text-embedding-3-small"}, openai.NotFoundError, "model_not_found", "model"),
        ({"input": "word " * 8_193}, openai.BadRequestError, "context_length_exceeded", "input"),
        ({"dimensions": 100_000}, openai.BadRequestError, "invalid_value", "dimensions"),
        ({"dimensions": 65}, openai.BadRequestError, "dimensions_too_many", None),
    ],
)
def test_what_is_refused_is_told_in_the_packages_exceptions(
    there: Served, wrong: Any, kind: type[openai.APIStatusError], code: str, param: str | None
) -> None:
    with pytest.raises(kind) as refused:
        there.client().embeddings.create(**{"model": "embedding", "input": "Hi", **wrong})
    assert refused.value.code == code
    assert param is None or refused.value.param == param


def test_a_text_that_is_too_long_is_named_with_the_limit(there: Served) -> None:
    texts = [f"Text {number}" for number in range(300)]
    texts[280] = "word " * 9_000
    told = r"input 280 has 9,000 tokens; words-64 reads 8,192 at most\. Send it in parts"
    with pytest.raises(openai.BadRequestError, match=told) as refused:
        there.client().embeddings.create(model="embedding", input=texts)
    assert refused.value.type == "invalid_request_error"
    assert there.client().embeddings.create(model="embedding", input="word " * 8_192).data


def test_a_model_that_is_not_there_costs_nothing(there: Served) -> None:
    encoder: Any = there.house.engines.encoder
    texts = [f"Never encoded {number}" for number in range(40)]
    with pytest.raises(openai.NotFoundError, match=r"`embedding`.*words-64"):
        there.client().embeddings.create(model="text-embedding-3-small", input=texts)
    with ranker(there) as client, pytest.raises(cohere.errors.NotFoundError):
        client.rerank(model="rerank-v3.5", query="x", documents=texts)
    assert not set(texts) & set(encoder.encoded)
    there.client().embeddings.create(model="words-64", input=texts)
    assert set(texts) <= set(encoder.encoded)


def test_a_ranking_warns_of_documents_that_are_too_long(there: Served) -> None:
    with ranker(there) as client:
        answer = client.rerank(model="rerank", query="ferry", documents=[*TEXTS, "word " * 300])
        short = client.rerank(model="encoder+words", query="ferry", documents=TEXTS)
    assert answer.meta is not None
    assert short.meta is not None
    [warning] = answer.meta.warnings or []
    assert warning.startswith("Document 3 is longer")
    assert short.meta.warnings == []


def test_a_ranking_that_cannot_be_made_is_told(there: Served) -> None:
    with ranker(there) as client:
        with pytest.raises(cohere.errors.NotFoundError):
            client.rerank(model="rerank-v3.5", query="x", documents=TEXTS)
        with pytest.raises(cohere.errors.BadRequestError):
            client.rerank(model="rerank", query="x", documents=[])
    with ranker(there, "nobody's") as client, pytest.raises(cohere.errors.UnauthorizedError):
        client.rerank(model="rerank", query="x", documents=TEXTS)
