"""One suite for every list of breached passwords, then what only one of them promises."""

import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path

import pytest

from mainstay.app import engines
from mainstay.app.settings import Settings
from mainstay.engines.breaches.bundled import BundledBreaches
from mainstay.engines.breaches.file import FileBreaches
from mainstay.ports.breaches import Breaches, BreachesUnavailable

COMMON = ["123456", "password", "qwerty", "iloveyou", "dragon", "trustno1"]
ABOUT = ["Jane Doe", "jane.doe@example.com", "Acme Tools"]


def sha1(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def write_list(path: Path, passwords: Iterable[str], *, end: str = "\r\n", last: str = "\r\n") -> Path:
    """Write a list in the form of Pwned Passwords, the counts of unlike length."""
    lines = [f"{each}:{10 ** (int(each[:2], 16) % 8)}" for each in sorted(map(sha1, passwords))]
    path.write_bytes((end.join(lines) + last).encode())
    return path


@pytest.fixture(params=["bundled", "file"])
async def breaches(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Breaches]:
    made: Breaches
    if request.param == "bundled":
        made = BundledBreaches()
    else:
        made = FileBreaches(write_list(tmp_path / "list.txt", [*COMMON, *map(str, range(2000))]))
    yield made
    await made.close()


@pytest.mark.parametrize("password", COMMON)
async def test_breached_passwords_are_known(breaches: Breaches, password: str) -> None:
    assert await breaches.known(password)


@pytest.mark.parametrize(
    "password",
    [
        "zebra-lamp-orbit-77",
        "gK9$vX2!pQ",
        "mississippi river boat",
        "дом у озера стоит",
        "Mainstay-x7Kq2w",
        "🦊🌍🎈🧭🪁🧶",
    ],
)
async def test_passwords_of_ones_own_are_not(breaches: Breaches, password: str) -> None:
    assert not await breaches.known(password, ABOUT)


@pytest.mark.parametrize(
    "password",
    [
        *("aaaaaaaaaaaaaaaa", "abcabcabcabcabc", "x9!qx9!qx9!qx9!q", "        "),
        *("qwertzuiop12345", "1qaz2wsx3edc4rfv", "9876543210", "zyxwvutsrqponm", "йцукенгшщзхъ"),
        *("Mainstay2026!", "m@inst@y1234", "MAINSTAYmainstay", "ｍａｉｎｓｔａｙ２０２６"),
    ],
)
async def test_what_everybody_types_is_known(breaches: Breaches, password: str) -> None:
    assert await breaches.known(password)


@pytest.mark.parametrize("password", ["jane.doe1990", "JaneExample2020", "acme-tools!", "J4ne-3xample"])
async def test_what_strangers_know_of_a_person_is_known(breaches: Breaches, password: str) -> None:
    assert await breaches.known(password, ABOUT)
    assert not await breaches.known(password, ["Someone Else"])


@pytest.mark.parametrize("password", ["", "\0", "half \ud800 a character", "x" * 100_000])
async def test_odd_passwords_are_answered(breaches: Breaches, password: str) -> None:
    assert await breaches.known(password, [password, ""]) in {True, False}


async def test_short_words_about_a_person_forbid_nothing(breaches: Breaches) -> None:
    assert not await breaches.known("a river of old glass", ["A. Of", "old@x.io"])


@pytest.mark.parametrize(
    "password", ["P@ssw0rd", "PASSWORDpassword", "Dragon2024!!", "12monkey34", "monkeymonkey99"]
)
async def test_common_passwords_are_known_in_disguise(password: str) -> None:
    assert await BundledBreaches().known(password)


async def test_the_bundled_list_is_large_and_a_phrase_of_its_words_is_ones_own() -> None:
    breaches = BundledBreaches()
    assert len(breaches._common) == 30_000
    assert not await breaches.known("monkey dragon shadow master")


def every_form(folder: Path, passwords: Sequence[str]) -> list[Path]:
    forms = [("\r\n", "\r\n"), ("\n", "\n"), ("\n", ""), ("\r\n", "")]
    paths = [
        write_list(folder / f"{number}", passwords, end=end, last=last)
        for number, (end, last) in enumerate(forms)
    ]
    bare, small = folder / "bare", folder / "small"
    bare.write_bytes(re.sub(rb":\d+", b"", paths[1].read_bytes()))
    small.write_bytes(paths[0].read_bytes().lower())
    return [*paths, bare, small]


@pytest.mark.parametrize("count", [1, 2, 70, 75, 500])
async def test_every_line_of_a_file_is_found_and_nothing_else(tmp_path: Path, count: int) -> None:
    passwords = [f"xk{sha1(str(number))}" for number in range(count)]
    for path in every_form(tmp_path, passwords):
        breaches = FileBreaches(path)
        assert [each for each in passwords if not await breaches.known(each)] == []
        others = [each + "?" for each in passwords]
        assert [each for each in others if await breaches.known(each)] == []
        await breaches.close()


async def test_a_file_of_forty_gigabytes_takes_some_thirty_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file's lines are made as they are read: the n-th of 2^30 begins with n."""
    width, count = 45, 2**30
    wanted = sha1("xk-lamp-orbit-77")
    place = int(wanted[:8], 16) >> 2

    def line(number: int) -> bytes:
        head = wanted if number == place else f"{number << 2:08X}{'0' * 32}"
        return f"{head}:12\r\n".encode()

    reads = []

    def read(_file: int, size: int, offset: int) -> bytes:
        reads.append(size)
        first, last = offset // width, min(count, (offset + size) // width + 1)
        whole = b"".join(line(number) for number in range(first, last))
        return whole[offset - first * width :][:size]

    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(width * count)
    monkeypatch.setattr(os, "pread", read)
    breaches = FileBreaches(path)
    reads.clear()
    assert await breaches.known("xk-lamp-orbit-77")
    assert not await breaches.known("xk-lamp-orbit-78")
    assert len(reads) <= 60
    assert sum(reads) < 20_000
    await breaches.close()


def spoiled(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        write_list(path, map(str, range(5000)), end="\n", last="\n")
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))

    return spoil


