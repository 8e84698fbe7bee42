"""Vectors, comparisons, rankings and labels through the front door, with an encoder of words."""

import numpy as np
import pytest

from mainstay.services.language.failures import (
    DimensionsTooMany,
    LabelsUnclear,
    ModelOther,
    TextTooLong,
    TextUnclear,
)
from mainstay.services.language.labels import Meaning, always, any_of, evidence, one_of
from mainstay.services.language.vectors import by_meaning_and_words, shortened
from makers import Client

pytestmark = pytest.mark.asyncio(loop_scope="module")
_LABELS = [
    {"name": "card_delivery", "description": "the card has not arrived"},
    {"name": "exchange rate", "examples": ["what is the rate for euros", "the rate was wrong"]},
]


async def test_vectors_are_as_long_as_asked_and_of_unit_length(asker: Client) -> None:
    answer = await asker.call("language.embed", texts=["A ferry.", "word " * 300], dimensions=16)
    vectors = np.array(answer.embeddings)
    assert vectors.shape == (2, answer.dimensions) == (2, 16)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert (answer.tokens, answer.truncated) == (302, [1])


async def test_more_dimensions_than_there_are_are_refused(asker: Client) -> None:
    with pytest.raises(DimensionsTooMany, match="64 at most"):
        await asker.call("language.embed", texts=["A"], dimensions=65)


async def test_long_texts_are_refused_instead_if_that_is_asked_for(asker: Client) -> None:
    texts = ["A ferry.", "word " * 254, "word " * 255]
    with pytest.raises(TextTooLong) as refused:
        await asker.call("language.embed", texts=texts, long="refuse")
    told = "has 255 tokens; words-64 reads 254 at most"
    assert refused.value.problems == [{"field": "texts.2", "problem": told}]
    assert (await asker.call("language.embed", texts=texts[:2], long="refuse")).truncated == []


async def test_the_mean_of_a_long_texts_parts_is_of_all_of_it(asker: Client) -> None:
    ends = ["ferry " * 300 + end for end in ("quay " * 300, "office " * 300)]
    cut = np.array((await asker.call("language.embed", texts=ends)).embeddings)
    assert cut[0] @ cut[1] == pytest.approx(1)
    answer = await asker.call("language.embed", texts=[*ends, "quay"], long="mean")
    vectors = np.array(answer.embeddings)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert vectors[0] @ vectors[2] > vectors[1] @ vectors[2] + 0.3
    assert answer.truncated == []
    with pytest.raises(TextTooLong, match=r"reads 8,192 at most"):
        await asker.call("language.embed", texts=["quay " * 8_193], long="mean")


async def test_a_model_that_is_not_set_does_nothing(asker: Client) -> None:
    asked = {"texts": ["A ferry."]}
    assert (await asker.call("language.embed", encoder="words-64", **asked)).encoder == "words-64"
    with pytest.raises(ModelOther, match="is words-64 here"):
        await asker.call("language.embed", encoder="words-65", **asked)
    named = await asker.call("language.rerank", query="ferry", reranker="encoder+words", **asked)
    assert named.reranker == "encoder+words"
    with pytest.raises(ModelOther, match=r"is encoder\+words here"):
        await asker.call("language.rerank", query="ferry", reranker="other", **asked)


async def test_comparing_and_ranking_tell_of_long_texts(asker: Client) -> None:
    long, short = "word " * 300, "Ein kurzer Satz über Fähren."
    pair = await asker.call("language.compare_texts", left=short, right=long)
    several = await asker.call("language.compare_texts", texts=[long, short, "word " * 254])
    ranking = await asker.call("language.rerank", query="ferry", texts=[short, long, long * 10])
    assert (pair.truncated, several.truncated, ranking.truncated) == ([1], [0], [1, 2])


async def test_labels_fit_long_texts_as_a_whole(asker: Client) -> None:
    texts = [
        "goalkeepers jump high " * 90 + "the card has not arrived " * 200,
        "the card has not arrived " * 60 + "what is the rate for euros " * 2_000,
        "the card has not arrived",
    ]
    answer = await asker.call("language.classify", texts=texts, labels=_LABELS)
    assert [each.label for each in answer.results] == ["card_delivery", "exchange rate", "card_delivery"]
    short = await asker.call("language.classify", text=texts[2], labels=_LABELS)
    assert answer.results[2].confidence == pytest.approx(short.confidence)


