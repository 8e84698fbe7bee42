"""Every cipher behind ports.ciphers."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.engines.ciphers.aesgcm import AesGcmCipher, load_or_make_key
from mainstay.kit.random import SystemRandom
from mainstay.ports.ciphers import CipherUnavailable

KEY = bytes(range(32))
CONTEXT = ("documents", "tnt_1", "text", "doc_1")


class Counting:
    """Chance that counts, so that two runs seal alike."""

    def __init__(self) -> None:
        self.count = 0

    def token(self, size: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(size)


@pytest.fixture
def cipher() -> AesGcmCipher:
    return AesGcmCipher(KEY, Counting())


@given(content=st.binary(max_size=2000), context=st.lists(st.text(max_size=20), max_size=5))
def test_opens_what_it_sealed(content: bytes, context: list[str]) -> None:
    cipher = AesGcmCipher(KEY, SystemRandom())
    sealed = cipher.seal(content, tuple(context))
    assert cipher.open(sealed, tuple(context)) == content
    assert AesGcmCipher(KEY, SystemRandom()).open(sealed, tuple(context)) == content
    assert len(sealed) == len(content) + 33


def test_every_bit_counts(cipher: AesGcmCipher) -> None:
    sealed = cipher.seal(b"hello", CONTEXT)
    for place in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[place] ^= 1 << bit
            with pytest.raises(CipherUnavailable):
                cipher.open(bytes(changed), CONTEXT)


def test_every_cut_counts(cipher: AesGcmCipher) -> None:
    sealed = cipher.seal(b"hello", CONTEXT)
    for size in range(len(sealed)):
        with pytest.raises(CipherUnavailable):
            cipher.open(sealed[:size], CONTEXT)


@pytest.mark.parametrize(
    "other",
    [
        ("documents", "tnt_2", "text", "doc_1"),
        ("documents", "tnt_1", "text", "doc_2"),
        ("documents", "tnt_1", "text"),
        ("documents", "tnt_1", "textdoc_1"),
        ("documents", "tnt_1", "tex", "tdoc_1"),
        ("documents", "tnt_1", "text", "doc_1", ""),
        (),
    ],
)
def test_every_part_of_the_context_counts(cipher: AesGcmCipher, other: tuple[str, ...]) -> None:
    with pytest.raises(CipherUnavailable, match="changed or moved"):
        cipher.open(cipher.seal(b"hello", CONTEXT), other)


def test_another_key_is_named(cipher: AesGcmCipher) -> None:
    with pytest.raises(CipherUnavailable, match="put the old key file back"):
        AesGcmCipher(bytes(32), SystemRandom()).open(cipher.seal(b"hello", CONTEXT), CONTEXT)


def test_the_same_content_never_looks_the_same(cipher: AesGcmCipher) -> None:
    assert len({cipher.seal(b"hello", CONTEXT) for _ in range(100)}) == 100


def test_tenants_and_purposes_have_keys_of_their_own() -> None:
    class Still:
        def token(self, size: int) -> bytes:
            return bytes(size)

    cipher = AesGcmCipher(KEY, Still())
    bodies = {
        cipher.seal(bytes(16), (purpose, tenant, "x"))[17:33]
        for purpose in ("blobs", "texts")
        for tenant in ("a", "b")
    }
    assert len(bodies) == 4


def test_many_tenants_do_not_fill_the_memory(cipher: AesGcmCipher) -> None:
    first = cipher.seal(b"hello", ("blobs", "first"))
    for number in range(5000):
        cipher.seal(b"", ("blobs", f"tnt_{number}"))
    assert len(cipher._derived) <= 4096
    assert cipher.open(first, ("blobs", "first")) == b"hello"


def test_the_first_start_makes_a_key_and_the_second_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "key"
    key = load_or_make_key(path, SystemRandom())
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_make_key(path, SystemRandom(), holds_data=True) == key
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


def test_many_first_starts_at_once_agree(tmp_path: Path) -> None:
    keys: list[bytes] = []
    start = threading.Barrier(8)

    def first() -> None:
        start.wait()
        keys.append(load_or_make_key(tmp_path / "key", SystemRandom()))

    threads = [threading.Thread(target=first) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    load_or_make_key(path, SystemRandom())
    path.chmod(mode)
    with pytest.raises(CipherUnavailable, match="chmod 600"):
        load_or_make_key(path, SystemRandom())


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_a_wrong_size_is_refused_and_left_alone(tmp_path: Path, size: int) -> None:
    path = tmp_path / "key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(CipherUnavailable, match="32 bytes"):
        load_or_make_key(path, SystemRandom())
    assert path.stat().st_size == size


def test_a_lost_key_is_not_made_anew_over_data(tmp_path: Path) -> None:
    with pytest.raises(CipherUnavailable, match="missing"):
        load_or_make_key(tmp_path / "key", SystemRandom(), holds_data=True)
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_keys_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CipherUnavailable):
        load_or_make_key(tmp_path, SystemRandom())


def test_a_short_key_is_refused() -> None:
    with pytest.raises(CipherUnavailable, match="32"):
        AesGcmCipher(b"short", SystemRandom())