BAD = {
    "cannot be opened": lambda _path: None,
    "is no file": Path.mkdir,
    "does not begin with": lambda path: path.write_text("password\n"),
    "holds NTLM hashes": lambda path: path.write_text("8846F7EAEE8FB117AD06BDD830B7586C:3\n"),
    "is cut off": spoiled(lambda lines: [*lines[:-1], lines[-1][:30]]),
    "is not in the order": spoiled(lambda lines: sorted(lines, key=lambda line: line[41:])),
    "has a line of another form": spoiled(
        lambda lines: [*lines[:2500], *[b"-" * 60 + b"\n"] * 100, *lines[2500:]]
    ),
}


@pytest.mark.parametrize("why", BAD)
def test_a_bad_file_is_told_at_the_start_with_what_to_do(tmp_path: Path, why: str) -> None:
    path = tmp_path / "list.txt"
    BAD[why](path)
    with pytest.raises(BreachesUnavailable, match=why) as told:
        FileBreaches(path)
    assert "MAINSTAY_BREACHED_PASSWORDS" in told.value.detail
    assert "SHA-1" in told.value.detail


async def test_the_setting_picks_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(engines.breaches(Settings(data=tmp_path)), BundledBreaches)
    monkeypatch.setenv("MAINSTAY_BREACHED_PASSWORDS", str(write_list(tmp_path / "list.txt", COMMON)))
    picked = engines.breaches(Settings(data=tmp_path))
    assert isinstance(picked, FileBreaches)
    await picked.close()


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(BreachesUnavailable, match="does not begin"):
        FileBreaches(tmp_path / "empty")


def test_a_pipe_does_not_hold_up_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BreachesUnavailable, match="is no file"):
        FileBreaches(tmp_path / "pipe")


async def test_a_file_that_is_cut_while_it_is_used_is_told(tmp_path: Path) -> None:
    path = write_list(tmp_path / "list.txt", map(str, range(5000)))
    breaches = FileBreaches(path)
    path.write_bytes(b"x" * path.stat().st_size)
    with pytest.raises(BreachesUnavailable, match="another form"):
        await breaches.known("zebra-lamp-orbit-77")
    await breaches.close()
