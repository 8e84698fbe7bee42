"""The signer: what it signs is checked by its public key alone, and its file is nobody else's."""

from pathlib import Path

import pytest

from mainstay.engines.signers.ed25519 import load_or_make_signer, verifier
from mainstay.kit.random import SystemRandom
from mainstay.ports.signers import SignerUnavailable


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    first, again = (load_or_make_signer(path, SystemRandom()) for _ in range(2))
    assert first.public_key == again.public_key
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_make_signer(tmp_path / "other.key", SystemRandom()).key_id != first.key_id


def test_signatures_are_checked_with_the_public_key(tmp_path: Path) -> None:
    signer = load_or_make_signer(tmp_path / "audit.key", SystemRandom())
    verify = verifier(signer.public_key)
    signature = signer.sign(b"so it was")
    assert verify(signer.key_id, b"so it was", signature) is True
    assert verify(signer.key_id, b"so it is", signature) is False
    assert verify(signer.key_id, b"so it was", signature[:-1]) is False
    assert verify("another", b"so it was", signature) is None


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.key"
    load_or_make_signer(path, SystemRandom())
    path.chmod(0o640)
    with pytest.raises(SignerUnavailable, match="chmod 600"):
        load_or_make_signer(path, SystemRandom())
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(SignerUnavailable, match="32 bytes"):
        load_or_make_signer(path, SystemRandom())


@pytest.mark.parametrize("text", ["", "ab", "zz" * 32, "ab" * 33])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        verifier(text)
