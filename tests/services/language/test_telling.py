"""Languages through the front door, and the parts of a text that are in different ones."""

import pytest

from mainstay.services.language.parts import Piece, joined
from makers import Client

pytestmark = pytest.mark.asyncio(loop_scope="module")
_GERMAN = "Der Schlüssel zum Serverraum liegt im Keller unter der Treppe."
_ENGLISH = "The key to the server room lies in the basement under the stairs."
_FRENCH = "La clé de la salle des serveurs se trouve à la cave sous l'escalier."


async def test_each_text_has_its_language_and_others(asker: Client) -> None:
    answer = await asker.call("language.detect_language", texts=[_GERMAN, _ENGLISH, "12"], alternatives=2)
    assert [each.language for each in answer.results] == ["de", "en", "und"]
    assert [len(each.alternatives) for each in answer.results] == [2, 2, 0]
    assert answer.results[0].confidence > 0.9
    assert answer.results[0].parts == []


async def test_a_mixed_text_has_parts(asker: Client) -> None:
    text = f"{_GERMAN} {_GERMAN}\n\n{_ENGLISH} {_FRENCH}"
    answer = await asker.call("language.detect_language", text=text)
    assert [each.language for each in answer.parts] == ["de", "en", "fr"]
    assert text[answer.parts[1].start : answer.parts[1].end] == _ENGLISH


async def test_three_hundred_languages_in_one_text_are_borne(asker: Client) -> None:
    text = " ".join((_GERMAN, _ENGLISH, _FRENCH) * 100)
    answer = await asker.call("language.detect_language", text=text)
    assert answer.language in {"de", "en", "fr"}
    assert 100 <= len(answer.parts) <= 300
    assert all(0 <= each.start < each.end <= len(text) for each in answer.parts)


async def test_what_is_short_or_unsure_goes_along() -> None:
    pieces = [Piece(0, 50, "de", 0.99), Piece(51, 55, "en", 0.99), Piece(56, 100, "en", 0.5)]
    assert joined(pieces) == [Piece(0, 100, "de", 0.99)]
    assert joined([Piece(0, 5, "en", 0.3), Piece(6, 60, "de", 0.9)]) == [Piece(0, 60, "de", 0.9)]
    assert joined([]) == []
