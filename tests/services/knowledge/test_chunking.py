"""How a text is cut into passages."""

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.services.knowledge.chunking import Chunk, chunk


def words(text: str) -> int:
    return len(text.split())


def letters(text: str) -> int:
    return sum(not character.isspace() for character in text)


def cut(text: str, tokens_max: int = 20) -> list[str]:
    return [text[part.start : part.end] for part in chunk(text, words, tokens_max=tokens_max)]


def check(text: str, chunks: list[Chunk]) -> None:
    at = 0
    for part in chunks:
        assert at <= part.start < part.end <= len(text)
        assert not text[at : part.start].strip()
        piece = text[part.start : part.end]
        assert piece.strip() == piece
        at = part.end
    assert not text[at:].strip()


def sentence(number: int, size: int = 5) -> str:
    return " ".join([f"Word{number}", *["word"] * (size - 1)]) + "."


def test_a_short_text_is_one_passage() -> None:
    assert chunk("  Hello there.\n", words) == [Chunk(2, 14, (), "text")]
    assert chunk(" \n\r\n\t", words) == []
    assert chunk("", words) == []


def test_paragraphs_are_packed_and_stay_whole() -> None:
    paragraphs = [sentence(number, 8) for number in range(5)]
    assert cut("\n\n".join(paragraphs)) == [
        "\n\n".join(paragraphs[:2]),
        "\n\n".join(paragraphs[2:4]),
        paragraphs[4],
    ]


def test_a_long_paragraph_is_cut_between_sentences_evenly() -> None:
    text = " ".join(sentence(number) for number in range(9))
    pieces = cut(text)
    assert [words(piece) for piece in pieces] == [15, 15, 15]
    assert all(piece.endswith(".") for piece in pieces)


def test_a_long_sentence_is_cut_between_words() -> None:
    text = " ".join(f"word{number}" for number in range(50))
    pieces = cut(text)
    assert " ".join(pieces) == text
    assert all(words(piece) <= 20 for piece in pieces)


def test_headings_start_a_passage_and_make_its_path() -> None:
    text = "intro\n\n# A\n\n## B ##\n\none\n\n## C\ntwo\n\n### D\nthree\n\n# E\n\nfour\n\nF\n---\nfive\n"
    found = [(text[part.start : part.end], part.headings) for part in chunk(text, words)]
    assert found == [
        ("intro", ()),
        ("# A\n\n## B ##\n\none", ("A", "B")),
        ("## C\ntwo", ("A", "C")),
        ("### D\nthree", ("A", "C", "D")),
        ("# E\n\nfour", ("E",)),
        ("F\n---\nfive", ("E", "F")),
    ]


def test_a_heading_stays_with_a_paragraph_that_is_nearly_full() -> None:
    text = "# A heading here\n\n" + " ".join(sentence(number) for number in range(4))
    pieces = cut(text)
    assert pieces[0].startswith("# A heading here\n\nWord0")


def test_a_hash_in_code_is_no_heading() -> None:
    text = "# A\n\n```python\n# not a heading\n\nx = 1\n```\n\nafter\n"
    (only,) = chunk(text, words)
    assert only.headings == ("A",)
    (only,) = chunk("```\n# x\n```", words)
    assert (only.kind, only.headings) == ("code", ())


def test_code_stays_whole_when_it_fits_and_is_cut_at_lines_otherwise() -> None:
    small = "```\na b c\n\nd e f\n```"
    assert cut(sentence(0, 16) + "\n\n" + small) == [sentence(0, 16), small]
    big = "~~~\n" + "\n".join("a b c d e f" for _ in range(20)) + "\n~~~"
    parts = chunk(big, words, tokens_max=20)
    assert all(part.kind == "code" for part in parts)
    assert all(big[part.start : part.end].count("a b c d e f") <= 3 for part in parts)
    check(big, parts)


def table(rows: int) -> str:
    return "| k | v |\n|---|---|\n" + "\n".join(f"| k{number} | v{number} |" for number in range(rows))


def test_a_table_stays_whole_when_it_fits() -> None:
    text = "Before.\n\n" + table(3) + "\n\nAfter."
    assert cut(text, 60) == [text]
    assert [part.kind for part in chunk(table(3), words)] == ["table"]


