"""The one road: every door turns its message into `dispatch`, and nothing else leads to a service."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from mainstay.kernel.at_once import Progress, uncounted
from mainstay.kernel.audit import Audit
from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.entrance import Entrance
from mainstay.kernel.fields import problems_of
from mainstay.kernel.guard import STRANGER, CredentialsUnknown, Guard, TenantSuspended, stranger
from mainstay.kernel.idempotency import Idempotency, Replay, streamed
from mainstay.kernel.interface import Interface, Operation, operations_of
from mainstay.kernel.outbox import Outbox
from mainstay.kernel.recording import UNRECORDED, Recording, Unrecorded
from mainstay.kernel.renewing import Renewal
from mainstay.kernel.tracing import Span, Tracing
from mainstay.kernel.usage import Usage
from mainstay.kernel.work import Work, entered
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure, Invalid, Unauthenticated
from mainstay.kit.spending import Spending
from mainstay.ports.database import Database

_PROBLEMS_TOLD_MAX = 20


class RequestInvalid(Invalid):
    """Fields are missing, unknown, or outside of their limits."""

    title = "The request's fields are not valid"


@dataclass
class Message:
    """What a door makes of a request.

    `read` gives the raw values and is called only after the caller was admitted. `strict` refuses values of
    the wrong kind; doors whose values are all text (a query string, a command line) do without. `headers`
    collects what the door should tell with the answer, failures included; `caller` is who was recognised.
    """

    credential: Credential | Caller | None
    read: Callable[[], Awaitable[Mapping[str, Any]]]
    request_id: str
    door: str
    address: str = ""
    agent: str = ""
    strict: bool = True
    idempotency_key: str | None = None
    traceparent: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    caller: Caller | None = None

    @property
    def origin(self) -> dict[str, str]:
        """Say where it came from."""
        return {"request_id": self.request_id, "door": self.door, "address": self.address}


@dataclass(frozen=True)
class Answer:
    """What an operation gave: a value as its interface declares it, or an async iterator of such."""

    value: Any
    pending: bool = False


@dataclass(frozen=True)
class Parts:
    """What the road is made of."""

    guard: Guard
    database: Database
    audit: Audit
    recording: Recording
    outbox: Outbox
    idempotency: Idempotency
    tracing: Tracing
    usage: Usage
    entrance: Entrance
    clock: Clock


@dataclass
class _Walk:
    """One message's way along the road: its trace, when it began, who was admitted, what takes it down.

    Who was admitted pays: whom an operation recognises on its way has not asked for it.
    """

    trace_id: str
    started_s: float
    caller: Caller | None = None
    record: Unrecorded = UNRECORDED
    progress: Progress = field(default_factory=uncounted)


def validated(operation: Operation, values: Mapping[str, Any], *, strict: bool) -> BaseModel:
    """Check raw values against an operation's signature; raises RequestInvalid naming each field."""
    try:
        return operation.model.model_validate(values, strict=strict)
    except ValidationError as error:
        problems = problems_of(error, values, operation.model)[:_PROBLEMS_TOLD_MAX]
        fields = ", ".join(problem["field"] for problem in problems)
        raise RequestInvalid(f"Check these fields: {fields}.", problems=problems) from None


