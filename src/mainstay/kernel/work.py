"""One operation's unit of work: opened by the first write, committed by the road, seen by no one else."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

from mainstay.kernel.caller import Caller
from mainstay.kernel.changing import UNCHANGED, Changed, State
from mainstay.kernel.interface import Event
from mainstay.kit.spending import Spending, spending
from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import SYSTEM, Condition, Database, Row, Rows, Scalar, Scope, Unit

_current: ContextVar["Work"] = ContextVar("mainstay_work")


@dataclass(frozen=True)
class Emitted:
    """An event that will leave with the transaction; rows of one job are followed together."""

    event: Event
    job_id: str
    subject: str
    promised: bool
    weight: int
    delay_ms: int


async def _nothing_to_renew() -> None:
    """Go on with the caller that there is, which is right for all that does not last."""


@dataclass
class Work:
    """What one operation does: for whom, from where, what it has written, what it will tell."""

    caller: Caller
    database: Database
    request_id: str
    traceparent: str = ""
    address: str = ""
    agent: str = ""
    events: list[Emitted] = field(default_factory=list)
    topics: set[str] = field(default_factory=set)
    after: Callable[[], Awaitable[Any]] | None = None
    target: str = ""
    changed: Changed = UNCHANGED
    audited: bool = False
    renew: Callable[[], Awaitable[None]] = _nothing_to_renew
    unit: Unit | None = None
    spending: Spending = field(default_factory=Spending)
    _context: AbstractAsyncContextManager[Unit] | None = None

    async def open(self, scope: Scope | None = None) -> Unit:
        """Open the unit of work, or give the one that is open, for the caller's rows or a scope's."""
        wanted = self.caller.tenant_id if scope is None else scope
        if self.unit is None:
            context = self.database.unit(wanted)
            self.unit = await context.__aenter__()
            self._context = context  # only now: what was never entered must not be left
        return self.unit.within(wanted)

    async def commit(self) -> None:
        """Make everything durable; for the road alone."""
        context, self._context, self.unit = self._context, None, None
        if context is not None:
            await context.__aexit__(None, None, None)

    async def undo(self, failure: BaseException) -> None:
        """Forget everything; for the road alone."""
        context, self._context, self.unit = self._context, None, None
        if context is not None:
            await context.__aexit__(type(failure), failure, failure.__traceback__)


class entered:  # noqa: N801 - read as a statement: `with entered(work):`
    """Makes a work the present one for a block."""

    def __init__(self, work: Work) -> None:
        """Take the work."""
        self._work = work

    def __enter__(self) -> Work:
        """Begin."""
        self._token = _current.set(self._work)
        self._spending = spending.set(self._work.spending)
        return self._work

    def __exit__(self, *_: object) -> None:
        """End."""
        _current.reset(self._token)
        spending.reset(self._spending)


def current() -> Work:
    """Give the work of the present operation."""
    try:
        return _current.get()
    except LookupError:
        raise RuntimeError("This code runs outside of any operation: enter by dispatch") from None


def caller() -> Caller:
    """Give the present operation's caller."""
    return current().caller


def become(known: Caller) -> None:
    """Go on as somebody whom the operation itself has recognised, for those that strangers may ask for.

    What is read, written, audited and told from here on is his; the request stays the stranger's, who pays.
    """
    current().caller = known


async def renew_caller() -> None:
    """Make sure, once a second at most, that whoever asks still may; `caller` has the present rights then.

    For streams that wait for long: to be called before they look what that caller may see. Raises what a new
    request would be refused with.
    """
    await current().renew()


def emit(
    event: Event,
    *,
    job_id: str = "",
    subject: str = "",
    promised: bool = False,
    weight: int = 0,
    delay_ms: int = 0,
) -> None:
    """Tell the house, when and if this operation commits.

    `job_id` joins the event to a job that users follow; `subject` names the thing in its failures. What is
    `promised` by the operation's answer, such as an erasure, is done even if somebody cancels the job. The
    `weight`, in a unit of the reaction's own, says how much of a portion the event takes up. It is reacted to
    after `delay_ms` at the earliest.
    """
    current().events.append(Emitted(event, job_id, subject, promised, weight, delay_ms))


def wake(topic: str) -> None:
    """Tell whoever waits for a topic of the bus to look, when and if this operation commits."""
    current().topics.add(topic)


def follow_up(action: Callable[[], Awaitable[Any]]) -> None:
    """Run an action after the commit; what it gives becomes the operation's answer."""
    current().after = action


