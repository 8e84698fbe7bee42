"""The language that a text is read in: told, detected, or likely; and what that changes."""

import pytest

from mainstay.ports.languages import Guess
from mainstay.services.language.tongues import tongue
from makers import Client

_SHORT = "Ada met Bob in Paris"
_GUESSES = [Guess("nl", 0.89), Guess("en", 0.11)]


@pytest.mark.parametrize(
    ("text", "guesses", "hint", "read_in"),
    [
        (_SHORT, _GUESSES, None, "en"),
        (_SHORT, [Guess("nl", 0.97), Guess("en", 0.03)], None, "nl"),
        (_SHORT * 5, _GUESSES, None, "nl"),
        (_SHORT, _GUESSES, "nl", "nl"),
        (_SHORT, [Guess("en", 0.4), Guess("nl", 0.3)], None, "en"),
        (_SHORT, [Guess("nl", 0.9), Guess("de", 0.1)], None, "nl"),
        ("…", [], None, "und"),
    ],
)
def test_a_short_text_may_be_read_in_a_likely_language(
    text: str, guesses: list[Guess], hint: str | None, read_in: str
) -> None:
    assert tongue(text, guesses, {"en"}, hint).read_in == read_in


@pytest.mark.asyncio(loop_scope="module")
async def test_short_texts_are_analysed_and_say_so(asker: Client) -> None:
    answer = await asker.call("language.analyze", text=_SHORT)
    assert (answer.language, answer.read_as, answer.unsupported) == ("nl", "en", [])
    assert 0.5 < answer.language_confidence < 1
    assert answer.entities[:3] == ["Ada", "Bob", "Paris"]
    told = await asker.call("language.analyze", text=_SHORT, language="en")
    assert (told.language, told.language_confidence, told.read_as) == ("en", 1, None)
    assert told.entities == answer.entities
    other = await asker.call("language.analyze", text=_SHORT, language="nl")
    assert other.unsupported == ["sentiment", "names"]
