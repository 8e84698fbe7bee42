"""What changes where a generator, a translator or a reranker is set."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mainstay.ports.generator import Evidence, GeneratorUnavailable
from mainstay.services.language.failures import TextUnclear, TranslationUnavailable
from mainstay.services.language.pieces import pieces_of, together
from makers import Client, client, opened_house

_SOURCE = "The harbour was opened in 1874. Its lighthouse is painted red."


@dataclass
class Writer:
    """A generator that writes what it is told to, and keeps what it was asked."""

    name: str = "writer"
    extractive: bool = False
    says: str = ""
    asked: list[tuple[str, str, int]] = field(default_factory=list)

    async def write(self, question: str, evidence: Sequence[Evidence]) -> AsyncIterator[str]:
        raise AssertionError("These are no questions")
        yield ""

    async def compose(self, task: str, source: str, tokens_max: int) -> str:
        self.asked.append((task, source, tokens_max))
        return self.says or f"<{source}>"

    async def close(self) -> None:
        return None


class Longest:
    """A reranker that likes long texts."""

    name = "longest"

    async def score(self, query: str, texts: Sequence[str], first: Sequence[float]) -> list[float]:
        return [float(len(text)) for text in texts]

    async def close(self) -> None:
        return None


class Swedish:
    """A translator from English to Swedish."""

    def pair(self, source: str, target: str) -> str:
        return "rules:en-sv" if (source, target) == ("en", "sv") else ""

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        return [f"{text} på svenska" for text in texts]


@pytest.fixture
def writer() -> Writer:
    return Writer()


@pytest.fixture
async def asker(tmp_path: Path, writer: Writer) -> AsyncIterator[Client]:
    engines = {"generator": writer, "translator": Swedish(), "reranker": Longest()}
    async with opened_house(tmp_path / "data", **engines) as house:
        yield client(house)


async def test_a_reranker_that_is_set_ranks(asker: Client) -> None:
    answer = await asker.call("language.rerank", query="x", texts=["a", "ccc", "bb"])
    assert ([each.index for each in answer.results], answer.reranker) == ([1, 2, 0], "longest")


async def test_each_written_sentence_is_held_against_its_source(asker: Client, writer: Writer) -> None:
    writer.says = "The harbour was opened in 1874. The harbour was opened in 1999."
    answer = await asker.call("language.summarize", text=_SOURCE, words=30, style="abstractive")
    assert answer.summary == "The harbour was opened in 1874. The harbour was opened in 1999."
    assert [each.supported for each in answer.sentences] == [True, False]
    first = answer.sentences[0]
    assert _SOURCE[first.start : first.end] == "The harbour was opened in 1874."
    assert (answer.style, answer.generator) == ("abstractive", "writer")
    [(task, source, tokens_max)] = writer.asked
    assert "30 words" in task
    assert source == "The harbour was opened in 1874.\nIts lighthouse is painted red."
    assert tokens_max == 720
    for wanted, room in (({"sentences": 2}, 800), ({"words": 5_000}, 4_000)):
        await asker.call("language.summarize", text=_SOURCE, style="abstractive", **wanted)
        assert writer.asked[-1][2] == room


async def test_a_generator_that_says_nothing_gives_an_empty_summary(asker: Client, writer: Writer) -> None:
    writer.says = " "
    answer = await asker.call("language.summarize", text=_SOURCE, style="abstractive")
    assert (answer.summary, answer.sentences) == ("", [])


async def test_rules_translate_before_the_generator(asker: Client, writer: Writer) -> None:
    texts = ["The red ferry leaves at nine in the morning.", "Der Schlüssel liegt im Keller."]
    answer = await asker.call("language.translate", texts=texts, target="sv")
    assert [each.source for each in answer.results] == ["en", "de"]
    assert answer.results[0].text == f"{texts[0]} på svenska"
    assert answer.results[1].text == f"<{texts[1]}>"
    assert answer.translator == "rules:en-sv, writer"
    assert len(writer.asked) == 1


async def test_one_text_is_answered_on_top(asker: Client) -> None:
    answer = await asker.call("language.translate", text="Guten Tag", source="de", target="de")
    assert (answer.text, answer.source, answer.translator, answer.results) == ("Guten Tag", "de", "none", [])


async def test_a_long_text_keeps_its_paragraphs(asker: Client, writer: Writer) -> None:
    text = "\n\n".join("Ein Satz mit Wörtern. " * 60 for _ in range(4)).strip()
    answer = await asker.call("language.translate", text=text, source="de", target="es")
    assert len(writer.asked) == len(pieces_of(text)) > 3
    assert answer.text.replace("<", "").replace(">", "") == text
    with pytest.raises(TextUnclear, match="less at a time"):
        await asker.call("language.translate", text="Ein Satz. " * 20_000, source="de", target="es")


async def test_white_space_is_not_translated(asker: Client, writer: Writer) -> None:
    answer = await asker.call("language.translate", texts=[" ", "\n\n\t", "\u3000"], target="es")
    assert [each.text for each in answer.results] == ["", "", ""]
    assert writer.asked == []


async def test_a_translation_has_room_for_its_text_and_is_never_nothing(
    asker: Client, writer: Writer
) -> None:
    for text in ("Wo?", "Ein Satz mit Wörtern. " * 80):
        await asker.call("language.translate", text=text, source="de", target="es")
        assert writer.asked[-1][1:] == (text.strip(), 200 + len(text.strip()))
    writer.says = " \n"
    with pytest.raises(GeneratorUnavailable, match="wrote nothing"):
        await asker.call("language.translate", text="Wo?", source="de", target="es")


async def test_pieces_put_together_are_the_text() -> None:
    text = "One. Two!\n\n" + "Three is long. " * 400 + "\n End"
    pieces = pieces_of(text)
    assert together(pieces, [each.text for each in pieces]) == text
    assert all(len(each.text) <= 2_000 for each in pieces)


async def test_without_both_it_is_told_what_to_install(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data", translator=Swedish()) as house:
        asker = client(house)
        with pytest.raises(TranslationUnavailable, match="MAINSTAY_GENERATOR"):
            await asker.call("language.translate", text="Wo?", source="de", target="es")
        with pytest.raises(TranslationUnavailable, match="name it in `source`"):
            await asker.call("language.translate", text="123", target="es")
