"""One suite for every engine of passkeys, against a passkey in software."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from authenticators import PRESENT, SYNCABLE, SYNCED, VERIFIED, Authenticator, Key, raw, text
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from mainstay.engines.passkeys.webauthn import WebauthnPasskeys
from mainstay.ports.passkeys import Holder, Passkey, PasskeyInvalid, PasskeyRefused, Passkeys, Site

SITE = Site.of("https://mainstay.example", "Mainstay")
JANE = Holder(b"usr_1", "jane@example.com", "Jane")
CHALLENGE, OTHER_CHALLENGE = b"challenge of thirty-two bytes, 1", b"challenge of thirty-two bytes, 2"
KEYS: dict[str, Callable[[], Key]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
}
CHANGED: dict[str, dict[str, Any]] = {
    "another site's page": {"origin": "https://evil.example"},
    "a page of another port": {"origin": "https://mainstay.example:8443"},
    "a page below": {"origin": "https://mainstay.example.evil.example"},
    "a page without TLS": {"origin": "http://mainstay.example"},
    "another site's key": {"rp_id": "evil.example"},
    "nobody there": {"flags": VERIFIED},
    "nobody verified": {"flags": PRESENT},
    "synced that cannot be": {"flags": PRESENT | VERIFIED | SYNCED},
    "a frame of another site": {"said": {"crossOrigin": True}},
    "another challenge": {"said": {"challenge": text(OTHER_CHALLENGE)}},
    "no challenge": {"said": {"challenge": ""}},
    "a challenge that is none": {"said": {"challenge": 7}},
    "another kind": {"said": {"type": "payment.get"}},
}


@pytest.fixture(params=[WebauthnPasskeys])
def passkeys(request: pytest.FixtureRequest) -> Passkeys:
    made: Passkeys = request.param()
    return made


def add(passkeys: Passkeys, device: Authenticator) -> Passkey:
    return passkeys.added(SITE, CHALLENGE, device.create(passkeys.options_to_add(SITE, JANE, CHALLENGE)))


def show(passkeys: Passkeys, device: Authenticator, passkey: Passkey) -> Passkey:
    return passkeys.shown(SITE, CHALLENGE, passkey, device.get(passkeys.options_to_show(SITE, CHALLENGE)))


def test_pages_are_told_what_to_ask_for(passkeys: Passkeys) -> None:
    to_add = passkeys.options_to_add(SITE, JANE, CHALLENGE, [b"present"])
    assert to_add["rp"] == {"id": "mainstay.example", "name": "Mainstay"}
    assert to_add["user"] == {"id": text(b"usr_1"), "name": "jane@example.com", "displayName": "Jane"}
    assert raw(to_add["challenge"]) == CHALLENGE
    assert {each["alg"] for each in to_add["pubKeyCredParams"]} == {-7, -8, -257}
    assert to_add["attestation"] == "none"
    assert to_add["authenticatorSelection"]["userVerification"] == "required"
    assert to_add["authenticatorSelection"]["residentKey"] == "required"
    assert [raw(each["id"]) for each in to_add["excludeCredentials"]] == [b"present"]
    to_show = passkeys.options_to_show(SITE, CHALLENGE, [b"known"])
    assert (to_show["rpId"], to_show["userVerification"]) == ("mainstay.example", "required")
    assert raw(to_show["challenge"]) == CHALLENGE
    assert [raw(each["id"]) for each in to_show["allowCredentials"]] == [b"known"]


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_passkey_is_added_and_shown_again_and_again(passkeys: Passkeys, algorithm: str) -> None:
    device = Authenticator(KEYS[algorithm]())
    passkey = add(passkeys, device)
    assert (passkey.credential_id, passkey.sign_count, passkey.synced) == (device.credential_id, 1, False)
    for count in (2, 3, 70_000):
        device.count = count
        assert passkeys.credential_id(device.get({"challenge": ""})) == passkey.credential_id
        passkey = show(passkeys, device, passkey)
        assert passkey.sign_count == count


def test_a_passkey_without_a_counter_that_is_synced(passkeys: Passkeys) -> None:
    device = Authenticator(count=0, flags=PRESENT | VERIFIED | SYNCABLE | SYNCED)
    passkey = add(passkeys, device)
    assert passkey.synced
    assert show(passkeys, device, show(passkeys, device, passkey)) == passkey


@pytest.mark.parametrize("change", CHANGED)
def test_none_is_added_with_anything_wrong(passkeys: Passkeys, change: str) -> None:
    with pytest.raises(PasskeyInvalid):
        add(passkeys, replace(Authenticator(), **CHANGED[change]))


@pytest.mark.parametrize("change", CHANGED)
def test_none_is_shown_with_anything_wrong(passkeys: Passkeys, change: str) -> None:
    device = Authenticator()
    passkey = add(passkeys, device)
    device.count = 2
    with pytest.raises(PasskeyRefused):
        show(passkeys, replace(device, **CHANGED[change]), passkey)
    assert show(passkeys, device, passkey)


@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_a_counter_that_does_not_go_on_is_a_copy(passkeys: Passkeys, count: int) -> None:
    device = Authenticator(count=5)
    passkey = add(passkeys, device)
    device.count = count
    with pytest.raises(PasskeyRefused):
        show(passkeys, device, passkey)


def test_an_answer_is_of_one_challenge_one_passkey_and_one_purpose(passkeys: Passkeys) -> None:
    device = Authenticator(count=0)
    passkey = add(passkeys, device)
    answer = device.get(passkeys.options_to_show(SITE, CHALLENGE))
    assert passkeys.shown(SITE, CHALLENGE, passkey, answer)
    elsewhere = Site.of("https://other.example", "Other")
    others = [
        (SITE, OTHER_CHALLENGE, passkey, answer),
        (elsewhere, CHALLENGE, passkey, answer),
        (SITE, CHALLENGE, replace(passkey, credential_id=b"another"), answer),
        (SITE, CHALLENGE, add(passkeys, Authenticator()), answer),
        (SITE, CHALLENGE, passkey, device.create(passkeys.options_to_add(SITE, JANE, CHALLENGE))),
    ]
    for site, challenge, kept, given in others:
        with pytest.raises(PasskeyRefused):
            passkeys.shown(site, challenge, kept, given)
    with pytest.raises(PasskeyInvalid):
        passkeys.added(SITE, CHALLENGE, answer)


def test_a_signature_of_another_key_is_refused(passkeys: Passkeys) -> None:
    passkey = add(passkeys, Authenticator(count=0))
    with pytest.raises(PasskeyRefused):
        show(passkeys, Authenticator(count=0), passkey)


def test_other_algorithms_are_not_taken(passkeys: Passkeys) -> None:
    with pytest.raises(PasskeyInvalid):
        add(passkeys, Authenticator(ec.generate_private_key(ec.SECP521R1())))


def spoiled(answer: dict[str, Any]) -> list[Any]:
    """Spoil each part of an answer in many ways."""
    found: list[Any] = [{}, {"response": None}, {"response": []}, {**answer, "type": "password"}]
    for missing in ("id", "rawId", "type", "response"):
        found += [{name: value for name, value in answer.items() if name != missing}]
    for name, value in answer["response"].items():
        wrong = [
            None,
            7,
            "",
            "ü",
            "A" * 40_000,
            value[: len(value) // 2],
            text(b"\xff" + raw(value)),
            text(b"[" * 9000),
        ]
        found += [{**answer, "response": {**answer["response"], name: each}} for each in wrong]
    return found


def test_spoiled_answers_are_refused(passkeys: Passkeys) -> None:
    device = Authenticator(count=0)
    passkey = add(passkeys, device)
    for answer in spoiled(device.create({"challenge": text(CHALLENGE)})):
        with pytest.raises(PasskeyInvalid):
            passkeys.added(SITE, CHALLENGE, answer)
    for answer in spoiled(device.get({"challenge": text(CHALLENGE)})):
        with pytest.raises(PasskeyRefused):
            passkeys.shown(SITE, CHALLENGE, passkey, answer)


@pytest.mark.parametrize("answer", [{}, {"rawId": "A"}, {"id": "Zm9v"}])
def test_an_answer_without_an_id_is_refused(passkeys: Passkeys, answer: dict[str, Any]) -> None:
    with pytest.raises(PasskeyRefused):
        passkeys.credential_id(answer)


def test_an_id_is_not_too_long_to_keep(passkeys: Passkeys) -> None:
    assert add(passkeys, Authenticator(credential_id=b"i" * 1023))
    with pytest.raises(PasskeyInvalid, match="1023 bytes"):
        add(passkeys, Authenticator(credential_id=b"i" * 1024))


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("https://Mainstay.example/", "mainstay.example", "https://mainstay.example"),
        ("https://a.example:443/path", "a.example", "https://a.example"),
        ("https://a.example:8443", "a.example", "https://a.example:8443"),
        ("http://localhost:8080", "localhost", "http://localhost:8080"),
    ],
)
def test_a_site_is_that_of_its_public_address(url: str, host: str, origin: str) -> None:
    assert Site.of(url, "Mainstay") == Site("Mainstay", host, origin)


@pytest.mark.parametrize(
    "url", ["", "http://mainstay.example", "https://10.0.0.1", "https://[::1]", "ftp://localhost"]
)
def test_browsers_know_no_passkeys_elsewhere(url: str) -> None:
    with pytest.raises(ValueError, match="Passkeys need a public address"):
        Site.of(url, "Mainstay")
