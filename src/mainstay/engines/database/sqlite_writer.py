"""The one place where SQLite is written: units in a row, joined into groups that share one fsync."""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mainstay.engines.database.sqlite_connections import BUSY_TIMEOUT_MS, Connection, translated
from mainstay.ports.database import DatabaseUnavailable

GROUP_UNITS_MAX = 256
GROUP_MAX_S = 0.005
GROUP_MAX_SLOW_DISK_S = 0.05
WAITING_MAX = 20_000

T = TypeVar("T")
Waiter = asyncio.Future[None]


class Group:
    """Units that share one transaction; `broken` tells why nothing of it can be kept any more."""

    def __init__(self, started_s: float) -> None:
        """Begin without members."""
        self.started_s = started_s
        self.members: list[Waiter] = []
        self.broken: Exception | None = None


class Writer:
    """Hands the writing connection to one unit after another, first come, first served.

    A unit is a savepoint inside the group's transaction. Statements run on the event loop; BEGIN waits
    for another process, and COMMIT waits for the disk, in a thread of their own. A group is committed
    when nobody stands in the queue, or when it is full; while COMMIT runs, the queue fills the next
    group. That is what makes one fsync carry many units.
    """

    def __init__(self, connection: Connection, reopen: Callable[[], Connection]) -> None:
        """Take the connection, and a way to a new one should this one break."""
        self.connection = connection
        self.commits = 0
        self.units = 0
        self._reopen = reopen
        self._thread = ThreadPoolExecutor(1, "mainstay-database-commit")
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Waiter] = deque()
        self._taken = False
        self._closed = False
        self._lost = False
        self._group: Group | None = None
        self._changes = 0
        self._synced_in_s = 0.0
        self._ending: asyncio.Task[None] | None = None

    async def enter(self) -> Group:
        """Wait for the turn, and open a savepoint; raises DatabaseUnavailable."""
        self._refuse_when_closed()
        if self._taken or self._queue:
            await self._wait_for_turn()
        self._taken = True
        try:
            group = self._group or await self._begin()
            self._run("SAVEPOINT u")
        except BaseException as error:
            self._forget_begin()
            self._leave()
            if isinstance(error, sqlite3.Error):
                raise translated(error) from error
            raise
        self.units += 1
        return group

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise DatabaseUnavailable("The database is closed: the server is shutting down.")

    async def _wait_for_turn(self) -> None:
        if len(self._queue) >= WAITING_MAX:
            raise DatabaseUnavailable(
                "Too many writes are waiting: try again in a moment.", retry_after_s=1.0
            )
        turn: Waiter = self._loop.create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()  # the turn came together with the cancellation: pass it on
            raise

    async def _begin(self) -> Group:
        """Open the group's transaction, waiting in the thread if another process is writing."""
        if self._lost or self.connection.raw.in_transaction:
            await self.in_thread(self._roll_back)
        try:
            self._run("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            await self.in_thread(self._begin_waiting)
        self._changes = self.connection.raw.total_changes
        self._group = Group(time.perf_counter())
        return self._group

    def _forget_begin(self) -> None:
        """Undo a BEGIN that came through although nobody waits for it any more."""
        if self._group is None and not self._lost and self.connection.raw.in_transaction:
            self._run("ROLLBACK")

    def _begin_waiting(self) -> None:
        self.connection.wait_for_locks(BUSY_TIMEOUT_MS)
        try:
            self._run("BEGIN IMMEDIATE")
        finally:
            self.connection.wait_for_locks(0)

    def _run(self, sql: str) -> None:
        self.connection.run(sql)

    async def keep(self, group: Group) -> None:
        """End a unit well: wait until it is on disk; raises DatabaseUnavailable if it never will be."""
        try:
            if group.broken is None:
                self._run("RELEASE u")
        except sqlite3.Error as error:
            self.broke(group, error)
        if group.broken is not None:
            self._leave()
            raise told(group.broken)
        kept: Waiter = self._loop.create_future()
        group.members.append(kept)
        self._leave()
        await kept

    def undo(self, group: Group) -> None:
        """End a unit badly: forget what it wrote, and nothing else."""
        try:
            if group.broken is None:
                self._run("ROLLBACK TO u")
                self._run("RELEASE u")
        except sqlite3.Error as error:
            self.broke(group, error)
        self._leave()

    def broke(self, group: Group, error: sqlite3.Error) -> None:
        """Note an error after which nothing of the group can be kept."""
        if group.broken is None:
            failure = translated(error)
            if not isinstance(failure, DatabaseUnavailable):
                failure = DatabaseUnavailable(
                    "The database gave up a transaction: try again.", retry_after_s=1.0
                )
            group.broken = failure

    def judge(self, group: Group, error: sqlite3.Error) -> None:
        """Find out whether a failed statement has taken the whole transaction with it."""
        if not self.connection.raw.in_transaction:
            self.broke(group, error)

    def _leave(self) -> None:
        """Give the writer to the next in the queue, or end the group."""
        group = self._group
        if self._closed:
            return
        if group is None:
            self._pass_on()
        elif group.broken is not None or self._is_full(group):
            self._end(group)
        elif not self._pass_on():
            # One turn of the loop lets units that are ready to begin join before the disk is asked.
            self._taken = True
            self._loop.call_soon(self._pass_on_or_end, group)

    def _is_full(self, group: Group) -> bool:
        # On a slow disk a group may grow for as long as the disk takes anyway.
        limit_s = min(max(GROUP_MAX_S, self._synced_in_s), GROUP_MAX_SLOW_DISK_S)
        return len(group.members) >= GROUP_UNITS_MAX or time.perf_counter() - group.started_s > limit_s

    def _pass_on(self) -> bool:
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                self._taken = True
                turn.set_result(None)
                return True
        self._taken = False
        return False

    def _pass_on_or_end(self, group: Group) -> None:
        if self._group is group and not self._pass_on():
            self._end(group)

    def _end(self, group: Group) -> None:
        self._taken = True
        self._group = None
        self._ending = self._loop.create_task(self._commit(group))

    async def _commit(self, group: Group) -> None:
        """Make the group durable and tell its members; or undo it and tell them why."""
        failure = group.broken
        try:
            if failure is None:
                failure = await self._try_commit(group)
            if failure is not None:
                await self.in_thread(self._roll_back)
        except Exception as error:  # noqa: BLE001 - nobody may wait for ever, whatever happened
            failure = translated(error)
        for member in group.members:
            if member.done():
                continue
            if failure is None:
                member.set_result(None)
            else:
                member.set_exception(told(failure))
        if not self._closed:
            self._pass_on()

    async def _try_commit(self, group: Group) -> Exception | None:
        try:
            if not group.members:
                self._run("ROLLBACK")
            elif self.connection.raw.total_changes == self._changes:
                self._run("COMMIT")  # nothing was written: no disk is asked
            else:
                self.commits += 1
                started_s = time.perf_counter()
                await self.in_thread(self._sync)
                self._synced_in_s = time.perf_counter() - started_s
        except sqlite3.Error as error:
            return translated(error)
        return None

    def _sync(self) -> None:
        """Commit durably; a place for tests to make the disk fail."""
        self._run("COMMIT")

    def _roll_back(self) -> None:
        """Leave the connection without a transaction, with a new connection if need be."""
        try:
            if not self._lost and self.connection.raw.in_transaction:
                self._run("ROLLBACK")
        except sqlite3.Error:
            self._lost = True
        if self._lost:
            self.connection.close()
            self.connection = self._reopen()
            self._lost = False

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Run something on the writing connection in its thread; a cancellation waits for its end."""
        running = self._loop.run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            while not running.done():
                try:
                    await asyncio.wait([running])
                except asyncio.CancelledError:
                    continue
            running.exception()
            raise

    async def close(self) -> None:
        """Refuse further units, undo those that are open, and give the connection back."""
        self._closed = True
        closed = DatabaseUnavailable("The database is closed: the server is shutting down.")
        left = list(self._queue)
        self._queue.clear()
        group, self._group = self._group, None
        if group is not None:
            group.broken = closed
            left += group.members
        for waiter in left:
            if not waiter.done():
                waiter.set_exception(told(closed))
        while self._ending is not None and not self._ending.done():
            await asyncio.wait([self._ending])
        await self.in_thread(self.connection.close)  # SQLite undoes what is open
        self._thread.shutdown()


def told(failure: Exception) -> Exception:
    """Give each unit an exception of its own: one object in many tasks would mix their tracebacks."""
    if isinstance(failure, DatabaseUnavailable):
        return DatabaseUnavailable(failure.detail, retry_after_s=failure.retry_after_s)
    return DatabaseUnavailable("The database could not keep the change: try again.", retry_after_s=1.0)
