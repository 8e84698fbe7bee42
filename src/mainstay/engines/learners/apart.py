"""The learner in child processes, so that what it needs is neither loaded nor computed where is served."""

import asyncio
import contextlib
import importlib.util
import json
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainstay.engines.learners.framing import ERROR_MAX, LENGTH_BYTES, PARTS, framed
from mainstay.ports.failures import LearnerUnavailable
from mainstay.ports.learners import Features, Linear, Loss

logger = logging.getLogger("mainstay")

_CHILD = "mainstay.engines.learners.child"
_LIBRARIES = ("sklearn", "scipy")
_SETTINGS = "MAINSTAY_"  # some are secrets, for which there is no need
_START_SECONDS_MAX = 60
_PIECE_BYTES = 1024 * 1024  # so that the event loop is never held for long
_PROCESSES_MAX = 4


class LearnerFailed(Exception):
    """Fitting failed for another reason than a lack of something: what the child tells of it."""


class LearnerApart:
    """Fits in children, one for a core, that yield to whoever serves; they start when needed, end when idle.

    A child that takes too long, or dies, is replaced; whoever waits for it is told. What fails in a child
    though it goes on living is a mistake of ours, which another attempt repeats.
    """

    def __init__(self, *, idle_s: float = 120, seconds_max: float = 900) -> None:
        """Take after how long an idle child ends, and how long one fit may take."""
        self._idle_s = idle_s
        self._seconds_max = seconds_max
        self._free = asyncio.Semaphore(max(1, min(_PROCESSES_MAX, os.cpu_count() or 1)))
        self._idle: list[_Child] = []
        self._closed = False

    @property
    def idle(self) -> list[int]:
        """Give the ids of the children that wait for work."""
        return [child.pid for child in self._idle]

    async def fit(
        self, features: Features, labels: NDArray[np.int64], *, loss: Loss = "hinge", strength: float = 1.0
    ) -> Linear:
        """Fit a classifier."""
        arrays = (features.values, features.columns, features.starts, labels)
        sent = [np.ascontiguousarray(each, kind) for each, kind in zip(arrays, PARTS, strict=True)]
        counts = [len(each) for each in sent]
        asked = {"loss": loss, "strength": strength, "width": features.width, "counts": counts}
        async with self._child() as child:
            try:
                async with asyncio.timeout(self._seconds_max):
                    return await child.ask(framed(asked), sent)
            except TimeoutError:
                raise LearnerUnavailable(
                    f"Training took longer than {self._seconds_max:g} s: give fewer examples."
                ) from None
            except (asyncio.IncompleteReadError, ConnectionError):
                logger.warning("The process that trains has died: %s", await child.complaints())
                raise LearnerUnavailable(
                    "The process that trains has died, perhaps for lack of memory: try again."
                ) from None

    async def close(self) -> None:
        """End the children."""
        self._closed = True
        while self._idle:
            await self._idle.pop().end()

    @contextlib.asynccontextmanager
    async def _child(self) -> AsyncIterator["_Child"]:
        """Lend a child; it comes back only when it has answered."""
        async with self._free:
            if self._closed:
                raise LearnerUnavailable("The learner is closed.")
            self._idle = [child for child in self._idle if child.alive]
            child = self._idle.pop() if self._idle else await _Child.start()
            child.rest(None)
            try:
                yield child
            except BaseException:
                await child.end()
                raise
            await self._give_back(child)

    async def _give_back(self, child: "_Child") -> None:
        if self._closed:
            await child.end()
            return
        self._idle.append(child)
        child.rest(asyncio.get_running_loop().call_later(self._idle_s, self._retire, child))

    def _retire(self, child: "_Child") -> None:
        if child in self._idle:
            self._idle.remove(child)
            child.kill()


class _Child:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._timer: asyncio.TimerHandle | None = None
        self._said = b""
        self._hearing = asyncio.create_task(self._hear(), name="learner-complaints")

    @classmethod
    async def start(cls) -> "_Child":
        missing = next((name for name in _LIBRARIES if importlib.util.find_spec(name) is None), None)
        if missing is not None:
            raise LearnerUnavailable(f"{missing} is not installed.")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", _CHILD, str(os.getpid())),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env={**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        except OSError as error:
            raise LearnerUnavailable(f"Training cannot be started: {error.strerror}.") from error
        child = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS_MAX):
                await child._told()
        except (TimeoutError, asyncio.IncompleteReadError):
            await child.end()
            logger.warning("The process that trains does not start: %s", await child.complaints())
            raise LearnerUnavailable("Training does not start; is the installation whole?") from None
        except BaseException:
            await child.end()
            raise
        return child

    @property
    def alive(self) -> bool:
        """Say whether it has not ended yet, as far as is known."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """Give its id."""
        return self._process.pid

    def rest(self, timer: asyncio.TimerHandle | None) -> None:
        """Take what will end it, in place of what would have."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer

    async def ask(self, head: bytes, arrays: list[NDArray[np.generic]]) -> Linear:
        """Send rows, and wait for the classifier."""
        questions, answers = self._process.stdin, self._process.stdout
        if questions is None or answers is None:
            raise LearnerUnavailable("The process that trains has no pipes.")
        questions.write(head)
        for array in arrays:
            content = array.data.cast("B")
            for at in range(0, len(content), _PIECE_BYTES):
                questions.write(content[at : at + _PIECE_BYTES])
                await questions.drain()
        await questions.drain()
        told = await self._told()
        if "error" in told:
            raise LearnerFailed(told["error"])
        width, classes = told["shape"]
        weights = np.frombuffer(await answers.readexactly(4 * width * classes), np.float32)
        bias = np.frombuffer(await answers.readexactly(4 * classes), np.float32)
        return Linear(weights.reshape(width, classes), bias)

    async def _told(self) -> dict[str, Any]:
        answers = self._process.stdout
        if answers is None:
            raise LearnerUnavailable("The process that trains has no pipes.")
        size = int.from_bytes(await answers.readexactly(LENGTH_BYTES))
        told: dict[str, Any] = json.loads(await answers.readexactly(size))
        return told

    async def _hear(self) -> None:
        """Keep the end of what the process complains of; heard all the time, so that it never waits."""
        source = self._process.stderr
        while source is not None and (piece := await source.read(ERROR_MAX)):
            self._said = (self._said + piece)[-ERROR_MAX:]

    async def complaints(self) -> str:
        """Kill the process, and give the last of what it complained of."""
        await self.end()
        await self._hearing
        return self._said.decode(errors="replace").strip() or "it said nothing"

    async def end(self) -> None:
        """Kill the process and wait until it is gone, which is told when its pipes were read to their end."""
        self.rest(None)
        self.kill()
        while self._process.stdout is not None and await self._process.stdout.read(_PIECE_BYTES):
            pass
        await self._process.wait()

    def kill(self) -> None:
        """Kill the process; whoever started it learns of its end by itself."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
