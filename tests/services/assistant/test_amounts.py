"""Amounts as people write them in several countries: read rightly, or not at all."""

from datetime import date

import pytest

from mainstay.kit.numbers import mark_of, plain
from mainstay.services.assistant.entities import Finder
from mainstay.services.assistant.plans import plan_of
from mainstay.services.assistant.records import Definition
from mainstay.services.language.figures import figures

_DAY = date(2026, 11, 30)


def values(kind: str, text: str, *languages: str) -> list[str]:
    return [each.value for each in Finder((), languages).find(text, _DAY, [kind])]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.500,00 Euro", "1500 EUR"),
        ("$1,500.00", "1500 USD"),
        ("€ 1.000,50", "1000.5 EUR"),
        ("12,50 Euro", "12.5 EUR"),
        ("12.50 Euro", "12.5 EUR"),
        ("1 234,00 EUR", "1234 EUR"),
        ("1\u202f500 €", "1500 EUR"),
        ("CHF 1'500.50", "1500.5 CHF"),
        ("1.234.567 EUR", "1234567 EUR"),
        ("1,00,000 INR", "100000 INR"),
        ("50 €", "50 EUR"),
        ("50€.", "50 EUR"),
        ("EUR 50", "50 EUR"),
        ("12,- €", "12 EUR"),
        ("0,500 €", "0.5 EUR"),
        ("-5 euros", "-5 EUR"),
        ("(-5 €)", "-5 EUR"),
        ("-€5", "-5 EUR"),
        ("€-5", "-5 EUR"),
        ("\u22125,50 €", "-5.5 EUR"),
        ("Nr. 4711: 50 Euro", "50 EUR"),
    ],
)
def test_amounts_of_money_are_told_by_their_form(text: str, value: str) -> None:
    assert values("money", text) == values("money", text, "de") == values("money", text, "en") == [value]


@pytest.mark.parametrize(
    ("text", "languages", "found"),
    [
        ("1.500 Euro", (), ["1500 EUR"]),
        ("1.500 Euro", ("en",), ["1500 EUR"]),
        ("$1,500", (), ["1500 USD"]),
        ("$1,500", ("de",), ["1500 USD"]),
        ("1.500 CHF", ("de", "fr"), ["1500 CHF"]),
        ("£1,500", ("en",), ["1500 GBP"]),
        ("£1,500", (), []),
        ("1.500 CHF", ("de", "en"), []),
        ("1,599 €", ("de",), []),
    ],
)
def test_money_with_one_mark_is_in_thousands_or_left_out(
    text: str, languages: tuple[str, ...], found: list[str]
) -> None:
    assert values("money", text, *languages) == found


@pytest.mark.parametrize(
    ("languages", "found"),
    [
        (("de",), ["1500", "1.5"]),
        (("fr", "de"), ["1500", "1.5"]),
        (("en",), ["1.5", "1500"]),
        ((), []),
        (("de", "en"), []),
        (("es",), []),  # Spain and Mexico differ
    ],
)
def test_a_number_with_one_mark_is_read_as_the_bots_languages_do(
    languages: tuple[str, ...], found: list[str]
) -> None:
    assert values("number", "1.500 and 1,500", *languages) == found
    assert values("percent", "1.500 % and 1,500 %", *languages) == found
    finder = plan_of(Definition(intents=[], languages=list(languages))).finder
    assert [each.value for each in finder.find("1.500 and 1,500", _DAY, ["number"])] == found


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("number", "1 500, 1'500, 12,5, 12.50 or 1.500,00", ["1500", "1500", "12.5", "12.5", "1500"]),
        ("number", "-5 or \u22127,5 but not A-5, 10-20, 3-day or 2026-11-30", ["-5", "-7.5"]),
        ("number", "4711 0000 1111 2222", ["4711", "0", "1111", "2222"]),
        ("percent", "12,5 % or -3 Prozent, 5 pour cent", ["12.5", "-3", "5"]),
    ],
)
def test_numbers_and_shares_are_told_by_their_form(kind: str, text: str, found: list[str]) -> None:
    assert values(kind, text) == found


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("money", "1.2.3 EUR"),
        ("money", "1'50 €"),
        ("money", "4711 500 euros"),
        ("money", "10-20 € or $5-10"),
        ("money", "$5 million"),
        ("money", "5 million euros"),
        ("number", "1.2.3, 1,2,3, 31.12.2026, 030 123 456 or 5 million"),
        ("percent", "10-20 % or 1.2.3 %"),
    ],
)
def test_no_part_of_something_longer_is_an_amount(kind: str, text: str) -> None:
    for languages in ([], ["en"], ["de"]):
        assert values(kind, text, *languages) == []


def test_what_begins_decimals_is_known_where_all_languages_agree() -> None:
    assert [mark_of(each) for each in ([], ["en", "ja"], ["de", "fr"], ["en", "fr"], ["xx"])] == [
        *(None, ".", ","),
        *(None, None),
    ]
    assert (plain("1.500"), plain("1.500", "."), plain("1.500", ",")) == (None, "1.5", "1500")
    assert (plain("-0,0"), plain("12 500,5"), plain("1.5,00")) == ("0", "12500.5", None)


def test_figures_of_texts_are_written_in_the_same_ways() -> None:
    text = "Es kostet 1.500,00 Euro, CHF 1'500.50 oder 1 234,5 kg bei 12,5 %."
    found = [(each.kind, text[each.start : each.end]) for each in figures(text)]
    assert found == [
        ("money", "1.500,00 Euro"),
        ("money", "CHF 1'500.50"),
        ("quantity", "1 234,5 kg"),
        ("percentage", "12,5 %"),
    ]
