"""Nothing that a document injected becomes a link or an image, whatever it looks like."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mainstay.kit.piecewise import HELD_MAX, Piecewise
from mainstay.kit.rendering import plain

FORBIDDEN = {"link_open", "image", "html_inline", "html_block"}
RENDERERS = (MarkdownIt("commonmark"), MarkdownIt("default", {"html": True, "linkify": False}))

PIECES = st.sampled_from([
    "[", "]", "(", ")", "!", "<", ">", ":", "/", "//", "\\", '"', "'", "`", "\n", "\n\n", " ", "&lt;",
    "&#x3c;", "![a](", "[a](http://evil.example/p?q=1)", "![](//evil.example/x.png)", "[r]", "[t][r]",
    "[r]: http://evil.example", "<img src=http://evil.example>", "<a href='x'>", "</a>", "<script>",
    "</script>", "<!--", "-->", "<http://evil.example>", "<x@evil.example>", "https://", "HTTPS://", "www.",
    "WWW.", "javascript:", "data:", "data:image/png;base64,AAAA", "mailto:", "evil.example", "](", "]:",
    "<svg/onload=alert(1)>", "\u202e", "\x00", "\\href{", "[1][3]", "a", "B", "<b", "ftp://", "\r", "\t",
    "> ", "- ", "    ",
])  # fmt: skip


def rendered(text: str) -> set[str]:
    kinds: set[str] = set()
    for renderer in RENDERERS:
        for token in renderer.parse(text):
            kinds.add(token.type)
            kinds.update(child.type for child in token.children or ())
    return kinds


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=24).map("".join))
def test_no_renderer_makes_a_link_an_image_or_html_of_it(text: str) -> None:
    shown = plain(text)
    assert not rendered(shown) & FORBIDDEN
    lowered = shown.lower()
    assert "://" not in lowered
    assert "www." not in lowered
    assert "](" not in lowered


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=16).map("".join), st.lists(PIECES, max_size=16).map("".join))
def test_harmless_pieces_joined_by_a_space_stay_harmless(one: str, other: str) -> None:
    assert not rendered(f"{plain(one)} {plain(other)}") & FORBIDDEN


@settings(max_examples=300, deadline=None)
@given(st.text())
def test_any_text_is_harmless_and_never_grows_much(text: str) -> None:
    shown = plain(text)
    assert not rendered(shown) & FORBIDDEN
    assert len(shown) <= 2 * len(text)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(categories=("L", "N", "Zs"), include_characters=".,;?!()-*_")))
def test_plain_words_come_through_unchanged(text: str) -> None:
    if "www." not in text.lower():
        assert plain(text) == text


def passed(pieces: list[str]) -> list[str]:
    """Give what is shown after each piece, and at the end."""
    flow = Piecewise(plain)
    return [*(flow.add(piece) for piece in pieces), flow.rest()]


def cut(text: str, places: list[int]) -> list[str]:
    bounds = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
    return [text[start:end] for start, end in pairwise(bounds)]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(PIECES, max_size=24).map("".join),
    st.lists(st.integers(0, 300), max_size=12),
    st.integers(0, 450),
)
def test_a_text_is_harmless_however_it_is_split_while_it_is_written(
    text: str, places: list[int], filler: int
) -> None:
    for whole in (text, "[" + "x" * filler + text, "<a " + "y " * (filler // 2) + text):
        for pieces in (list(whole), cut(whole, places), [whole]):
            shown = "".join(passed(pieces))
            assert not rendered(shown) & FORBIDDEN
            lowered = shown.lower()
            assert "://" not in lowered
            assert "www." not in lowered
            assert "](" not in lowered
            assert "]:" not in lowered


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([
            "The", "office", "opens", "at nine.", "3.14", "(by", "law)", "a < b", "**bold**", "\n\n- item",
            "`code`", "![x y](https://evil.example/a_(b) 'a title')", "<b>word</b>", "[1]", "[a] b",
            "[a long label](http://evil.example)", '<img alt="a [b" src=x>', "<https://evil.example>",
            "其他。", "http://evil.example/p", "www.evil.example",
        ]),
        max_size=20,
    ).map(" ".join),
    st.lists(st.integers(0, 800), max_size=20),
)  # fmt: skip
def test_what_is_shown_piece_by_piece_is_what_the_whole_would_show(text: str, places: list[int]) -> None:
    for pieces in (list(text), cut(text, places), [text]):
        assert "".join(passed(pieces)).split() == plain(text).split()


def test_words_are_passed_on_as_soon_as_they_end() -> None:
    words = ["The off", "ice opens ", "at ", "[the ", "gate](http", "://evil) to", "day"]
    assert passed(words) == ["The", " office", " opens", "", "", " at the gate", "", " today"]
    assert passed(["其他。", "其", "他"]) == ["", "其他。", "", " 其他"]


@pytest.mark.parametrize("piece", ["[never closed ", "<a ", "x", "[a](b ", "`", "其他", "<!-- "])
def test_no_more_is_held_back_than_the_limit(piece: str) -> None:
    flow = Piecewise(plain)
    shown = 0
    for written, sign in enumerate(piece * (3000 // len(piece)), 1):
        shown += len(flow.add(sign))
        assert written - shown <= 2 * HELD_MAX
    assert flow.rest()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("See [the plan](http://evil.example/a 'x').", "See the plan."),
        ("![secret](https://evil.example/p.png?d=1)", "secret"),
        ("[![logo](u)](http://evil.example)", "logo"),
        ("[text][ref] stays\n\n[ref]: http://evil.example 'title'", "text stays\n\n"),
        ("He said so [1][3].", "He said so [1][3]."),
        ("<script>steal()</script>Hello <b>you</b>", "Hello you"),
        ("Go to https://docs.example/a?b=c now", "Go to docs.example/a?b=c now"),
        ("<https://docs.example>", "docs.example"),
        ("if a < b and c > d", "if a < b and c > d"),
        ("List<String>", "List< String>"),
        ("the data: five values", "the data: five values"),
        ("x data:image/png;base64,AAAA y", "x  y"),
        ("javascript:alert(1)", "alert(1)"),
        ("<<b>img src=x>", ""),
        ("left\u202eright\u200b\x00", "leftright"),
        ("**bold** and `code`", "**bold** and `code`"),
        ("", ""),
    ],
)
def test_what_a_reader_sees(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    "piece",
    ["[", "[x](", '[x](a "', "<script", "[x](" + " " * 40, "<", "![a][b]\n[b]: c\n", "[[a](b)", "a://", "<!"],
)
def test_time_grows_with_the_length_only(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    began = time.process_time()
    plain(text)
    assert time.process_time() - began < 2
    began = time.process_time()
    passed([text])
    assert time.process_time() - began < 2
