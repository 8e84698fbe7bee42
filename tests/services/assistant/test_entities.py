"""Entities in texts: values, patterns, built-ins, with their characters."""

import time
from datetime import date

import pytest

from mainstay.services.assistant.built_ins import BUILT_INS
from mainstay.services.assistant.entities import Finder, PatternUnusable
from mainstay.services.assistant.records import Entity

_MONDAY = date(2026, 11, 30)
_CARDS = Entity(name="card", values={"Visa": ["visa card"], "Mastercard": ["master card", "MC"]})
_ORDER = Entity(name="order", pattern=r"[A-Z]{2}-\d{4}")


def found(text: str, *wanted: str, entities: tuple[Entity, ...] = ()) -> list[tuple[str, str, str]]:
    every = Finder(entities).find(text, _MONDAY, wanted)
    assert all(text[each.start : each.end] == each.text for each in every)
    return [(each.entity, each.value, each.text) for each in every]


def test_values_are_found_by_their_synonyms_the_longest_first() -> None:
    told = found("My VISA  card, not the Master\tCard or mc", entities=(_CARDS,))
    assert told == [
        ("card", "Visa", "VISA  card"),
        ("card", "Mastercard", "Master\tCard"),
        ("card", "Mastercard", "mc"),
    ]


def test_a_pattern_matches_whole_words_without_the_signs_around_them() -> None:
    told = found("Orders AB-1234, (CD-5678). AB-12345?", entities=(_ORDER,))
    assert told == [("order", "AB-1234", "AB-1234"), ("order", "CD-5678", "CD-5678")]
    two = Entity(name="iban", pattern=r"[A-Z]{2}\d{2}( \d{4}){2}")
    assert found("It is DE12 3456 7890.", entities=(two,)) == [("iban", "DE12 3456 7890", "DE12 3456 7890")]


@pytest.mark.parametrize("pattern", ["(", "a{2", r"(a)\1", "(?=a)", "(?<!a)b"])
def test_what_takes_more_than_linear_time_is_no_pattern(pattern: str) -> None:
    with pytest.raises(PatternUnusable, match=r"error: \w+"):
        Finder([Entity(name="a", pattern=pattern)])


def test_a_pattern_that_is_slow_elsewhere_is_quick() -> None:
    slow = Entity(name="a", pattern=r"(a|a)*(a+)+b")
    began = time.perf_counter()
    assert found("a" * 4000, entities=(slow,)) == []
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "pattern",
    [
        "(?:a?){30000}",
        "(?:(?:a{0,100}){0,100}){0,10}",
        r"\w{99}",
        "a{301}",
        "(a{1000}){1000}",
        "((ab{3}){8}){10}",
    ],
)
def test_what_repeats_too_much_is_no_pattern(pattern: str) -> None:
    with pytest.raises(PatternUnusable, match="repeats too much"):
        Finder([Entity(name="a", pattern=pattern)])


@pytest.mark.parametrize(
    "pattern",
    [
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        r"[a-z0-9.+-]{1,64}@[a-z0-9-]{1,63}(\.[a-z]{2,20}){1,2}",
        r"\x{1000}\p{Greek}[{900}]{2}",
    ],
)
def test_what_repeats_as_people_write_it_is_one(pattern: str) -> None:
    Finder([Entity(name="a", pattern=pattern)])


