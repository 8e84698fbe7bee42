"""Translates by rules with Apertium (Forcada et al. 2011); packages of the system bring its pairs."""

import asyncio
import os
import re
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from mainstay.engines.encoder.language_codes import code_of
from mainstay.ports.translators import TranslatorUnavailable

_MODES = Path("/usr/share/apertium/modes")
_MODE = re.compile(r"([a-z]{2,3})-([a-z]{2,3})\.mode")
_SETTINGS = "MAINSTAY_"  # some are secrets, which foreign texts have no business near
_AT_ONCE = 2
_GROWTH_MAX = 8
_OUTPUT_LEAST = 65_536
_PIECE_BYTES = 65_536


def _code(language: str) -> str:
    """Give the code of two letters where there is one."""
    return code_of(language) or language


class ApertiumTranslator:
    """One program for each text, within limits of time and output; none where Apertium is not installed."""

    def __init__(self, *, seconds_max: float = 60, program: str = "apertium", modes: Path = _MODES) -> None:
        """Take the limit, the program's name, and the folder with its pairs."""
        self._seconds_max = seconds_max
        self._program = program
        self._folder = modes
        self._free = asyncio.Semaphore(_AT_ONCE)

    def pair(self, source: str, target: str) -> str:
        """Give the mode for two languages, such as `apertium:eng-spa`, or nothing."""
        mode = self._modes.get((_code(source), _code(target)), "")
        return mode and f"apertium:{mode}"

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Translate texts; raises TranslatorUnavailable."""
        mode = self.pair(source, target).removeprefix("apertium:")
        try:
            async with asyncio.timeout(self._seconds_max):
                return [await self._one(text, mode) for text in texts]
        except TimeoutError:
            raise TranslatorUnavailable(
                f"Translating took longer than {self._seconds_max:g} s. Send less at a time."
            ) from None

    @cached_property
    def _modes(self) -> dict[tuple[str, str], str]:
        """Give the installed pairs; they are looked for once."""
        if shutil.which(self._program) is None or not self._folder.is_dir():
            return {}
        names = sorted(each.name for each in self._folder.iterdir())
        found = [form for name in names if (form := _MODE.fullmatch(name))]
        return {(_code(form[1]), _code(form[2])): f"{form[1]}-{form[2]}" for form in found}

    async def _one(self, text: str, mode: str) -> str:
        async with self._free:
            try:
                process = await asyncio.create_subprocess_exec(
                    *(self._program, "-u", "-f", "txt", mode),
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=DEVNULL,
                    env={name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)},
                    start_new_session=True,
                )
            except OSError as error:
                raise TranslatorUnavailable(f"Apertium cannot be started: {error.strerror}.") from error
            try:
                output = await _talked(process, text.encode())
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if process.returncode:
            raise TranslatorUnavailable(f"Apertium failed ({process.returncode}); is {mode} installed whole?")
        return output.decode("utf-8", "replace").removesuffix("\n" if not text.endswith("\n") else "")


async def _talked(process: Process, text: bytes) -> bytes:
    """Send a text and collect what comes back, a few times as much at most."""
    writing = asyncio.create_task(_written(process, text))
    pieces: list[bytes] = []
    room = max(_OUTPUT_LEAST, _GROWTH_MAX * len(text))
    try:
        while process.stdout is not None and (piece := await process.stdout.read(_PIECE_BYTES)):
            pieces.append(piece)
            room -= len(piece)
            if room < 0:
                raise TranslatorUnavailable("Apertium writes without end; send the text without markup.")
        await writing
        await process.wait()
    finally:
        writing.cancel()
    return b"".join(pieces)


async def _written(process: Process, text: bytes) -> None:
    if process.stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(text)
        await process.stdin.drain()
    process.stdin.close()
