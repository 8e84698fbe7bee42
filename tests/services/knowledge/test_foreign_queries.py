"""Queries in another language than the documents, with dictionaries, through the front door."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from makers import Client, WordEncoder, client, opened_house

WORDS = {
    "cuándo": "when", "abre": "open", "la": "the", "oficina": "office", "del": "of", "puerto": "harbour",
    "a": "at", "qué": "what", "hora": "hour",
}  # fmt: skip
DOCUMENTS = {
    "office": "The harbour office opens at nine in the morning. It closes at five.",
    "crane": "The crane lifts boats of up to twelve tonnes. The fee is 80 euros.",
    "shop": "The fish shop sells herring on Fridays. Smoked eel costs 12 euros.",
    "abrigo": "Abre, del and oficina are names of coats that a tailor la sells.",
}
QUESTION = "¿Cuándo abre la oficina del puerto?"


class Dictionary:
    """Knows a few words from Spanish to English, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def gloss(self, text: str, source: str, target: str, *, translations: int = 1) -> str:
        assert translations in (1, 2)
        self.asked.append((source, target))
        if (source, target) != ("es", "en"):
            return ""
        return " ".join(WORDS.get(word, word) for word in text.casefold().strip("¿?").split())


class ByMarks:
    """Tells Spanish by its question mark and German by its ß."""

    def detect(self, text: str) -> str:
        return "es" if "¿" in text else "de" if "ß" in text else "en"


@pytest.fixture
def dictionary() -> Dictionary:
    return Dictionary()


@pytest.fixture
async def admin(tmp_path: Path, dictionary: Dictionary) -> AsyncIterator[Client]:
    async with opened_house(tmp_path / "data", glosses=dictionary, languages=ByMarks()) as house:
        admin = client(house)
        for doc_id, text in DOCUMENTS.items():
            await admin.call("knowledge.add_document", collection="c", doc_id=doc_id, text=text, wait=True)
        yield admin


async def first(admin: Client, query: str, **values: str) -> str:
    hits = await admin.call("knowledge.search", query=query, **values)
    return str(hits[0].doc_id)


@pytest.mark.parametrize("mode", ["hybrid", "dense"])
async def test_a_query_in_another_language_finds_by_its_gloss(
    admin: Client, dictionary: Dictionary, mode: str
) -> None:
    assert await first(admin, QUESTION, mode=mode) == "office"
    assert set(dictionary.asked) == {("es", "en")}


async def test_without_dictionaries_the_same_query_misses(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "plain", languages=ByMarks()) as house:
        admin = client(house)
        for doc_id, text in DOCUMENTS.items():
            await admin.call("knowledge.add_document", collection="c", doc_id=doc_id, text=text, wait=True)
        assert await first(admin, QUESTION, mode="dense") == "abrigo"


async def test_an_answer_is_judged_by_the_gloss(admin: Client) -> None:
    answer = await admin.call("knowledge.answer", question="¿Cuándo oficina puerto abre hora?")
    assert answer.answered
    assert answer.citations[0].doc_id == "office"


async def test_the_words_of_the_gloss_are_looked_for(admin: Client) -> None:
    assert await first(admin, "¿Cuándo puerto hora?", mode="lexical") == "office"


async def test_words_of_the_query_itself_still_count(admin: Client) -> None:
    assert await first(admin, "¿oficina del abre?", mode="lexical") == "abrigo"


async def test_a_query_in_the_documents_language_is_asked_as_it_is(
    admin: Client, dictionary: Dictionary
) -> None:
    assert await first(admin, "When does the harbour office open?") == "office"
    assert dictionary.asked == []


async def test_where_documents_are_in_both_languages_the_query_stays(
    admin: Client, dictionary: Dictionary
) -> None:
    text = "¿Oficina? La oficina del puerto abre a las nueve."
    await admin.call("knowledge.add_document", collection="c", doc_id="es", text=text, wait=True)
    assert await first(admin, QUESTION, mode="dense", collection="c") == "es"
    assert dictionary.asked == []


async def test_an_encoder_that_knows_both_languages_gets_the_query_as_it_is(
    tmp_path: Path, dictionary: Dictionary
) -> None:
    class Multilingual(WordEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.asked: list[str] = []

        def knows(self, language: str) -> bool:
            return language in {"en", "es"}

        async def embed(self, texts: Sequence[str], **more: Any) -> NDArray[np.float32]:
            self.asked += texts
            return await super().embed(texts, **more)

    given = {"glosses": dictionary, "languages": ByMarks(), "encoder": (encoder := Multilingual())}
    async with opened_house(tmp_path / "data", **given) as house:
        admin = client(house)
        text = DOCUMENTS["office"]
        await admin.call("knowledge.add_document", collection="c", doc_id="office", text=text, wait=True)
        assert await first(admin, "¿oficina?", mode="lexical") == "office"
        await admin.call("knowledge.search", query=QUESTION)
        assert QUESTION in encoder.asked


async def test_a_pair_without_a_dictionary_is_asked_as_it_is(admin: Client, dictionary: Dictionary) -> None:
    assert await first(admin, "Der große office opens", mode="lexical") == "office"
    assert dictionary.asked == [("de", "en")]
