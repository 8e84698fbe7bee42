"""Answers over documents, summaries and translations by a generator: traced, counted, veiled."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chat_upstream import Answer, Upstream, chat_upstream
from mainstay.app.house import House
from mainstay.ports.generator import Generator, GeneratorUnavailable
from mainstay.services.generation.writing import NO_ANSWER
from makers import Client, FrozenClock, client, opened_house

QUESTION = "When does the harbour office open?"
TEXT = "The harbour office opens at nine in the morning, says ada.lovelace@example.com there."


@pytest.fixture
async def servers() -> AsyncIterator[tuple[Upstream, Upstream]]:
    async with chat_upstream() as first, chat_upstream() as spare:
        yield first, spare


@pytest.fixture
async def house(
    tmp_path: Path, clock: FrozenClock, servers: tuple[Upstream, Upstream]
) -> AsyncIterator[House]:
    first, spare = servers
    quick = {"tries": 1, "input_price": 1_000, "output_price": 1_000}
    generators: Any = {
        "chat-1": {"url": first.url, "model": "chat-1", "key": "sk-secret", **quick}
        | {"fallback": ["spare"], "hide_personal_data": True, "cache": {"mode": "exact", "seconds": 60}},
        "spare": {"url": spare.url, "model": "spare-1", **quick},
    }
    set_up: Any = {"generator": first.url, "generator_model": "chat-1", "generators": generators}
    async with opened_house(tmp_path / "data", clock=clock, **set_up) as opened:
        await client(opened).call(
            "knowledge.add_document", collection="c", doc_id="office", text=TEXT, wait=True
        )
        yield opened


async def traces(admin: Client) -> list[Any]:
    [service] = [each for each in admin.house._caretakers if hasattr(each, "_answering")]
    await admin.house._go_round(service)
    found: list[Any] = (await admin.call("generation.list_traces")).traces
    return found


def quoting(body: dict[str, Any]) -> Answer:
    """Say the evidence again, as its own."""
    line = str(body["messages"][-2]["content"]).splitlines()[1]
    return Answer([line.removeprefix("[1] "), " [1]"])


async def test_an_answer_is_traced_counted_veiled_and_kept(
    house: House, servers: tuple[Upstream, Upstream]
) -> None:
    admin, (first, _) = client(house), servers
    first.script = quoting
    role = {"name": "reader", "permissions": ["documents:read"]}
    await admin.call("identity.create_role", **role)
    made = await admin.call("identity.create_key", name="reader", role="reader")
    reader = client(house, made.key)
    answer = await reader.call("knowledge.answer", question=QUESTION)
    assert answer.answer == TEXT, "what was hidden is put back"
    assert [cited.doc_id for cited in answer.citations] == ["office"]
    [asked] = first.asked
    system, told, question = (message["content"] for message in asked["messages"])
    mark = told.split()[2]
    assert NO_ANSWER in system
    assert (mark in system, told.count(mark)) == (True, 2)
    assert "ada.lovelace" not in str(asked)
    assert question == QUESTION
    assert (asked["temperature"], asked["max_tokens"]) == (0, 600)
    [trace] = await traces(admin)
    assert (trace.subject, trace.generator, trace.outcome) == (made.key_id, "chat-1", "ok")
    assert trace.cost == pytest.approx(18 * 1_000 / 1_000_000)
    again = await reader.call("knowledge.answer", question=QUESTION)
    assert again.answer == answer.answer
    assert len(first.asked) == 1, "kept, by the generator's own rule"


GIFTS = """Gift cards are sold at the counter of every shop in town, from Monday to Friday. Gift cards cost 25
or 50 euros each. Gift cards are valid for three years from the day on which they were bought. Gift cards can
be given back within 14 days at the counter where they were bought."""


async def test_only_a_like_question_over_the_same_documents_is_answered_again(
    tmp_path: Path, clock: FrozenClock, servers: tuple[Upstream, Upstream]
) -> None:
    first, _ = servers
    first.script = lambda body: Answer([f"You asked: {body['messages'][-1]['content']} [1]"])
    rule = {"mode": "semantic", "seconds": 600, "similarity": 0.9}
    chosen: Any = {
        "generator": first.url,
        "generator_model": "chat-1",
        "generators": {"chat-1": {"url": first.url, "model": "chat-1", "cache": rule}},
    }
    async with opened_house(tmp_path / "data", clock=clock, **chosen) as house:
        admin = client(house)
        await admin.call("knowledge.add_document", collection="c", doc_id="gifts", text=GIFTS, wait=True)
        for question in (
            "How much do gift cards cost?",
            "Where are gift cards sold?",
            "How long are gift cards valid?",
            "Can gift cards be given back?",
        ):
            answer = await admin.call("knowledge.answer", question=question)
            assert question in answer.answer
        assert len(first.asked) == 4
        like = await admin.call("knowledge.answer", question="How much do the gift cards cost?")
        assert "How much do gift cards cost?" in like.answer
        assert len(first.asked) == 4


async def test_another_generator_writes_where_one_cannot(
    house: House, servers: tuple[Upstream, Upstream]
) -> None:
    admin, (first, spare) = client(house), servers
    first.script = lambda _: Answer(status=500, error="sk-secret")
    spare.script = quoting
    assert (await admin.call("knowledge.answer", question=QUESTION)).answer == TEXT
    summary = await admin.call("language.summarize", text=f"{TEXT} It closes at five.", style="abstractive")
    assert summary.summary
    spare.script = lambda _: Answer(["Das Hafenamt öffnet um neun."])
    told = await admin.call("language.translate", text=TEXT, source="en", target="xh")
    assert told.text == "Das Hafenamt öffnet um neun."
    assert {each.generator for each in await traces(admin)} == {"spare"}
    assert len(await traces(admin)) == 3
    spare.script = lambda _: Answer(status=500, error="down")
    with pytest.raises(GeneratorUnavailable) as failure:
        await admin.call("knowledge.answer", question="When does the office of the harbour open?")
    assert "sk-secret" not in failure.value.detail


async def test_a_stream_shows_pieces_and_a_filtered_or_broken_answer_is_none(
    house: House, servers: tuple[Upstream, Upstream]
) -> None:
    admin, (first, spare) = client(house), servers
    first.script = quoting
    pieces = [piece async for piece in await admin.call("knowledge.stream_answer", question=QUESTION)]
    assert "".join(piece.text for piece in pieces).strip() == pieces[-1].result.answer == TEXT
    for answer in (Answer(["half"], reason="content_filter"), Answer(["half ", "of"], breaks_after=2)):
        first.answers, spare.answers = [answer], [answer]
        with pytest.raises(GeneratorUnavailable):
            await admin.call("knowledge.answer", question=f"{QUESTION} At last.")


async def test_an_endless_answer_is_cut_off(house: House, servers: tuple[Upstream, Upstream]) -> None:
    admin, (first, _) = client(house), servers
    first.script = lambda _: Answer(["x" * 999 + " "] * 200)
    writer: Generator = house._wiring.make(Generator)  # type: ignore[type-abstract]  # the wiring knows who it is
    assert writer.name == "chat-1"
    cut = await admin.call(
        "generation.complete", messages=[{"role": "user", "content": "Hi"}], tokens_max=10, generator="chat-1"
    )
    assert (len(cut.text), cut.reason) == (160, "length")
    streamed = [
        piece
        async for piece in await admin.call(
            "generation.stream_complete",
            messages=[{"role": "user", "content": "Hi"}],
            tokens_max=100,
            generator="chat-1",
        )
    ]
    assert len("".join(piece.text for piece in streamed)) == len(streamed[-1].result.text) == 1_600
    assert streamed[-1].result.usage.estimated, "its server had not told yet"
    with pytest.raises(GeneratorUnavailable, match="cut off"):
        await admin.call("language.translate", text=TEXT, source="en", target="xh")


async def test_texts_are_written_whole_or_not_at_all_and_shown_as_they_are(
    house: House, servers: tuple[Upstream, Upstream]
) -> None:
    admin, (first, _) = client(house), servers
    text = "Line one:\n- two\n\tthree = 3"
    first.says("Zeile eins:\n- zwei\n\tdrei = 3\n")
    told = await admin.call("language.translate", text=text, source="en", target="de")
    assert told.text == "Zeile eins:\n- zwei\n\tdrei = 3"
    system, shown = (message["content"] for message in first.asked[-1]["messages"])
    head, *lines, tail = shown.splitlines()
    assert "\n".join(lines) == text
    assert head.split()[-1] == tail.split()[-1]
    assert head.split()[-1] in system
    assert "`de`" in system
    assert NO_ANSWER not in system
    assert first.asked[-1]["max_tokens"] == 200 + len(text)
    for reason, problem in (("length", "shorter text"), ("content_filter", "rephrase")):
        first.says("Half a", reason=reason)
        with pytest.raises(GeneratorUnavailable, match=problem):
            await admin.call("language.translate", text=text, source="en", target="fr")
        first.says("Half a", reason=reason)
        with pytest.raises(GeneratorUnavailable, match=problem):
            await admin.call("language.summarize", text=text, style="abstractive")


async def test_no_translation_is_given_for_a_text_that_is_merely_like_its_own(
    tmp_path: Path, clock: FrozenClock, servers: tuple[Upstream, Upstream]
) -> None:
    first, _ = servers
    rule = {"mode": "semantic", "seconds": 600, "similarity": 0.8}
    generators: Any = {"chat-1": {"url": first.url, "model": "chat-1", "cache": rule}}
    first.script = lambda _: Answer([str(len(first.asked))])
    async with opened_house(
        tmp_path / "data", clock=clock, generator=first.url, generator_model="chat-1", generators=generators
    ) as house:
        admin = client(house)

        async def translated(text: str, target: str) -> str:
            told = await admin.call("language.translate", text=text, source="en", target=target)
            return str(told.text)

        text = "How much do gift cards cost?"
        assert await translated(text, "de") == "1"
        assert await translated("How much do the gift cards cost?", "de") == "2"
        assert await translated(text, "nl") == "3"
        assert await translated(text, "de") == "1", "the very same is kept"
