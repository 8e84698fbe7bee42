"""Wycheproof's vectors (C2SP) through the very primitives that the cipher stands on."""

import hmac
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from mainstay.engines.ciphers import aesgcm
from mainstay.engines.ciphers.aesgcm import AESGCM, HKDF, SHA256, AesGcmCipher
from mainstay.kit.random import SystemRandom
from mainstay.ports.ciphers import CipherUnavailable

Case = Mapping[str, Any]
_PARTS = ("key", "iv", "aad", "msg", "ct", "tag")


def vectors(name: str) -> Iterator[tuple[Case, dict[str, bytes]]]:
    """Give a file's cases with their bytes."""
    path = Path(os.environ.get("MAINSTAY_BENCH_DATA", "/nowhere")) / "wycheproof" / name
    if not path.exists():
        pytest.skip("MAINSTAY_BENCH_DATA has no wycheproof")
    for group in json.loads(path.read_text())["testGroups"]:
        for case in group["tests"]:
            yield case, {part: bytes.fromhex(case[part]) for part in _PARTS if part in case}


def policy(part: Mapping[str, bytes]) -> str:
    """Say why the cipher has no place for a message of this form; empty where it has."""
    if len(part["key"]) != aesgcm.KEY_BYTES:
        return "keys have 256 bits"
    if len(part["iv"]) != aesgcm._NONCE_BYTES:
        return "nonces have 96 bits, all of them random"
    return "tags are whole" if len(part["tag"]) != aesgcm._TAG_BYTES else ""


def test_aes_gcm_vectors() -> None:
    accepted, refused = Counter[str](), Counter[str]()
    for case, part in vectors("aes_gcm_test.json"):
        reason, told = policy(part), f"tcId {case['tcId']}"
        primitive = AESGCM(part["key"])
        if case["result"] == "invalid":
            with pytest.raises((InvalidTag, ValueError)):
                primitive.decrypt(part["iv"], part["ct"] + part["tag"], part["aad"])
            refused["invalid"] += 1
        elif reason:
            refused[reason] += 1
        else:
            assert primitive.decrypt(part["iv"], part["ct"] + part["tag"], part["aad"]) == part["msg"], told
            assert primitive.encrypt(part["iv"], part["msg"], part["aad"]) == part["ct"] + part["tag"], told
            accepted[case["result"]] += 1
    assert accepted == {"valid": 39}
    assert refused == {
        "invalid": 87,
        "keys have 256 bits": 153,
        "nonces have 96 bits, all of them random": 37,
    }


@pytest.mark.parametrize("size", [0, 16, 24, 31, 33, 64])
def test_the_cipher_takes_no_other_keys(size: int) -> None:
    with pytest.raises(CipherUnavailable, match="32 bytes"):
        AesGcmCipher(bytes(size), SystemRandom())


def test_hmac_sha_256_vectors() -> None:
    """HMAC-SHA-256 is what HKDF extracts with (RFC 5869, 2.2): keys of tenants and purposes stand on it."""
    found = Counter[tuple[str, int]]()
    for case, part in vectors("hmac_sha256_test.json"):
        made = HKDF.extract(SHA256(), part["key"], part["msg"])
        same = hmac.compare_digest(made[: len(part["tag"])], part["tag"])
        assert same == (case["result"] == "valid"), f"tcId {case['tcId']}"
        found[case["result"], 8 * len(part["tag"])] += 1
    assert found == {("valid", 128): 33, ("valid", 256): 33, ("invalid", 128): 54, ("invalid", 256): 54}
