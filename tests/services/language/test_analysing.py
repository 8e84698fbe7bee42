"""Analyses through the front door: verdicts, names, figures, key terms; alone and in batches."""

import threading
import time

import pytest

from mainstay.kit.errors import Invalid
from mainstay.services.language.failures import FindingsTooMany
from mainstay.services.language.figures import figures
from makers import Client

pytestmark = pytest.mark.asyncio(loop_scope="module")
_SENTENCE = "The AI platform is highly scalable and secure."
_LETTER = "Ada Lovelace met Charles Babbage in London on 5 June 1833; it cost £20. Mail ada@example.org."


async def test_the_sentence_that_scripts_know(asker: Client) -> None:
    answer = await asker.call("language.analyze", text=_SENTENCE)
    assert answer.sentiment == "positive"
    assert 0.5 < answer.confidence <= 1
    assert answer.entities == ["AI platform", "scalable", "secure"]
    assert answer.keywords[0] == "AI platform"
    assert answer.language == "en"


async def test_names_come_before_terms_and_mentions_have_their_places(asker: Client) -> None:
    answer = await asker.call("language.analyze", text=_LETTER)
    assert answer.entities[:3] == ["Ada Lovelace", "Charles Babbage", "London"]
    found = {(each.type, each.text) for each in answer.mentions}
    assert found >= {("person", "Ada Lovelace"), ("place", "London"), ("date", "5 June 1833")}
    assert found >= {("money", "£20"), ("email", "ada@example.org")}
    assert all(_LETTER[each.start : each.end] == each.text for each in answer.mentions)
    places = [each.start for each in answer.mentions]
    assert places == sorted(places)


async def test_a_batch_is_a_list_in_its_order(asker: Client) -> None:
    texts = [_SENTENCE, _LETTER, "Das Wetter in Berlin ist schlecht."] * 50
    answers = await asker.call("language.analyze", texts=texts)
    assert [each.language for each in answers] == ["en", "en", "de"] * 50
    [alone] = await asker.call("language.analyze", texts=[_LETTER])
    assert [each.entities for each in answers[1::3]] == [alone.entities] * 50


async def test_another_language_says_what_is_not_known(asker: Client) -> None:
    answer = await asker.call("language.analyze", text="Das Wetter in Berlin ist am 3. Mai 2024 schlecht.")
    assert (answer.sentiment, answer.confidence) == (None, None)
    assert answer.unsupported == ["sentiment", "names"]
    assert [each.type for each in answer.mentions] == ["date"]
    assert "Berlin" in answer.entities


async def test_parts_that_are_not_asked_for_are_empty(asker: Client) -> None:
    answer = await asker.call("language.analyze", text=_LETTER, parts=["keywords"])
    assert answer.keywords
    assert (answer.sentiment, answer.entities, answer.mentions, answer.unsupported) == (None, [], [], [])
    with pytest.raises(Invalid):
        await asker.call("language.analyze", text=_LETTER, parts=[])
    with pytest.raises(Invalid):
        await asker.call("language.analyze", text=_LETTER, texts=[_LETTER])


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "😀\u200b" * 1_000, "\u202eשלום " * 500, "1" * 100_000, "  \n ", "$1," * 30_000]
)
async def test_strange_texts_are_borne(asker: Client, text: str) -> None:
    began = time.monotonic()
    answer = await asker.call("language.analyze", text=text)
    assert all(0 <= each.start < each.end <= len(text) for each in answer.mentions)
    assert time.monotonic() - began < 60


async def test_figures_are_what_they_look_like() -> None:
    text = (
        "Paid $1,200.50 on 3 March 2024 at 10:30 pm, 5% off, 20 km later; May 5, 2023; 2024-02-30 is none, "
        "31/12/2023 and 12/31/2023 are, 45/45/2023 is not; €3.5 million, 1 200 €, Sept 2021, version 1.2.3."
    )
    assert [(each.kind, text[each.start : each.end]) for each in figures(text)] == [
        ("money", "$1,200.50"),
        ("date", "3 March 2024"),
        ("time", "10:30 pm"),
        ("percentage", "5%"),
        ("quantity", "20 km"),
        ("date", "May 5, 2023"),
        ("date", "31/12/2023"),
        ("date", "12/31/2023"),
        ("money", "€3.5 million"),
        ("money", "1 200 €"),
        ("date", "Sept 2021"),
    ]
    assert [each.kind for each in figures("may 3 people come in march 2024")] == []


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("Express costs 99 kroner.", "money", ["99 kroner"]),
        ("Kr. 99 or 99 kr, 12 Euros, 5 złotych", "money", ["Kr. 99", "99 kr", "12 Euros", "5 złotych"]),
        ("It opens at 5 pm. It closes at 9 p.m. or 17:30.", "time", ["5 pm", "9 p.m.", "17:30"]),
        ("On 5 March. From 3. Mai on. On May 5.", "date", ["5 March", "3. Mai", "May 5"]),
        ("5 Jan. 2024, Sept. 2021, 5 Dec.", "date", ["5 Jan. 2024", "Sept. 2021", "5 Dec."]),
    ],
)
async def test_figures_end_before_the_full_stop(text: str, kind: str, expected: list[str]) -> None:
    assert [text[each.start : each.end] for each in figures(text) if each.kind == kind] == expected


async def test_entities_hold_no_parts_of_addresses_and_amounts(asker: Client) -> None:
    text = "Please write to peter@example.com before 5 June 1833. The parcel costs 99 kroner."
    for parts in (["entities"], ["entities", "mentions"]):
        answer = await asker.call("language.analyze", text=text, parts=parts, language="en")
        assert "parcel" in " ".join(answer.entities)
        assert not {"peter", "example.com", "June", "kroner"} & set(answer.entities)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Ask 8.8.8.8 then.", "ip"),
        ("Ask fe80::abcd then.", "ip"),
        ("Write to user＠example.com then.", "email"),
        ("She was born on 1.2.99 in Bern.", "date_of_birth"),
    ],
)
async def test_personal_data_of_few_signs_is_found(asker: Client, text: str, kind: str) -> None:
    found = await asker.call("language.analyze", text=text)
    assert kind in {each.type for each in found.mentions}


async def test_more_than_an_answer_tells_of_is_refused(asker: Client) -> None:
    dense = "5% " * 50_001
    with pytest.raises(FindingsTooMany) as refused:
        await asker.call("language.analyze", text=dense, parts=["mentions"], language="de")
    assert refused.value.problems == [{"field": "text", "problem": "holds more than 50,000 findings"}]
    with pytest.raises(FindingsTooMany):
        await asker.call("language.analyze", texts=["5% " * 501] * 100, parts=["mentions"], language="de")
    answer = await asker.call("language.analyze", text=dense[:-3], parts=["mentions"], language="de")
    assert len(answer.mentions) == 50_000


async def test_figures_of_a_long_text_leave_other_threads_their_turn() -> None:
    # One pattern over the whole text held the interpreter's lock for a tenth of a second and more.
    text, gaps, done = "0 " * 500_000, list[float](), threading.Event()

    def ticking() -> None:
        while not done.is_set():
            began = time.perf_counter()
            time.sleep(0.001)
            gaps.append(time.perf_counter() - began)

    ticker = threading.Thread(target=ticking)
    ticker.start()
    whole = time.perf_counter()
    assert figures(text) == []
    whole = time.perf_counter() - whole
    done.set()
    ticker.join()
    assert max(gaps) < whole / 8