class Application:
    """The house as its doors see it: operations, and the road to them."""

    def __init__(self, parts: Parts, services: Mapping[type[Interface], Interface]) -> None:
        """Take the road's parts, and what stands behind each interface."""
        self._parts = parts
        self._services = dict(services)
        self.operations: tuple[Operation, ...] = tuple(
            operation for interface in self._services for operation in operations_of(interface)
        )

    @property
    def guard(self) -> Guard:
        """Give who admits callers, for doors that have to admit before they can tell the operation."""
        return self._parts.guard

    @property
    def audit(self) -> Audit:
        """Give the audit, for doors that refuse before they ask for an operation."""
        return self._parts.audit

    @property
    def interfaces(self) -> Sequence[type[Interface]]:
        """Give the interfaces that are answered here."""
        return tuple(self._services)

    async def dispatch(self, operation: Operation, message: Message) -> Answer:
        """Walk the road: admit, read, validate, run, commit, answer, trace.

        Raises a Failure that the door tells; anything else is a bug.
        """
        parts = self._parts
        walk = _Walk(parts.tracing.trace_id(message.traceparent), parts.clock.monotonic_s())
        message.traceparent = parts.tracing.traceparent(walk.trace_id)
        work: Work | None = None
        outcome = "ok"
        try:
            caller = await parts.guard.admit(message.credential, operation, message.address)
            message.caller = walk.caller = caller
            if not isinstance(message.credential, Caller):
                caller, walk.progress = await parts.entrance.enter(caller, operation, message.headers)
                walk.record = parts.recording.begin(caller, operation.full_name)
            parts.guard.authorise(caller, operation)
            values = await message.read()
            walk.record.asked(values, operation.model.model_fields)
            values = streamed(operation, values, message.idempotency_key)
            model = validated(operation, values, strict=message.strict)
            walk.progress.read(operation, model)
            work = self._work(caller, message)
            if operation.kind == "stream":
                return Answer(self._stream(operation, model, work, message, walk))
            return await self._answered(operation, model, work, message, walk)
        except Failure as failure:
            outcome = failure.code()
            walk.record.answered({"failure": outcome, "detail": failure.detail, "errors": failure.problems})
            if isinstance(failure, TenantSuspended):
                walk.caller = walk.caller or failure.known
            elif walk.caller is None and isinstance(failure, CredentialsUnknown):
                self._note_unknown(operation.full_name, message.origin)
            if work is not None or not isinstance(failure, Unauthenticated):
                self._note_failed(operation, work, message, walk, outcome)
            raise
        except BaseException as error:
            outcome = "left" if isinstance(error, asyncio.CancelledError) else f"bug:{type(error).__name__}"
            self._note_failed(operation, work, message, walk, outcome)
            raise
        finally:
            if work is None or operation.kind != "stream":  # a stream ends with its last piece
                self._end(operation, work, message, walk, outcome)

    async def recognise(self, credential: Credential | None, origin: Mapping[str, str]) -> Caller:
        """Recognise who asks, for doors that have to before they can tell the operation."""
        try:
            return await self._parts.guard.authenticate(credential)
        except CredentialsUnknown:
            self._note_unknown("", origin)
            raise

    async def call(
        self, operation: Operation, arguments: Mapping[str, Any], caller: Caller, origin: Mapping[str, str]
    ) -> Any:
        """Walk the road from inside the house with values that have their types already.

        `origin` has the door, and what is carried along: the request id and the traceparent.
        """

        async def read() -> Mapping[str, Any]:
            return arguments

        message = Message(
            caller,
            read,
            request_id=origin.get("request_id", "inside"),
            door=origin["door"],
            traceparent=origin.get("traceparent"),
        )
        return (await self.dispatch(operation, message)).value

    def _arguments(self, operation: Operation, model: BaseModel) -> dict[str, Any]:
        return {parameter.name: getattr(model, parameter.name) for parameter in operation.parameters}

    def _work(self, caller: Caller, message: Message) -> Work:
        return Work(
            caller,
            self._parts.database,
            message.request_id,
            message.traceparent or "",
            message.address,
            message.agent,
        )

    async def _answered(
        self, operation: Operation, model: BaseModel, work: Work, message: Message, walk: _Walk
    ) -> Answer:
        answer = await self._run(operation, model, work, message, walk)
        walk.record.answered(answer.value)
        return answer

    async def _run(
        self, operation: Operation, model: BaseModel, work: Work, message: Message, walk: _Walk
    ) -> Answer:
        parts = self._parts
        keyed = operation.kind == "write" and operation.may != STRANGER
        key = message.idempotency_key if keyed else None
        ticket = parts.idempotency.ticket(operation, model, work.caller, key)
        replay = await parts.idempotency.find(ticket)
        if replay is not None:
            return self._replayed(operation, replay, work, message, walk)
        method = getattr(self._services[operation.interface], operation.name)
        with entered(work):
            try:
                value = await method(**self._arguments(operation, model))
                if operation.kind == "write" or work.unit is not None:
                    await self._finish(work, operation, message, "ok")
                    await parts.idempotency.keep(ticket, value, work)
                    await work.commit()
                else:
                    self._note(operation, work, message, walk, "ok")
            except BaseException as error:
                if isinstance(error, Failure) and error.keeps and work.unit is not None:
                    await self._keep(work, operation, message, error)
                    raise
                await work.undo(error)
                if isinstance(error, Exception):
                    replay = await parts.idempotency.find_twin(ticket)
                if replay is None:
                    raise
                return self._replayed(operation, replay, work, message, walk)
            await parts.outbox.committed(work)
            if work.after is not None:
                value = await work.after()
        return Answer(value, operation.is_pending(value))

    async def _finish(self, work: Work, operation: Operation, message: Message, outcome: str) -> None:
        unit = await work.open()
        await self._parts.outbox.write(unit, work)
        row = self._parts.audit.row(
            work.caller, operation.full_name, work.target, outcome, message.origin, work.changed
        )
        await unit.insert("audit", [row])
        work.audited = True

    async def _keep(self, work: Work, operation: Operation, message: Message, failure: Failure) -> None:
        """Commit what was written although the answer is a failure, which says that it wants so."""
        try:
            await self._finish(work, operation, message, failure.code())
            await work.commit()
        except BaseException as error:
            work.audited = False
            await work.undo(error)
            raise
        await self._parts.outbox.committed(work)

    def _replayed(
        self, operation: Operation, replay: Replay, work: Work, message: Message, walk: _Walk
    ) -> Answer:
        self._note(operation, work, message, walk, "replayed")
        message.headers["Idempotency-Replayed"] = "true"
        return Answer(replay.value, replay.pending)

    async def _stream(
        self,
        operation: Operation,
        model: BaseModel,
        work: Work,
        message: Message,
        walk: _Walk,
    ) -> AsyncIterator[Any]:
        method = getattr(self._services[operation.interface], operation.name)
        outcome = "ok"
        if work.caller.secret and not isinstance(message.credential, Caller):  # inner ones end with the outer
            work.renew = Renewal(self._parts.guard, self._parts.clock, operation, work, walk.started_s)
        try:
            async with aclosing(method(**self._arguments(operation, model))) as pieces:
                while True:
                    with entered(work):
                        try:
                            piece = await anext(pieces)
                        except StopAsyncIteration:
                            break
                    await self._settle(operation, work, message)
                    await work.renew()
                    walk.record.answered(piece)
                    yield piece
            await self._settle(operation, work, message)
        except Failure as failure:
            outcome = failure.code()
            raise
        except (GeneratorExit, asyncio.CancelledError):
            outcome = "left"
            raise
        except BaseException as error:
            outcome = f"bug:{type(error).__name__}"
            raise
        finally:
            if work.unit is not None:
                await work.undo(RuntimeError(f"{operation.full_name} broke off"))
            self._note(operation, work, message, walk, outcome)
            self._end(operation, work, message, walk, outcome)

    async def _settle(self, operation: Operation, work: Work, message: Message) -> None:
        """Commit what a stream has written before its next piece goes out."""
        if work.unit is None:
            return
        if not operation.changes:
            raise RuntimeError(f"{operation.full_name} streams, so it must not write")
        await self._finish(work, operation, message, "ok")
        await work.commit()
        await self._parts.outbox.committed(work)
        work.events.clear()

    def _note_failed(
        self, operation: Operation, work: Work | None, message: Message, walk: _Walk, outcome: str
    ) -> None:
        if work is None or not work.audited:
            self._note(operation, work, message, walk, outcome)

    def _note_unknown(self, operation: str, origin: Mapping[str, str]) -> None:
        """Write down that somebody tried credentials that nobody has, which are not kept themselves."""
        self._parts.audit.tell(stranger(origin["address"], 0), operation, origin, CredentialsUnknown.code())

    def _note(
        self, operation: Operation, work: Work | None, message: Message, walk: _Walk, outcome: str
    ) -> None:
        if walk.caller is None:
            return
        caller, target = (walk.caller, "") if work is None else (work.caller, work.target)
        self._parts.audit.tell(caller, operation.full_name, message.origin, outcome, target, walk.caller)

    def _end(
        self, operation: Operation, work: Work | None, message: Message, walk: _Walk, outcome: str
    ) -> None:
        """Count what ended, and write it down where that is wanted."""
        walk.progress.end()
        took_s = self._parts.clock.monotonic_s() - walk.started_s
        walk.record.end(message.origin, outcome, took_s)
        caller = walk.caller
        if caller is not None:
            spent = Spending() if work is None else work.spending
            costs = {"tokens": spent.tokens, "cost_micros": spent.cost_micros}
            if isinstance(message.credential, Caller):
                self._parts.usage.spent(caller, operation.full_name, **costs)
            else:
                self._parts.usage.count(
                    caller, operation.full_name, outcome, writes=operation.changes, **costs
                )
        self._parts.tracing.tell(
            Span(
                operation=operation.full_name,
                door=message.door,
                tenant_id=caller.tenant_id if caller is not None else "",
                request_id=message.request_id,
                trace_id=walk.trace_id,
                started_s=walk.started_s,
                took_s=took_s,
                outcome=outcome,
            )
        )