def test_a_long_table_is_cut_between_rows_that_carry_the_header() -> None:
    text = "# T\n\nBefore.\n\n" + table(30) + "\n\nAfter."
    parts = chunk(text, words, tokens_max=30)
    check(text, parts)
    tables = [part for part in parts if part.kind == "table"]
    assert tables[0].header is None
    assert text[tables[0].start : tables[0].end].startswith("| k | v |")
    for part in tables[1:]:
        assert part.header is not None
        header = text[slice(*part.header)]
        assert header == "| k | v |\n|---|---|"
        assert words(header) + words(text[part.start : part.end]) <= 30
    assert all(part.headings == ("T",) for part in parts)
    joined = [text[part.start : part.end] for part in parts]
    assert joined[-1] == "After."
    assert all(line.count("|") == 3 for piece in joined[1:-1] for line in piece.splitlines())


def test_a_header_too_wide_to_repeat_is_not_carried() -> None:
    wide = "|" + "|".join(f" c{number} " for number in range(200)) + "|"
    text = wide + "\n" + "|---" * 200 + "|\n" + wide
    parts = chunk(text, words, tokens_max=50)
    check(text, parts)
    assert all(part.header is None for part in parts)
    assert all(words(text[part.start : part.end]) <= 50 for part in parts)


def test_list_items_stay_whole_when_they_fit() -> None:
    items = [f"- {sentence(number)} {sentence(number)}" for number in range(6)]
    assert cut("\n".join(items), 24) == ["\n".join(items[at : at + 2]) for at in (0, 2, 4)]


CLUSTERS = ["👩‍👩‍👧", "👍🏽", "e\u0301", "🇪🇸", "🏴\U000e0067\U000e0062\U000e007f", "각", "נִ", "\ud83d\ude00"]


@pytest.mark.parametrize("cluster", CLUSTERS, ids=ascii)
def test_a_word_over_the_budget_is_cut_between_graphemes(cluster: str) -> None:
    text = cluster * 100
    pieces = [text[part.start : part.end] for part in chunk(text, letters, tokens_max=20)]
    assert "".join(pieces) == text
    assert len(pieces) >= 5
    assert all(len(piece) % len(cluster) == 0 for piece in pieces)


ODD = st.text(
    st.sampled_from([*"aB1 .!?|-*#`~=\n\r\t。é", "\u0301", "👍", "🏽", "\u200d", "🇪", "\ud83d", "\u05d0"])
    | st.characters(),
    max_size=400,
)
MARKDOWN = st.lists(
    st.sampled_from(
        [
            "# A\n",
            "## B\n",
            "\n",
            "\r\n",
            "word ",
            "One two. ",
            "- x y\n",
            "| a | b |\n",
            "|---|---|\n",
            "```\n",
        ]
    ),
    max_size=80,
).map("".join)


@given(ODD | MARKDOWN, st.integers(1, 30), st.sampled_from([words, letters]))
def test_every_character_is_in_one_passage_within_the_budget(
    text: str, tokens_max: int, count: object
) -> None:
    measure = words if count is words else letters
    parts = chunk(text, measure, tokens_max=tokens_max)
    check(text, parts)
    for part in parts:
        piece = text[part.start : part.end]
        one_cluster = all(unicodedata.category(c)[0] in "MC" or c in "🏽🇪" for c in piece[1:])
        assert measure(piece) <= tokens_max or one_cluster
        if measure is words and part.end < len(text):
            inside = not text[part.end].isspace()
            assert not inside or len(re.split(r"\s", piece)[-1]) > tokens_max


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "\u0301" * 300_000,
        "🇪" * 300_000,
        "line\n" * 100_000,
        "line\r\n\r\n" * 100_000,
        "# h\n" * 100_000,
        "- item\n" * 100_000,
        "| a | b |\n|---|---|\n" * 50_000,
        "a | b\n" * 100_000,
        "```\n" * 100_001,
        "שלום עולם " * 50_000,
        "x " * 300_000,
    ],
    ids=lambda text: ascii(text[:5]),
)
def test_long_texts_take_seconds_at_most(text: str) -> None:
    start = time.process_time()
    parts = chunk(text, words)
    assert time.process_time() - start < 10
    check(text, parts)
    assert all(part.end - part.start <= 200 * 20 for part in parts if not part.headings)


def test_a_budget_below_one_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="tokens_max"):
        chunk("text", words, tokens_max=0)