def test_many_large_patterns_take_no_time() -> None:
    many = Finder([Entity(name=f"e{number}", pattern="(?:a?){60}b") for number in range(100)])
    began = time.perf_counter()
    many.find(" ".join(["a" * 20] * 190), _MONDAY)
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("kind", "text", "values"),
    [
        ("number", "1,250.50 and 3 and 007, not A4 or 1.2.3", ["1250.5", "3", "7"]),
        ("identifier", "004711, #12 and A-4711/b2", ["004711", "12", "A-4711/b2"]),
        ("identifier", "order:4711000011112222.", ["4711000011112222"]),
        ("identifier", "4711 0000 1111 2222", ["4711 0000 1111 2222"]),
        ("identifier", "order 7 of 2026-11-30 at 9:30 or 9am, for $25, 12.50 or 20 %, the 2nd", ["7"]),
        ("identifier", "ada1@example.com https://shop1.example:8080/4711 no-digits", []),
        ("identifier", "my iPhone15 and the PS5 in A4, order AB123", ["AB123"]),
        ("number", "a kayak on 12 July 2027 for 3 people", ["3"]),
        ("number", "at 9:30 on 30 February", []),
        ("number", "for three of us", ["3"]),
        ("number", "actually four", ["4"]),
        ("number", "drei Personen", ["3"]),
        ("number", "No, I meant three", ["3"]),
        ("number", "sorry, make it two please", ["2"]),
        ("number", "Nein, ich meinte drei.", ["3"]),
        ("number", "one moment, please", []),
        ("number", "No one", []),
        ("number", "ok, there will be two of us", ["2"]),
        ("number", "Well, we're five", ["5"]),
        ("number", "two of my friends have not been told when it starts", []),
        ("identifier", "where is my order TW-9?", ["TW-9"]),
        ("identifier", "TW-5", ["TW-5"]),
        ("identifier", "I paid 72 euros, 720 euros and 250 USD", []),
        ("identifier", "2 kayaks for Saturday", []),
        ("identifier", "my phone is 07911 123456", []),
        ("identifier", "H L 2 0 4 1 7", []),
        ("identifier", "It is number 12.", ["12"]),
        ("identifier", "I want to order A4 paper and a PS5", []),
        ("identifier", "order 8 of 12 July", ["8"]),
        ("money", "$20, 1,000.00 euros and 5 CHF", ["20 USD", "1000 EUR", "5 CHF"]),
        ("percent", "5 % or 12.5percent", ["5", "12.5"]),
        ("email", "Write to Ada.L+x@Example.co.uk.", ["ada.l+x@example.co.uk"]),
        ("url", "See https://example.com/a?b=c, please", ["https://example.com/a?b=c"]),
        ("phone", "Call +49 30 123456 or 030-1234-567", ["+4930123456", "0301234567"]),
        ("time", "at 9:30 pm, 14:05 or noon; 25:00 is none", ["21:30", "14:05", "12:00"]),
        ("time", "at 12am and 12 pm", ["00:00", "12:00"]),
        ("date", "today, tomorrow or friday", ["2026-11-30", "2026-12-01", "2026-12-04"]),
        ("date", "next monday", ["2026-12-07"]),
        ("date", "2026-02-28 but not 2026-02-30", ["2026-02-28"]),
        ("date", "3rd of March, May 4, 2027 and 5 Dec", ["2027-03-03", "2027-05-04", "2026-12-05"]),
        ("date", "29 February", []),
        ("date", "on Monday next week, or next week on friday", ["2026-12-07", "2026-12-11"]),
        (
            "date",
            "in three days, in 2 weeks, the day after tomorrow",
            ["2026-12-03", "2026-12-14", "2026-12-02"],
        ),
        ("date", "lundi la semaine prochaine, nächste Woche am Dienstag", ["2026-12-07", "2026-12-08"]),
        ("date", "am 3. März, nächsten Freitag oder übermorgen", ["2027-03-03", "2026-12-04", "2026-12-02"]),
        ("date", "Guten Morgen, heute Morgen geht es nicht, morgen schon", ["2026-11-30", "2026-12-01"]),
        ("date", "31.12.2026, 31.11.2026, 3/4/2026", ["2026-12-31"]),
        (
            "date",
            "31/12, 12/31/2026 or 5/5, not 31/11, 5/12 or 24/7",
            ["2026-12-31", "2026-12-31", "2027-05-05"],
        ),
        ("number", "on 31/12 for 2", ["2"]),
        (
            "date",
            "Sunday 13 June, Saturday 2027-06-12 and Sonntag, den 20. Juni",
            ["2027-06-13", "2027-06-12", "2027-06-20"],
        ),
        ("date", "dimanche 13 juin; heute in einer Woche", ["2027-06-13", "2026-12-07"]),
        ("date", "last Friday, Easter Monday, 3-5 June, a week from Friday, Friday in two weeks", []),
        ("date", "le 1er mai 2027 ou après-demain", ["2027-05-01", "2026-12-02"]),
        ("date", "el 14 de marzo de 2027, pasado mañana por la mañana", ["2027-03-14", "2026-12-02"]),
    ],
)
def test_built_ins_are_told_in_one_form(kind: str, text: str, values: list[str]) -> None:
    assert [value for entity, value, _ in found(text, kind) if entity == kind] == values


def test_built_ins_are_looked_for_only_where_a_slot_wants_them() -> None:
    assert found("20 on 2026-11-30 at noon") == []
    assert {kind for kind, _, _ in found("20 on 2026-11-30 at noon", "number", "date")} == {"number", "date"}


@pytest.mark.parametrize(
    "sign", ["1", "a", " ", "@", "1 ", "a@", "1,", "+1 ", "9:", "\u200f", "😀", "https://"]
)
def test_long_texts_of_one_sign_take_no_time(sign: str) -> None:
    text = (sign * 4000)[:4000]
    began = time.perf_counter()
    Finder([_CARDS, _ORDER]).find(text, _MONDAY, BUILT_INS)
    assert time.perf_counter() - began < 1
