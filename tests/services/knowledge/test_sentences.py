"""Where sentences begin and end."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.kit.sentences import sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "marked",
    [
        "One sentence.",
        "It rains. | The street is wet.",
        "Really? | Yes! | No… | Well.",
        "Dr. Smith met Mrs. Jones at 3.15 p.m. on Friday. | They left.",
        "He lives at St. James. | We know.",
        "Pi is 3.14159. | Version 2.0.1 is out. | See example.com for more.",
        "J. R. R. Tolkien wrote it. | He was born in 1892. | In 1892. | Yes.",
        "See Fig. 3 and Eq. 4, cf. Smith et al. 2019 for details. | It works, e.g. Here, i.e. There.",
        "The U.S. Army came. | It left the U.S. | The end.",
        "Yahoo! is a company. | What is it?",
        "See No. 5. | He said no. | Then he left.",
        'He said "Stop." | Then she said "Go!" | (They went.) | All was well.',
        "“Is it?” asked he. | “It is.” | “Good.”",
        "“Wait!” | He ran.",
        "¿Qué hora es? | ¡Son las tres! | La Sra. López llegó. | El Dr. Ruiz no.",
        "Am 3. Oktober war es so. | Das sind ca. 5 km. | Herr Dr. Meyer kam, z.B. Montag.",
        "这是第一句。|这是第二句！|真的吗？|好。",
        "「はい。」|彼は言った。",
        "यह एक वाक्य है। | यह दूसरा है।",
        "هل هذا سؤال؟ | نعم.",
        "A wrapped\nsentence goes on. | And\nanother one.",
        "A paragraph\n\n|another without a stop\n\n|the third",
        "# A heading. With stops.\n|Text. | More text.",
        "Title\n=====|\nText.".replace("Title\n", "Title\n|"),
        "- First item. | Still first.\n|- second\nwrapped item\n|* third",
        "1. First. | Go on.\n|2. Second\n|10) Tenth",
        "| a | b. C |\n||---|---|\n|| 1. | 2 |",
        "Text:\n|```\n|x = 1. Y = 2.\n|  z()\n|```\n|After. | End.",
        "Wait... | What? | He said... and went.",
        "Apple Inc. bought it. | It paid Apple Inc. | The price rose.",
        "Park in garage B. | Visitors park elsewhere. | Go to Building A. | Ring twice.",
        "We have plan C. | Nobody likes it. | He takes vitamin D. | Milk has it. | Hepatitis B. | Good.",
        "As in Schedule B. | Licensee pays. | See Exhibit A. | Nothing else. | Use “plan B.” | Ask Ann.",
        "Das steht in Anhang A. | Halle B. | Besucher warten in Gebäude C. | Está en la sala B. | Ven.",
        "J. Smith met George W. Bush. | Dr. A. Meyer said so, by J. Smith and A. Jones.",
        "The author A. Meyer told president J. Smith of it, with S. King. | He met D. Knuth.",
        "P. Jones agrees with S. King. | See S. 5 and P. 7. | Part B. of it. | Rated class A. | 3 left.",
    ],
)
def test_cuts_where_a_reader_would(marked: str) -> None:
    if marked.startswith("| a"):
        expected = ["| a | b. C |", "|---|---|", "| 1. | 2 |"]
        assert cut("\n".join(expected)) == expected
        return
    expected = [part.strip() for part in marked.split("|")]
    text = re.sub(r" \| ", " ", marked).replace("|", "")
    assert cut(text) == expected


ODD = st.text(
    st.sampled_from(list("aB1 .!?…\"'”)([#|-*\n\r\t`~=。？」؟¿é\u0301👍🏽\u200d\ud800\u2028"))
    | st.characters(),
    max_size=300,
)


@given(ODD)
def test_spans_are_in_order_disjoint_and_leave_only_white_space(text: str) -> None:
    at = 0
    for start, end in sentences(text):
        assert at <= start < end <= len(text)
        assert not text[at:start].strip()
        assert text[start:end].strip() == text[start:end]
        at = end
    assert not text[at:].strip()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "." * 1_000_000,
        ". " * 500_000,
        "\n" * 1_000_000,
        "a.\n" * 330_000,
        " " * 1_000_000,
        "| - " * 250_000,
        "Mr. " * 250_000,
        '."' * 500_000,
        "- " * 500_000,
    ],
    ids=lambda text: repr(text[:4]),
)
def test_a_megabyte_of_anything_takes_seconds_at_most(text: str) -> None:
    start = time.process_time()
    sentences(text)
    assert time.process_time() - start < 8
