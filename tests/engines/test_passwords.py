"""One suite for every password hasher, then what only Argon2 promises."""

import asyncio
import time
import unicodedata
from collections.abc import AsyncIterator

import argon2
import pytest

from mainstay.engines.passwords.argon2 import Argon2Passwords
from mainstay.kit.random import SystemRandom
from mainstay.ports.passwords import PasswordHasher, PasswordsBusy, PasswordUnusable

PASSWORD = "Straße 7, zweiter Stock"


@pytest.fixture(params=[Argon2Passwords])
async def hasher(request: pytest.FixtureRequest) -> AsyncIterator[PasswordHasher]:
    made: PasswordHasher = request.param(SystemRandom())
    yield made
    await made.close()


async def test_a_hash_is_of_one_password(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash(PASSWORD)
    assert await hasher.verify(PASSWORD, hashed)
    for other in (PASSWORD.upper(), PASSWORD + " ", PASSWORD[:-1], ""):
        assert not await hasher.verify(other, hashed)


async def test_equal_passwords_have_unlike_hashes(hasher: PasswordHasher) -> None:
    assert await hasher.hash(PASSWORD) != await hasher.hash(PASSWORD)


async def test_a_password_is_the_same_however_its_accents_were_typed(hasher: PasswordHasher) -> None:
    typed = "Señora Müller-Lüdenscheidt"
    hashed = await hasher.hash(unicodedata.normalize("NFD", typed))
    assert await hasher.verify(unicodedata.normalize("NFC", typed), hashed)


async def test_every_character_of_the_longest_password_counts(hasher: PasswordHasher) -> None:
    longest = "ü" * 1024
    hashed = await hasher.hash(longest)
    assert await hasher.verify(longest, hashed)
    assert not await hasher.verify(longest[:-1] + "u", hashed)


async def test_null_characters_end_nothing(hasher: PasswordHasher) -> None:
    assert not await hasher.verify("front\0back", await hasher.hash("front\0other"))


@pytest.mark.parametrize("password", ["a" * 1025, "half \ud800"])
async def test_what_is_no_password_is_refused(hasher: PasswordHasher, password: str) -> None:
    with pytest.raises(PasswordUnusable):
        await hasher.hash(password)
    assert not await hasher.verify(password, await hasher.hash(PASSWORD))
    await hasher.pretend(password)


async def test_a_damaged_hash_is_of_no_password(hasher: PasswordHasher) -> None:
    whole = await hasher.hash(PASSWORD)
    damaged = [
        "",
        "$",
        "plain",
        PASSWORD,
        "ü" * 97,
        whole[:-1],
        whole[:20],
        whole + "A",
        whole.replace("$", ""),
        "\0",
    ]
    damaged += [whole[:place] + "\0" + whole[place:] for place in range(0, len(whole), 7)]
    for hashed in damaged:
        assert not await hasher.verify(PASSWORD, hashed), hashed
    for hashed in ("", "plain", whole[:20]):
        assert hasher.outdated(hashed)


async def test_pretending_costs_what_verifying_costs(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash(PASSWORD)
    verifying, pretending = [], []
    for _ in range(9):
        start = time.perf_counter()
        await hasher.verify("another", hashed)
        middle = time.perf_counter()
        await hasher.pretend("another")
        verifying.append(middle - start)
        pretending.append(time.perf_counter() - middle)
    assert 0.5 < min(pretending) / min(verifying) < 2


async def test_a_flood_is_refused_beyond_a_short_queue_and_passes() -> None:
    hasher = Argon2Passwords(SystemRandom(), threads=1)
    hashed = await hasher.hash(PASSWORD)
    flood = await asyncio.gather(
        *(hasher.verify(f"guess {number}", hashed) for number in range(1000)), return_exceptions=True
    )
    busy = [each for each in flood if isinstance(each, PasswordsBusy)]
    assert [each.retry_after_s for each in busy] == [2] * 968
    assert flood.count(False) == 32
    assert await hasher.verify(PASSWORD, hashed)
    await hasher.close()


async def test_callers_who_go_away_leave_no_place_taken() -> None:
    hasher = Argon2Passwords(SystemRandom(), threads=1)
    for _ in range(3):
        flood = [asyncio.create_task(hasher.hash(PASSWORD)) for _ in range(32)]
        await asyncio.sleep(0)
        for each in flood:
            each.cancel()
        assert await asyncio.gather(*flood, return_exceptions=True)
        while hasher._waiting:
            await asyncio.sleep(0.001)
    assert await hasher.hash(PASSWORD)
    await hasher.close()


async def test_the_loop_runs_on_while_passwords_are_hashed() -> None:
    hasher = Argon2Passwords(SystemRandom(), threads=1)
    work = asyncio.gather(*(hasher.hash(PASSWORD) for _ in range(8)))
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 8
    await hasher.close()


async def test_argon2id_in_the_profile_of_19_mib(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert not hasher.outdated(hashed)


async def test_hashes_of_another_profile_hold_and_are_outdated(hasher: PasswordHasher) -> None:
    earlier = argon2.PasswordHasher(1, 8_192, 1).hash(PASSWORD)
    assert await hasher.verify(PASSWORD, earlier)
    assert hasher.outdated(earlier)


async def test_a_planted_hash_cannot_take_the_memory_or_the_time(hasher: PasswordHasher) -> None:
    dear = [
        "$argon2id$v=19$m=4194304,t=2,p=1$",
        "$argon2id$v=19$m=19456,t=4000000,p=1$",
        "$argon2id$v=19$m=19456,t=2,p=200$",
        "$argon2d$v=19$m=19456,t=2,p=1$",
    ]
    tail = (await hasher.hash(PASSWORD)).split("$", 4)[4]
    for head in dear:
        assert not await asyncio.wait_for(hasher.verify(PASSWORD, head + tail), 1)
        assert hasher.outdated(head + tail)