def note_target(target: str) -> None:
    """Name the thing that this operation is about, for the audit."""
    current().target = target


def note_change(before: State | None, after: State | None) -> None:
    """Give a thing as it was and as it is then, of which the audit keeps hashes; None: it is not there.

    An operation that changes several things calls this for each, always in the same order.
    """
    work = current()
    work.changed = work.changed.and_then(before, after)


def forbid_in_unit(what: str) -> None:
    """Refuse to leave the road while a unit of work is open: others wait for the one writer."""
    work = _current.get(None)
    if work is not None and work.unit is not None:
        raise RuntimeError(
            f"{what} was called while a unit of work is open. Compute first and write last: "
            "make the call before the operation's first write, or react to an event."
        )


@asynccontextmanager
async def apart(what: str) -> AsyncIterator[None]:
    """Do a block in a unit of work of its own: durable once it is left, undone where it fails.

    For rounds that do many things of which one may fail.
    """
    forbid_in_unit(what)
    around = current()
    work = Work(around.caller, around.database, around.request_id)
    with entered(work):
        try:
            yield
            await work.commit()
        except BaseException as error:
            await work.undo(error)
            raise


class WorkRows:
    """The rows of the present operation's caller, for stores."""

    bounded: Literal[True] = True

    @property
    def _scope(self) -> Scope:
        return current().caller.tenant_id

    async def fetch(self, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        """Read with a SELECT."""
        work = current()
        if work.unit is not None:
            return await work.unit.within(self._scope).fetch(sql, values)
        return await work.database.fetch(self._scope, sql, values)

    async def _unit(self) -> Unit:
        return await current().open(self._scope)

    async def insert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> list[int]:
        """Add rows; give their sequence numbers."""
        return await (await self._unit()).insert(table, rows)

    async def upsert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> None:
        """Add rows, or replace the given columns of those with the same primary key."""
        await (await self._unit()).upsert(table, rows)

    async def update(self, table: str, values: Mapping[str, Scalar], where: Condition) -> int:
        """Change rows; give their number."""
        return await (await self._unit()).update(table, values, where)

    async def delete(self, table: str, where: Condition) -> int:
        """Remove rows; give their number."""
        return await (await self._unit()).delete(table, where)


class WorkCipher:
    """The cipher for services: the present caller's tenant is bound to what it seals."""

    def __init__(self, cipher: Cipher) -> None:
        """Take the cipher."""
        self._cipher = cipher

    def seal(self, content: bytes, context: tuple[str, ...], *, owner: str = "") -> bytes:
        """Encrypt for the present caller's tenant, or for an owner in it."""
        whole = f"{caller().tenant_id}/{owner}" if owner else ""
        return self._cipher.seal(content, self._bound(context), owner=whole)

    def open(self, sealed: bytes, context: tuple[str, ...]) -> bytes:
        """Decrypt what the present caller's tenant sealed; raises CipherUnavailable."""
        return self._cipher.open(sealed, self._bound(context))

    def blind(self, content: bytes, context: tuple[str, ...]) -> bytes:
        """Give what finds what the present caller's tenant sealed."""
        return self._cipher.blind(content, self._bound(context))

    def stale(self, sealed: bytes) -> bool:
        """Say whether bytes would be sealed with another key now; raises KeyDestroyed."""
        return self._cipher.stale(sealed)

    def _bound(self, context: tuple[str, ...]) -> tuple[str, ...]:
        return (context[0], caller().tenant_id, *context[1:])


class ScopeRows(WorkRows):
    """The rows of a scope, whoever asks; reads work outside of an operation too."""

    def __init__(self, database: Database, scope: Scope) -> None:
        """Take the database, and whose rows they are."""
        self._database = database
        self._given = scope

    @property
    def _scope(self) -> Scope:
        return self._given

    async def fetch(self, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        """Read with a SELECT."""
        work = _current.get(None)
        if work is not None and work.unit is not None:
            return await work.unit.within(self._given).fetch(sql, values)
        return await self._database.fetch(self._given, sql, values)


class WorkAllRows(ScopeRows):
    """The rows of every tenant: for who is who, and for what the operator sets for others."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        super().__init__(database, SYSTEM)

    def of(self, tenant_id: str) -> Rows:
        """Give the rows of one tenant, whoever asks."""
        return ScopeRows(self._database, tenant_id)

    def version(self) -> int | None:
        """Give the database's version; None inside a unit of work, which sees what it has written."""
        work = _current.get(None)
        return self._database.version() if work is None or work.unit is None else None
