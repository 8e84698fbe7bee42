"""Reads files of many kinds in child processes, each file within limits of time, memory and output."""

import asyncio
import codecs
import contextlib
import importlib.util
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from typing import Any

import psutil

from mainstay.engines.parsers import plain
from mainstay.engines.parsers.kinds import IMAGES, PagesAreImages, kind_of, needs_ocr
from mainstay.kit.errors import Failure
from mainstay.ports.parsers import (
    FileKindUnsupported,
    FileTooLarge,
    FileUnreadable,
    Parsed,
    ParserUnavailable,
)

_CHILD = "mainstay.engines.parsers.child"
_OCR_CHILD = f"{_CHILD}_ocr"
_SETTINGS = "MAINSTAY_"  # some are secrets, which foreign bytes have no business near
_LENGTH_BYTES = 4
_HERE_BYTES_MAX = 1024 * 1024
_PIECE_BYTES = 1024 * 1024  # so that the event loop is never held for long
_FILES_PER_CHILD_MAX = 200  # whatever a library leaks goes with the child
_START_SECONDS_MAX = 60
_LOOK_EVERY_S = 0.05
_ANSWER_BYTES_MAX = 16 * 1024 * 1024  # metadata and warnings
_BYTES_PER_CHARACTER = 4
_MEBIBYTE = 1024 * 1024
_FAILURES: dict[str, type[Failure]] = {
    failure.code(): failure for failure in (PagesAreImages, FileUnreadable, FileTooLarge, FileKindUnsupported)
}


class KreuzbergParser:
    """Office files and HTML by kreuzberg, PDF by pdfplumber, the rest by a few lines of our own.

    Children start when they are needed, serve many files, and are killed and replaced when one file takes
    too long or too much memory. A file that crashes its child harms no other file.
    """

    def __init__(
        self,
        *,
        processes: int = 2,
        seconds_max: float = 60,
        memory_mb_max: int = 1024,
        file_bytes_max: int = 100 * _MEBIBYTE,
        text_characters_max: int = 20_000_000,
    ) -> None:
        """Take the limits; images are read when the extra `ocr` is installed."""
        self._seconds_max = seconds_max
        self._memory_bytes_max = memory_mb_max * _MEBIBYTE
        self._file_bytes_max = file_bytes_max
        self._characters_max = text_characters_max
        self._free = asyncio.Semaphore(processes)
        self._idle: list[_Child] = []
        self._closed = False
        self._processes = processes
        self._ocr = importlib.util.find_spec("rapidocr") is not None

    async def parse(self, content: bytes, name: str, media_type: str | None = None) -> Parsed:
        """Read a file; raises FileUnreadable, FileTooLarge, FileKindUnsupported, ParserUnavailable."""
        if len(content) > self._file_bytes_max:
            raise FileTooLarge(
                f"The file has {len(content)} bytes; at most {self._file_bytes_max} are read. Split it."
            )
        kind = kind_of(content, name, media_type)
        if kind.name in {"text", "markdown"} and len(content) <= _HERE_BYTES_MAX:
            text, warnings = plain.decode(content)
            return Parsed(text, None, kind.media_type, {}, tuple(warnings))
        if kind.name in IMAGES:
            if not self._ocr:
                raise needs_ocr(kind, name)
            return await self._parse(_OCR_CHILD, content, name, media_type)
        try:
            return await self._parse(_CHILD, content, name, media_type)
        except PagesAreImages as failure:
            if not self._ocr:
                raise FileUnreadable(failure.detail) from None
            return await self._parse(_OCR_CHILD, content, name, media_type)

    async def close(self) -> None:
        """End the child processes."""
        self._closed = True
        while self._idle:
            await self._idle.pop().end()

    async def _parse(self, module: str, content: bytes, name: str, media_type: str | None) -> Parsed:
        asked = {
            "name": name,
            "media_type": media_type,
            "size": len(content),
            "seconds_max": self._seconds_max,
            "characters_max": self._characters_max,
        }
        async with self._child(module) as child:
            told = await self._ask(child, json.dumps(asked).encode(), content)
        if "failure" in told:
            raise _FAILURES[told["failure"]](told["detail"])
        parsed = told["parsed"]
        return Parsed(**{**parsed, "warnings": tuple(parsed["warnings"])})

    @contextlib.asynccontextmanager
    async def _child(self, module: str) -> AsyncIterator["_Child"]:
        """Lend a child; it comes back only when it has answered."""
        async with self._free:
            if self._closed:
                raise ParserUnavailable("The parser is closed.")
            child = await self._take(module)
            try:
                yield child
            except BaseException:
                await child.end()
                raise
            if self._closed or child.files >= _FILES_PER_CHILD_MAX:
                await child.end()
            else:
                self._idle.append(child)

    async def _take(self, module: str) -> "_Child":
        for place, child in enumerate(self._idle):
            if child.module == module:
                return self._idle.pop(place)
        while len(self._idle) >= self._processes:
            await self._idle.pop(0).end()
        return await _Child.start(module)

    async def _ask(self, child: "_Child", asked: bytes, content: bytes) -> dict[str, Any]:
        watch = asyncio.create_task(child.watch(self._memory_bytes_max))
        most = self._characters_max * _BYTES_PER_CHARACTER
        try:
            async with asyncio.timeout(self._seconds_max):
                return await child.ask(asked, content, most)
        except TimeoutError:
            raise FileTooLarge(
                f"Reading the file took longer than {self._seconds_max:g} s. Split it."
            ) from None
        except (asyncio.IncompleteReadError, ConnectionError):
            if child.over_memory:
                raise FileTooLarge(
                    f"Reading the file took more than {self._memory_bytes_max // _MEBIBYTE} MB. Split it."
                ) from None
            raise FileUnreadable("The file crashed its parser; it may be damaged. Save it anew.") from None
        finally:
            watch.cancel()


