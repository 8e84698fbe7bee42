"""Asks generators, one after another where one cannot answer, and checks what they say."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from mainstay.kernel.work import current
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.kit.random import Random
from mainstay.ports.chat import ChatBrokeOff, ChatModel, ChatRefused, Chats, ChatUnavailable
from mainstay.ports.personal_data import PersonalData
from mainstay.services.generation.failures import AnswerMisshapen, GeneratorMissing
from mainstay.services.generation.keeping import Keep, Keeping
from mainstay.services.generation.prompting import conversation
from mainstay.services.generation.records import CacheWish, Completion, CompletionPiece, PromptUsed
from mainstay.services.generation.run import Run
from mainstay.services.generation.said import CUT_OFF
from mainstay.services.generation.shaping import Shaping
from mainstay.services.generation.tracing import TraceLog
from mainstay.services.generation.veiling import Veil
from mainstay.services.generation.wanted import Wanted

_MARK_BYTES = 12
_SALT_BYTES = 2
_SHAPED_TRIES = 2
_PASSED_ON = (ChatUnavailable, ChatBrokeOff, ChatRefused)
"""What lets the next one be asked: a refusal too, for it costs nothing, and another may take what is too long
for one."""


@dataclass(frozen=True)
class Wishes:
    """What is wanted beside the answer: whether it may be one that was kept, what its trace names."""

    cache_s: int = 0
    cache: CacheWish | None = None
    prompt: PromptUsed | None = None


class Answering:
    """Gives answers whole, and piece by piece."""

    def __init__(
        self,
        chats: Chats,
        shaping: Shaping,
        keeping: Keeping,
        log: TraceLog,
        clock: Clock,
        ids: Ids,
        random: Random,
        finder: PersonalData,
    ) -> None:
        """Take the parts."""
        self._finder = finder
        self._chats = chats
        self._shaping = shaping
        self._keeping = keeping
        self._log = log
        self._clock = clock
        self._ids = ids
        self._random = random

    @property
    def models(self) -> Sequence[ChatModel]:
        """Give the generators."""
        return self._chats.models

    async def whole(self, wanted: Wanted, generator: str, wishes: Wishes) -> Completion:
        """Give the whole answer; nothing is given before, so that a half one is asked for again elsewhere."""
        run = await self._begun(wanted, generator, wishes)
        with self._noting(run):
            keep = await self._keeping.look(run, wishes.cache_s, wishes.cache)
            if run.cached is not None:
                return run.cached
            answer, misfit = await self._shaped(run)
            if misfit:
                raise AnswerMisshapen(f"The generator was asked twice, and {misfit}.")
            return self._done(run, answer, keep)

    async def pieces(self, wanted: Wanted, generator: str, wishes: Wishes) -> AsyncIterator[CompletionPiece]:
        """Give the answer as it comes; the last piece has the whole."""
        run = await self._begun(wanted, generator, wishes)
        with self._noting(run):
            keep = await self._keeping.look(run, wishes.cache_s, wishes.cache)
            if run.cached is not None:
                for piece in _again(run.cached):
                    yield piece
                return
            async with aclosing(cast("Any", self._first_who_begins(run))) as shown:
                async for piece in shown:
                    if run.first_s is None:
                        run.first_s = self._clock.monotonic_s()
                    yield piece
            answer = run.completion(self._clock.now_ms())
            if misfit := await self._misfit(run, answer):
                raise AnswerMisshapen(f"The generator has answered, but {misfit}.")
            yield CompletionPiece(result=self._done(run, answer, keep))

    @contextmanager
    def _noting(self, run: Run) -> Iterator[None]:
        """Write a run down, however it ends."""
        try:
            yield
        except BaseException as error:
            run.outcome = _outcome(error)
            raise
        finally:
            self._log.note(run)

    async def _shaped(self, run: Run) -> tuple[Completion, str]:
        """Give an answer, and in which way it is still not what was asked for."""
        for _ in range(_SHAPED_TRIES - 1):
            answer = await self._anyone(run)
            if not await self._misfit(run, answer):
                return answer, ""
        answer = await self._anyone(run)
        return answer, await self._misfit(run, answer)

    async def _begun(self, wanted: Wanted, generator: str, wishes: Wishes) -> Run:
        wanted.check()
        chain = self._chain(generator)
        await self._shaping.check(wanted)
        work = current()
        return Run(
            trace_id=self._ids.new("trace"),
            wanted=wanted,
            chain=chain,
            caller=work.caller,
            request_id=work.request_id,
            spending=work.spending,
            at_ms=self._clock.now_ms(),
            started_s=self._clock.monotonic_s(),
            prompt=wishes.prompt,
        )

    def _chain(self, name: str) -> list[ChatModel]:
        """Give who is asked, and who is if that one cannot answer; raises GeneratorMissing."""
        known = {model.name: model for model in self._chats.models}
        if not known and name:
            raise GeneratorMissing(
                "No generator is set (MAINSTAY_GENERATOR); ask without naming one to see how."
            )
        if not known:  # who is asked then says what to set
            return [ChatModel("none", "")]
        first = known.get(name) if name else next(iter(known.values()))
        if first is None:
            raise GeneratorMissing("List the generators to see their names.")
        return [first, *(known[each] for each in dict.fromkeys(first.fallback) if each != first.name)]

    def _done(self, run: Run, answer: Completion, keep: Keep) -> Completion:
        self._keeping.keep(keep, run, answer)
        return answer

    async def _anyone(self, run: Run) -> Completion:
        """Let one generator after another answer, until one has come to an end."""
        failures: list[Failure] = []
        for model in run.chain:
            try:
                async with aclosing(cast("Any", self._asked(run, model))) as shown:
                    async for _ in shown:
                        if run.first_s is None:
                            run.first_s = self._clock.monotonic_s()
                return run.completion(self._clock.now_ms())
            except _PASSED_ON as failure:
                failures.append(failure)
        raise _nobody(run, failures)

    async def _first_who_begins(self, run: Run) -> AsyncIterator[CompletionPiece]:
        """Let one generator after another answer, until one has begun to."""
        failures: list[Failure] = []
        for model in run.chain:
            try:
                async with aclosing(cast("Any", self._asked(run, model))) as shown:
                    async for piece in shown:
                        yield piece
            except _PASSED_ON as failure:
                if run.said is not None and run.said.begun:
                    raise
                failures.append(failure)
            else:
                return
        raise _nobody(run, failures)

    async def _asked(self, run: Run, model: ChatModel) -> AsyncIterator[CompletionPiece]:
        """Let one generator answer."""
        wanted, veiled = await self._veiled(run.wanted, model)
        said = run.begin(model, veiled)
        asked = conversation(wanted, self._random.token(_MARK_BYTES).hex())
        outcome = "left"
        try:
            async with aclosing(cast("Any", self._chats.stream(model.name, asked))) as pieces:
                async for piece in pieces:
                    fitting = said.fitting(piece)
                    for shown in said.take(fitting):
                        yield shown
                    if fitting is not piece:
                        for shown in said.take(CUT_OFF):
                            yield shown
                        break
            outcome = "ok"
        except Failure as failure:
            outcome = failure.code()
            raise
        finally:
            run.end(outcome)

    async def _veiled(self, wanted: Wanted, model: ChatModel) -> tuple[Wanted, Mapping[str, str]]:
        """Give what a generator may see, and what marks in it stand for."""
        if not (wanted.veiled or model.veiled):
            return wanted, {}
        replace(wanted, veiled=True).check()
        veil = Veil(self._finder.find, self._random.token(_SALT_BYTES).hex())
        return await asyncio.to_thread(veil.hide, wanted), veil.values

    async def _misfit(self, run: Run, answer: Completion) -> str:
        """Say in which way a finished answer is not what was asked for; one that was cut says so itself."""
        if answer.reason != "stop":
            return ""
        return await self._shaping.misfit(run.wanted.format, answer.text)


def _again(kept: Completion) -> list[CompletionPiece]:
    """Give a kept answer as pieces."""
    pieces = [CompletionPiece(text=kept.text)] if kept.text else []
    for index, call in enumerate(kept.calls):
        part = {"index": index, **call.model_dump()}
        pieces.append(CompletionPiece.model_validate({"call": part}))
    return [*pieces, CompletionPiece(result=kept)]


def _nobody(run: Run, failures: Sequence[Failure]) -> Failure:
    """Say that nobody could answer: in the words of the one that was meant, where it is alone or refuses."""
    first, last = failures[0], failures[-1]
    if len(failures) == 1 or isinstance(first, ChatRefused):
        return first
    names = ", ".join(model.name for model in run.chain)
    return ChatUnavailable(
        f"None of {names} can answer now; the last: {last.detail}", retry_after_s=last.retry_after_s
    )


def _outcome(error: BaseException) -> str:
    if isinstance(error, Failure):
        return error.code()
    return "InternalError" if isinstance(error, Exception) else "left"
