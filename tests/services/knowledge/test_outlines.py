"""Headings and headers of tables tell nothing by themselves; rows are read under their header."""

import pytest

from mainstay.kit.sentences import sentences
from mainstay.services.knowledge.outlines import outline, told_row

TABLE = "| plan | price |\n| --- | ---: |\n| Basic | 9 EUR |\n| Team | 29 EUR |"


def look(passage: str) -> tuple[list[str], list[str], dict[str, str]]:
    spans = sentences(passage)
    texts = [passage[start:end] for start, end in spans]
    known = outline(passage, spans)
    silent = [texts[number] for number in sorted(known.silent)]
    return (
        [text for text in texts if text not in silent],
        silent,
        {texts[row]: texts[header] for row, header in known.headers.items()},
    )


@pytest.mark.parametrize(
    ("passage", "steps"),
    [
        ("1. Install it. It is free.\n2. Start it.\n3. Log in.\n\nAsk us.", {"1. Install it.": "3. Log in."}),
        ("1) One.\n2) Two.\n\nThen:\n\n1) Eins.\n2) Zwei.", {"1) One.": "2) Two.", "1) Eins.": "2) Zwei."}),
        ("1. Only one.\n\nAsk us.", {}),
        ("2. Two.\n3. Three.", {}),
        ("1. One.\n\n# Next\n\n2. Two.", {}),
        ("1. One.\n3. Three.", {}),
        ("1. One." + " It goes on." * 6 + "\n2. Far away.", {}),
    ],
)
def test_numbered_lists_belong_together(passage: str, steps: dict[str, str]) -> None:
    spans = sentences(passage)
    texts = [passage[start:end] for start, end in spans]
    found = outline(passage, spans).steps
    assert {texts[first]: texts[last] for first, last in found.items()} == steps


def test_rows_stand_under_their_header() -> None:
    telling, silent, headers = look(f"# Plans\n\nWe have two plans.\n\n{TABLE}\n\nAsk us.")
    assert telling == ["We have two plans.", "| Basic | 9 EUR |", "| Team | 29 EUR |", "Ask us."]
    assert silent == ["# Plans", "| plan | price |", "| --- | ---: |"]
    assert set(headers) == {"| Basic | 9 EUR |", "| Team | 29 EUR |"}
    assert set(headers.values()) == {"| plan | price |"}


def test_the_head_of_an_email_tells_nothing() -> None:
    head = "From: Ann <ann@x.org>  \nTo: bob@x.org  \nDate: Tue, 17 Mar 2026 09:12:00 +0100"
    telling, silent, _ = look(f"# Contract\n\n{head}\n\nIt ends in June.\n\nDate: 3 May is free.")
    assert telling == ["It ends in June.", "Date: 3 May is free."]
    assert silent == ["# Contract", head]


@pytest.mark.parametrize(
    "passage",
    ["#1 rule: lock the door.", "| a | b |\n| c | d |", "--- is a rule. |x| is its size.", "| --- |"],
)
def test_what_only_looks_like_a_table_or_heading_has_no_headers(passage: str) -> None:
    assert look(passage)[2] == {}


def test_a_row_names_its_columns() -> None:
    assert told_row("| plan | price |", "| Team | 29 EUR |") == "plan: Team; price: 29 EUR"
    assert told_row("| plan | | price |", "| Team | yes |  |") == "plan: Team; yes"
    assert told_row(r"| a\|b | c |", r"| 1 \| 2 | 3 | 4 |") == "a|b: 1 | 2; c: 3"
