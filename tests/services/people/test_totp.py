"""Codes of authenticator apps and recovery codes, as values."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from mainstay.services.people import recovery, totp

SECRET = b"12345678901234567890"
STEP_MS = 30_000


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_rfc(at_s: int, code: str) -> None:
    assert totp.code_at(SECRET, at_s // 30) == code[-6:]  # RFC 6238, appendix B, has eight digits
    assert totp.step_of(SECRET, code[-6:], at_s * 1000, 0) == at_s // 30


def test_a_clock_may_be_one_step_wrong_and_no_more() -> None:
    accepted = [
        step - 1000
        for step in range(995, 1006)
        if totp.step_of(SECRET, totp.code_at(SECRET, step), 1000 * STEP_MS, 0) is not None
    ]
    assert accepted == [-1, 0, 1]


def test_no_step_counts_up_to_the_last_one() -> None:
    for last, expected in ((999, 1000), (1000, None), (1001, None)):
        assert totp.step_of(SECRET, totp.code_at(SECRET, 1000), 1000 * STEP_MS, last) == expected


@pytest.mark.parametrize("code", ["", "00000", "0000000", "abcdef", "２８７０８２"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert totp.step_of(SECRET, code, 59_000, 0) is None


def test_apps_can_read_the_address() -> None:
    found = urlsplit(totp.uri_of(SECRET, "a:b&c@example.com", "ai.example.com"))
    assert (found.scheme, found.netloc) == ("otpauth", "totp")
    assert unquote(found.path) == "/Mainstay (ai.example.com):a:b&c@example.com"
    assert found.path.count(":") == 1
    assert parse_qs(found.query) == {
        "secret": [totp.shown(SECRET)],
        "issuer": ["Mainstay (ai.example.com)"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }


def test_recovery_codes_can_be_typed_as_they_are_read() -> None:
    code = recovery.code_of(bytes([0, 1, 31, 10, 255, 32, 33, 34, 35, 36]))
    assert code == "01ZAZ-01234"
    for way in (code, code.lower(), code.replace("-", " "), "Ol zaz o i 2 3 4", "oLZAZ0I234"):
        assert recovery.typed(way) == "01ZAZ01234"


def test_every_letter_is_as_likely() -> None:
    letters = [recovery.code_of(bytes([byte] * 10))[0] for byte in range(256)]
    assert {letters.count(each) for each in letters} == {8}
    assert len(set(letters)) == 32
    assert not set(letters) & set("ILOU")
