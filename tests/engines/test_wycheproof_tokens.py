"""Wycheproof's vectors (C2SP) of JSON Web Signature, Key and Encryption through the verifier of tokens."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from mainstay.engines.ciphers.aesgcm import AesGcmCipher
from mainstay.engines.tokens.jose import JoseTokens
from mainstay.kit.random import SystemRandom
from mainstay.ports.tokens import Algorithm, PublicKey, TokenInvalid

Key = Mapping[str, Any]
Case = Mapping[str, Any]

TOKENS = JoseTokens(AesGcmCipher(bytes(32), SystemRandom()))
OURS = {"ES256", "RS256"}
EMPTY = "a token says something"
"""Why a valid case is refused although its key is of a kind of ours."""
NOT_OURS: Mapping[str, str] = {
    "rejectsKeyWithRocaVulnerability": "our keys are made here, by no library that had this fault",
}
SAME = frozenset({367, 370})
"""Cases of json_web_signature that are invalid, and to the byte a case that is valid."""


def vectors(name: str) -> Iterator[tuple[list[Key], Case]]:
    """Give a file's cases with the keys that check them."""
    path = (
        Path(os.environ.get("MAINSTAY_BENCH_DATA", "/nowhere")) / "wycheproof" / f"json_web_{name}_test.json"
    )
    if not path.exists():
        pytest.skip("MAINSTAY_BENCH_DATA has no wycheproof")
    for group in json.loads(path.read_text())["testGroups"]:
        given = group.get("public") or group["private"]
        for case in group["tests"]:
            yield given.get("keys", [given]), case


def text(case: Case) -> str:
    """Give what would come as a token; some cases are written in JSON."""
    found = case["jws"] if "jws" in case else case["jwe"]
    return found if isinstance(found, str) else json.dumps(found)


def accepted(token: str, key: Key) -> bool:
    """Say whether a key has signed a token; only texts are members of a key, as in our table."""
    members = {name: value for name, value in key.items() if isinstance(value, str) and name != "kid"}
    try:
        TOKENS.content(token, PublicKey(str(key["kid"]), cast("Algorithm", key["alg"]), members))
    except TokenInvalid:
        return False
    return True


def found_in(name: str) -> Counter[str]:
    """Count what becomes of a file's cases; fails where something invalid is accepted."""
    found = Counter[str]()
    for keys, case in vectors(name):
        valid, told = case["result"] == "valid", f"{name} {case['tcId']} {case['comment']}"
        fitting = [key for key in keys if key.get("alg") in OURS]
        if name == "signature" and case["tcId"] in SAME:
            found["the same as a valid one"] += 1
        elif case["comment"] in NOT_OURS:
            found[NOT_OURS[case["comment"]]] += 1
        elif any(accepted(text(case), key) for key in fitting):
            assert valid, told
            found["accepted"] += 1
        elif not valid:
            found["refused"] += 1
        else:
            assert not fitting or text(case).split(".")[1] == "", told
            found[EMPTY if fitting else "another algorithm"] += 1
    return found


def test_signatures() -> None:
    assert found_in("signature") == {
        "accepted": 9,
        "refused": 353,
        "the same as a valid one": 2,
        EMPTY: 1,
        "another algorithm": 36,
    }


def test_keys() -> None:
    found = found_in("key")
    assert found == {
        "accepted": 1,
        "refused": 20,
        "another algorithm": 4,
        NOT_OURS["rejectsKeyWithRocaVulnerability"]: 1,
    }


def test_both_together() -> None:
    found = found_in("crypto")
    assert (found["accepted"], found["refused"], sum(found.values())) == (2, 76, 83)


def test_nothing_encrypted_is_a_token() -> None:
    """We give no token that is encrypted, and take none (RFC 7516): a valid one is refused by its form."""
    number = 0
    for _, case in vectors("encryption"):
        for kind in ("at+jwt", "JWT"):
            with pytest.raises(TokenInvalid):
                TOKENS.key_id(text(case), kind)
        number += 1
    assert number == 139


def test_no_signature_of_others_is_a_token() -> None:
    """What others have signed has not exactly our header, and is refused before any key is looked up."""
    number = 0
    for _, case in vectors("signature"):
        with pytest.raises(TokenInvalid):
            TOKENS.key_id(text(case), "at+jwt")
        number += 1
    assert number == 401
