"""Personal data found by rules: what is there, what only looks like it, and how long it takes at worst."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.engines.personal_data.checksums import iban, luhn
from mainstay.engines.personal_data.rules import RulesPersonalData
from mainstay.kit.windows import matches
from mainstay.ports.personal_data import KINDS

FINDER = RulesPersonalData()


def found(text: str, region: str = "") -> list[tuple[str, str]]:
    return [(each.kind, text[each.start : each.end]) for each in FINDER.find(text, KINDS, region)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Write to Ada.Lovelace+x@mail.example.co.uk.", "email", "Ada.Lovelace+x@mail.example.co.uk"),
        ("Écris à zoë@exämple.de!", "email", "zoë@exämple.de"),
        ("call +49 30 901820 now", "phone", "+49 30 901820"),
        ("Tel.: (030) 901820", "phone", "(030) 901820"),
        ("on +1 415 555 2671 (12 May)", "phone", "+1 415 555 2671"),
        ("on +1 415 555 2671 2 days a week", "phone", "+1 415 555 2671"),
        ("+1 415 555 2671 - 2024-05-01 - signed", "phone", "+1 415 555 2671"),
        ("+44 20 7946 0958 10 Downing Street", "phone", "+44 20 7946 0958"),
        ("0044 20 7946 0958 10 Downing Street", "phone", "0044 20 7946 0958"),
        ("+44 (0)20 7946 0958 10 Downing Street", "phone", "+44 (0)20 7946 0958"),
        ("+39 06 1234 5678 00184 Roma", "phone", "+39 06 1234 5678"),
        ("+41 44 668 18 00 8001 Zürich", "phone", "+41 44 668 18 00"),
        ("+49 30 901820 / 24 h", "phone", "+49 30 901820"),
        ("+49 30 901820 - 10115 Berlin", "phone", "+49 30 901820"),
        ("+49 30 / 901820 - 10115 Berlin", "phone", "+49 30 / 901820"),
        ("call 030 901820 - 2024-05-01 12.30 h", "phone", "030 901820 - 2024-05"),
        ("card 4111 1111 1111 1111, thanks", "card", "4111 1111 1111 1111"),
        ("card 378282246310005.", "card", "378282246310005"),
        ("IBAN DE89 3704 0044 0532 0130 00 bitte", "iban", "DE89 3704 0044 0532 0130 00"),
        ("GB82WEST12345698765432", "iban", "GB82WEST12345698765432"),
        ("from 203.0.113.9.", "ip", "203.0.113.9"),
        ("from 2001:db8::8a2e:370:7334 too", "ip", "2001:db8::8a2e:370:7334"),
        ("postgres://ada:s3cret@db.example.com/x", "credential", "ada:s3cret"),
        ("DNI 12345678Z", "national_id", "12345678Z"),
        ("CF RSSMRA85T10A562S", "national_id", "RSSMRA85T10A562S"),
        ("NIR 2 55 08 14 168 025 38", "national_id", "2 55 08 14 168 025 38"),
        ("Steuer-ID: 86 095 742 719", "national_id", "86 095 742 719"),
        ("BSN 111222333", "national_id", "111222333"),
        ("PESEL 44051401359", "national_id", "44051401359"),
        ("personnummer 811218-9876", "national_id", "811218-9876"),
        ("hetu 131052-308T", "national_id", "131052-308T"),
        ("AHV 756.9217.0769.85", "national_id", "756.9217.0769.85"),
        ("CPF 529.982.247-25", "national_id", "529.982.247-25"),
        ("身份证 11010519491231002X", "national_id", "11010519491231002X"),
        ("NHS number 943 476 5919", "national_id", "943 476 5919"),
        ("SSN 078-05-1120", "national_id", "078-05-1120"),
        ("NRN 85.07.30-033.28", "national_id", "85.07.30-033.28"),
        ("NIF 123 456 789", "national_id", "123 456 789"),
        ("Aadhaar 2345 6789 0124", "national_id", "2345 6789 0124"),
        ("born on March 3, 1980 in Bath", "date_of_birth", "March 3, 1980"),
        ("geboren am 3. März 1980", "date_of_birth", "3. März 1980"),
        ("Date of birth: 1980-03-31", "date_of_birth", "1980-03-31"),
    ],
)
def test_what_is_personal_is_found(text: str, kind: str, value: str) -> None:
    assert (kind, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "See a::b in C++, at 12:30:45, version 1.2.3.4.5, and @everybody.",
        "card 4111 1111 1111 1112 and IBAN DE88 3704 0044 0532 0130 00",
        "DNI 12345678A, PESEL 44051401358, CPF 529.982.247-24, 131052-308U, 756.9217.0769.84",
        "Order 86 095 742 719 and invoice 111222333, on 2026-11-30, for 1,234,567.89.",
        "The 031052-30 and 10.5 and 0.0.0.0 and 127.0.0.1",
        "Released on March 3, 1980; born again.",
        "SSN 666-05-1120, 078-00-1120",
    ],
)
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert found(text) == []


def test_a_region_makes_its_numbers_known() -> None:
    text = "Our desk: 030 901820."
    assert found(text) == []
    assert found(text, "DE") == [("phone", "030 901820")]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("my number: 07911 123456", ["07911 123456"]),
        ("reach me at 0113 496 0101 or 07911123456", ["0113 496 0101", "07911123456"]),
        ("rang from 0113 496 0101, 2024-05-01", ["0113 496 0101"]),
        ("You can get me under 01539 441288", ["01539 441288"]),
        ("Number: 01539 441288. Text 06.12.34.56.78!", ["01539 441288", "06.12.34.56.78"]),
        ("the hotline is 010-62962880", ["010-62962880"]),
        ("erreichbar unter 0171 2345678 oder 030 1234567", ["0171 2345678", "030 1234567"]),
        ("Mon numéro est le 06 12 34 56 78", ["06 12 34 56 78"]),
        ("llámame al 612 345 678 o 698 765 432", ["612 345 678", "698 765 432"]),
        ("il mio numero è 347 1234567", ["347 1234567"]),
        ("O meu número é 912 345 678 e 933 444 555", ["912 345 678", "933 444 555"]),
        ("bel me op 06-12345678 of 020 123 4567", ["06-12345678", "020 123 4567"]),
        ("at (555) 123-4567 and 212-555-0187.", ["(555) 123-4567", "212-555-0187"]),
        ("+447700900123, and +44 7700 900124 10 Downing Street", ["+447700900123", "+44 7700 900124"]),
    ],
)
def test_numbers_that_no_plan_knows_are_told_by_words_and_forms(text: str, values: list[str]) -> None:
    assert found(text) == [("phone", value) for value in values]


@pytest.mark.parametrize(
    "text",
    [
        "Contact us about order 0123456789, or order number 0123456789.",
        "Order 212-555-0187, part A-212-555-0187, ISBN 978-0-306-40615-7.",
        "Reach us by 01.05.2024 10:30, call on 2024-05-01, or between 2014 - 2015.",
        "We reach 100 000 000 people; it grew by +12 345 678,90.",
        "Contact 10.20.30.40.50, text 0.123456789, ring 12:30:45.",
        "rows 07911 123456 and 0113 496 0101",
    ],
)
def test_words_make_no_numbers_of_orders_dates_and_amounts(text: str) -> None:
    assert found(text) == []


def test_a_number_hides_none_that_follows() -> None:
    text = "+1 415 555 2671 415 555 2672 +44 20 7946 0958 10.0.0.9"
    values = [value for _, value in found(text, "US")]
    assert values == ["+1 415 555 2671", "415 555 2672", "+44 20 7946 0958", "10.0.0.9"]


def test_invisible_signs_hide_nothing_and_offsets_are_those_of_the_text() -> None:
    text = "\u202bcard 4111\u200b1111\u200b1111\u20601111 and a\u00adda@exam\ufeffple.com🛳️\u202c"
    values = [value for _, value in found(text)]
    assert values == ["4111\u200b1111\u200b1111\u20601111", "a\u00adda@exam\ufeffple.com"]


def test_only_the_kinds_that_are_asked_for_are_found() -> None:
    text = "ada@example.com, +49 30 901820"
    assert [each.kind for each in FINDER.find(text, ["phone"])] == ["phone"]


@given(st.lists(st.integers(0, 9), min_size=12, max_size=18))
def test_luhn_sees_every_wrong_digit(body: list[int]) -> None:
    right = next([*body, check] for check in range(10) if luhn([*body, check]))
    for place, digit in enumerate(right):
        assert not luhn([*right[:place], (digit + 1) % 10, *right[place + 1 :]])


def test_a_wrong_letter_in_an_iban_is_seen() -> None:
    assert iban("GB82WEST12345698765432")
    assert not iban("GB82WEST12345698765423")
    assert not iban("GB82WEST1234569876543")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="19 @.:+-/aAZé\u200b()[]😀", max_size=400))
def test_findings_stand_in_order_and_apart(text: str) -> None:
    at = 0
    for each in FINDER.find(text, KINDS, "DE"):
        assert at <= each.start < each.end <= len(text)
        at = each.end


@pytest.mark.parametrize("filling", ["1 ", "a ", "1", "x"])
@pytest.mark.parametrize("before", [16_330, 16_350, 16_360, 16_370, 16_380, 16_384, 16_400])
def test_what_lies_across_two_windows_is_found_once(before: int, filling: str) -> None:
    wanted = " ada@example.com, 4111 1111 1111 1111 "
    text = (filling * before)[:before] + wanted + filling * 9_000
    told = [text[each.start : each.end] for each in FINDER.find(text, ["email", "card"])]
    assert told == ["ada@example.com", "4111 1111 1111 1111"]


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="1 a", max_size=60), st.integers(0, 40))
def test_windows_give_what_the_whole_gives(piece: str, more: int) -> None:
    text, form = (piece or "1") * 900 + "1" * more, re.compile(r"(?<!\w)1[1 ]{3,20}(?!\w)")
    assert [each.span() for each in matches(form, text)] == [each.span() for each in form.finditer(text)]


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "1",
        "1 ",
        "11 ",
        "4111 ",
        "+1 ",
        "+1 1 1 1 1 1 1 1 1 1 1 1 ",
        "00 49 1 1 1 1 1 1 1 1 1 ",
        "@",
        "a@",
        "a.",
        "a@a.",
        ":",
        "a:",
        "aa://",
        "x://a:",
        "DE00 ",
        "born ",
        "(",
        "-",
    ],
)
def test_a_megabyte_of_anything_takes_seconds_at_most(piece: str) -> None:
    text = (piece * (200_000 // len(piece) + 1))[:200_000]
    started = time.process_time()
    FINDER.find(text, KINDS, "US")
    assert time.process_time() - started < 3
