"""Titles that nobody gave: from front matter, in time that grows with its length only."""

import time

import pytest

from mainstay.services.knowledge.titles import first_line, heading_of


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ('"The pump"', "The pump"),
        ("'It''s'", "It''s"),
        ("plain", "plain"),
        ("''", "Heading"),
        ("", "Heading"),
    ],
)
def test_front_matter_titles_before_headings(told: str, title: str) -> None:
    assert heading_of(f"---\ntitle: {told}\nteam: x\n---\n# Heading", "text/markdown") == title


def test_a_crafted_title_costs_no_more_than_its_length() -> None:
    text = f"---\ntitle: x{' ' * 19_000}y\n---\n# Heading"
    began = time.process_time()
    assert heading_of(text, "text/markdown") == "x"
    assert time.process_time() - began < 0.5  # it took 2.7 s when it grew with the square


def test_the_first_line_of_a_long_text_is_found_without_reading_it_all() -> None:
    text = "\n \n\t# The pump\r\nIt leaks.\n" + "line\n" * 4_000_000
    began = time.perf_counter()
    assert first_line(text) == "The pump"
    assert first_line(" \n\t") == ""
    assert time.perf_counter() - began < 0.1  # splitting all of it takes a second
