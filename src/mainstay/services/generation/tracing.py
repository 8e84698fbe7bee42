"""Writes down what was asked and answered: gathered in memory, sealed, written in the background."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mainstay.kernel.tidying import DAY_MS
from mainstay.kernel.work import apart
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Unavailable
from mainstay.ports.ciphers import KeyDestroyed, PersonalCipher
from mainstay.ports.database import Scalar, UniqueViolated
from mainstay.services.generation.run import Run
from mainstay.services.generation.settings import GenerationSettings
from mainstay.services.generation.store import TraceStore
from mainstay.services.generation.tables import TRACES, trace_place
from mainstay.services.generation.wanted import Wanted

logger = logging.getLogger("mainstay.generation")

WAITING_MAX = 5_000
CHARACTERS_WAITING_MAX = 64 * 1024 * 1024
_AT_ONCE = 200
_FORGOTTEN_AT_ONCE = 500
_FORGET_EVERY_S = 600.0
_LOOKED_AGAIN_S = 60.0


@dataclass(frozen=True)
class _Noted:
    """An answer that waits to be sealed and written, and how many characters are held for it."""

    trace_id: str
    tenant_id: str
    subject: str
    wanted: Wanted
    answer: Mapping[str, Any]
    tries: Sequence[Mapping[str, Any]]
    facts: Mapping[str, Scalar]
    characters: int

    def told(self) -> dict[str, Any]:
        """Write it down."""
        return {"request": self.wanted.told(), **self.answer, "tries": self.tries}


class TraceLog:
    """Keeps traces in bounded memory until they are written; a crash loses about the last second's."""

    def __init__(
        self, store: TraceStore, cipher: PersonalCipher, clock: Clock, settings: GenerationSettings
    ) -> None:
        """Take where they are written, who seals them, and how long they are kept."""
        self._store = store
        self._cipher = cipher
        self._clock = clock
        self._kept_days = settings.kept_days
        self._waiting: deque[_Noted] = deque()
        self._writing: dict[str, _Noted] = {}
        self._late: list[tuple[str, str]] = []
        self._fresh: dict[tuple[str, str], float] = {}
        self._turn = asyncio.Lock()
        self._characters = 0
        self._lost = 0
        self._forgotten_s = float("-inf")

    def note(self, run: Run) -> None:
        """Take an answer that has ended, whichever way."""
        if not self._kept_days:
            return
        noted = self._noted(run)
        if len(self._waiting) >= WAITING_MAX or self._characters + noted.characters > CHARACTERS_WAITING_MAX:
            self._lost += 1
            return
        self._characters += noted.characters
        self._waiting.append(noted)

    def waiting(self, tenant_id: str, trace_id: str) -> Mapping[str, Scalar] | None:
        """Give the facts of a tenant's trace that is not written yet."""
        return next(
            (
                noted.facts
                for noted in (*self._writing.values(), *reversed(self._waiting))
                if noted.tenant_id == tenant_id and noted.facts["trace_id"] == trace_id
            ),
            None,
        )

    async def write(self) -> None:
        """Write some of what waits, and remove some of what is old."""
        if self._lost:
            logger.error("%d traces could not be kept: more came than the database took", self._lost)
            self._lost = 0
        async with self._turn:
            await self._write()
            await self._sweep()
        if self._clock.monotonic_s() >= self._forgotten_s + _FORGET_EVERY_S:
            before_ms = self._clock.now_ms() - self._kept_days * DAY_MS
            if await self._store.forget_old(before_ms, _FORGOTTEN_AT_ONCE) < _FORGOTTEN_AT_ONCE:
                self._forgotten_s = self._clock.monotonic_s()

    async def _write(self) -> None:
        some = [self._waiting.popleft() for _ in range(min(len(self._waiting), _AT_ONCE))]
        self._writing = {noted.trace_id: noted for noted in some}
        try:
            sealed = await asyncio.to_thread(self._sealed, some)
            self._end({*self._writing} - {trace_id for _, trace_id, _ in sealed})
            for tenant_id in dict.fromkeys(tenant for tenant, _, _ in sealed):
                await self._put(tenant_id, {each: row for tenant, each, row in sealed if tenant == tenant_id})
        finally:
            self._waiting.extendleft(reversed(self._writing.values()))
            self._writing = {}

    def forget(self, tenant_id: str, subject: str = "") -> None:
        """Drop what waits of a tenant, or of somebody in it, also what is being written at this moment."""

        def stays(noted: _Noted) -> bool:
            return noted.tenant_id != tenant_id or subject not in {"", noted.subject}

        self._waiting = deque(filter(stays, self._waiting))
        self._writing = {each: noted for each, noted in self._writing.items() if stays(noted)}
        self._characters = sum(noted.characters for noted in (*self._waiting, *self._writing.values()))

    async def _put(self, tenant_id: str, rows: Mapping[str, Mapping[str, Scalar]]) -> None:
        """Write a tenant's rows; each alone where they cannot be together, and no bad one for ever."""
        try:
            await self._insert(tenant_id, rows)
        except Unavailable:
            raise
        except Exception as error:
            if len(rows) > 1:
                for trace_id, row in rows.items():
                    await self._put(tenant_id, {trace_id: row})
                return
            self._end(rows)
            if not isinstance(error, UniqueViolated):  # a commit that seemed to fail had not
                logger.exception("The trace %s cannot be written, and is dropped", *rows)

    async def _insert(self, tenant_id: str, rows: Mapping[str, Mapping[str, Scalar]]) -> None:
        """Write rows durably; what is forgotten meanwhile is swept away after."""
        wanted = [trace_id for trace_id in rows if trace_id in self._writing]
        if not wanted:
            return
        try:
            async with apart("The writing of traces"):
                await self._store.write(tenant_id, [rows[trace_id] for trace_id in wanted])
        finally:
            late = [trace_id for trace_id in wanted if trace_id not in self._writing]
            self._late += [(tenant_id, trace_id) for trace_id in late]
        now_s = self._clock.monotonic_s()
        for trace_id in wanted:
            self._fresh.setdefault((tenant_id, str(rows[trace_id]["subject"])), now_s + _LOOKED_AGAIN_S)
        self._end(wanted)

    async def _sweep(self) -> None:
        """Remove what was written although it had been forgotten."""
        late = self._late[:_AT_ONCE]
        for tenant_id in dict.fromkeys(tenant for tenant, _ in late):
            async with apart("The sweeping of traces"):
                await self._store.remove(tenant_id, [each for tenant, each in late if tenant == tenant_id])
        del self._late[: len(late)]
        now_s = self._clock.monotonic_s()
        due = [who for who, at_s in self._fresh.items() if at_s <= now_s]
        for tenant_id, subject in await asyncio.to_thread(self._erased, due):
            async with apart("The sweeping of traces"):
                await self._store.remove_of(tenant_id, subject)
        for who in due:
            del self._fresh[who]

    def _erased(self, some: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Say who was erased, by another process too, whose rows were written at that moment."""
        gone = []
        for tenant_id, subject in some:
            try:
                self._cipher.seal(b"", (TRACES.name, tenant_id), owner=f"{tenant_id}/{subject}")
            except KeyDestroyed:
                gone.append((tenant_id, subject))
        return gone

    def _end(self, trace_ids: Iterable[str]) -> None:
        """Hold some no longer: they are written, or never will be."""
        for trace_id in trace_ids:
            if (noted := self._writing.pop(trace_id, None)) is not None:
                self._characters -= noted.characters

    def _sealed(self, some: Sequence[_Noted]) -> list[tuple[str, str, Mapping[str, Scalar]]]:
        """Seal each for whoever asked; what somebody asked who was erased is not kept."""
        rows: list[tuple[str, str, Mapping[str, Scalar]]] = []
        for noted in some:
            name, *place = trace_place(noted.trace_id)
            owner = f"{noted.tenant_id}/{noted.subject}"
            try:
                told = json.dumps(noted.told(), ensure_ascii=False).encode("utf-8", "surrogatepass")
                sealed = self._cipher.seal(told, (name, noted.tenant_id, *place), owner=owner)
            except KeyDestroyed:
                continue
            except Unavailable:
                raise
            except Exception:
                logger.exception("The trace %s cannot be sealed, and is dropped", noted.trace_id)
                continue
            rows.append((noted.tenant_id, noted.trace_id, {**noted.facts, "told": sealed}))
        return rows

    def _noted(self, run: Run) -> _Noted:
        """Take of a run what its trace tells: the rest, such as images, is held no longer."""
        wanted, answer = run.wanted.without_images(), _answer(run)
        size = wanted.held + len(answer["text"]) + sum(map(len, answer["refused_calls"]))
        size += sum(len(call["arguments"]) for call in answer["calls"])
        who = run.caller
        return _Noted(
            run.trace_id, who.tenant_id, who.subject, wanted, answer, run.tries, self._facts(run), size
        )

    def _facts(self, run: Run) -> dict[str, Scalar]:
        now_s = self._clock.monotonic_s()
        model = run.model
        name = run.cached.generator if run.cached is not None else run.chain[0].name
        return {
            "trace_id": run.trace_id,
            "at_ms": run.at_ms,
            "subject": run.caller.subject,
            "request_id": run.request_id,
            "generator": name if model is None else model.name,
            "outcome": run.outcome,
            "cached": int(run.cached is not None),
            "tokens_input": run.tokens_in,
            "tokens_output": run.tokens_out,
            "cost": run.cost,
            "first_piece_ms": None if run.first_s is None else round(1000 * (run.first_s - run.started_s)),
            "took_ms": round(1000 * (now_s - run.started_s)),
            "prompt": "" if run.prompt is None else run.prompt.prompt,
            "prompt_version": 0 if run.prompt is None else run.prompt.version,
            "experiment_id": "" if run.prompt is None else run.prompt.experiment_id,
            "arm": "" if run.prompt is None else run.prompt.arm,
            "exposure_id": "" if run.prompt is None else run.prompt.exposure_id,
        }


def _answer(run: Run) -> dict[str, Any]:
    cached, said = run.cached, run.said
    if cached is not None:
        calls = [call.model_dump() for call in cached.calls]
        return {"text": cached.text, "calls": calls, "refused_calls": []}
    if said is not None:
        calls = [call.model_dump() for call in said.calls]
        return {"text": said.text, "calls": calls, "refused_calls": said.refused}
    return {"text": "", "calls": [], "refused_calls": []}
