"""What a generator wrote: told where its sources bear it out, left out where they do not, in streams too."""

import re
from pathlib import Path
from typing import Any

import pytest

from mainstay.services.knowledge.answers import REFUSAL
from mainstay.services.knowledge.grounding import Grounding
from makers import client, opened_house
from services.knowledge.test_answers import Scripted, fill

QUESTION = "When does the harbour office open?"
OPENS = "The office opens at nine in the morning."
CLOSES = "The harbour office closes at five."
INVENTED = "It was founded in 1823 by pirates."
EVIDENCE = ("The office opens at nine in the morning.", "The harbour office closes at five [sharp].")


def grounded(text: str, pieces: str = ".+") -> tuple[list[tuple[str, tuple[int, ...]]], int]:
    grounding = Grounding(EVIDENCE)
    found = [each for piece in re.findall(pieces, text, re.DOTALL) for each in grounding.add(piece)]
    found += grounding.rest()
    return [(each.text, each.cited) for each in found], grounding.unsupported


async def asked(folder: Path, words: str) -> tuple[Any, list[str]]:
    """Ask whole and as a stream; give the whole answer, which both must agree on, and the stream's texts."""
    async with opened_house(folder / "data", generator=Scripted(words)) as house:
        admin = client(house)
        await fill(admin)
        whole = await admin.call("knowledge.answer", question=QUESTION)
        stream = await admin.call("knowledge.stream_answer", question=QUESTION)
        pieces = [piece async for piece in stream]
    assert pieces[-1].result == whole
    assert "".join(piece.text for piece in pieces) == whole.answer
    return whole, [piece.text for piece in pieces if piece.text]


async def test_what_no_source_supports_is_left_out_and_counted(tmp_path: Path) -> None:
    answer, shown = await asked(tmp_path, f"{OPENS} [1] {INVENTED} [1] {CLOSES} [1][2]")
    assert (answer.answered, answer.answer, answer.unsupported) == (True, f"{OPENS} {CLOSES}", 1)
    assert {citation.sentence for citation in answer.citations} == {0, 1}
    assert [answer.answer[each.start : each.end] for each in answer.sentences] == [OPENS, CLOSES]
    assert shown == [OPENS, f" {CLOSES}"], "each by itself, as soon as it was checked"


@pytest.mark.parametrize("words", [f"{INVENTED} [1]", OPENS, f"It is! {INVENTED} [1]", "It is.", ""])
async def test_where_nothing_is_supported_the_refusal_is_all_that_is_shown(
    tmp_path: Path, words: str
) -> None:
    answer, shown = await asked(tmp_path, words)
    assert (answer.answered, answer.answer, answer.citations) == (False, REFUSAL, [])
    assert shown == [REFUSAL]
    assert answer.unsupported == (1 if "office" in words or "1823" in words else 0)


async def test_faithfulness_counts_what_was_left_out(tmp_path: Path) -> None:
    words = f"{OPENS} [1] {INVENTED} [1]"
    async with opened_house(tmp_path / "data", generator=Scripted(words)) as house:
        admin = client(house)
        await fill(admin)
        questions = [{"question": QUESTION, "doc_ids": ["office"]}]
        assert (await admin.call("knowledge.evaluate", questions=questions)).faithfulness == 0.5


@pytest.mark.parametrize("pieces", [".", ".{1,2}", ".{1,5}", r"\S*\s*", ".+"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{OPENS} [1][2]\n\n{CLOSES}[2].", ([(OPENS, (0, 1)), (CLOSES, (1,))], 0)),
        (f"{OPENS} {CLOSES} [1] [2]", ([(OPENS, (0, 1)), (CLOSES, (0, 1))], 0)),
        (f"{OPENS} [1] [sic] {CLOSES} [2]", ([(OPENS, (0,)), (f"[sic] {CLOSES}", (1,))], 0)),
        (f"It is. {OPENS} [1]", ([("It is.", ()), (OPENS, (0,))], 0)),
        (f"{OPENS[:-1]} [1]. {CLOSES[:-1]}[2]...", ([(OPENS, (0,)), (f"{CLOSES[:-1]}...", (1,))], 0)),
        (f"“{OPENS[:-1]} [1].” {CLOSES} [2].", ([(f"“{OPENS}”", (0,)), (CLOSES, (1,))], 0)),
        (f"{OPENS} [1] [1234] {CLOSES} [7][0]", ([(OPENS, (0,))], 1)),
    ],
)
def test_sentences_rest_on_the_marks_behind_them_however_they_come(pieces: str, text: str, told: Any) -> None:
    assert grounded(text, pieces) == told
