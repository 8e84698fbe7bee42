"""Answers, FAQ entries, feedback and evaluation, through the front door."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from mainstay.app.sample import pages
from mainstay.ports.generator import Evidence
from mainstay.services.knowledge import faqs
from mainstay.services.knowledge.answers import REFUSAL
from mainstay.services.knowledge.failures import FaqMissing, QuestionsInvalid
from makers import Client, client, opened_house

OFFICE = """# The harbour office

The harbour office opens at nine in the morning. It closes at five. Bring your passport along.

# The crane

The crane lifts boats of up to twelve tonnes. The fee is 80 euros for each lift.
"""
SHOP = "The fish shop sells herring on Fridays. Smoked eel costs 12 euros. Cards are welcome at the counter."

FIRST_NAMES = ("Anna", "Boris", "Clara", "David", "Emma", "Frank")
LAST_NAMES = ("Adler", "Brandt", "Conrad", "Decker", "Engel", "Falk", "Graf", "Huber")


class Scripted:
    """A generator that says what it was told to say."""

    name = "scripted"
    extractive = False

    def __init__(self, words: str, pieces: str = r"\S*\s*") -> None:
        self.words = words
        self.pieces = pieces
        self.seen: list[Evidence] = []

    async def write(self, question: str, evidence: Sequence[Evidence]) -> AsyncIterator[str]:
        self.seen = list(evidence)
        for piece in re.findall(self.pieces, self.words, re.DOTALL):
            yield piece

    async def compose(self, task: str, source: str, tokens_max: int) -> str:
        raise AssertionError("Nothing is composed here")

    async def close(self) -> None:
        return None


async def fill(admin: Client) -> None:
    for doc_id, text in (("office", OFFICE), ("shop", SHOP)):
        await admin.call("knowledge.add_document", collection="c", doc_id=doc_id, text=text, wait=True)


async def settled(admin: Client) -> None:
    """Wait until no job is on its way."""
    async with asyncio.timeout(20):
        while any(not job.ended() for job in await admin.call("jobs.list_jobs")):
            await asyncio.sleep(0.01)


async def test_an_answer_cites_the_very_characters_of_its_source(admin: Client) -> None:
    await fill(admin)
    answer = await admin.call("knowledge.answer", question="When does the harbour office open?")
    assert answer.answered
    assert "opens at nine" in answer.answer
    assert 0 < answer.confidence <= 1
    document = await admin.call("knowledge.get_document", doc_id="office")
    for citation in answer.citations:
        assert citation.doc_id == "office"
        assert document.text[citation.start : citation.end] == citation.text


async def test_a_table_answers_with_a_row_and_its_columns_names(admin: Client) -> None:
    names = [f"{first} {last}" for first in FIRST_NAMES for last in LAST_NAMES]
    people = [(name, 20 + number) for number, name in enumerate(names)]
    rows = "".join(f"| {name} | Harbour street {days} | {days} |\n" for name, days in people)
    text = f"| employee | address | vacation days |\n| --- | --- | --- |\n{rows}"
    await admin.call("knowledge.add_document", collection="c", doc_id="staff", text=text, wait=True)
    for name, days in (people[0], people[-1]):
        answer = await admin.call("knowledge.answer", question=f"How many vacation days has {name}?")
        row = f"| {name} | Harbour street {days} | {days} |"
        said = f"employee: {name}; address: Harbour street {days}; vacation days: {days}"
        assert answer.answer.startswith(said)
        [first, *_] = answer.citations
        assert first.text == row == text[first.start : first.end]
    hits = await admin.call("knowledge.search", query="vacation days", group="passage")
    assert len(hits) > 1
    assert all(hit.snippet.startswith("| employee |") for hit in hits)


async def test_brackets_and_full_stops_of_a_source_are_no_marks_of_ours(admin: Client) -> None:
    text = "The harbour pump was rebuilt in 1998 [2], and again in 2004 [7]."
    await admin.call("knowledge.add_document", collection="c", doc_id="pump", text=text, wait=True)
    answer = await admin.call("knowledge.answer", question="When was the harbour pump rebuilt?")
    assert answer.answer == text
    assert [(cited.text, cited.sentence) for cited in answer.citations] == [(text, 0)]
    rows = "| part | maker |\n| --- | --- |\n| winch | Miller Bros. Inc. Est. 1901 |\n| anchor | Smith |"
    await fill(admin)
    await admin.call("knowledge.add_document", collection="c", doc_id="parts", text=rows, wait=True)
    answer = await admin.call("knowledge.answer", question="Which maker has the winch part?")
    assert answer.answer == "part: winch; maker: Miller Bros. Inc. Est. 1901"
    assert [cited.sentence for cited in answer.citations] == [0]


async def test_a_generator_does_not_see_the_bracketed_numbers_of_sources(tmp_path: Path) -> None:
    scripted = Scripted("The pump was rebuilt in 1998. [1]")
    async with opened_house(tmp_path, generator=scripted) as house:
        admin = client(house)
        text = "The harbour pump was rebuilt in 1998 [2], and again in 2004 [7]."
        await admin.call("knowledge.add_document", collection="c", doc_id="pump", text=text, wait=True)
        answer = await admin.call("knowledge.answer", question="When was the harbour pump rebuilt?")
        assert "1998 (2)" in scripted.seen[0].text
        assert answer.citations[0].text == text


async def test_what_is_not_in_the_documents_is_not_answered(admin: Client) -> None:
    await fill(admin)
    answer = await admin.call("knowledge.answer", question="Who painted the ceiling of the opera in Paris?")
    assert (answer.answered, answer.answer, answer.citations) == (False, REFUSAL, [])
    nothing = await admin.call("knowledge.answer", question="When?", filters={"year": 1})
    assert nothing.answered is False


async def test_a_greeting_and_thanks_change_no_answer_and_a_single_letter_asks_nothing(admin: Client) -> None:
    await fill(admin)
    bare = await admin.call("knowledge.answer", question="What does smoked eel cost?")
    assert bare.answered
    for question in (
        "hi, what does smoked eel cost please",
        "Hello! Could you please tell me what smoked eel does cost? Thanks in advance",
    ):
        assert await admin.call("knowledge.answer", question=question) == bare
    await admin.call("knowledge.add_document", collection="c", doc_id="x", text="x 7 is a sign.", wait=True)
    for question in ("x", "7", "x?", "Hello! 7"):
        answer = await admin.call("knowledge.answer", question=question)
        assert (answer.answered, answer.answer, answer.confidence) == (False, REFUSAL, 0)


async def test_a_streamed_answer_ends_with_the_whole(admin: Client) -> None:
    await fill(admin)
    whole = await admin.call("knowledge.answer", question="What does smoked eel cost?")
    pieces = [
        piece
        async for piece in (
            await admin.answer("knowledge.stream_answer", question="What does smoked eel cost?")
        ).value
    ]
    assert pieces[-1].result == whole
    assert "".join(piece.text for piece in pieces) == whole.answer


@pytest.mark.parametrize("pieces", [r"\S*\s*", ".", ".{1,2}", ".{1,3}", ".{1,7}", r"\w+|\W", ".+"])
async def test_injected_links_are_never_rendered(tmp_path: Path, pieces: str) -> None:
    words = (
        "The harbour office opens at nine in the morning ![x](https://office.nine/?harbour) "
        "[office opens](https://office.nine). [1] "
        "<img src=https://office.nine> The harbour office closes at five www.office.nine. [1]"
    )
    async with opened_house(tmp_path / "data", generator=Scripted(words, pieces)) as house:
        admin = client(house)
        await fill(admin)
        answer = await admin.call("knowledge.answer", question="When does the harbour office open?")
        streamed = [
            piece.text
            async for piece in (
                await admin.answer("knowledge.stream_answer", question="When does the harbour office open?")
            ).value
        ]
    told = (
        "The harbour office opens at nine in the morning x office opens. "
        "The harbour office closes at five office.nine."
    )
    assert answer.answer.split() == "".join(streamed).split() == told.split()


async def test_an_faq_matches_before_passages_do(admin: Client) -> None:
    await fill(admin)
    faq = await admin.call(
        "knowledge.add_faq", collection="c", question="When does the office open?", answer="At nine."
    )
    await settled(admin)
    answer = await admin.call("knowledge.answer", question="When does the office open?")
    assert (answer.answered, answer.answer, answer.faq_id) == (True, "At nine.", faq.faq_id)
    result = await admin.call("knowledge.query", query="When does the office open?", collections=["c"])
    assert [match.faq_id for match in result.faqs] == [faq.faq_id]
    assert await admin.call("knowledge.list_faqs", collection="c") == [faq]
    await admin.call("knowledge.delete_faq", faq_id=faq.faq_id)
    await settled(admin)
    answer = await admin.call("knowledge.answer", question="When does the office open?")
    assert answer.faq_id is None
    with pytest.raises(FaqMissing):
        await admin.call("knowledge.delete_faq", faq_id=faq.faq_id)


async def test_questions_with_their_answers_are_suggested(admin: Client) -> None:
    text = "# FAQ\n\n## How do I moor?\n\nUse the free buoys. Tell the office.\n\n## Notes\n\nNothing here."
    await admin.call("knowledge.add_document", collection="c", doc_id="faq", text=text, wait=True)
    [found] = await admin.call("knowledge.suggest_faqs", collection="c")
    assert (found.question, found.answer) == ("How do I moor?", "Use the free buoys. Tell the office.")
    assert text[found.start : found.end] == found.answer
    await admin.call("knowledge.add_faq", collection="c", question=found.question, answer=found.answer)
    assert await admin.call("knowledge.suggest_faqs", collection="c") == []


async def test_suggestions_read_only_so_much_of_large_documents(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for doc_id, filler in (("a", 400), ("b", 1), ("c", 1)):
        text = f"Where is pump {doc_id}?\n\nIt stands in hall {doc_id}, behind the gate. " + "More. " * filler
        await admin.call("knowledge.add_document", collection="q", doc_id=doc_id, text=text, wait=True)
    found = await admin.call("knowledge.suggest_faqs", collection="q")
    assert {each.doc_id for each in found} == {"a", "b", "c"}
    monkeypatch.setattr("mainstay.services.knowledge.faqs._CHARACTERS_READ_MAX", 100)
    found = await admin.call("knowledge.suggest_faqs", collection="q")
    assert {each.doc_id for each in found} == {"b"}


def test_how_much_is_looked_through_for_suggestions_is_told(admin: Client) -> None:
    told = admin.operation("knowledge.suggest_faqs").description
    page = next(page["text"] for page in pages() if page["doc_id"].endswith("faq-and-feedback"))
    for text in (told, page):
        assert f"The first {faqs._DOCUMENTS_READ_MAX} documents" in text
    assert f"{faqs._CHARACTERS_READ_MAX:,} characters" in told
    assert f"{faqs._CHARACTERS_READ_MAX // 1_000_000} million characters" in page.replace("five", "5")


async def test_feedback_moves_a_document_for_similar_queries(admin: Client) -> None:
    for doc_id in ("a", "b"):
        await admin.call(
            "knowledge.add_document",
            collection="c",
            doc_id=doc_id,
            text=f"herring market {doc_id}",
            wait=True,
        )
    before = [hit.doc_id for hit in await admin.call("knowledge.search", query="herring market")]
    await admin.call(
        "knowledge.give_feedback", query="herring market", doc_id=before[1], helpful=True, comment="yes"
    )
    await settled(admin)
    after = [hit.doc_id for hit in await admin.call("knowledge.search", query="herring market")]
    assert after == before[::-1]


async def test_an_evaluation_tells_how_good_it_is(admin: Client) -> None:
    await fill(admin)
    told = await admin.call(
        "knowledge.evaluate",
        questions=[
            {"question": "What does smoked eel cost?", "doc_ids": ["shop"], "answer": "12 euros"},
            {"question": "When does the harbour office open?", "doc_ids": ["office"], "answer": "nine"},
            {"question": "herring on Fridays", "doc_ids": ["office"]},
        ],
    )
    assert told.questions == 3
    assert 0.5 < told.ndcg_at_10 < 1
    assert told.recall_at_10 == 1
    assert told.faithfulness == 1
    eel, opening, herring = told.results
    assert (eel.place, eel.first, eel.answered, eel.answer_in_citation) == (1, "shop", True, True)
    assert (opening.doc_ids, opening.answer_in_citation) == (["office"], True)
    assert (herring.place, herring.first, herring.answer_in_citation) == (2, "shop", None)
    unknown = {"question": "Who painted the lighthouse of Alexandria?", "doc_ids": ["none"]}
    told = await admin.call("knowledge.evaluate", questions=[unknown])
    assert (told.answered, told.faithfulness) == (0, None)
    [result] = told.results
    assert (result.question, result.place, result.answered) == (unknown["question"], None, False)
    with pytest.raises(QuestionsInvalid):
        await admin.call("knowledge.evaluate", questions=[{"question": "why?"}])


async def test_context_steers_a_query(admin: Client) -> None:
    await fill(admin)
    query = {"query": "what is the price", "top_k": 1}
    fish = await admin.call("knowledge.query", **query, context="smoked eel herring fish shop counter")
    boats = await admin.call("knowledge.query", **query, context="crane lifts boats tonnes fee lift")
    assert (fish.hits[0].doc_id, boats.hits[0].doc_id) == ("shop", "office")


async def test_the_index_is_rebuilt_while_searching(admin: Client) -> None:
    await fill(admin)
    rebuilt = await admin.call("knowledge.rebuild", wait=True)
    assert (rebuilt.documents, rebuilt.job_id) == (2, None)
    [hit] = await admin.call("knowledge.search", query="smoked eel", top_k=1)
    assert hit.doc_id == "shop"
    space_points = json.dumps(
        [hit.doc_id for hit in await admin.call("knowledge.search", query="harbour", group="passage")]
    )
    assert space_points.count("office") == 2
