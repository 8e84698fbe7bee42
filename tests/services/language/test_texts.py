"""Key phrases and summaries through the front door."""

import time

import pytest

from mainstay.services.language.failures import LengthUnclear, WordsUnavailable
from makers import Client
from services.language.hostile import HOSTILE

pytestmark = pytest.mark.asyncio(loop_scope="module")

_STORY = (
    "The harbour of Esbjerg was opened in 1874. The harbour grew with the fishing fleet. "
    "Its lighthouse is painted red. Today the harbour serves wind farms in the North Sea. "
    "A café sells waffles on Sundays."
)


async def test_the_key_terms_of_a_sentence(asker: Client) -> None:
    text = "The AI platform is highly scalable and secure."
    answer = await asker.call("language.extract_keywords", text=text)
    assert [each.text for each in answer.keywords] == ["AI platform", "scalable", "secure"]
    assert answer.language == "en"
    assert answer.keywords[0].score == 1
    assert all(text[each.start : each.end] == each.text for each in answer.keywords)


async def test_phrases_of_several_languages_in_one_request(asker: Client) -> None:
    texts = [
        "Der Schlüssel zum Serverraum liegt im Keller.",
        "人工智能平台是高度可扩展的，并且非常安全。",
        "人工知能プラットフォームは拡張性が高く、安全です。",
        "🛳️ …",
    ]
    answer = await asker.call("language.extract_keywords", texts=texts, top_k=3)
    assert [each.language for each in answer.results] == ["de", "zh", "ja", "und"]
    german, chinese, japanese, none = ([one.text for one in each.keywords] for each in answer.results)
    assert "Serverraum" in " ".join(german)
    assert chinese[0] == "人工智能平台"
    assert japanese[0] == "人工知能プラットフォーム"
    assert none == []


async def test_a_summary_has_the_sentences_asked_for_in_their_order(asker: Client) -> None:
    answer = await asker.call("language.summarize", text=_STORY, sentences=2)
    assert len(answer.sentences) == 2
    assert answer.summary == " ".join(each.text for each in answer.sentences)
    assert all(_STORY[each.start : each.end] == each.text for each in answer.sentences)
    assert answer.sentences[0].start < answer.sentences[1].start
    assert "waffles" not in answer.summary
    assert (answer.style, answer.generator, answer.read_until) == ("extractive", "extractive", len(_STORY))


@pytest.mark.parametrize("words", [5, 9, 20, 500])
async def test_a_summary_keeps_to_its_words(asker: Client, words: int) -> None:
    answer = await asker.call("language.summarize", text=_STORY, words=words)
    assert 0 < len(answer.summary.split()) <= words
    assert all(_STORY[each.start : each.end] == each.text for each in answer.sentences)


async def test_a_text_without_words_has_an_empty_summary(asker: Client) -> None:
    assert (await asker.call("language.summarize", text=" \n ")).summary == ""


async def test_a_length_is_told_in_one_way(asker: Client) -> None:
    with pytest.raises(LengthUnclear):
        await asker.call("language.summarize", text=_STORY, sentences=1, words=20)


async def test_without_a_generator_nothing_is_written(asker: Client) -> None:
    with pytest.raises(WordsUnavailable, match="MAINSTAY_GENERATOR"):
        await asker.call("language.summarize", text=_STORY, style="abstractive")


@pytest.mark.parametrize("piece", HOSTILE)
async def test_a_megabyte_of_anything_is_summarized_in_seconds(asker: Client, piece: str) -> None:
    text = (piece * 1_000_000)[:1_000_000]
    started = time.process_time()
    answer = await asker.call("language.summarize", text=text, sentences=2)
    assert time.process_time() - started < 15
    assert all(text[each.start : each.end] == each.text for each in answer.sentences)
