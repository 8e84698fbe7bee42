"""Translation by Apertium: with a program that stands in for it, and with Apertium where it is installed."""

import asyncio
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mainstay.engines.translators.apertium import ApertiumTranslator
from mainstay.ports.translators import TranslatorUnavailable

Made = Callable[[str], ApertiumTranslator]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    modes = tmp_path / "modes"
    modes.mkdir()
    for name in ("eng-spa.mode", "spa-eng.mode", "spa-eng_US.mode", "README"):
        (modes / name).touch()

    def make(script: str) -> ApertiumTranslator:
        program = tmp_path / "apertium"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return ApertiumTranslator(seconds_max=2, program=str(program), modes=modes)

    return make


async def test_a_pair_is_found_by_either_code(made: Made) -> None:
    translator = made("tr a-z A-Z")
    assert translator.pair("en", "es") == translator.pair("eng", "spa") == "apertium:eng-spa"
    assert translator.pair("en", "de") == ""


async def test_texts_go_in_and_come_out_and_the_settings_stay(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAINSTAY_KEY", "secret")
    translator = made('echo "$1 $2 $3 $4 $MAINSTAY_KEY"; cat')
    assert await translator.translate(["¿Qué?\n🛳️", "--help"], "es", "en") == [
        "-u -f txt spa-eng \n¿Qué?\n🛳️",
        "-u -f txt spa-eng \n--help",
    ]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exec sleep 60", "longer than 2 s"),
        ("sleep 60 & sleep 60; wait", "longer than 2 s"),
        ("exit 3", "failed .3."),
        ("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done", "without end"),
    ],
)
async def test_a_program_that_hangs_fails_or_writes_without_end_is_ended(
    made: Made, tmp_path: Path, script: str, told: str
) -> None:
    translator = made(f"echo $$ > {tmp_path}/pid; {script}")
    started = time.monotonic()
    with pytest.raises(TranslatorUnavailable, match=told):
        await translator.translate(["a"], "en", "es")
    assert time.monotonic() - started < 10
    group = int((tmp_path / "pid").read_text())
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the program, or something that it started, still runs")


async def test_a_large_text_does_not_block_its_pipe(made: Made) -> None:
    text = "word " * 100_000
    assert await made("cat").translate([text], "en", "es") == [text]


async def test_without_the_program_there_are_no_pairs(tmp_path: Path) -> None:
    assert ApertiumTranslator(program="no-such-program", modes=tmp_path).pair("en", "es") == ""


async def test_apertium_itself() -> None:
    translator = ApertiumTranslator()
    if not translator.pair("en", "es"):
        pytest.skip("Apertium with the pair of English and Spanish is not installed")
    [told] = await translator.translate(["The office opens at nine."], "en", "es")
    assert "oficina" in told