class _Child:
    def __init__(self, process: Process, module: str) -> None:
        self.module = module
        self._process = process
        self.files = 0
        self.over_memory = False

    @classmethod
    async def start(cls, module: str) -> "_Child":
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", module),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                env={name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)},
            )
        except OSError as error:
            raise ParserUnavailable(f"The parser cannot be started: {error.strerror}.") from error
        child = cls(process, module)
        try:
            async with asyncio.timeout(_START_SECONDS_MAX):
                await child.ready()
        except (TimeoutError, asyncio.IncompleteReadError):
            await child.end()
            raise ParserUnavailable("The parser does not start; is the installation whole?") from None
        except BaseException:
            await child.end()
            raise
        return child

    async def ready(self) -> None:
        """Wait until the process has loaded its libraries."""
        if self._process.stdout is not None:
            await self._process.stdout.readexactly(_LENGTH_BYTES)

    async def ask(self, asked: bytes, content: bytes, most: int) -> dict[str, Any]:
        """Send a file and wait for what it says."""
        questions, answers = self._process.stdin, self._process.stdout
        if questions is None or answers is None:
            raise ParserUnavailable("The parser has no pipes.")
        self.files += 1
        questions.write(len(asked).to_bytes(_LENGTH_BYTES) + asked)
        for at in range(0, len(content), _PIECE_BYTES):
            questions.write(content[at : at + _PIECE_BYTES])
            await questions.drain()
        size = int.from_bytes(await answers.readexactly(_LENGTH_BYTES))
        if size > _ANSWER_BYTES_MAX:
            raise FileUnreadable("The file made its parser answer at length. Save it anew.")
        told: dict[str, Any] = json.loads(await answers.readexactly(size))
        if "parsed" in told:
            told["parsed"]["text"] = await self._text(answers, told["parsed"]["text"], most)
        return told

    async def _text(self, answers: asyncio.StreamReader, size: int, most: int) -> str:
        if size > most:
            raise FileTooLarge("The file holds more text than is read. Split it.")
        decoder = codecs.getincrementaldecoder("utf-8")()
        texts = []
        for at in range(0, size, _PIECE_BYTES):
            piece = await answers.readexactly(min(_PIECE_BYTES, size - at))
            texts.append(decoder.decode(piece))
        return "".join(texts)

    async def watch(self, memory_bytes_max: int) -> None:
        """Kill the process when it takes more memory than it may."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            while process.memory_info().rss <= memory_bytes_max:  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(_LOOK_EVERY_S)
            self.over_memory = True
            self._kill()

    async def end(self) -> None:
        """Kill the process and wait until it is gone."""
        self._kill()
        await self._process.wait()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