async def test_a_pair_or_several_texts_are_compared(asker: Client) -> None:
    pair = await asker.call("language.compare_texts", left="red ferry", right="ferry red")
    assert pair.similarity == pytest.approx(1, abs=1e-5)
    several = await asker.call("language.compare_texts", texts=["red ferry", "blue quay", "red ferry"])
    assert np.array(several.matrix).shape == (3, 3)
    assert several.matrix[0][2] == pytest.approx(1, abs=1e-5)
    assert several.similarity is None
    for values in ({}, {"left": "a"}, {"left": "a", "right": "b", "texts": ["c"]}):
        with pytest.raises(TextUnclear):
            await asker.call("language.compare_texts", **values)


async def test_a_ranking_says_by_what(asker: Client) -> None:
    texts = ["Offices open at nine.", "How to rotate a key.", "A key."]
    answer = await asker.call("language.rerank", query="rotate key", texts=texts, top_n=2)
    assert [each.index for each in answer.results] == [1, 2]
    assert answer.reranker == "encoder+words"


async def test_a_label_fits_or_none_does(asker: Client) -> None:
    texts = ["the card has not arrived", "what is the rate for euros", "goalkeepers jump high"]
    answer = await asker.call("language.classify", texts=texts, labels=_LABELS)
    assert [each.label for each in answer.results] == ["card_delivery", "exchange rate", None]
    for each in answer.results:
        assert sum(one.score for one in each.scores) + each.none == pytest.approx(1)
        assert each.scores[0].score >= each.scores[1].score
    forced = await asker.call("language.classify", text=texts[2], labels=_LABELS, forced=True)
    assert forced.label is not None
    assert forced.none == 0


async def test_several_labels_may_fit(asker: Client) -> None:
    labels = [{"name": "the red ferry"}, {"name": "a red ferry"}, {"name": "potatoes"}]
    answer = await asker.call("language.classify", text="the red ferry", labels=labels, multi=True)
    assert set(answer.labels) == {"the red ferry", "a red ferry"}


async def test_labels_of_one_name_are_refused(asker: Client) -> None:
    with pytest.raises(LabelsUnclear):
        await asker.call("language.classify", text="a", labels=[{"name": "a"}, {"name": "a"}])
    many = [{"name": str(each), "examples": [f"x{n}" for n in range(50)]} for each in range(21)]
    with pytest.raises(LabelsUnclear, match="Train a model"):
        await asker.call("language.classify", text="a", labels=many)


async def test_what_all_texts_have_in_common_says_nothing() -> None:
    text, label, other = np.eye(4, dtype=np.float32)[:3] * 0.5 + np.float32([0, 0, 0, 3**0.5 / 2])
    alone = evidence(text[np.newaxis], [Meaning(label, np.zeros((0, 4), np.float32), 4)], other[np.newaxis])
    raw = evidence(text[np.newaxis], [Meaning(label, label[np.newaxis])], other[np.newaxis])
    chances, none = one_of(raw)
    assert text @ label == pytest.approx(0.75)
    assert chances[0, 0] < 0.01 < none[0]
    assert one_of(alone)[1][0] > 0.95, "of names alone, one fits four texts of five"
    assert always(chances)[0][0, 0] == 1
    assert any_of(raw)[1][0] == pytest.approx(1 - any_of(raw)[0][0, 0])


async def test_shortened_vectors_are_unit_vectors_and_nothing_stays_nothing() -> None:
    short = shortened(np.array([[3, 4, 5], [0, 0, 1]], np.float32), 2)
    assert short.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0]]


async def test_rare_words_of_a_query_weigh_more() -> None:
    texts = ["the key", "the cat", "the dog"]
    scores = by_meaning_and_words("the key", texts, np.zeros(3, np.float32))
    assert scores[0] > scores[1] == scores[2] > 0
